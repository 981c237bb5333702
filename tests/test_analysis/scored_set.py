"""A small set with answers whose quality is known."""

from __future__ import annotations

import json

import numpy as np

from tests.test_datasets.pair_set_factory import change, pair, write_set

BOXES = [(4, 4, 12, 14), (20, 10, 36, 28)]
ELSEWHERE = (25, 0, 39, 8)


def make_set(root, count=12):
    """Writes pairs that have two changes, one and none in turn; returns the annotation file."""
    pairs = []
    for number in range(count):
        kinds = [('remove', 'add'), ('add',), ()][number % 3]
        changes = [change(place, kind, BOXES[place], BOXES[place]) for place, kind in enumerate(kinds)]
        queries = [
            {'query_id': f'q{place}', 'text': f'the {kind}?', 'subset': kind, 'answers': [place], 'form': 'named'}
            for place, kind in enumerate(kinds)
        ]
        if len(kinds) == 2:
            queries.append({'query_id': 'all', 'text': 'all', 'subset': 'all', 'answers': [0, 1]})
        queries.append({'query_id': 'none', 'text': 'a dog?', 'subset': 'none', 'answers': []})
        pairs.append(pair(number, changes, queries, nuisance='aligned' if number % 2 else 'hand-held'))
    return write_set(root, pairs, 'val')


def write_answers(ann_file, path, choose):
    """Writes what `choose(number, query, truth)` returns, `[(box, score), ...]`, as a prediction file."""
    lines = []
    for number, text in enumerate(ann_file.read_text().splitlines()):
        record = json.loads(text)
        for query in record['queries']:
            truth = [record['changes'][place]['after_box'] for place in query['answers']]
            found = choose(number, query, truth)
            item = {'pair_id': record['pair_id'], 'query_id': query['query_id']}
            item['boxes'] = [list(map(float, box)) for box, _ in found]
            item['scores'] = [score for _, score in found]
            item['kinds'] = ['add'] * len(found)
            lines.append(json.dumps(item) + '\n')
    path.write_text(''.join(lines))
    return path


def perfect(number, query, truth):
    return [(box, 0.9) for box in truth]


def first_change(number, query, truth):
    """Cannot read: always the first change's place."""
    return [(BOXES[0], 0.8)]


def random_scores(seed, temperature=1.0, bias=0.0):
    """Answers that are right as often as `sigmoid(logit(score) / temperature + bias)` says."""
    rng = np.random.default_rng(seed)

    def choose(number, query, truth):
        score = float(rng.uniform(0.05, 0.95))
        chance = 1 / (1 + np.exp(-(np.log(score / (1 - score)) / temperature + bias)))
        right = bool(truth) and rng.random() < chance
        return [(truth[0] if right else ELSEWHERE, score)]

    return choose
