"""The files of a pair: where they lie and how they are written and read."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from difftracker.errors import ConfigError
from difftracker.utils.files import atomic_write, write_json
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import PairDescription, description_of
from tools.scenes3d.masks import Masks, draw_masks

NAME = 'open3d'


class PairFiles:
    """The files of one pair of a set.

    Args:
        out: Folder of the set.
        split: `train`, `val` or `test`.
        seed: Seed of the split.
        index: Number of the pair.
    """

    def __init__(self, out: str | Path, split: str, seed: int, index: int) -> None:
        self.out = Path(out)
        self.pair_id = f'{NAME}-{split}-{seed}-{index:05d}'
        self.description = self.out / 'scenes' / split / f'{self.pair_id}.json'
        self.masks = self.out / 'masks' / split / f'{self.pair_id}.npz'
        self.images = tuple(self.out / 'images' / split / f'{self.pair_id}_{side}.jpg' for side in 'ab')

    @property
    def described(self) -> bool:
        """True when description and masks are there."""
        return self.description.is_file() and self.masks.is_file()

    def complete(self, rendered: bool) -> bool:
        """Says whether the pair is there; with its images where they are wanted."""
        return self.described and (not rendered or all(path.is_file() for path in self.images))

    def write_description(self, pair: PairDescription, catalogue: Catalogue) -> None:
        """Writes description and masks; the description last, so that it never stands alone."""
        content = io.BytesIO()
        masks = draw_masks(pair, catalogue)
        np.savez_compressed(
            content, items=masks.items, places=np.packbits(masks.places, axis=-1),
            share_ids=np.array(list(masks.shares), dtype=np.int64), shares=np.array(list(masks.shares.values())),
        )  # fmt: skip
        atomic_write(self.masks, content.getvalue())
        atomic_write(self.description, json.dumps(pair.to_json()) + '\n')

    def read_description(self) -> PairDescription:
        """Reads the description.

        Raises:
            ConfigError: The file is missing or damaged.
        """
        try:
            data = json.loads(self.description.read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise ConfigError(f'{self.description}: expected a scene description, found {error}') from error
        return description_of(data, self.description)

    def read_masks(self) -> Masks:
        """Reads the masks.

        Raises:
            ConfigError: The file is missing or damaged.
        """
        try:
            with np.load(self.masks, allow_pickle=False) as data:
                items = data['items']
                places = np.unpackbits(data['places'], axis=-1, count=items.shape[-1]).astype(bool)
                shares = {int(key): float(value) for key, value in zip(data['share_ids'], data['shares'], strict=True)}
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f'{self.masks}: expected masks, found {type(error).__name__}: {error}') from error
        return Masks(items, places, shares)


def check_same_run(out: Path, split: str, seed: int, size: tuple[int, int], layouts: list[str] | None) -> None:
    """Refuses to mix two runs in one split of a folder.

    Raises:
        ConfigError: The folder holds another run.
    """
    path = Path(out) / 'scenes' / f'run_{split}.json'
    now = {'seed': seed, 'size': list(size), 'layouts': layouts, 'models': _digest()}
    if path.is_file():
        found = json.loads(path.read_text(encoding='utf-8'))
        if found != now:
            raise ConfigError(f'{path}: expected this run, {now}, found {found}; choose another --out')
        return
    write_json(path, now)


def _digest() -> str:
    """Returns a checksum of the list of models, on which all drawing depends."""
    return hashlib.sha256(Path(__file__).with_name('models.csv').read_bytes()).hexdigest()[:16]
