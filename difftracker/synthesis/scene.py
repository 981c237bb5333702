"""What the sentence writer knows about a pair: its changes and the unchanged objects around them.

Plain data without pixels: the three classes belong together and are only ever used together.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..structures import Box


@dataclass(frozen=True)
class SceneObject:
    """An object that both images show alike.

    Attributes:
        label: Its name (`dog`, `dining table`), None where unknown.
        box: `(x1, y1, x2, y2)` in absolute pixels of the after image.
        colour: Basic colour word of `difftracker.synthesis.colours`, None where mixed or unknown.
    """

    label: str | None
    box: Box
    colour: str | None = None


@dataclass(frozen=True)
class SceneChange:
    """One change of the pair, with what a sentence may say about it.

    Attributes:
        change_id: Unique in the pair; the id that queries answer with.
        kind: `appearance`, `replace`, `remove`, `add`, `move`, or a domain's own (`open`, `short`, ...).
        before_box: `(x1, y1, x2, y2)` in absolute pixels of the before image, None where out of view there.
        after_box: The same in the after image; the place where it was for a removed object.
        label: The object's name before the change; for `add` its name after.
        new_label: For `replace`: what stands there now.
        colour_before: Basic colour word of the object before, None where mixed, unknown or absent (`add`).
        colour_after: The same after the change; None for `remove`.
        attribute: For `appearance`: `colour`, `texture`, `pattern` or `brightness`, None where unknown.
    """

    change_id: int
    kind: str
    before_box: Box | None
    after_box: Box | None
    label: str | None = None
    new_label: str | None = None
    colour_before: str | None = None
    colour_after: str | None = None
    attribute: str | None = None


@dataclass(frozen=True)
class Scene:
    """A pair as the sentence writer sees it.

    Attributes:
        width, height: Size of the after image in pixels.
        changes: Every change of the pair.
        context: Objects that did not change (those known; there may be others).
        domain: `photo`, `board` or `screen`; it decides the wording.
    """

    width: int
    height: int
    changes: tuple[SceneChange, ...] = ()
    context: tuple[SceneObject, ...] = ()
    domain: str = 'photo'
