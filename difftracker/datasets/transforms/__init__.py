"""Transforms that treat the two images of a pair, its boxes and its sentences together."""

from .load_image_pair import LoadImagePair
from .pack_pair_inputs import PackPairInputs
from .pair_photometric import PairPhotometric
from .pair_random_affine import PairRandomAffine
from .pair_random_flip import PairRandomFlip
from .pair_resize import PairResize

__all__ = ['LoadImagePair', 'PackPairInputs', 'PairPhotometric', 'PairRandomAffine', 'PairRandomFlip', 'PairResize']
