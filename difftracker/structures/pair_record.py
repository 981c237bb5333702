"""One line of an annotation file: an image pair, its changes and its queries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .change import Change
from .query import Query


@dataclass(frozen=True)
class PairRecord:
    """An annotated image pair.

    Attributes:
        pair_id: Unique in the file.
        before, after: Image paths relative to the data root, with `/`.
        before_size, after_size: `(width, height)` in pixels, upright.
        changes: The pair's changes.
        queries: The pair's sentences.
        source, license: Carried through.
        extra: Further fields of the source, carried through unread.
    """

    pair_id: str
    before: str
    after: str
    before_size: tuple[int, int]
    after_size: tuple[int, int]
    changes: tuple[Change, ...]
    queries: tuple[Query, ...]
    source: str | None = None
    license: str | None = None
    extra: dict = field(default_factory=dict)

    def swapped(self) -> PairRecord:
        """Returns the pair with its images in each other's place; kinds of change and sentences stay as they are."""
        return replace(
            self,
            before=self.after,
            after=self.before,
            before_size=self.after_size,
            after_size=self.before_size,
            changes=tuple(change.swapped() for change in self.changes),
        )

    def to_json(self) -> dict:
        """Returns the record as one object of the annotation format."""
        item = {
            'pair_id': self.pair_id,
            'before': self.before,
            'after': self.after,
            'before_size': list(self.before_size),
            'after_size': list(self.after_size),
            'changes': [change.to_json() for change in self.changes],
            'queries': [query.to_json() for query in self.queries],
        }
        if self.source is not None:
            item['source'] = self.source
        if self.license is not None:
            item['license'] = self.license
        return {**item, **self.extra}
