"""No regions of differing pixels among the candidates: the dense head proposes alone."""

_base_ = './base.py'

model = dict(decoder=dict(region_queries=0))
