"""Every sentence is one constant, in training and at test."""

_base_ = './base.py'

model = dict(blank_text=True)
