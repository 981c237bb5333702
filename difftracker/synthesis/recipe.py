"""What a generated set is made of."""

from __future__ import annotations

import json
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
        for name, known in (('kinds', KINDS), ('nuisance', LEVELS), ('change_counts', tuple('01234'))):
            given = getattr(self, name)
            if not given or not set(given) <= set(known) or min(given.values()) < 0 or sum(given.values()) <= 0:
                raise ConfigError(f'recipe {self.name}, {name}: expected weights of {", ".join(known)}, found {given}')
        for name in ('dressing', 'decoys', 'jpeg_quality'):
            given = getattr(self, name)
            if len(given) != 2 or not 0 <= given[0] <= given[1]:
                raise ConfigError(f'recipe {self.name}, {name}: expected [smallest, largest], found {given}')
        if self.domain not in ('photo', 'screen') or not self.pictures:
            raise ConfigError(f'recipe {self.name}: expected domain photo or screen and at least one picture source')
        if not 64 <= self.long_side <= 4096:
            raise ConfigError(f'recipe {self.name}, long_side: expected 64 to 4096 px, found {self.long_side}')


def read_recipe(path: str | Path, **changed: object) -> Recipe:
    """Reads a recipe file.

    Args:
        path: JSON file.
        **changed: Values that take the place of the file's.

    Raises:
        ConfigError: The file is missing, not JSON, has unknown keys, lacks one or holds a value out of range.
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
