"""The formats that can be converted, by name."""

from __future__ import annotations

from .clevr_change import ClevrChange
from .clevr_dc import ClevrDc
from .coco_inpainted import CocoInpainted
from .converter import Converter
from .deeppcb import DeepPcb
from .image_editing_request import ImageEditingRequest
from .kc3d import Kc3d
from .kubric_change import KubricChange
from .magicbrush import MagicBrush
from .mask_folders import MaskFolders
from .mig_bench import MigBench
from .rc3d import Rc3d
from .refcoco import RefCoco
from .spot_the_diff import SpotTheDiff
from .virat_std import ViratStd

CONVERTERS: dict[str, type[Converter]] = {
    converter.NAME: converter
    for converter in (
        DeepPcb,
        CocoInpainted,
        KubricChange,
        ViratStd,
        Kc3d,
        Rc3d,
        MagicBrush,
        ImageEditingRequest,
        ClevrChange,
        ClevrDc,
        SpotTheDiff,
        MigBench,
        RefCoco,
        MaskFolders,
    )
}
