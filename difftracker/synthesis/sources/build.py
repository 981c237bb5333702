"""Sources out of a recipe."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from difftracker.errors import ConfigError
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.sources.background_source import BackgroundSource
from difftracker.synthesis.sources.coco_instance_source import CocoInstanceSource
from difftracker.synthesis.sources.cutout_source import CutoutSource
from difftracker.synthesis.sources.sprite_source import SpriteSource

PictureSource = CocoInstanceSource | BackgroundSource


def _path(recipe: Recipe, item: dict, key: str, data_root: str | Path, split: str) -> Path:
    """Returns a path of a recipe's source."""
    if key not in item:
        raise ConfigError(f'recipe {recipe.name}: expected {key!r} in the source {item}, found none')
    return Path(data_root) / str(item[key]).replace('{split}', split)


@lru_cache(maxsize=8)
def _read_coco(annotations: Path, images: Path, split: str | None) -> CocoInstanceSource:
    """Reads a file once, though pictures and objects may both come from it."""
    return CocoInstanceSource(annotations, images, split)


def _coco(recipe: Recipe, item: dict, data_root: str | Path, split: str) -> CocoInstanceSource:
    """Returns a source of labelled pictures."""
    return _read_coco(
        _path(recipe, item, 'annotations', data_root, split),
        _path(recipe, item, 'images', data_root, split),
        split if item.get('split_field') else None,
    )


def build_pictures(recipe: Recipe, data_root: str | Path, split: str) -> dict[PictureSource, float]:
    """Returns the recipe's sources of photographs with their weights.

    Raises:
        ConfigError: A source is of an unknown type or lacks a path.
        AnnotationError: A source's list cannot be read.
    """
    sources: dict[PictureSource, float] = {}
    for item in recipe.pictures:
        kind = item.get('type')
        if kind == 'coco':
            source: PictureSource = _coco(recipe, item, data_root, split)
        elif kind == 'list':
            source = BackgroundSource(
                _path(recipe, item, 'index', data_root, split),
                _path(recipe, item, 'images', data_root, split),
                split if item.get('split_field') else None,
            )
        else:
            raise ConfigError(f'recipe {recipe.name}: expected a picture source of type coco or list, found {kind!r}')
        sources[source] = float(item.get('weight', 1.0))
    return sources


def build_sprites(recipe: Recipe, data_root: str | Path, split: str, cutouts: str | Path | None) -> SpriteSource:
    """Returns the recipe's sources of objects, mixed.

    Args:
        recipe: The mixture.
        data_root: Folder that the recipe's paths are relative to.
        split: `train` or `val`.
        cutouts: Index of cut-outs; its column `split` keeps the names of the two splits apart.

    Raises:
        ConfigError: A source is of an unknown type, or cut-outs are asked for and none are given.
        AnnotationError: A source's list cannot be read.
    """
    sources = []
    for item in recipe.sprites:
        kind = item.get('type')
        if kind == 'coco':
            source: CocoInstanceSource | CutoutSource = _coco(recipe, item, data_root, split)
        elif kind == 'cutouts' and cutouts is not None:
            source = CutoutSource(cutouts, split)
        elif kind == 'cutouts':
            raise ConfigError(f'recipe {recipe.name} uses cut-outs: expected an index of them, found none given')
        else:
            raise ConfigError(f'recipe {recipe.name}: expected objects of type coco or cutouts, found {kind!r}')
        sources.append((float(item.get('weight', 1.0)), source))
    if not sources:
        raise ConfigError(f'recipe {recipe.name}: expected at least one source of objects, found none')
    return SpriteSource(sources)
