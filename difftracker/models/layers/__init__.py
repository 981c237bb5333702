"""Building blocks of the models."""

from .box_evidence import BoxEvidence
from .box_position import BoxPosition
from .deformable_attention import BoxDeformableAttention
from .deformable_encoder_layer import DeformableEncoderLayer
from .fusion_layer import FusionLayer
from .mlp import MLP
from .pair_pyramid import PairPyramid

__all__ = [
    'MLP',
    'BoxDeformableAttention',
    'BoxEvidence',
    'BoxPosition',
    'DeformableEncoderLayer',
    'FusionLayer',
    'PairPyramid',
]
