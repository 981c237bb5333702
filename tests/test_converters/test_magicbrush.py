"""MagicBrush, with files and as parquet."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from difftracker.converters.magicbrush import MagicBrush
from difftracker.errors import AnnotationError, ConfigError
from tests.test_converters.converted import asked, boxes, convert
from tests.test_converters.small_pictures import noise, painted, save

TURNS = [('let the dog wear a hat', [(8, 4, 24, 20)]), ('add two birds', [(2, 2, 10, 10), (40, 30, 60, 46)])]


def transparent(image: np.ndarray, marks: list[tuple[int, int, int, int]], scale: int = 1) -> np.ndarray:
    """The image, enlarged, with holes: `(H, W, 4)`."""
    image = image.repeat(scale, axis=0).repeat(scale, axis=1)
    alpha = np.full(image.shape[:2], 255, np.uint8)
    for x1, y1, x2, y2 in marks:
        alpha[y1 * scale : y2 * scale, x1 * scale : x2 * scale] = 0
    alpha[0, -1] = 0  # a stray dot of the brush
    return np.dstack([image, alpha])


def session() -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Instruction, input, mask and output of two turns; the mask of the second is twice as large as its image."""
    image, turns = noise(64, 48), []
    for turn, (text, marks) in enumerate(TURNS):
        changed = painted(image, marks[0], (255, 100 * turn, 0))
        turns.append((text, image, transparent(image, marks, turn + 1), changed))
        image = changed
    return turns


def write_files(root: Path) -> Path:
    """The release with files."""
    folder = root / 'dev' / 'images' / '139306'
    turns = []
    for number, (text, before, mask, after) in enumerate(session(), start=1):
        names = {
            'input': '139306-input.png' if number == 1 else f'139306-output{number - 1}.png',
            'mask': f'139306-mask{number}.png',
            'output': f'139306-output{number}.png',
        }
        for name, image in zip(names.values(), (before, mask, after)):
            save(folder / name, image)
        turns.append({**names, 'instruction': text})
    (root / 'dev' / 'edit_sessions.json').write_text(json.dumps({'139306': turns}))
    return root


def write_parquet(root: Path) -> Path:
    """A clone of the Hugging Face data set."""
    arrow = pytest.importorskip('pyarrow')
    parquet = pytest.importorskip('pyarrow.parquet')
    rows = []
    for number, (text, *images) in enumerate(session(), start=1):
        row = {'img_id': '139306', 'turn_index': number, 'instruction': text}
        for name, image in zip(('source_img', 'mask_img', 'target_img'), images):
            stream = io.BytesIO()
            Image.fromarray(image).save(stream, 'PNG')
            row[name] = {'bytes': stream.getvalue(), 'path': f'139306-{name}.png'}
        rows.append(row)
    (root / 'data').mkdir(parents=True)
    path = root / 'data' / 'dev-00000-of-00001-0a1b.parquet'
    parquet.write_table(arrow.Table.from_pylist(rows), path, row_group_size=1)
    return root


@pytest.mark.parametrize('write', [write_files, write_parquet])
def test_turns_become_pairs(tmp_path: Path, write) -> None:
    report, records = convert(MagicBrush(write(tmp_path / 'set')), tmp_path / 'out')
    assert report.broken == [] and list(records) == ['dev']
    first, second = records['dev']['magicbrush-139306-1'], records['dev']['magicbrush-139306-2']
    assert boxes(first.changes) == [('change', (8, 4, 24, 20), (8, 4, 24, 20))]
    assert asked(first) == [('let the dog wear a hat', 'change', (0,))]
    assert boxes(second.changes) == [
        ('change', (2, 2, 10, 10), (2, 2, 10, 10)),
        ('change', (40, 30, 60, 46), (40, 30, 60, 46)),
    ]
    assert asked(second) == [('add two birds', 'change', (0, 1))]
    assert (first.source, first.license) == ('MagicBrush', 'CC-BY-4.0')


def test_turns_share_the_file_between_them(tmp_path: Path) -> None:
    _, records = convert(MagicBrush(write_files(tmp_path / 'set')), tmp_path / 'out')
    first, second = records['dev'].values()
    assert first.after == second.before == 'images/dev/images/139306/139306-output1.png'
    assert len(list((tmp_path / 'out' / 'images').rglob('*.png'))) == 3


@pytest.mark.parametrize('fault', ['opaque', 'whole', 'missing', 'instruction', 'blank', 'climbs'])
def test_broken_turns(tmp_path: Path, fault: str) -> None:
    root = write_files(tmp_path / 'set')
    sessions = json.loads((root / 'dev/edit_sessions.json').read_text())
    path, turn = root / 'dev/images/139306/139306-mask1.png', sessions['139306'][0]
    told = {
        'opaque': 'found an opaque picture',
        'whole': 'expected a mask with a transparent part',
        'missing': 'expected a mask, found: No such file',
        'instruction': "expected an object with the field 'instruction'",
        'blank': 'empty-text',
        'climbs': 'expected a path inside the data set',
    }
    if fault == 'opaque':
        save(path, noise(64, 48))
    elif fault == 'whole':
        save(path, transparent(noise(64, 48), []))
    elif fault == 'missing':
        path.unlink()
    elif fault == 'climbs':
        turn['input'] = '../../../../x.png'
    elif fault == 'blank':
        turn['instruction'] = ' '
    else:
        del turn['instruction']
    (root / 'dev/edit_sessions.json').write_text(json.dumps(sessions))
    report, records = convert(MagicBrush(root), tmp_path / 'out')
    ((_, pair_id, reason),) = report.broken
    assert pair_id == 'magicbrush-139306-1' and told[fault] in reason
    assert list(records['dev']) == ['magicbrush-139306-2']


def test_parquet_without_reader_or_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'train-00000-of-00001.parquet').write_bytes(b'PAR1 but not really')
    with monkeypatch.context() as patch:
        patch.setitem(__import__('sys').modules, 'pyarrow', None)
        with pytest.raises(ConfigError, match='pip install pyarrow'):
            MagicBrush(tmp_path).items('train')
    arrow, parquet = pytest.importorskip('pyarrow'), pytest.importorskip('pyarrow.parquet')
    with pytest.raises(AnnotationError, match='expected a parquet file'):
        MagicBrush(tmp_path).items('train')
    parquet.write_table(arrow.table({'img_id': ['1']}), tmp_path / 'data' / 'train-00000-of-00001.parquet')
    with pytest.raises(AnnotationError, match="expected a column 'turn_index'"):
        MagicBrush(tmp_path).items('train')
