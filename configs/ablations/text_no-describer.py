"""Names and colours of changes are no lesson of their own."""

_base_ = './base.py'

model = dict(decoder=dict(describer=None))
