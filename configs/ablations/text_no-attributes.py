"""No comparison with the sentence attribute by attribute."""

_base_ = './base.py'

model = dict(decoder=dict(attributes=0), head=dict(alignment_dims=0))
