"""A pair as a converter hands it over."""

from __future__ import annotations

from dataclasses import dataclass, field

from difftracker.structures import Change, Query

from .picture import Picture


@dataclass(frozen=True)
class ConvertedPair:
    """An annotated pair whose images are not in the new set yet.

    Attributes:
        before, after: The images.
        changes: The changes, boxes in pixels of the upright images.
        queries: The sentences that the data set publishes and whose answers are known.
        extra: Further fields of the record.
    """

    before: Picture
    after: Picture
    changes: tuple[Change, ...]
    queries: tuple[Query, ...] = ()
    extra: dict = field(default_factory=dict)
