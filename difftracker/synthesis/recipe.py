"""What a generated set is made of."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from pathlib import Path

from difftracker.errors import ConfigError
from difftracker.synthesis.nuisance import LEVELS

KINDS = ('appearance', 'replace', 'remove', 'add', 'move')


@dataclass(frozen=True)
class Recipe:
    """The mixture of a generated set; a JSON object with these keys.

    Attributes:
        name: Goes into the `source` field and the pair ids.
        domain: `photo` or `screen`.
        pictures: Sources of pictures: `{'type': 'coco', 'annotations': .., 'images': .., 'weight': ..}`,
            `{'type': 'list', 'index': .., 'images': .., 'weight': ..}`; for the domain `screen`
            `{'type': 'screens', 'annotations': .., 'root': ..}`. Paths are relative to the data root; `{split}` in a
            path becomes the split's name; `split_field: true` keeps only the entries of that split.
        sprites: Sources of objects: `{'type': 'coco', 'annotations': .., 'images': .., 'weight': ..}`,
            `{'type': 'cutouts', 'weight': ..}` (its index is given at run time).
        kinds: Weight of each kind of change.
        change_counts: Weight of each number of changes in a pair.
        nuisance: Weight of each level: `none`, `aligned` (no camera motion), `hand-held`.
        nuisance_strength: 1 is what two shots of one phone show.
        dressing: Smallest and largest number of objects pasted into both images of a picture without labels.
        decoys: Smallest and largest number of decoys.
        jpeg_quality: Smallest and largest quality of the files.
        long_side: Longer side of the images in px.
        queries: Sentences per pair.
        license: Goes into every record.

    Raises:
        ConfigError: A value is of another type or out of range.
    """

    name: str
    pictures: tuple[dict, ...]
    sprites: tuple[dict, ...] = ()
    domain: str = 'photo'
    kinds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 1.0))
    change_counts: dict[str, float] = field(
        default_factory=lambda: {'0': 0.1, '1': 0.45, '2': 0.2, '3': 0.15, '4': 0.1}
    )
    nuisance: dict[str, float] = field(default_factory=lambda: {'none': 1.0})
    nuisance_strength: float = 1.0
    dressing: tuple[int, int] = (1, 4)
    decoys: tuple[int, int] = (0, 3)
    jpeg_quality: tuple[int, int] = (84, 95)
    long_side: int = 384
    queries: int = 8
    license: str | None = None

    def __post_init__(self) -> None:
        self._expect('name', isinstance(self.name, str), 'text')
        for name in ('pictures', 'sprites'):
            given = getattr(self, name)
            listed = isinstance(given, tuple) and all(isinstance(item, dict) for item in given)
            weighted = listed and all(_is_number(item.get('weight', 1.0)) for item in given)
            self._expect(name, weighted, 'a list of sources, their weights numbers of at least 0')
        for name, known in (('kinds', KINDS), ('nuisance', LEVELS), ('change_counts', tuple('01234'))):
            given = getattr(self, name)
            weights = isinstance(given, dict) and all(_is_number(weight) for weight in given.values())
            fits = weights and set(given) <= set(known) and sum(given.values()) > 0
            self._expect(name, fits, f'weights of {", ".join(known)}')
        for name in ('dressing', 'decoys', 'jpeg_quality'):
            given = getattr(self, name)
            fits = isinstance(given, tuple) and len(given) == 2 and all(_is_count(value) for value in given)
            self._expect(name, fits and given[0] <= given[1], '[smallest, largest]')
        if self.domain not in ('photo', 'screen') or not self.pictures:
            raise ConfigError(f'recipe {self.name}: expected domain photo or screen and at least one picture source')
        self._expect('long_side', _is_count(self.long_side) and 64 <= self.long_side <= 4096, '64 to 4096 px')
        self._expect('queries', _is_count(self.queries), 'a number of sentences')
        self._expect('nuisance_strength', _is_number(self.nuisance_strength), 'a number of at least 0')
        self._expect('license', self.license is None or isinstance(self.license, str), 'text or null')

    def _expect(self, name: str, fits: bool, expected: str) -> None:
        """Refuses a value that does not fit."""
        if not fits:
            raise ConfigError(f'recipe {self.name}, {name}: expected {expected}, found {getattr(self, name)!r}')


def _is_number(value: object) -> bool:
    """Tells whether a value of a JSON file is a number of at least 0; NaN and infinity pass the parser."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_count(value: object) -> bool:
    """Tells whether a value of a JSON file is a whole number of at least 0."""
    return isinstance(value, int) and _is_number(value)


def read_recipe(path: str | Path, **changed: object) -> Recipe:
    """Reads a recipe file.

    Args:
        path: JSON file.
        **changed: Values that take the place of the file's.

    Raises:
        ConfigError: The file is missing, not JSON, has unknown keys, lacks one or holds a value that
            `Recipe` refuses.
    """
    try:
        data = json.loads(Path(path).read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path}: expected a recipe in JSON, found {error}') from error
    known = {item.name for item in fields(Recipe)}
    if not isinstance(data, dict) or not set(data) <= known:
        found = sorted(set(data) - known) if isinstance(data, dict) else type(data).__name__
        raise ConfigError(f'{path}: expected an object with keys of {sorted(known)}, found {found}')
    data = {**data, **changed}
    if not {'name', 'pictures'} <= set(data):
        raise ConfigError(f'{path}: expected the keys name and pictures, found {sorted(data)}')
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Recipe(**{**data, **lists})
