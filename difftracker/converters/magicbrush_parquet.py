"""The parquet form of MagicBrush."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from difftracker.errors import AnnotationError, ConfigError

from .picture import Picture

_IMAGES = ('source_img', 'mask_img', 'target_img')
_COLUMNS = ('img_id', 'turn_index', 'instruction', *_IMAGES)


@dataclass(frozen=True)
class ParquetRow:
    """One turn of an editing session.

    Attributes:
        path: The parquet file.
        group, number: Its row group, and the row in it.
        image_id, turn: What the row says of itself.
    """

    path: Path
    group: int
    number: int
    image_id: str
    turn: int

    def read(self) -> tuple[str, tuple[Picture, Picture, Picture]]:
        """Returns instruction, source image, mask and target image.

        Raises:
            AnnotationError: The row lacks the instruction or an image.
        """
        row = _row_group(self.path, self.group, _COLUMNS)[self.number]
        where = f'{self.path}: image {self.image_id}, turn {self.turn}'
        if not isinstance(row['instruction'], str) or not row['instruction'].strip():
            raise AnnotationError(where, f'expected an instruction, found {row["instruction"]!r}')
        return row['instruction'], tuple(self._picture(row[name], name, where) for name in _IMAGES)

    def _picture(self, cell: Any, name: str, where: str) -> Picture:
        data = cell.get('bytes') if isinstance(cell, dict) else None
        if not isinstance(data, bytes):
            raise AnnotationError(where, f'{name}: expected the bytes of an image, found {cell!r}'[:200])
        return Picture(f'{self.path.name.split("-")[0]}/{self.image_id}/{self.turn}_{name}.png', data)


def parquet_splits(root: Path) -> set[str]:
    """Returns the splits of which there are parquet files."""
    return {path.name.split('-')[0] for path in (root / 'data').glob('*-*.parquet')}


def parquet_rows(root: Path, split: str) -> Iterator[ParquetRow]:
    """Lists the turns of a split without reading images.

    Raises:
        ConfigError: pyarrow is not installed.
        AnnotationError: A file is no parquet file or lacks a column.
    """
    for path in sorted((root / 'data').glob(f'{split}-*.parquet')):
        for group in range(_read(path, lambda file: file.num_row_groups)):
            for number, row in enumerate(_row_group(path, group, ('img_id', 'turn_index'))):
                yield ParquetRow(path, group, number, str(row['img_id']), int(row['turn_index']))


@lru_cache(maxsize=1)
def _row_group(path: Path, group: int, columns: tuple[str, ...]) -> list[dict]:
    """Reads columns of a row group; the rows are asked for one after another."""
    return _read(path, lambda file: file.read_row_group(group, columns=list(columns)).to_pylist())


def _read(path: Path, get: Callable[[Any], Any]) -> Any:
    """Opens a parquet file and gets something out of it."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise ConfigError(f'{path}: expected pyarrow to read it, found none; pip install pyarrow') from error
    try:
        file = parquet.ParquetFile(path)
        missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise AnnotationError(path, f'expected a column {missing[0]!r}, found {", ".join(file.schema_arrow.names)}')
        return get(file)
    except (ArrowException, OSError) as error:
        raise AnnotationError(path, f'expected a parquet file, found other or damaged content ({error})') from error
