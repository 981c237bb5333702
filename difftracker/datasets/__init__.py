"""Reading annotated image pairs.

`annotations` and `annotation_checks` are plain Python and light; `diffground_dataset`, `pair_mixture` and `transforms`
need mmengine and register themselves when imported.
"""
