"""The candidates do not attend to the words; the scores still compare them with the sentence and its attributes."""

_base_ = './base.py'

model = dict(decoder=dict(text_attention=False))
