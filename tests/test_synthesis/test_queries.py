"""Sentences of random scenes against a slow checker that shares no code with the writer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from difftracker.datasets.transforms.mirror_words import mirror_text
from difftracker.synthesis.queries import compose_queries, write_queries
from difftracker.synthesis.queries.ask import Ask
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject
from tests.test_synthesis.random_scenes import random_scene

DOMAINS = ('photo', 'screen', 'board')


def _composed(domain: str, scenes: int, count: int = 8, changes: int | None = None):
    for seed in range(scenes):
        scene = random_scene(seed, domain, changes)
        for written in compose_queries(scene, np.random.default_rng(seed), count):
            yield scene, written


def _corner_ok(position: float, word: str, strict: float) -> bool:
    return position < strict if word in ('left', 'top') else position > 1 - strict


def _surely_in_place(scene: Scene, change: SceneChange, place: str) -> bool:
    x1, y1, x2, y2 = change.after_box
    x, y = (x1 + x2) / 2 / scene.width, (y1 + y2) / 2 / scene.height
    if place == 'centre':
        return 0.37 <= x <= 0.63 and 0.37 <= y <= 0.63
    strict = 0.4 if ' ' not in place else 0.34
    return all(_corner_ok(x if word in ('left', 'right') else y, word, strict) for word in place.split())


def _surely_out_of_place(scene: Scene, change: SceneChange, place: str) -> bool:
    x1, y1, x2, y2 = change.after_box
    x, y = (x1 + x2) / 2 / scene.width, (y1 + y2) / 2 / scene.height
    if place == 'centre':
        return max(abs(x - 0.5), abs(y - 0.5)) >= 0.25
    strict = 0.6 if ' ' not in place else 0.55
    return any(not _corner_ok(x if word in ('left', 'right') else y, word, strict) for word in place.split())


def _fails_one_plain_condition(scene: Scene, change: SceneChange, ask) -> bool:
    """True where kind, name, place or colour alone shows that the change is not meant."""
    kind = ask.get('kind', 'loose')
    verb_kind = {'turned': 'appearance', 'was': 'appearance', 'from_to': 'appearance', 'attribute': 'appearance',
                 'new_label': 'replace', 'new_colour': 'replace', 'direction': 'move'}  # fmt: skip
    for name, implied in verb_kind.items():
        kind = implied if ask.get(name) is not None else kind
    if kind is not None and change.kind != kind:
        return True
    if ask.get('label') is not None and ask.get('label') != change.label:
        return True
    if ask.get('new_label') is not None and ask.get('new_label') != change.new_label:
        return True
    if ask.get('place') is not None and _surely_out_of_place(scene, change, ask.get('place')):
        return True
    colour = change.colour_after if change.kind == 'add' else change.colour_before
    if ask.get('colour') is not None and ask.get('colour') != colour:
        return True
    others = ('hypernym', 'size', 'relation', 'superlative', 'direction', 'new_colour', 'turned', 'was', 'from_to')
    return any(ask.get(name) is not None for name in others)


@pytest.mark.parametrize('domain', DOMAINS)
def test_answers_are_what_the_meaning_says(domain):
    checked = 0
    for scene, written in _composed(domain, 60):
        ask, answers = written.ask, written.query.answers
        for change in scene.changes:
            if change.change_id not in answers:
                assert _fails_one_plain_condition(scene, change, ask), (written.query, change)
                checked += 1
                continue
            kind = ask.get('kind', 'loose')
            assert kind is None or change.kind == kind
            assert ask.get('label') in (None, change.label)
            assert ask.get('new_label') in (None, change.new_label)
            assert ask.get('place') is None or _surely_in_place(scene, change, ask.get('place')), written.query
            own = change.colour_after if change.kind == 'add' else change.colour_before
            assert ask.get('colour') in (None, own)
            assert ask.get('turned') in (None, change.colour_after)
            assert ask.get('was') in (None, change.colour_before)
            assert ask.get('attribute') in (None, change.attribute)
            checked += 1
    assert checked > 200


def test_superlatives_have_a_clear_lead():
    seen = 0
    for scene, written in _composed('photo', 250, changes=4):
        value = written.ask.get('superlative')
        if value not in ('largest', 'smallest', 'leftmost', 'rightmost') or not written.query.answers:
            continue
        kind, label = written.ask.get('kind', 'loose'), written.ask.get('label')
        rivals = [c for c in scene.changes if kind in (None, c.kind) and label in (None, c.label)]
        if written.ask.get('hypernym', 'colour', 'attribute', 'new_label', 'turned', 'new_colour') is not None:
            continue
        chosen = next(c for c in scene.changes if c.change_id == written.query.answers[0]).after_box
        for rival in (c.after_box for c in rivals if c.change_id != written.query.answers[0]):
            sizes = [(b[2] - b[0]) * (b[3] - b[1]) for b in (chosen, rival)]
            middles = [(b[0] + b[2]) / 2 / scene.width for b in (chosen, rival)]
            assert {
                'largest': sizes[0] >= 1.49 * sizes[1],
                'smallest': sizes[1] >= 1.49 * sizes[0],
                'leftmost': middles[1] - middles[0] > 0.079,
                'rightmost': middles[0] - middles[1] > 0.079,
            }[value]
            seen += 1
    assert seen > 20


def test_words_of_the_sentence_agree_with_the_answers():
    """Reads sides and names off the text itself, not off the meaning."""
    for scene, written in _composed('photo', 120):
        text = written.query.text.lower()
        if written.ask.get('relation', 'direction', 'superlative') is not None:
            continue
        for change in (c for c in scene.changes if c.change_id in written.query.answers):
            x = (change.after_box[0] + change.after_box[2]) / 2 / scene.width
            if re.search(r'\bleft\b', text):
                assert x < 0.4, text
            if re.search(r'\bright\b', text):
                assert x > 0.6, text


@pytest.mark.parametrize('domain', DOMAINS)
def test_subsets_follow_the_format(domain):
    for scene, written in _composed(domain, 60):
        query = written.query
        kinds = {c.kind for c in scene.changes if c.change_id in query.answers}
        assert query.text.strip() == query.text and query.text
        assert '<' not in query.text and '{' not in query.text and '@' not in query.text
        assert set(query.answers) <= {c.change_id for c in scene.changes}
        if not query.answers:
            assert query.subset == query.extra['ask'] == 'none'
        elif query.subset == 'all':
            assert len(query.answers) == len(scene.changes) and query.extra['ask'] == 'all'
        else:
            assert kinds == {query.subset}
            assert query.extra['ask'] == ('one' if len(query.answers) == 1 else 'several')
        assert query.extra['form'] in ('named', 'category-free')


def test_same_state_same_sentences():
    scene = random_scene(5, changes=4)
    first = write_queries(scene, np.random.default_rng((3, 4)), 12)
    assert first == write_queries(scene, np.random.default_rng((3, 4)), 12)
    assert first != write_queries(scene, np.random.default_rng((3, 5)), 12)


def test_sentences_do_not_depend_on_the_hash_seed():
    code = (
        'import numpy as np; from tests.test_synthesis.random_scenes import random_scene; '
        'from difftracker.synthesis.queries import write_queries; '
        'print([write_queries(random_scene(s), np.random.default_rng(s), 8) for s in range(12)])'
    )
    root = Path(__file__).parents[2]
    outputs = set()
    for seed in ('1', '2'):
        env = {**os.environ, 'PYTHONHASHSEED': seed, 'PYTHONPATH': str(root)}
        done = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, check=True, cwd=root)
        outputs.add(done.stdout)
    assert len(outputs) == 1 and outputs.pop().strip()


def test_texts_of_a_pair_are_distinct_and_as_many_as_wanted():
    for seed in range(25):
        queries = write_queries(random_scene(seed), np.random.default_rng(seed), 16)
        assert len(queries) == 16
        assert len({query.text.lower().strip('.?') for query in queries}) == 16
        assert [query.query_id for query in queries] == [f'q{index}' for index in range(16)]


@pytest.mark.parametrize('domain', DOMAINS)
def test_a_pair_without_changes_answers_nothing(domain):
    for seed in range(10):
        for query in write_queries(random_scene(seed, domain, 0), np.random.default_rng(seed), 8):
            assert query.answers == () and query.subset == 'none'


def test_shares_and_variety():
    asks, templates, texts = Counter(), set(), set()
    for scene, written in _composed('photo', 220):
        if len(scene.changes) > 1:
            asks[written.query.extra['ask']] += 1
        templates.add(written.template)
        texts.add(written.query.text)
    total = sum(asks.values())
    assert 0.10 < asks['none'] / total < 0.21
    assert 0.55 < asks['one'] / total < 0.75
    assert asks['several'] / total > 0.03
    assert asks['all'] / total > 0.06
    assert len(templates) >= 300
    assert len(texts) > 1000


def test_concise_sentences_say_nothing_needless():
    alone, total = 0, 0
    for seed in range(60):
        scene = random_scene(seed, 'photo', 3)
        for written in compose_queries(scene, np.random.default_rng(seed), 12, concise=True):
            facets, answers = written.ask.facets, written.query.answers
            if not answers:
                continue
            for spot in range(len(facets)):
                fewer = Ask(facets[:spot] + facets[spot + 1 :])
                assert fewer.answers(scene) != answers, (seed, written.query.text)
            total += written.query.extra['ask'] == 'one'
            alone += [facet.name for facet in facets] in (['kind'], ['loose'])
    assert total > 300
    # Left to chance, more than half of them would tell the kind of change and nothing else.
    assert alone < 0.35 * total


def test_twins_are_never_told_apart():
    """Two changes alike in everything that a sentence may say can only be asked for together or not at all."""
    box = (100.0, 100.0, 200.0, 180.0)
    twins = tuple(SceneChange(i, 'remove', box, box, 'cup', None, 'red') for i in (0, 1))
    scene = Scene(640, 480, twins, (SceneObject('dog', (400, 300, 500, 420), 'brown'),))
    for query in write_queries(scene, np.random.default_rng(0), 40):
        assert query.answers in ((), (0, 1))


def test_a_replaced_thing_is_not_called_missing():
    left, right = (20.0, 200.0, 120.0, 280.0), (480.0, 200.0, 600.0, 280.0)
    changes = (
        SceneChange(0, 'replace', left, left, 'cup', 'dog'),
        SceneChange(1, 'remove', right, right, 'cup'),
    )
    scene = Scene(640, 480, changes)
    for written in compose_queries(scene, np.random.default_rng(1), 120):
        named_removal = written.ask.get('kind', 'loose') == 'remove' and written.ask.get('label') == 'cup'
        if named_removal and written.query.answers:
            # Only its place can say which of the two is meant.
            assert written.ask.get('place', 'relation') is not None
        if re.search(r'\b(gone|missing|no longer there)\b', written.query.text.lower()) and written.query.answers:
            assert written.ask.get('place', 'relation') is not None


def test_unchanged_objects_serve_as_hard_negatives():
    box = (20.0, 20.0, 120.0, 120.0)
    scene = Scene(
        640, 480, (SceneChange(0, 'remove', box, box, 'cup'),), (SceneObject('dog', (400.0, 300.0, 500.0, 420.0)),)
    )
    asked = [w for w in compose_queries(scene, np.random.default_rng(2), 150) if w.ask.get('label') == 'dog']
    assert asked and all(w.query.answers == () for w in asked)


@pytest.mark.parametrize('domain', DOMAINS)
def test_sides_can_be_mirrored(domain):
    sided = [w.query.text for _, w in _composed(domain, 150) if re.search(r'\b(left|right)', w.query.text.lower())]
    assert len(sided) > 60
    refused = [text for text in sided if mirror_text(text) is None]
    assert len(refused) <= 0.02 * len(sided), refused[:5]


def test_people_are_not_described_by_colour():
    for seed in range(40):
        box = (50.0, 50.0, 150.0, 250.0)
        change = SceneChange(0, 'appearance', box, box, 'person', None, 'white', 'black', 'colour')
        for written in compose_queries(Scene(640, 480, (change,)), np.random.default_rng(seed), 6):
            if written.query.answers:
                assert not re.search(r'\b(white|black)\b', written.query.text.lower())
