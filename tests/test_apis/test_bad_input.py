"""Whatever a user hands over has one defined answer: the real model and path, with random weights.

A picture that is odd but whole is answered in its own pixels. All else ends in one error that names the file or
argument, what was expected and what was found; a run over a file of pairs goes on past it.
"""

from __future__ import annotations

import io
import json
import pathlib
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from difftracker.apis import DiffTrackerInferencer
from difftracker.apis.cli import main
from difftracker.checkpoint import load_weights, save_weights
from difftracker.errors import CheckpointError, ImageReadError, QueryError
from difftracker.structures import ChangeResult
from tests.test_apis.random_weights import random_weights

TEXT = 'What is gone?'
WIDTH, HEIGHT = 96, 64
ORIENTATION = 0x0112
PALETTE = [(value, 255 - value, 90) for value in range(256)]


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of `difftracker-lite`; the answer is all of its candidates."""
    return random_weights(tmp_path_factory.mktemp('weights') / 'random.safetensors')


@pytest.fixture(scope='module')
def inferencer(checkpoint: Path) -> DiffTrackerInferencer:
    """The model, read once."""
    return DiffTrackerInferencer(checkpoint)


def picture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A smooth RGB picture, so that formats with loss keep it."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 127 // (width + height)], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str = 'PNG', **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rotated_by_exif() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return encoded(Image.fromarray(picture()), 'JPEG', exif=exif, quality=95)


def grey16() -> bytes:
    return encoded(Image.fromarray(picture()[..., 0].astype(np.uint16) * 257))


def palette() -> bytes:
    image = Image.fromarray(picture()[..., 0]).copy()
    image.putpalette([part for colour in PALETTE for part in colour])
    return encoded(image)


def rgba() -> bytes:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:, WIDTH // 2 :] = 0
    return encoded(Image.fromarray(np.concatenate([picture(), alpha], axis=2), 'RGBA'))


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds no picture."""
    body = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack('>I', 13) + body + struct.pack('>I', zlib.crc32(body))
    return b'\x89PNG\r\n\x1a\n' + chunk + b'\x00\x00\x00\x00IDAT' + struct.pack('>I', zlib.crc32(b'IDAT'))


def expected_palette() -> np.ndarray:
    return np.array(PALETTE, np.uint8)[picture()[..., 0]]


def expected_rgba() -> np.ndarray:
    image = picture()
    image[:, WIDTH // 2 :] = 255
    return image


# Name: file content, and what the picture is in plain RGB.
ODD = {
    'grey': (lambda: encoded(Image.fromarray(picture()[..., 0])), lambda: picture()[..., [0, 0, 0]]),
    'rgba': (rgba, expected_rgba),
    '16-bit': (grey16, lambda: picture()[..., [0, 0, 0]]),
    'palette': (palette, expected_palette),
    'exif-rotated': (rotated_by_exif, None),
    'one-pixel': (lambda: encoded(Image.new('RGB', (1, 1), 'red')), lambda: np.uint8([[[255, 0, 0]]])),
    'renamed': (lambda: encoded(Image.fromarray(picture()), 'WEBP', lossless=True), picture),
}
BAD_FILES: dict[str, tuple[Callable[[], bytes | None], str]] = {
    'missing': (lambda: None, 'nothing of that name'),
    'empty': (lambda: b'', 'empty file'),
    'truncated': (lambda: encoded(Image.fromarray(picture()))[:-400], 'truncated or damaged'),
    'not an image': (lambda: b'%PDF-1.7 a document under the name of a picture', 'other content'),
    'too large': (lambda: header_only_png(10_000, 10_001), '10000 x 10001'),
}


def stored(folder: Path, data: bytes | None, name: str = 'odd.png') -> Path:
    path = folder / name
    if data is not None:
        path.write_bytes(data)
    return path


def assert_inside(result: ChangeResult, before: tuple[int, int], after: tuple[int, int]) -> None:
    """Checks that boxes are finite and lie in their own pictures, given as `(width, height)`."""
    assert len(result.boxes) > 1
    for boxes, size in ((result.boxes, after), (result.before_boxes, before)):
        boxes = np.array(boxes)
        assert np.isfinite(boxes).all() and (boxes >= 0).all() and (boxes <= np.tile(size, 2)).all()
        assert (boxes[:, :2] <= boxes[:, 2:]).all()


# Pictures


@pytest.mark.parametrize('kind', [kind for kind in ODD if ODD[kind][1] is not None])
def test_an_odd_picture_is_answered_like_its_plain_rgb_form(inferencer, tmp_path, kind):
    data, plain = ODD[kind]
    path, image = stored(tmp_path, data()), plain()
    # Against its negative: two equal pictures are answered with nothing, whatever they are.
    (result,) = inferencer(255 - image, path, TEXT)
    assert result == inferencer(255 - image, image, TEXT)[0]
    assert_inside(result, image.shape[1::-1], image.shape[1::-1])


def test_an_exif_rotated_picture_is_answered_upright(inferencer, tmp_path):
    path = stored(tmp_path, rotated_by_exif(), 'odd.jpg')
    (result,) = inferencer(255 - picture(HEIGHT, WIDTH), path, TEXT)
    assert_inside(result, (HEIGHT, WIDTH), (HEIGHT, WIDTH))
    # Some candidate lies below the height that the picture has when the rotation is forgotten.
    assert np.array(result.boxes)[:, 3].max() > HEIGHT


@pytest.mark.slow
def test_a_picture_of_exactly_100_megapixels_is_answered(inferencer, tmp_path):
    path = stored(tmp_path, encoded(Image.new('L', (10_000, 10_000), 200), compress_level=1))
    (result,) = inferencer(path, picture(), TEXT)
    assert_inside(result, (10_000, 10_000), (WIDTH, HEIGHT))


@pytest.mark.parametrize('kind', BAD_FILES)
@pytest.mark.parametrize('side', ['before', 'after'])
def test_a_bad_file_is_named_with_the_reason(inferencer, tmp_path, capsys, kind, side):
    data, reason = BAD_FILES[kind]
    good, bad = stored(tmp_path, encoded(Image.fromarray(picture())), 'good.png'), stored(tmp_path, data(), 'bad.png')
    pair = (bad, good) if side == 'before' else (good, bad)
    with pytest.raises(ImageReadError, match=reason) as caught:
        inferencer(*pair, TEXT)
    assert caught.value.path == str(bad)
    # The command looks at the pictures before it loads a model, so none is needed here.
    assert main(['predict', *map(str, pair), TEXT, '--out-dir', str(tmp_path / 'out')]) == 2
    errors = capsys.readouterr().err
    assert str(bad) in errors and reason in errors and errors.count('\n') == 1
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('before', 'after'), [((200, 50), (50, 200)), ((31, 17), (640, 480)), ((1, 300), (300, 1))])
def test_unequal_sizes_are_letterboxed_and_each_box_is_in_its_own_pixels(inferencer, before, after):
    result = inferencer(picture(*before), picture(*after), TEXT)[0]
    assert_inside(result, before, after)


def test_unequal_sizes_are_never_stretched(checkpoint, monkeypatch):
    seen = []
    inferencer = DiffTrackerInferencer(checkpoint)
    monkeypatch.setattr(inferencer, '_answer', lambda packed: seen.extend(packed) or iter(()))
    inferencer.ask(picture(200, 50), picture(50, 200), [TEXT])
    sample, pair = seen[0]['data_samples'], seen[0]['inputs']
    side = pair.shape[-1]
    assert sample.before_scale == side / 200 and sample.after_scale == side / 200
    # The flat picture fills the width and a quarter of the height, the tall one the other way round.
    assert (pair[0, :, side // 4 :] == 114).all() and (pair[1, :, :, side // 4 :] == 114).all()
    assert not (pair[0, :, : side // 4] == 114).all() and not (pair[1, :, :, : side // 4] == 114).all()


# Sentences


@pytest.mark.parametrize('text', ['', ' \t\n'])
def test_an_empty_sentence_is_refused(inferencer, checkpoint, tmp_path, capsys, text):
    with pytest.raises(QueryError, match='text: expected a sentence, found an empty one'):
        inferencer(picture(), picture(), text)
    path = str(stored(tmp_path, encoded(Image.fromarray(picture()))))
    assert main(['predict', path, path, text, '--checkpoint', str(checkpoint)]) == 2
    assert 'expected a sentence, found an empty one' in capsys.readouterr().err


def test_a_very_long_sentence_is_read_from_its_beginning(inferencer):
    long, cut = ('the small red cup beside the plate ' * count for count in (3000, 30))
    first, second, other = inferencer.ask(255 - picture(), picture(), [long, cut, TEXT])
    assert first.text == long
    for name in ('boxes', 'scores'):
        # Rows of one batch may round differently.
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=0, atol=1e-3)
    assert abs(first.scores[0] - other.scores[0]) > 1e-3


@pytest.mark.parametrize(
    'text', ['皿の隣から何が消えましたか', 'ماذا اختفى من الطاولة؟', 'Что исчезло?', '🙂', '\u200b?']
)
def test_a_sentence_in_another_script_is_answered(inferencer, text):
    (result,) = inferencer(255 - picture(), picture(), text)
    assert result.text == text
    assert_inside(result, (WIDTH, HEIGHT), (WIDTH, HEIGHT))


# Annotation files


def record(number: int, before: str = 'good.png', after: str = 'good.png', **changed: object) -> dict:
    """A correct pair; `changed` are fields that take the place of its own."""
    sizes = {'exif-rotated.png': [HEIGHT, WIDTH], 'one-pixel.png': [1, 1]}
    box = [0, 0, 1, 1]
    return {
        'pair_id': f'p{number}',
        'before': before,
        'after': after,
        'before_size': sizes.get(before, [WIDTH, HEIGHT]),
        'after_size': sizes.get(after, [WIDTH, HEIGHT]),
        'changes': [{'change_id': 0, 'type': 'remove', 'before_box': box, 'after_box': box}],
        'queries': [
            {'query_id': 'q1', 'text': TEXT, 'subset': 'remove', 'answers': [0]},
            {'query_id': 'q0', 'text': 'Find all.', 'subset': 'all', 'answers': [0]},
        ],
        **changed,
    }


def faulty_lines() -> dict[str, tuple[str, str]]:
    """Line and the words of its error, by name."""
    box = {'change_id': 0, 'type': 'remove', 'before_box': [90, 0, 97, 9], 'after_box': None}
    query = {'query_id': 'q0', 'text': TEXT, 'subset': 'none', 'answers': []}
    change = record(0)['changes'][0]
    lines = {
        'not JSON': ('{"pair_id": "p0", ', 'JSON'),
        'not an object': ('[1, 2]', 'object'),
        'box outside': (record(90, changes=[box], queries=[]), 'inside the 96 x 64 image'),
        'path leaves': (record(91, before='../good.png'), 'below the data root'),
        'absolute path': (record(92, before='/etc/hostname'), 'below the data root'),
        'same pair': (record(0), 'stands on line 1 already'),
        'same change': (record(93, changes=[change, change]), 'change_id 0 stands twice'),
        'same query': (record(94, queries=[query, query]), "query_id 'q0' stands twice"),
        'no text': (record(95, queries=[{**query, 'text': '  '}]), 'must have a text'),
        'other size': (record(96, before_size=[10, 10], changes=[]), 'must be'),
        'missing file': (record(97, after='missing.png'), 'nothing of that name'),
        'truncated file': (record(98, after='truncated.png'), 'truncated or damaged'),
    }
    lines['other size'] = (record(96, before_size=[95, 64]), 'expected 95 x 64 pixels, found 96 x 64')
    return {name: (line if isinstance(line, str) else json.dumps(line), words) for name, (line, words) in lines.items()}


def test_a_run_over_a_file_goes_on_past_every_bad_pair_and_lists_it(checkpoint, tmp_path, capsys):
    stored(tmp_path, encoded(Image.fromarray(picture())), 'good.png')
    stored(tmp_path, BAD_FILES['truncated'][0](), 'truncated.png')
    for kind, (data, _) in ODD.items():
        stored(tmp_path, data(), f'{kind}.png')
    good = [
        record(number, before, 'good.png') for number, before in enumerate(['good.png', *(f'{k}.png' for k in ODD)])
    ]
    faulty = faulty_lines()
    # The first pair first, so that the second of its id is the faulty one; then good and bad in turns.
    lines = [json.dumps(good[0])]
    rest = [json.dumps(item) for item in good[1:]]
    for position, (line, _) in enumerate(faulty.values()):
        lines += [line, *rest[position : position + 1]]
    annotations, out = tmp_path / 'val.jsonl', tmp_path / 'out' / 'predictions.jsonl'
    annotations.write_text('\n'.join(lines) + '\n')
    arguments = ['--annotations', str(annotations), '--data-root', str(tmp_path), '--out', str(out)]
    assert main(['predict', *arguments, '--checkpoint', str(checkpoint)]) == 1
    written = [json.loads(line) for line in out.read_text().splitlines()]
    expected = [(item['pair_id'], query) for item in good for query in ('q1', 'q0')]
    assert [(item['pair_id'], item['query_id']) for item in written] == expected
    errors = capsys.readouterr().err
    assert f'{len(faulty)} of {len(lines)} pairs have no predictions' in errors and 'Traceback' not in errors
    listed = errors.split('have no predictions:\n')[1].splitlines()
    for line, (name, (_, words)) in zip(listed, faulty.items(), strict=True):
        assert words in line, name


# Weights


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple:
        return pathlib.Path.touch, (self.witness,)


def missing(folder: Path, whole: Path) -> Path:
    return folder / 'missing.safetensors'


def truncated(folder: Path, whole: Path) -> Path:
    return stored(folder, whole.read_bytes()[: whole.stat().st_size // 2], 'truncated.safetensors')


def damaged(folder: Path, whole: Path) -> Path:
    data = bytearray(whole.read_bytes())
    data[-1000] ^= 1
    return stored(folder, bytes(data), 'damaged.safetensors')


def of_another_model(folder: Path, whole: Path) -> Path:
    state_dict, metadata = load_weights(whole)
    name = next(name for name in state_dict if name.startswith('head.'))
    state_dict['other.head.weight'] = state_dict.pop(name)
    return save_weights(folder / 'other.safetensors', state_dict, metadata)


def of_another_tool(folder: Path, whole: Path) -> Path:
    return save_weights(folder / 'resnet.safetensors', {'conv1.weight': torch.zeros(4, 3, 7, 7)}, {})


def without_its_config(folder: Path, whole: Path) -> Path:
    torch.save({'state_dict': load_weights(whole)[0], 'meta': {'epoch': 3}}, folder / 'epoch_3.pth')
    return folder / 'epoch_3.pth'


def pickled_code(folder: Path, whole: Path) -> Path:
    torch.save({'state_dict': {'weight': torch.zeros(1)}, 'meta': Hostile(folder / 'ran')}, folder / 'hostile.pth')
    return folder / 'hostile.pth'


def bare_pickle(folder: Path, whole: Path) -> Path:
    return stored(folder, pickle.dumps(Hostile(folder / 'ran')), 'hostile.pt')


def pickle_under_another_name(folder: Path, whole: Path) -> Path:
    return stored(folder, pickle.dumps(Hostile(folder / 'ran')), 'hostile.safetensors')


BAD_WEIGHTS = {
    missing: 'expected a weights file',
    truncated: 'damaged',
    damaged: 'damaged',
    of_another_model: 'found those of another model',
    of_another_tool: 'expected weights that carry their config',
    without_its_config: 'expected weights that carry their config',
    pickled_code: 'refused',
    bare_pickle: 'refused|damaged',
    pickle_under_another_name: 'damaged',
}


@pytest.mark.parametrize('make', BAD_WEIGHTS, ids=lambda make: make.__name__)
def test_bad_weights_are_refused_and_nothing_in_them_runs(checkpoint, tmp_path, capsys, make):
    path = make(tmp_path, checkpoint)
    with pytest.raises(CheckpointError, match=BAD_WEIGHTS[make]) as caught:
        DiffTrackerInferencer(path)
    assert caught.value.path == str(path)
    image = str(stored(tmp_path, encoded(Image.fromarray(picture()))))
    assert main(['predict', image, image, TEXT, '--checkpoint', str(path)]) == 2
    errors = capsys.readouterr().err
    assert str(path) in errors and errors.count('\n') == 1
    assert not (tmp_path / 'ran').exists()
