"""One change of an image pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Change:
    """A place where the two images of a pair differ for a reason that a person would name.

    Attributes:
        change_id: Unique in the pair.
        type: Kind of change: `appearance`, `replace`, `remove`, `add`, `move`, or a name of the data set's own.
        before_box: `(x1, y1, x2, y2)` in absolute pixels of the before image, None where it is out of view there.
        after_box: The same in the after image. A removed object keeps the box of the place where it was.
        label: The object's name, for analysis; a query need not contain it.
        extra: Further fields of the source (`faint`, ...), carried through unread.
    """

    change_id: int
    type: str
    before_box: Box | None
    after_box: Box | None
    label: str | None = None
    extra: dict | None = None

    def swapped(self) -> Change:
        """Returns the change as it is where the images have changed places, its kind and label as they were."""
        return replace(self, before_box=self.after_box, after_box=self.before_box)

    def to_json(self) -> dict:
        """Returns the change as the annotation format's object."""
        item = {
            'change_id': self.change_id,
            'type': self.type,
            'before_box': None if self.before_box is None else list(self.before_box),
            'after_box': None if self.after_box is None else list(self.after_box),
        }
        if self.label is not None:
            item['label'] = self.label
        return {**item, **(self.extra or {})}
