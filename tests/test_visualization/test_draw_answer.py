from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from difftracker.structures import ChangeResult
from difftracker.visualization import contact_sheet, draw_answer
from difftracker.visualization.draw_answer import _BANNER
from difftracker.visualization.fonts import TextPainter
from difftracker.visualization.kind_style import KIND_STYLES, style_of

# A colour that neither letters nor lines have, their smooth edges included.
FILL = (40, 130, 70)


def plain(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), FILL, np.uint8)


def answer(*kinds: str, box=(100.0, 100.0, 200.0, 200.0)) -> ChangeResult:
    count = len(kinds)
    return ChangeResult('What changed?', [box] * count, [box] * count, [0.9] * count, list(kinds), 0.1)


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour)).all(axis=2).sum())


def panels(picture: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Bounds of the image areas, left and right of the page's middle."""
    found = []
    middle = picture.shape[1] // 2
    for start, part in ((0, picture[:, :middle]), (middle, picture[:, middle:])):
        rows, columns = np.where((part == np.array(FILL)).all(axis=2))
        found.append((columns.min() + start, rows.min(), columns.max() + start + 1, rows.max() + 1))
    return found


@pytest.mark.parametrize('kind', [*KIND_STYLES, 'of its own'])
def test_box_has_the_colour_of_its_kind_in_both_frames(kind):
    picture = draw_answer(plain(300, 400), plain(300, 400), answer(kind))
    colour = style_of(kind).colour
    for x1, y1, x2, y2 in panels(picture):
        assert count(picture[y1:y2, x1:x2], colour) > 300


def test_box_stands_where_the_answer_says():
    before = answer('appearance')
    result = ChangeResult('x', [(300.0, 20.0, 380.0, 90.0)], before.boxes, [0.9], ['appearance'])
    picture = draw_answer(plain(300, 400), plain(300, 400), result)
    colour = np.array(style_of('appearance').colour)
    for (x1, y1, x2, y2), expected in zip(panels(picture), (result.before_boxes[0], result.boxes[0])):
        scale = (x2 - x1) / 400
        hit = (picture[y1:y2, x1:x2] == colour).all(axis=2)
        # Long straight runs of colour are the sides of the box; the tag has letters in it and is less high.
        rows = np.flatnonzero(hit.sum(axis=1) > 0.9 * 70 * scale)
        columns = np.flatnonzero(hit.sum(axis=0) > 0.9 * 70 * scale)
        found = np.array([columns.min(), columns.max() + 1, rows.max() + 1]) / scale
        np.testing.assert_allclose(found, [expected[0], expected[2], expected[3]], atol=6)


def test_kinds_differ_by_line_as_well_as_by_colour():
    styles = [(style.colour, style.pattern) for style in KIND_STYLES.values()]
    assert len(set(styles)) == len(styles)
    natural = [KIND_STYLES[kind] for kind in ('appearance', 'replace', 'remove', 'add', 'move')]
    assert len({style.pattern for style in natural}) == len({style.colour for style in natural}) == 5


def test_dashed_side_has_gaps_and_solid_side_has_none():
    def longest_run(kind: str) -> int:
        picture = draw_answer(plain(400, 400), plain(400, 400), answer(kind, box=(50.0, 100.0, 350.0, 300.0)))
        hit = (picture[:, : picture.shape[1] // 2] == np.array(style_of(kind).colour)).all(axis=2)
        row = hit[round(hit.shape[0] * 0.6) :].astype(int)
        best = 0
        for line in row:
            edges = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]])))
            best = max([best, *(edges[1::2] - edges[::2])])
        return int(best)

    assert longest_run('appearance') > 250
    assert longest_run('replace') < 60
    assert longest_run('remove') < longest_run('replace')


def test_empty_answer_has_a_banner_and_no_box():
    result = ChangeResult('What is gone?', no_change_score=0.9)
    picture = draw_answer(plain(300, 400), plain(300, 400), result)
    assert count(picture, _BANNER) > 0.7 * picture.shape[1] * 15
    for x1, y1, x2, y2 in panels(picture):
        assert (picture[y1:y2, x1:x2] == np.array(FILL)).all()
    assert count(draw_answer(plain(300, 400), plain(300, 400), answer('add')), _BANNER) < 100


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        ((1, 1), (1, 1)),
        ((150, 200), (150, 200)),
        ((3000, 4000), (3000, 4000)),
        ((40, 2000), (2000, 40)),
        ((9, 7), (300, 500)),
    ],
)
def test_any_size_gives_a_readable_page(before, after):
    height, width = after
    result = answer('move', box=(0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height))
    picture = draw_answer(plain(*before), plain(*after), result)
    assert picture.dtype == np.uint8
    assert 250 < picture.shape[0] < 1100 and 400 < picture.shape[1] < 3100
    assert count(picture, style_of('move').colour) > 400


def test_pictures_keep_their_shape():
    for x1, y1, x2, y2 in panels(draw_answer(plain(300, 600), plain(300, 600), ChangeResult('x'))):
        assert (x2 - x1) / (y2 - y1) == pytest.approx(2, rel=0.01)


def test_tiny_and_outlying_boxes_are_seen_and_stay_inside():
    for box in ((399.0, 299.0, 400.0, 300.0), (-50.0, -50.0, 500.0, 500.0), (0.0, 0.0, 0.5, 0.5)):
        picture = draw_answer(plain(300, 400), plain(300, 400), answer('remove', box=box))
        assert count(picture, style_of('remove').colour) > 100
        # Nothing but the halo, three pixels wide, reaches over the edge of an image.
        (_, _, left_end, _), (right_start, _, _, _) = panels(picture)
        gap = picture[panels(picture)[0][1] : panels(picture)[0][3], left_end + 6 : right_start - 6]
        assert (gap == 255).all()


def test_tags_do_not_cover_one_another():
    boxes = [(100.0, 100.0, 160.0, 160.0), (104.0, 104.0, 164.0, 164.0)]
    result = ChangeResult('x', boxes, boxes, [0.9, 0.8], ['appearance', 'remove'])
    alone = [ChangeResult('x', [b], [b], [0.9], [k]) for b, k in zip(boxes, result.kinds)]
    picture = draw_answer(plain(300, 400), plain(300, 400), result)
    for single, kind in zip(alone, result.kinds):
        colour = style_of(kind).colour
        full = count(draw_answer(plain(300, 400), plain(300, 400), single), colour)
        assert count(picture, colour) > 0.7 * full


def test_long_sentence_is_wrapped_and_cut():
    short = draw_answer(plain(300, 400), plain(300, 400), ChangeResult('x'))
    long = draw_answer(plain(300, 400), plain(300, 400), ChangeResult('wonderful ' * 900))
    assert long.shape[1] == short.shape[1]
    assert short.shape[0] < long.shape[0] < short.shape[0] + 150


def test_sentence_of_another_script_is_drawn():
    for text in ('Что исчезло рядом с тарелкой?', 'Τι άλλαξε;', '皿の隣から何が消えましたか'):
        picture = draw_answer(plain(300, 400), plain(300, 400), ChangeResult(text))
        assert (picture[:60] < 100).any()


def test_too_small_page_is_refused():
    with pytest.raises(ValueError, match='max_height'):
        draw_answer(plain(9, 9), plain(9, 9), ChangeResult('x'), max_height=10)


def test_max_height_bounds_the_images():
    for x1, y1, x2, y2 in panels(draw_answer(plain(3000, 3000), plain(3000, 3000), ChangeResult('x'), max_height=400)):
        assert x2 - x1 == y2 - y1 == 400


@pytest.mark.parametrize('text', ['one two three four five six seven', 'x' * 300, 'a ' + 'b' * 80 + ' c', ''])
def test_wrapped_lines_fit_and_keep_the_words(text):
    painter = TextPainter(16)
    lines = painter.wrap(text, 120, max_lines=99)
    assert all(painter.width(line) <= 120 for line in lines)
    assert ''.join(lines).replace(' ', '') == text.replace(' ', '')


def test_missing_characters_are_told():
    painter = TextPainter(16)
    assert not painter.lacks('Grüße, привет, γειά, 1 ≤ 2…')
    assert painter.lacks('\U000f1234')
    assert painter.width('\U000f1234') == painter.width('\u25a1')


def test_contact_sheet_places_all_pictures():
    pictures = [np.full((20, 40, 3), value, np.uint8) for value in (10, 60, 110)]
    sheet = contact_sheet(pictures, columns=2, cell_width=80)
    assert [count(sheet, (value,) * 3) for value in (10, 60, 110)] == [80 * 40] * 3
    # Order: left to right, then down.
    places = [np.argwhere((sheet == value).all(axis=2)).min(axis=0).tolist() for value in (10, 60, 110)]
    assert places[0][0] == places[1][0] < places[2][0] and places[0][1] == places[2][1] < places[1][1]
    with pytest.raises(ValueError, match='0 pictures'):
        contact_sheet([])


def test_inputs_are_left_alone():
    before, after = plain(300, 400), plain(300, 400)
    draw_answer(before, after, answer('add'))
    assert (before == np.array(FILL)).all() and (after == np.array(FILL)).all()
    assert Image.fromarray(before).size == (400, 300)
