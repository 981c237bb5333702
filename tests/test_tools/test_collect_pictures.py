"""Photographs of public sets, collected with the labels that COCO has for them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from difftracker.synthesis.queries.vocabulary import COCO_LABELS
from tools.labelling import collect_pictures


@pytest.fixture
def sets(tmp_path):
    def picture(name, width=300, height=200):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(file)

    for index in range(93):
        picture(f'caltech/airplanes/image_{index:04d}.jpg')
    picture('caltech/accordion/image_0001.jpg')
    picture('caltech/cup/image_0001.jpg', 300, 100)
    picture('bsds/images/train/100.jpg', 1024, 700)
    picture('first/n02099601_golden_retriever.jpg')
    picture('first/n02012849_crane.jpg')
    picture('first/n03126707_crane.jpg')
    picture('second/n02121808_1421_domestic_cat.jpg')
    picture('second/n02672831_11478_accordion.jpg')
    return tmp_path


def collect(sets, *options):
    out = sets / 'found'
    assert collect_pictures.main([*options, f'--out={out}']) == 0
    with (out / 'index.csv').open(newline='') as lines:
        rows = list(csv.DictReader(lines))
    assert all((out / row['file']).is_file() and row['split'] == 'train' for row in rows)
    return {row['file'].removeprefix('images/').removesuffix('.jpg'): row['label'] for row in rows}


def test_only_what_has_a_label_is_taken_and_of_much_alike_only_some(sets):
    found = collect(sets, f'--caltech={sets / "caltech"}')
    assert set(found.values()) == {'airplane'}
    assert sorted(found) == [f'caltech-airplanes-image_{index:04d}' for index in range(90)]


def test_one_word_for_two_things_of_imagenet(sets):
    assert collect(sets, f'--imagenet={sets / "first"}', f'--imagenet={sets / "second"}') == {
        'imagenet0-n02099601_golden_retriever': 'dog',
        'imagenet0-n02012849_crane': 'bird',
        'imagenet1-n02121808_1421_domestic_cat': 'cat',
    }


def test_photographs_that_may_show_anything_have_no_label_and_are_made_small(sets):
    assert collect(sets, f'--bsds={sets / "bsds"}') == {'bsds-100': ''}
    assert Image.open(sets / 'found/images/bsds-100.jpg').size == (512, 350)


@pytest.mark.parametrize('name', ['caltech', 'imagenet'])
def test_labels_are_names_of_coco(name):
    labels = collect_pictures.read_labels(name)
    assert labels
    assert {label for label, _ in labels.values()} <= set(COCO_LABELS)


def test_a_folder_that_is_none_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        collect_pictures.main([f'--bsds={tmp_path / "none"}', f'--out={tmp_path}'])
    assert str(tmp_path / 'none') in capsys.readouterr().err
