"""The objects that scenes are made of: names, where they may stand, and their meshes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from difftracker.errors import ConfigError
from tools.scenes3d.mesh import Mesh, read_gltf
from tools.scenes3d.model import Model

MODELS = Path(__file__).with_name('models.csv')
_COLUMNS = ['model', 'label', 'classes', 'scale', 'held_out']


class Catalogue:
    """Gives models by class and meshes by name.

    Args:
        root: Folder of the objects, with `kaykit/` and `clevr/`.
        split: `train` and `val` get no model that is held out, `test` gets all.
        read_blend: Reads a mesh out of a `.blend` file; needs Blender.
        table: The list of models (CSV).

    Raises:
        ConfigError: The list is damaged, or the folder does not hold an object of it.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        read_blend: Callable[[Path], Mesh] | None = None,
        table: Path = MODELS,
    ) -> None:
        self.root = Path(root)
        self.split = split
        self.table = table
        self._read_blend = read_blend
        self._meshes: dict[str, Mesh] = {}

    @cached_property
    def models(self) -> dict[str, Model]:
        """All models, those of other splits too, by name."""
        found = {}
        with open(self.table, encoding='utf-8', newline='') as handle:
            reader = csv.DictReader(handle)
            if reader.fieldnames != _COLUMNS:
                raise ConfigError(f'{self.table}: expected the columns {_COLUMNS}, found {reader.fieldnames}')
            for row in reader:
                classes = frozenset(row['classes'].split())
                found[row['model']] = Model(
                    row['model'], row['label'], classes, float(row['scale']), row['held_out'] == '1'
                )
        return found

    def of_class(self, name: str) -> list[Model]:
        """Returns the models of a class that this split may use."""
        usable = [item for item in self.models.values() if self.split == 'test' or not item.held_out]
        return [item for item in usable if name in item.classes]

    def draw(self, classes: Iterable[str], rng: np.random.Generator, apart_from: str | None = None) -> Model | None:
        """Draws a model: first its label, then one of that label's models; held out ones every second time.

        Args:
            classes: Classes that it may be of.
            rng: Random source.
            apart_from: A label that it must not have.

        Returns:
            The model, None where no other label is left.
        """
        models = [model for name in classes for model in self.of_class(name) if model.label != apart_from]
        if not models:
            return None
        # By label first: there are twelve jars, and they would be everywhere.
        labels = sorted({model.label for model in models})
        label = labels[int(rng.integers(len(labels)))]
        novel = [model for model in models if model.label == label and model.held_out]
        known = [model for model in models if model.label == label and not model.held_out]
        pool = novel if novel and (not known or rng.random() < 0.5) else known
        return pool[int(rng.integers(len(pool)))]

    def mesh(self, name: str) -> Mesh:
        """Returns the mesh of a model."""
        if name not in self._meshes:
            self._meshes[name] = self._read(name)
        return self._meshes[name]

    def path(self, name: str) -> Path:
        """Returns the file of a model."""
        return self.root / f'{name}{".blend" if name.startswith("clevr/") else ".gltf"}'

    def _read(self, name: str) -> Mesh:
        path = self.path(name)
        if not path.is_file():
            raise ConfigError(f'{path}: expected an object file, found none; does --objects name the right folder?')
        if path.suffix == '.gltf':
            return read_gltf(path)
        if self._read_blend is None:
            raise ConfigError(f'{path}: expected Blender to read this file, found this process without it')
        return self._read_blend(path)
