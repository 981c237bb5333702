"""All that a training on another machine needs, as files by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from difftracker.errors import ConfigError
from difftracker.packing.pack_settings import PackSettings
from difftracker.packing.pair_packer import pack_pairs
from difftracker.packing.recipe_packer import RecipePacker


def training_files(
    recipes: Sequence[Path],
    data_root: Path,
    cutouts: Path | None,
    boards: Path,
    validation: Path,
    val_pairs: int,
    settings: PackSettings,
) -> dict[str, bytes]:
    """Packs the training split of all sources and some validation pairs.

    Args:
        recipes: Recipes whose pairs are composed on the other machine.
        data_root: Folder that the recipes' paths are relative to.
        cutouts: Index of cut-outs, where a recipe asks for them.
        boards: Annotation file of pairs that are trained on as they are; its paths start at the parent of its folder.
        validation: Annotation file of validation pairs, likewise.
        val_pairs: The first so many of these.
        settings: Sizes and qualities.

    Returns:
        Content by name: `recipes/`, `cutouts/`, `boards/`, `val/` and the recipes' own paths.

    Raises:
        ConfigError, AnnotationError, ImageReadError: As the sources deserve.
    """
    if val_pairs < 1:
        raise ConfigError(f'pack: expected at least 1 validation pair, found {val_pairs}')
    packer = RecipePacker(data_root, cutouts, 'train', settings)
    for recipe in recipes:
        packer.add(recipe)
    side = settings.image_size
    for name, path, count, quality in (
        ('boards/annotations/train.jsonl', boards, None, settings.quality),
        ('val/annotations/val.jsonl', validation, val_pairs, settings.val_quality),
    ):
        root = name.split('/')[0]
        packer.texts[name] = pack_pairs(packer.store, path, path.parent.parent, root, side, quality, count=count)
    return {**packer.store.files, **{name: text.encode('utf-8') for name, text in packer.texts.items()}}
