"""The sentence enters at the scores alone, as one vector: no attention to words, no comparison by attribute."""

_base_ = './base.py'

model = dict(decoder=dict(text_attention=False, attributes=0), head=dict(alignment_dims=0))
