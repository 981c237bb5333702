"""An open-vocabulary detector that sees the after image alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from difftracker.errors import ConfigError

from .baseline import Answer, Baseline

if TYPE_CHECKING:
    from torch import nn

# Among the configs that mmdet ships.
CONFIG = 'grounding_dino/grounding_dino_swin-t_pretrain_obj365_goldg_cap4m.py'
# Older releases of transformers kept this count of places among the weights.
_COUNT = 'embeddings.position_ids'


class GroundingDinoBaseline(Baseline):
    """mmdet's Grounding DINO (Liu et al., 2023) on the after image, the whole sentence as one phrase to be found.

    It shows how far the nouns of a sentence lead without any notion of change.

    Args:
        checkpoint: Weights of mmdet's model zoo (`.pth`).
        config: Config file of the model; None takes the Swin-T config that mmdet ships. Configs are code.
        language_model: Folder of a BERT as `transformers` keeps it (config, tokenizer, weights), or its name on the
            model hub; None takes the one that the config names.
        device: Where to run.
        max_boxes: At most so many boxes.

    Raises:
        CheckpointError: The weights are missing, damaged, or of another model.
        ConfigError: The language model is not there.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        config: str | Path | None = None,
        language_model: str | Path | None = None,
        device: str = 'cpu',
        max_boxes: int = 20,
    ) -> None:
        from mmengine.config import Config
        from mmengine.dataset import Compose
        from mmengine.registry import DefaultScope

        import difftracker.register  # noqa: F401
        from difftracker.checkpoint import apply_weights, load_weights
        from difftracker.registry import TRANSFORMS

        # Before anything is built: that takes a while, and a wrong path should not wait for it.
        state_dict, _ = load_weights(checkpoint)
        settings = Config.fromfile(_shipped_config() if config is None else config)
        if language_model is not None:
            settings.model.language_model.name = str(language_model)
        settings.model.test_cfg = {'max_per_img': max_boxes}
        self._model = _build(settings.model)
        state_dict = {name: tensor for name, tensor in state_dict.items() if not name.endswith(_COUNT)}
        apply_weights(self._model, state_dict, checkpoint)
        self._model.to(device).eval()
        steps = [dict(step) for step in settings.test_pipeline if not step['type'].startswith('Load')]
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose([TRANSFORMS.build(step) for step in steps])

    def answer(self, before: np.ndarray, after: np.ndarray, texts: Sequence[str]) -> list[Answer]:
        """Detects what each sentence mentions; see `Baseline`."""
        # mmdet's data preprocessor expects the channels in the order of OpenCV.
        image = np.ascontiguousarray(after[..., ::-1])
        return [self._detect(image, text) for text in texts]

    def _detect(self, image: np.ndarray, text: str) -> Answer:
        shape = image.shape[:2]
        # Minus one: every word counts, as in mmdet's evaluation on referring expressions.
        item = {'img': image, 'img_shape': shape, 'ori_shape': shape, 'text': text, 'tokens_positive': -1}
        packed = self._pipeline({**item, 'img_id': 0, 'img_path': '', 'custom_entities': False})
        with torch.no_grad():
            sample = self._model.test_step({key: [value] for key, value in packed.items()})[0]
        found = sample.pred_instances
        order = found.scores.argsort(descending=True)
        return found.bboxes[order].double().cpu().numpy(), found.scores[order].double().cpu().numpy()


def _shipped_config() -> Path:
    import mmdet

    return Path(mmdet.__file__).parent / '.mim' / 'configs' / CONFIG


def _build(config: Any) -> nn.Module:
    from difftracker.apis.build import build_model

    name = config.language_model.name
    expected = 'language model: expected a folder with config.json, vocab.txt and weights, or a name of the model hub'
    if Path(name).is_dir() and not all((Path(name) / file).is_file() for file in ('config.json', 'vocab.txt')):
        raise ConfigError(f'{expected}, found the folder {name} without them')
    try:
        return build_model(config)
    except OSError as error:
        # What transformers raises where it cannot reach the hub.
        raise ConfigError(f'{expected}, found {name!r} ({error})') from error
