"""Importing this module registers every part of the toolkit; configs name it in `custom_imports`."""

import difftracker.registry

# That prepares the process for mmdet, so it must come first.
# isort: split

import mmdet.models.layers.ema  # noqa: F401  (registers ExpMomentumEMA)

import difftracker.datasets.composed_pairs
import difftracker.datasets.diffground_dataset
import difftracker.datasets.pair_mixture
import difftracker.engine
import difftracker.evaluation.metrics
import difftracker.models  # noqa: F401
