"""difftracker-swin-t on photographs, boards and screens, on GPUs.

`_base_/models/difftracker_swin_t.py` says where the pretrained weights come from.
"""

_base_ = [
    '../_base_/models/difftracker_swin_t.py',
    '../_base_/datasets/mixture_gpu_fusion.py',
    '../_base_/schedules/gpu_swin.py',
    '../_base_/default_runtime.py',
]
