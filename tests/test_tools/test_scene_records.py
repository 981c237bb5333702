"""From scene descriptions, masks and images to annotations, and the commands around it; without Blender."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from difftracker.datasets.annotations import read_annotations
from tests.test_tools.scene_objects import make_catalogue
from tools.dataset import validate, write_queries
from tools.scenes3d import annotate, render
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import Camera, DrawnChange, Item, Light, PairDescription, Shot
from tools.scenes3d.masks import Masks
from tools.scenes3d.mixture import Mixture
from tools.scenes3d.model import Model
from tools.scenes3d.pair_drawer import PairDrawer
from tools.scenes3d.pair_files import PairFiles, check_same_run
from tools.scenes3d.records import make_record

ROOT = Path(__file__).resolve().parents[2]
SIZE = (240, 180)
RED, BLUE, GREEN, GREY = (200, 20, 20), (25, 60, 200), (30, 130, 40), (120, 120, 120)
# Where each object is seen: x1, y1, x2, y2.
JAR, PLATE, BOOK, CUBE, BALL = (
    (10, 10, 40, 50), (60, 20, 110, 60), (130, 30, 160, 80), (20, 100, 60, 150), (100, 100, 150, 150),
)  # fmt: skip
MOVED = (170, 100, 210, 150)


def made_up():
    """A pair with one change of each kind, its masks and images; `mug` takes the book's place, a bowl stays."""
    names = ('jar', 'plate', 'book', 'mug', 'cube', 'ball', 'bowl')
    items = {name: Item(n, f'kaykit/x/{name}', name, (0, 0, 0), 0, 1) for n, name in enumerate(names)}
    windows = {'jar': JAR, 'plate': PLATE, 'book': BOOK, 'mug': BOOK, 'ball': BALL, 'bowl': (200, 20, 230, 60)}
    light, camera = Light(0, 45, 1, (1, 1, 1), 1, (1, 1, 1), 1), Camera((0, -5, 1), (0, 0, 0), 0, 40)
    seen = (
        {'jar': (JAR, RED), 'book': (BOOK, RED), 'cube': (CUBE, BLUE), 'ball': (BALL, GREEN)},
        {'plate': (PLATE, BLUE), 'mug': (BOOK, GREEN), 'cube': (MOVED, BLUE), 'ball': (BALL, RED)},
    )
    shots, images = [], []
    index = np.full((2, SIZE[1], SIZE[0]), -1, dtype=np.int16)
    for frame, shown in enumerate(seen):
        image = np.full((SIZE[1], SIZE[0], 3), GREY, dtype=np.uint8)
        for name, ((x1, y1, x2, y2), colour) in {**shown, 'bowl': (windows['bowl'], BLUE)}.items():
            index[frame, y1:y2, x1:x2], image[y1:y2, x1:x2] = items[name].item_id, colour
        images.append(image)
        shots.append(Shot(tuple(items[name] for name in (*shown, 'bowl')), light, camera, 0))
    changes = [
        ('remove', 'jar', None, None, JAR, JAR), ('add', None, 'plate', None, PLATE, PLATE),
        ('replace', 'book', 'mug', None, BOOK, BOOK), ('move', 'cube', 'cube', None, CUBE, MOVED),
        ('appearance', 'ball', 'ball', 'colour', BALL, BALL),
    ]  # fmt: skip
    places = np.zeros((len(changes), 2, SIZE[1], SIZE[0]), dtype=bool)
    drawn = []
    for number, (kind, old, new, attribute, *boxes) in enumerate(changes):
        for frame, (x1, y1, x2, y2) in enumerate(boxes):
            places[number, frame, y1:y2, x1:x2] = True
        ids = [None if name is None else items[name].item_id for name in (old, new)]
        drawn.append(DrawnChange(number, kind, *ids, attribute))
    pair = PairDescription('open3d-test-1-00000', 'table', SIZE, (), *shots, tuple(drawn), 'aligned')
    return pair, Masks(index, places, {item.item_id: 1.0 for item in shots[1].items}), tuple(images)


def record_of(pair, masks, images, queries=0):
    models = {
        item.model: Model(item.model, item.label, frozenset(), 1.0, item.label == 'mug')
        for shot in (pair.before, pair.after)
        for item in shot.items
    }
    return make_record(pair, masks, images, ('images/a.jpg', 'images/b.jpg'), models, 1, queries)


def test_record_says_what_the_masks_show():
    record = record_of(*made_up())
    found = [(c.type, c.before_box, c.after_box, c.label, c.extra) for c in record.changes]
    assert found == [
        ('remove', JAR, JAR, 'jar', {'colour_before': 'red'}),
        ('add', PLATE, PLATE, 'plate', {'colour_after': 'blue'}),
        ('replace', BOOK, BOOK, 'book', {'new_label': 'mug', 'colour_before': 'red', 'colour_after': 'green'}),
        ('move', CUBE, MOVED, 'cube', {'colour_before': 'blue', 'colour_after': 'blue'}),
        ('appearance', BALL, BALL, 'ball', {'colour_before': 'green', 'colour_after': 'red', 'attribute': 'colour'}),
    ]
    assert record.extra['scene']['context'] == [{'label': 'bowl', 'box': (200, 20, 230, 60), 'colour': 'blue'}]
    assert (record.extra['nuisance'], record.extra['layout']) == ('aligned', 'table')
    assert record.extra['held_out_models'] == ['kaykit/x/mug']
    assert record.license == 'CC0-1.0' and record.source == 'DiffGround-Open-3D 1.0'


def test_sentences_are_about_the_pair():
    pair, masks, images = made_up()
    record = record_of(pair, masks, images, 12)
    assert len(record.queries) == 12
    assert record.queries == record_of(pair, masks, images, 12).queries
    only = {query.subset: query.answers for query in record.queries if query.extra['ask'] == 'one'}
    kinds = {change.type: (change.change_id,) for change in record.changes}
    assert only and all(kinds[subset] == answers for subset, answers in only.items())


def test_hidden_context_and_unseen_changes():
    pair, masks, images = made_up()
    bowl = pair.after.items[-1].item_id
    assert record_of(pair, replace(masks, shares={**masks.shares, bowl: 0.1}), images).extra['scene']['context'] == []
    # Painted in nearly its own colour, the ball has changed in the description only.
    after = images[1].copy()
    after[100:150, 100:150] = (34, 134, 44)
    assert record_of(pair, masks, (images[0], after)) is None


# ---- the commands


def make_set(root: Path, objects: Path, pairs: int = 2) -> Path:
    """Writes a set as the renderer does, flat colours in the place of renders."""
    check_same_run(root, 'train', 3, SIZE, None)
    catalogue = make_catalogue(objects)
    drawer = PairDrawer(catalogue, Mixture(counts={'2': 1}, layouts={'table': 1}), SIZE)
    for index in range(pairs):
        files = PairFiles(root, 'train', 3, index)
        files.write_description(drawer.draw(files.pair_id, 3, index), catalogue)
        masks = files.read_masks()
        for frame, path in enumerate(files.images):
            # Each place gets another colour in each image.
            image = np.full((SIZE[1], SIZE[0], 3), GREY, dtype=np.uint8)
            for number, places in enumerate(masks.places):
                image[places[frame]] = (RED, BLUE, GREEN)[(number + frame) % 3]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path, quality=95)
    return root


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp('scenes')
    return make_set(root / 'set', root / 'objects')


def test_annotated_set_is_valid_and_takes_sentences(finished, capsys):
    assert annotate.main([str(finished), '--split', 'train', '--queries', '3']) == 0
    assert '2 pairs, 6 sentences' in capsys.readouterr().out
    path = finished / 'annotations' / 'train.jsonl'
    assert validate.main([str(path)]) == 0
    first = read_annotations(path)
    out = finished / 'annotations' / 'more.jsonl'
    assert write_queries.main([str(path), '--out', str(out), '--domain', 'photo', '--per-pair', '5']) == 0
    assert [len(record.queries) for record in read_annotations(out)] == [5, 5]
    assert [record.changes for record in read_annotations(out)] == [record.changes for record in first]
    for line in (finished / 'SCENESUMS-train').read_text().splitlines():
        digest, name = line.split('  ')
        assert hashlib.sha256((finished / name).read_bytes()).hexdigest() == digest


def test_unfinished_pairs_wait(finished, tmp_path):
    root = shutil.copytree(finished, tmp_path / 'set')
    PairFiles(root, 'train', 3, 1).images[1].unlink()
    assert annotate.main([str(root), '--split', 'train']) == 0
    assert [record.pair_id for record in read_annotations(root / 'annotations' / 'train.jsonl')] == [
        'open3d-train-3-00000'
    ]


def test_finished_pairs_are_not_made_again(finished, capsys):
    """Blender is not there: whatever wanted to render would fail."""
    arguments = ['--objects', 'nowhere', '--out', str(finished), '--split', 'train', '--size', '240', '180']
    assert render.main([*arguments, '--pairs', '2', '--seed', '3']) == 0
    assert '2 of 2 pairs are there' in capsys.readouterr().out
    assert render.main([*arguments, '--pairs', '2', '--seed', '4']) == 1
    assert 'run_train.json: expected this run' in capsys.readouterr().err


def test_faults_have_one_clear_line(finished, tmp_path, capsys):
    assert annotate.main([str(tmp_path), '--split', 'train']) == 1
    assert 'run_train.json: expected the file that render.py writes' in capsys.readouterr().err
    root = shutil.copytree(finished, tmp_path / 'set')
    files = PairFiles(root, 'train', 3, 0)
    files.masks.write_bytes(files.masks.read_bytes()[:100])
    assert annotate.main([str(root), '--split', 'train']) == 1
    error = capsys.readouterr().err
    assert f'{files.pair_id}.npz: expected masks' in error and len(error.splitlines()) == 1
    files.description.write_text('{}')
    assert annotate.main([str(root), '--split', 'train']) == 1
    assert f'{files.pair_id}.json: expected difftracker-scene3d 1' in capsys.readouterr().err


@pytest.mark.parametrize('workers', [1, 2])
def test_without_blender_the_tool_says_what_to_install(tmp_path, workers):
    command = [sys.executable, ROOT / 'tools/scenes3d/render.py']
    shown = subprocess.run([*command, '--help'], capture_output=True, text=True, cwd=tmp_path)
    assert shown.returncode == 0 and '--describe-only' in shown.stdout
    arguments = ['--objects', tmp_path, '--out', tmp_path / 'out', '--split', 'test', '--pairs', '2', '--seed', '1']
    arguments += ['--workers', str(workers)]
    failed = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert failed.returncode == 1
    assert 'expected the module bpy, found none; install tools/scenes3d/requirements.txt' in failed.stderr
    assert 'Traceback' not in failed.stderr


def test_list_of_models_is_whole():
    """Every class that a layout asks for has models for training, and each label its own plain name."""
    models = Catalogue(Path('nowhere'), 'train').models
    trained = {name for model in models.values() if not model.held_out for name in model.classes}
    assert trained == {name for model in models.values() for name in model.classes}
    assert sum(model.held_out for model in models.values()) > 0.2 * len(models)
    assert all(model.label == model.label.strip().lower() for model in models.values())
    known = json.dumps(sorted({model.label for model in models.values()}))
    assert 'fire hydrant' in known and '_' not in known
