"""difftracker-small: difftracker-lite with EfficientNet-Lite2.

The widths behind the backbone are those of difftracker-lite, so that a trained one is a start (`tools/warm_start.py`).
"""

_base_ = './difftracker_lite.py'

model = dict(
    backbone=dict(backbone=dict(arch='lite2', frozen_stages=1), in_channels=(24, 48, 120, 352)),
    decoder=dict(semantic_channels=(120, 352)),
)
