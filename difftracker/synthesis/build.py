"""The composer that a recipe asks for."""

from __future__ import annotations

from pathlib import Path

from difftracker.synthesis.pair_composer import PairComposer
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.screen_composer import ScreenComposer


def build_composer(
    recipe: Recipe, data_root: str | Path, split: str, cutouts: str | Path | None = None
) -> PairComposer | ScreenComposer:
    """Returns the composer for the recipe's domain.

    Args:
        recipe: The mixture.
        data_root: Folder that the recipe's paths are relative to.
        split: `train` or `val`.
        cutouts: Index of cut-outs, where the recipe asks for them.
    """
    composer = ScreenComposer if recipe.domain == 'screen' else PairComposer
    return composer(recipe, data_root, split, cutouts)
