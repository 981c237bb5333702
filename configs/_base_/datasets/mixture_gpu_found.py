"""`mixture_gpu_composed.py` with the photographs of the last stages on a CPU, at 384 px.

Most of their objects were found by a detector (tools/labelling), some photographs have no nuisance. Windows of boards
and screenshots are no part of it: start from weights that have seen them.
"""

_base_ = './mixture_gpu_composed.py'

image_size = (384, 384)
test_pipeline, train_pipeline = (
    [dict(step, scale=image_size) if step['type'] == 'PairResize' else step for step in pipeline]
    for pipeline in (_base_.test_pipeline, _base_.train_pipeline)
)
own = dict(pipeline=train_pipeline[1:], long_side=max(image_size))
*plain, boards, screens = _base_.train_dataloader.dataset.datasets
photographs = [
    dict(_base_.composed, recipe=f'{_base_.data_root}recipes/{recipe}.json', **own, **form)
    for recipe in ('photo_found', 'photo_detected', 'photo_exact')
    for form in (dict(), dict(min_changes=2, concise=True, seed=1))
]
train_dataloader = dict(
    dataset=dict(
        weights=(2.0, 2.8, 1.0, 1.2, 0.5, 0.6, 1.5, 1.5),
        datasets=[
            *photographs,
            dict(boards, pipeline=train_pipeline),
            dict(screens, **own),
        ],
    ),
)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
