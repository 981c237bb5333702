"""Several pair data sets in fixed proportions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from difftracker.errors import ConfigError
from difftracker.registry import DATASETS

from .composed_pairs import ComposedPairs
from .diffground_dataset import DiffGroundDataset


@DATASETS.register_module()
class PairMixture(Dataset):
    """Draws a fixed number of samples per epoch from several data sets.

    Each data set is run through in random order, pass after pass, across epochs: a pair comes again only when all
    others of its set have come. All draws follow from `(seed, epoch)`.

    Args:
        datasets: `DiffGroundDataset` and `ComposedPairs` objects or their configs.
        weights: Share of each data set in an epoch, any positive scale. None: in proportion to their sizes.
        samples_per_epoch: Length of an epoch. None: all pairs together.
        seed: Seed of the order. The data sets keep their own seeds for what is random within a sample.
    """

    def __init__(
        self,
        datasets: Sequence[DiffGroundDataset | ComposedPairs | dict],
        weights: Sequence[float] | None = None,
        samples_per_epoch: int | None = None,
        seed: int = 0,
    ) -> None:
        self.datasets = [DATASETS.build(item) if isinstance(item, dict) else item for item in datasets]
        if not self.datasets:
            raise ConfigError('PairMixture needs at least one data set, found none')
        sizes = [len(dataset) for dataset in self.datasets]
        shares = np.asarray(sizes if weights is None else weights, dtype=np.float64)
        if len(shares) != len(sizes) or not np.isfinite(shares).all() or not (shares > 0).all():
            raise ConfigError(f'weights must be {len(sizes)} positive numbers, found {weights}')
        self.samples_per_epoch = sum(sizes) if samples_per_epoch is None else samples_per_epoch
        if self.samples_per_epoch < 1:
            raise ConfigError(f'samples_per_epoch must be at least 1, found {samples_per_epoch}')
        self.counts = _apportion(shares, self.samples_per_epoch)
        self.seed = seed
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._plan: tuple[int, list[tuple[int, int, int]]] | None = None

    @property
    def metainfo(self) -> dict:
        """Meta information of the first data set."""
        return self.datasets[0].metainfo

    def full_init(self) -> None:
        """Reads the annotation files, where that was put off."""
        for dataset in self.datasets:
            dataset.full_init()

    def set_epoch(self, epoch: int) -> None:
        """Tells the epoch, which the draws depend on."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __getitem__(self, position: int) -> dict:
        if not -len(self) <= position < len(self):
            raise IndexError(f'position {position} of a mixture of {len(self)} samples')
        which, index, draw = self.plan()[position]
        return self.datasets[which].sample(index, draw)

    def plan(self) -> list[tuple[int, int, int]]:
        """Returns the epoch's samples in order: data set, pair, and how many passes over that set came before."""
        epoch = int(self._epoch)
        if self._plan is None or self._plan[0] != epoch:
            draws = [draw for which, count in enumerate(self.counts) for draw in self._draws(which, count, epoch)]
            order = np.random.default_rng((self.seed, epoch)).permutation(len(draws))
            self._plan = (epoch, [draws[place] for place in order])
        return self._plan[1]

    def _draws(self, which: int, count: int, epoch: int) -> list[tuple[int, int, int]]:
        size = len(self.datasets[which])
        orders: dict[int, np.ndarray] = {}
        draws = []
        for step in range(epoch * count, (epoch + 1) * count):
            turn, place = divmod(step, size)
            if turn not in orders:
                orders[turn] = np.random.default_rng((self.seed, which, turn)).permutation(size)
            draws.append((which, int(orders[turn][place]), turn))
        return draws


def _apportion(shares: np.ndarray, total: int) -> list[int]:
    """Splits `total` in proportion to `shares` by the largest remainder."""
    exact = shares / shares.sum() * total
    counts = np.floor(exact).astype(int)
    for place in np.argsort(counts - exact, kind='stable')[: total - counts.sum()]:
        counts[place] += 1
    return counts.tolist()
