"""One sentence that asks for changes of a pair."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """A sentence and the changes that it asks for.

    Attributes:
        query_id: Unique in the pair.
        text: The sentence.
        subset: Column of the results table: a change type, `all` (every change is asked for) or `none`.
        answers: `change_id` of each change asked for; empty when nothing of that kind changed.
        extra: Further fields of the source (`form`, ...), carried through unread.
    """

    query_id: str
    text: str
    subset: str
    answers: tuple[int, ...]
    extra: dict | None = None

    def to_json(self) -> dict:
        """Returns the query as the annotation format's object."""
        item = {'query_id': self.query_id, 'text': self.text, 'subset': self.subset, 'answers': list(self.answers)}
        return {**item, **(self.extra or {})}
