"""One import makes every mmdet model built afterwards use this package's deformable attention.

`import difftracker.ops.mmcv_patch` puts the module in mmcv's place: in the registry under mmcv's name, and in every
module of mmcv and mmdet that holds the class, also those imported later, since they take it from mmcv.
"""

from __future__ import annotations

import sys

from mmengine.registry import MODELS

from .multi_scale_deformable_attention import MmcvAttention, MultiScaleDeformableAttention

_NAME = 'MultiScaleDeformableAttention'


def _install() -> None:
    MODELS.register_module(name=_NAME, module=MultiScaleDeformableAttention, force=True)
    for name, module in list(sys.modules.items()):
        if name.split('.')[0] in ('mmcv', 'mmdet') and getattr(module, '__dict__', {}).get(_NAME) is MmcvAttention:
            setattr(module, _NAME, MultiScaleDeformableAttention)


_install()
