"""Weights for a detector with another backbone, from those of a trained one."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.backbones import DifferentialBackbone
from difftracker.models.detectors import DiffTracker
from difftracker.models.difference import DifferenceEnhancement
from difftracker.models.layers.pair_pyramid import PairPyramid

from .least_squares import LeastSquares


class WarmStart:
    """Fits what reads the backbone, copies everything else.

    A trained detector is mostly independent of its backbone: only the first layers of the difference modules and of
    the semantic evidence read backbone maps, and they are linear. So the target, which has another backbone and is
    otherwise the same, gets these layers by least squares: applied to its own maps they are to give what the source's
    layers give for the source's maps of the same pairs. All other parameters are the source's.

    Args:
        source: The trained detector, with `DifferenceEnhancement` at every stage.
        target: A detector that differs in backbone and backbone widths alone; is changed in place.

    Raises:
        ConfigError: Something else differs.
    """

    def __init__(self, source: DiffTracker, target: DiffTracker) -> None:
        self.source, self.target = source.eval(), target.eval()
        self._layers: dict[str, tuple[nn.Module, LeastSquares]] = {}
        self._maps: tuple[Tensor, ...] = ()
        for stage, module in enumerate(target.backbone.difference):
            if not isinstance(module, DifferenceEnhancement):
                raise ConfigError(
                    f'backbone.difference.{stage}: expected DifferenceEnhancement, found {type(module).__name__}'
                )
            self._register(f'backbone.difference.{stage}.value', module.value)
            self._register(f'backbone.difference.{stage}.matching.project', module.matching.project)
        if target.decoder.evidence.semantics is not None:
            self._register('decoder.evidence.semantics.1.0', target.decoder.evidence.semantics[1][0])
        self._copy()

    def _register(self, name: str, layer: nn.Module) -> None:
        weight = layer.weight
        self._layers[name] = (layer, LeastSquares(weight.shape[1], weight.shape[0], layer.bias is not None))

    def _copy(self) -> None:
        known = self.source.state_dict()
        fitted = [f'{name}.' for name in self._layers]
        own = ('backbone.backbone.', 'decoder.evidence.semantics.0.', *fitted)
        for name, value in self.target.state_dict().items():
            if name.startswith(own):
                continue
            if name not in known or known[name].shape != value.shape:
                found = tuple(known[name].shape) if name in known else 'nothing'
                raise ConfigError(
                    f'{name}: expected {tuple(value.shape)} in the source as in the target, found {found}'
                )
            value.copy_(known[name])

    @torch.no_grad()
    def fit(self, batches: Iterable[dict]) -> dict[str, float]:
        """Runs both detectors on pairs and solves for the layers.

        Args:
            batches: What a data loader gives: `inputs` and `data_samples`.

        Returns:
            The share of the variance of each layer's output that is explained, by the layer's name.
        """
        handles = [
            self.source.backbone.register_forward_hook(self._read_maps),
            self.source.decoder.evidence.register_forward_hook(self._read_evidence),
        ]
        try:
            for batch in batches:
                self.source.test_step(batch)
        finally:
            for handle in handles:
                handle.remove()
        explained = {}
        for name, (layer, problem) in self._layers.items():
            weight, bias, explained[name] = problem.solve()
            layer.weight.copy_(weight.reshape(layer.weight.shape))
            if bias is not None:
                layer.bias.copy_(bias)
        return explained

    def _read_maps(self, source: DifferentialBackbone, args: tuple[Tensor], outputs: tuple) -> None:
        _, self._maps = self.target.backbone(args[0])
        for stage, (own, known) in enumerate(zip(self._maps, outputs[1], strict=True)):
            module = source.difference[stage]
            for name, layer in (('value', module.value), ('matching.project', module.matching.project)):
                _, problem = self._layers[f'backbone.difference.{stage}.{name}']
                problem.add(*(m.permute(0, 2, 3, 1).flatten(0, 2) for m in (own, layer(known))))

    def _read_evidence(self, source: nn.Module, args: tuple[PairPyramid, Tensor, Tensor], output: Tensor) -> None:
        evidence = self.target.decoder.evidence
        if evidence.semantics is None:
            return
        pyramid, *boxes = args
        kept = self._maps[-len(pyramid.semantic_before) :]
        times = len(boxes[0]) // (len(kept[0]) // 2)
        before, after = (tuple(m.chunk(2)[side].repeat_interleave(times, 0) for m in kept) for side in (0, 1))
        own = pyramid._replace(semantic_before=before, semantic_after=after)
        grids = [source.grid_points(side) for side in boxes]
        norm, layers = source.semantics
        wanted = layers[0](norm(source.pool_semantics(pyramid, grids)))
        read = evidence.semantics[0](evidence.pool_semantics(own, grids))
        self._layers['decoder.evidence.semantics.1.0'][1].add(read.flatten(0, 1), wanted.flatten(0, 1))
