"""The plot of errors shows every kind of end, in a look of its own."""

from __future__ import annotations

from difftracker.analysis.plots.error_plot import PANELS
from difftracker.analysis.plots.style import ERROR_STYLES
from difftracker.evaluation.query_outcome import ERROR_KINDS


def test_each_kind_has_its_place_and_look():
    assert [kind for _, kinds in PANELS for kind in kinds] == list(ERROR_KINDS)
    assert set(ERROR_STYLES) == set(ERROR_KINDS)
    assert len({(colour, hatch) for colour, hatch, _ in ERROR_STYLES.values()}) == len(ERROR_KINDS)
