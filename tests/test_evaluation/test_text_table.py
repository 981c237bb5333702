"""Tables as a reader sees them."""

from __future__ import annotations

from difftracker.evaluation.text_table import format_table


def test_numbers_and_intervals_are_flush_right():
    body = [['a', '9.5 [8.0, 11.2]', '-'], ['bcd', '100.0 [97.5, 100.0]', '3']]
    assert format_table(['name', 'share', 'n'], body, markdown=False).splitlines() == [
        'name                share  n',
        '----  -------------------  -',
        'a         9.5 [8.0, 11.2]  -',
        'bcd   100.0 [97.5, 100.0]  3',
    ]


def test_a_bar_in_a_cell_does_not_end_it():
    lines = format_table(['a|b'], [['x|y']], markdown=True).splitlines()
    assert lines == ['| a\\|b |', '| ---- |', '| x\\|y |']
