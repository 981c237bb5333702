from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from difftracker.apis import DiffTrackerInferencer
from difftracker.errors import CheckpointError, ConfigError, ImageReadError, QueryError
from tests.test_apis.stub_model import CONFIG


@pytest.fixture()
def inferencer(stub, weights):
    return DiffTrackerInferencer(weights)


def test_box_comes_back_in_the_pixels_of_the_picture(inferencer, pair):
    (result,) = inferencer(*pair, 'What is gone?')
    # The canvas is exactly twice the picture, so the rectangle is found to the pixel.
    np.testing.assert_allclose(result.boxes, [(12, 8, 24, 20)], atol=0.6)
    assert (result.text, result.kinds) == ('What is gone?', ['remove'])
    assert result.scores == pytest.approx([0.9])
    assert result.no_change_score == pytest.approx(0.05)


def test_every_form_of_a_picture_gives_the_same_answer(inferencer, pair, tmp_path):
    paths = [tmp_path / 'b.png', tmp_path / 'a.png']
    for path, image in zip(paths, pair):
        Image.fromarray(image).save(path)
    forms = [
        pair,
        paths,
        [str(p) for p in paths],
        [Image.fromarray(i) for i in pair],
        [i.astype('u2') * 256 for i in pair],
    ]
    answers = [inferencer(before, after, 'gone')[0].boxes for before, after in forms]
    assert all(answer == answers[0] for answer in answers)


def test_grey_and_rgba_arrays_are_taken(inferencer, pair):
    grey, rgba = pair[0][..., 0], np.dstack([pair[0], np.full((32, 48), 255, np.uint8)])
    assert inferencer(grey, rgba, 'gone')[0].boxes == [(0, 0, 48, 32)]


def test_unequal_sizes_are_letterboxed_each_by_its_own_scale(inferencer, stub, pair):
    small = pair[0][:16, :24]
    (result,) = inferencer(small, pair[1], 'gone')
    sample = stub.calls[0]['data_samples'][0]
    assert (sample.before_scale, sample.after_scale) == (4.0, 2.0)
    np.testing.assert_allclose(np.array(result.boxes) / 2, result.before_boxes)


def test_narrow_picture_is_padded_not_stretched(inferencer, stub):
    tall = np.zeros((64, 16, 3), np.uint8)
    inferencer(tall, tall, 'gone')
    canvas = stub.calls[0]['inputs'][0]
    assert canvas[:, :, :, :16].max() == 0
    assert canvas[:, :, :, 16:].min() == 114


def test_lists_give_one_result_each_in_order_and_one_pass_per_batch(stub, weights, pair):
    inferencer = DiffTrackerInferencer(weights, batch_size=2)
    results = inferencer([pair[0]] * 3, [pair[1], pair[0], pair[1]], ['one', 'two', 'three'])
    assert [result.text for result in results] == ['one', 'two', 'three']
    assert results[0].boxes == results[2].boxes != results[1].boxes
    assert [len(call['inputs']) for call in stub.calls] == [2, 1]


def test_one_sentence_serves_a_list_of_pairs(inferencer, pair):
    assert [r.text for r in inferencer([pair[0]] * 2, [pair[1]] * 2, 'gone')] == ['gone', 'gone']
    assert inferencer([], [], 'gone') == []


def test_ask_shares_one_pass(inferencer, stub, pair):
    results = inferencer.ask(*pair, ['gone', 'nothing of this'])
    assert [result.is_empty for result in results] == [False, True]
    assert results[1].no_change_score == pytest.approx(0.8)
    assert len(stub.calls) == 1 and len(stub.calls[0]['inputs']) == 1
    assert [r.boxes for r in inferencer(*pair, ['gone', 'nothing of this'])] == [r.boxes for r in results]
    assert inferencer.ask(*pair, []) == []


def test_threshold_of_the_caller_wins(stub, weights, pair):
    low = DiffTrackerInferencer(weights, score_threshold=0.25)(*pair, 'gone')[0]
    assert low.kinds == ['remove', 'appearance']
    assert DiffTrackerInferencer(weights, score_threshold=0.95)(*pair, 'gone')[0].is_empty
    # Zero is a threshold, not "none given".
    assert len(DiffTrackerInferencer(weights, score_threshold=0.0)(*pair, 'nothing')[0].boxes) == 2


def test_mostly_equal_pictures_are_read_at_the_size_asked_for(stub, weights, monkeypatch):
    monkeypatch.setattr(stub, 'test_step', lambda data: stub.calls.append(data) or [])
    page = np.zeros((300, 400, 3), np.uint8)
    changed = page.copy()
    changed[100:110, 50:60] = 255
    for size in (None, 200, 1000):
        assert DiffTrackerInferencer(weights, exact_size=size).ask(page, changed, ['x']) == []
    # The stub's own weights know no such size; the canvas is 96 x 64.
    assert [tuple(call['inputs'][0].shape[-2:]) for call in stub.calls] == [(64, 96), (150, 200), (300, 400)]


@pytest.mark.parametrize('text', ['', '  \n', 7, None, 'a\ud800b'])
def test_bad_sentence(inferencer, pair, text):
    with pytest.raises(QueryError, match='text'):
        inferencer(*pair, text)


@pytest.mark.parametrize('text', ['word ' * 5000, '皿の隣から何が消えましたか', 'ماذا اختفى؟', '🙂'])
def test_long_and_foreign_sentences_pass(inferencer, pair, text):
    assert inferencer(*pair, text)[0].text == text


def test_lists_that_do_not_match(inferencer, pair):
    before, after = pair
    with pytest.raises(ValueError, match='2 before, 1 after, 1 texts'):
        inferencer([before, before], [after], ['gone'])
    with pytest.raises(ValueError, match='one of each'):
        inferencer([before], after, 'gone')
    with pytest.raises(QueryError, match='list of sentences'):
        inferencer.ask(before, after, 'gone')


def test_bad_pictures_are_named(inferencer, pair, tmp_path):
    with pytest.raises(ImageReadError, match='missing.png'):
        inferencer(tmp_path / 'missing.png', pair[1], 'gone')
    with pytest.raises(ImageReadError, match=r'after\[1\]'):
        inferencer([pair[0]] * 2, [pair[1], np.zeros((4, 4, 7), np.uint8)], 'gone')
    with pytest.raises(ImageReadError, match='before'):
        inferencer(pair[0].astype(float), pair[1], 'gone')


def test_bad_settings(weights, tmp_path):
    with pytest.raises(ConfigError, match='score_threshold'):
        DiffTrackerInferencer(weights, score_threshold=1.5)
    with pytest.raises(ConfigError, match='exact_size'):
        DiffTrackerInferencer(weights, exact_size=0)
    with pytest.raises(ConfigError, match='batch_size'):
        DiffTrackerInferencer(weights, batch_size=0)
    with pytest.raises(ConfigError, match='toaster'):
        DiffTrackerInferencer(weights, device='toaster')
    with pytest.raises(CheckpointError, match='no-such-model'):
        DiffTrackerInferencer('no-such-model')


@pytest.mark.parametrize(
    ('name', 'value', 'expected'),
    [
        ('model', None, 'the name of a shipped model or a weights file'),
        ('model', 3, 'the name of a shipped model or a weights file'),
        ('device', None, 'cpu, cuda or cuda:N'),
        ('device', 1.5, 'cpu, cuda or cuda:N'),
        ('score_threshold', '0.5', 'a number in [0, 1]'),
        ('score_threshold', float('nan'), 'a number in [0, 1]'),
        ('score_threshold', True, 'a number in [0, 1]'),
        ('batch_size', '4', 'a whole number, at least 1'),
        ('batch_size', None, 'a whole number, at least 1'),
        ('batch_size', 2.0, 'a whole number, at least 1'),
        ('exact_size', '480', 'a whole number, at least 1'),
        ('exact_size', 1.5, 'a whole number, at least 1'),
    ],
)
def test_settings_of_another_type(weights, name, value, expected):
    with pytest.raises(ConfigError) as caught:
        DiffTrackerInferencer(**{'model': weights, name: value})
    assert str(caught.value) == f'{name}: expected {expected}, found {value!r}'


def test_numbers_of_numpy_and_a_device_of_torch_are_settings(stub, weights, pair):
    settings = {'score_threshold': np.float32(0.25), 'batch_size': np.int64(2), 'exact_size': np.int32(64)}
    (result,) = DiffTrackerInferencer(weights, torch.device('cpu'), **settings)(*pair, 'gone')
    assert result.kinds == ['remove', 'appearance']


@pytest.mark.parametrize('device', ['mps', 'meta', 'cuda:1'])
def test_devices_that_are_not_there(weights, monkeypatch, device):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    with pytest.raises(ConfigError, match=f"device: expected .*, found '{device}'"):
        DiffTrackerInferencer(weights, device=device)


def test_inputs_equal_those_of_the_test_pipeline(inferencer, stub, data_root):
    from difftracker.datasets.diffground_dataset import DiffGroundDataset

    after = data_root / '1_after.png'
    Image.open(after).resize((37, 61)).save(after)
    files = data_root / 'annotations.jsonl'
    files.write_text(files.read_text().replace('"after_size": [48, 32]', '"after_size": [37, 61]'))
    pipeline = [{'type': 'LoadImagePair'}, *CONFIG['test_pipeline']]
    expected = DiffGroundDataset(str(files), str(data_root), pipeline, CONFIG['kinds'], test_mode=True)[1]
    inferencer.ask(data_root / '1_before.png', after, ['What is gone?', 'nothing here'])
    found = {name: values[0] for name, values in stub.calls[0].items()}
    assert torch.equal(found['inputs'], expected['inputs'])
    for name in ('ori_shape_before', 'ori_shape_after', 'img_shape', 'before_scale', 'after_scale', 'texts'):
        assert found['data_samples'].get(name) == expected['data_samples'].get(name), name
