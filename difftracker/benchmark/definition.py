"""What the benchmark is made of: a JSON file that never changes within a version."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from difftracker.benchmark.split_rule import PARTS
from difftracker.errors import ConfigError
from difftracker.synthesis.recipe import Recipe

PRESETS = ('full', 'subset')
# Filled in by the builder, for they depend on where somebody keeps the pictures.
_GIVEN_LATER = {'name', 'pictures', 'sprites', 'domain', 'license'}


@dataclass(frozen=True)
class BenchmarkDefinition:
    """A version of the benchmark.

    Attributes:
        name, version: Stand in every record and manifest.
        releases: Pictures that each COCO release must have for the preset `full`.
        train_share: Share of the pictures that the rule `hash` gives to `train`.
        pools: Largest number of pictures of a part that pairs are made of, where it is limited.
        recipes: Per set, the values of its recipe.
        seeds: Per set, the seed in each part that has the set.
        pairs: Per preset and part, the number of pairs in each set.
    """

    name: str
    version: str
    releases: dict[str, int]
    train_share: float
    pools: dict[str, int]
    recipes: dict[str, dict]
    seeds: dict[str, dict[str, int]]
    pairs: dict[str, dict[str, dict[str, int]]]

    def recipe(self, set_name: str, instances: str | Path, images: str | Path) -> Recipe:
        """Returns the recipe of a set.

        Args:
            set_name: One of the sets.
            instances: COCO instances file of the part.
            images: Folder of its pictures.
        """
        source = {'type': 'coco', 'annotations': str(instances), 'images': str(images)}
        values = {
            key: tuple(value) if isinstance(value, list) else value for key, value in self.recipes[set_name].items()
        }
        return Recipe(name=set_name, pictures=(source,), sprites=(source,), **values)


def read_definition(path: str | Path) -> BenchmarkDefinition:
    """Reads the definition of a benchmark.

    Args:
        path: JSON file.

    Raises:
        ConfigError: The file is missing or not JSON, a key is missing or unknown, a recipe leaves a value to a default
            (which a later version of the generator may change), or two sets share a seed.
    """
    try:
        data = json.loads(Path(path).read_text(encoding='utf-8'))
        sets = data.pop('sets')
        recipes = {name: item['recipe'] for name, item in sets.items()}
        seeds = {name: item['seeds'] for name, item in sets.items()}
        definition = BenchmarkDefinition(**data, recipes=recipes, seeds=seeds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f'{path}: expected the definition of a benchmark in JSON, found {error!r}') from error
    settled = {item.name for item in fields(Recipe)} - _GIVEN_LATER
    for name, recipe in definition.recipes.items():
        if set(recipe) != settled:
            raise ConfigError(f'{path}: set {name}: expected the recipe keys {sorted(settled)}, found {sorted(recipe)}')
        definition.recipe(name, '', '')
    drawn = [seed for given in definition.seeds.values() for seed in given.values()]
    if len(drawn) != len(set(drawn)):
        raise ConfigError(f'{path}: expected a seed of its own for every set and part, found {sorted(drawn)}')
    for preset in PRESETS:
        for part in PARTS:
            counts = definition.pairs.get(preset, {}).get(part, {})
            if not counts or any(part not in definition.seeds.get(name, {}) for name in counts):
                raise ConfigError(f'{path}: pairs, {preset}, {part}: expected sets that have a seed, found {counts}')
    return definition
