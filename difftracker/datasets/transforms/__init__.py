"""Transforms that treat the two images of a pair, its boxes and its sentences together."""

from .align_pair import AlignPair
from .blank_images import BlankImages
from .find_differing_regions import FindDifferingRegions
from .load_image_pair import LoadImagePair
from .pack_pair_inputs import PackPairInputs
from .pair_photometric import PairPhotometric
from .pair_random_affine import PairRandomAffine
from .pair_random_flip import PairRandomFlip
from .pair_resize import PairResize
from .swap_images import SwapImages

__all__ = [
    'AlignPair',
    'BlankImages',
    'FindDifferingRegions',
    'LoadImagePair',
    'PackPairInputs',
    'PairPhotometric',
    'PairRandomAffine',
    'PairRandomFlip',
    'PairResize',
    'SwapImages',
]
