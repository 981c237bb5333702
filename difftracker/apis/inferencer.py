"""Questions about image pairs, answered in one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData
from PIL import Image

import difftracker.datasets.transforms  # noqa: F401  (registers what the pipelines of weights files name)
from difftracker.checkpoint.zoo import resolve_model
from difftracker.errors import ConfigError, QueryError
from difftracker.registry import TRANSFORMS
from difftracker.structures import ChangeResult
from difftracker.utils.image_io import as_rgb

ImageLike = str | Path | np.ndarray | Image.Image


class DiffTrackerInferencer:
    """Answers sentences about image pairs.

    The pre-processing is the test pipeline that is stored with the weights, built from the same transforms.

    Args:
        model: Name of a shipped model, or path of a weights file.
        device: Where to run: `cpu`, `cuda`, `cuda:1`.
        score_threshold: Boxes below this score are left out; None takes the one stored with the weights.
        batch_size: Pairs in one pass of the model, when lists are given.
        exact_size: Largest side in pixels at which pairs of drawn pictures (screenshots, scans) are read; None takes
            the one stored with the weights. More costs time by the square.

    Raises:
        CheckpointError: The model is unknown or its file cannot be used.
        ConfigError: An argument is of another type, the device is not there, the threshold lies outside `[0, 1]`, or
            the batch size or the largest side is below 1.
    """

    def __init__(
        self,
        model: str | Path = 'difftracker-lite',
        device: str = 'cpu',
        score_threshold: float | None = None,
        batch_size: int = 1,
        exact_size: int | None = None,
    ) -> None:
        if not isinstance(model, (str, os.PathLike)):
            raise ConfigError(f'model: expected the name of a shipped model or a weights file, found {model!r}')
        if score_threshold is not None and not (_is_number(score_threshold, Real) and 0 <= score_threshold <= 1):
            raise ConfigError(f'score_threshold: expected a number in [0, 1], found {score_threshold!r}')
        for name, value in (('batch_size', batch_size), ('exact_size', 1 if exact_size is None else exact_size)):
            if not (_is_number(value, Integral) and value >= 1):
                raise ConfigError(f'{name}: expected a whole number, at least 1, found {value!r}')
        _check_device(device)
        path = resolve_model(model)
        # Here and not above: building needs every model part, and a bad argument should not wait for it.
        from difftracker.apis.build import build_from_weights

        self._model, config = build_from_weights(path, device)
        steps = [dict(step) for step in config['test_pipeline']]
        for step in steps:
            if step['type'] == 'PairResize' and exact_size is not None:
                step['exact_scale'] = (exact_size, exact_size)
        self._pipeline = [TRANSFORMS.build(step) for step in steps]
        self.kinds: tuple[str, ...] = tuple(config['kinds'])
        self.score_threshold = float(config['score_threshold'] if score_threshold is None else score_threshold)
        self.batch_size = batch_size

    def __call__(
        self,
        before: ImageLike | Sequence[ImageLike],
        after: ImageLike | Sequence[ImageLike],
        text: str | Sequence[str],
    ) -> list[ChangeResult]:
        """Answers one sentence about each pair.

        Args:
            before: A path, an array (grey, RGB or RGBA, uint8 or uint16), a PIL image, or a list of these.
            after: The same; pairs are formed by position. The two images of a pair may differ in size.
            text: One sentence for all pairs, or a list with one per pair. A list of sentences about one single pair
                is answered like `ask`.

        Returns:
            One result per pair (or per sentence), in order; always a list.

        Raises:
            ImageReadError: An image cannot be read.
            QueryError: A sentence is empty or not text.
            ValueError: The lists differ in length.
        """
        many = [isinstance(item, (list, tuple)) for item in (before, after)]
        if many[0] != many[1]:
            raise ValueError('before and after: expected two images or two lists of images, found one of each')
        if not many[0]:
            return self.ask(before, after, [text] if isinstance(text, str) else text)
        texts = [text] * len(before) if isinstance(text, str) else text
        if not isinstance(texts, (list, tuple)):
            raise QueryError(f'text: expected a sentence or a list of sentences, found {type(text).__name__}')
        if not len(before) == len(after) == len(texts):
            raise ValueError(
                f'expected lists of equal length, found {len(before)} before, {len(after)} after, {len(texts)} texts'
            )
        texts = [_check_text(item) for item in texts]
        results: list[ChangeResult] = []
        for start in range(0, len(texts), self.batch_size):
            part = slice(start, start + self.batch_size)
            places = range(start, start + len(texts[part]))
            packed = [
                self._pack(b, a, [t], f'[{place}]')
                for b, a, t, place in zip(before[part], after[part], texts[part], places)
            ]
            results.extend(self._answer(packed))
        return results

    def ask(self, before: ImageLike, after: ImageLike, texts: Sequence[str]) -> list[ChangeResult]:
        """Answers several sentences about one pair with a single pass over the images.

        Args:
            before: A path, an array or a PIL image.
            after: The same.
            texts: The sentences.

        Returns:
            One result per sentence, in order; an empty list for no sentence.

        Raises:
            ImageReadError: An image cannot be read.
            QueryError: A sentence is empty or not text.
        """
        if isinstance(texts, str) or not isinstance(texts, Sequence):
            raise QueryError(f'texts: expected a list of sentences, found {type(texts).__name__}')
        sentences = [_check_text(text) for text in texts]
        if not sentences:
            return []
        return list(self._answer([self._pack(before, after, sentences, '')]))

    def _pack(self, before: ImageLike, after: ImageLike, texts: list[str], place: str) -> dict:
        """Runs the test pipeline on one pair; what loading from files would have set is set here."""
        results = {'pair_id': f'pair{place}', 'texts': texts, 'query_ids': [f'q{n}' for n in range(len(texts))]}
        results['subsets'] = [''] * len(texts)
        for side, image in (('before', before), ('after', after)):
            array = as_rgb(image, f'{side}{place}')
            results[f'{side}_path'] = str(image) if isinstance(image, (str, Path)) else ''
            results[f'img_{side}'] = array
            results[f'ori_shape_{side}'] = array.shape[:2]
            results[f'{side}_scale'] = 1.0
        for transform in self._pipeline:
            results = transform(results)
        return results

    def _answer(self, packed: list[dict]) -> Iterator[ChangeResult]:
        """Runs the model once over packed pairs and yields a result per sentence."""
        data = {key: [item[key] for item in packed] for key in ('inputs', 'data_samples')}
        with torch.no_grad():
            samples = self._model.test_step(data)
        for sample in samples:
            for text, prediction in zip(sample.texts, sample.pred_queries, strict=True):
                yield self._to_result(text, prediction)

    def _to_result(self, text: str, prediction: InstanceData) -> ChangeResult:
        kept = prediction[prediction.scores >= self.score_threshold]
        return ChangeResult(
            text=text,
            boxes=[tuple(box) for box in kept.boxes.tolist()],
            before_boxes=[tuple(box) for box in kept.before_boxes.tolist()],
            scores=kept.scores.tolist(),
            kinds=[self.kinds[kind] for kind in kept.kinds.tolist()],
            no_change_score=float(prediction.no_change_score),
        )


def _check_text(text: str) -> str:
    """Returns the sentence; raises QueryError where it has no words or is not text."""
    if not isinstance(text, str):
        raise QueryError(f'text: expected a sentence, found {type(text).__name__}')
    if not text.strip():
        raise QueryError('text: expected a sentence, found an empty one')
    try:
        text.encode('utf-8')
    except UnicodeEncodeError as error:
        raise QueryError(f'text: expected Unicode text, found a lone surrogate at position {error.start}') from error
    return text


def _is_number(value: object, kind: type) -> bool:
    """Tells numbers, those of NumPy included, from strings that look alike and from truth values."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _check_device(device: str) -> None:
    try:
        asked = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ConfigError(f'device: expected cpu, cuda or cuda:N, found {device!r}') from error
    if asked.type == 'cpu':
        return
    if asked.type != 'cuda':
        raise ConfigError(f'device: expected cpu, cuda or cuda:N, found {device!r}')
    if not torch.cuda.is_available():
        raise ConfigError(f'device: {device!r} was asked for, but torch finds no usable GPU here')
    count = torch.cuda.device_count()
    if asked.index is not None and asked.index >= count:
        raise ConfigError(f'device: expected an index below {count}, the number of usable GPUs, found {device!r}')
