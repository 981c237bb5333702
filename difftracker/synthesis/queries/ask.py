"""The meaning of a sentence: a conjunction of facets, and which changes of a scene it is true for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..scene import Scene
from .facet_truth import facet_truth, superlative_truth


class Facet(NamedTuple):
    """One condition of a sentence.

    `name` and `value` are one of: `kind` (a change kind, in words that no other kind could claim), `loose` (a change
    kind, in words such as 'gone' that another kind could claim too), `attribute`, `turned` (colour), `was` (colour),
    `from_to` (two colours), `new_label`, `new_colour`, `direction`, `label`, `hypernym`, `colour`, `place`, `size`,
    `relation` (`(relation, 'context', label)` or `(relation, 'change', change_id)`), `superlative` (`leftmost`,
    `rightmost`, `topmost`, `bottommost`, `largest`, `smallest`, or `('nearest', label)`).
    """

    name: str
    value: Any


VERB_FACETS: tuple[str, ...] = (
    'kind', 'loose', 'attribute', 'turned', 'was', 'from_to', 'new_label', 'new_colour', 'direction',
)  # fmt: skip
NOUN_FACETS: tuple[str, ...] = ('label', 'hypernym')
POSITION_FACETS: tuple[str, ...] = ('place', 'relation')


@dataclass(frozen=True)
class Ask:
    """What a sentence asks for: every change for which all facets hold; without facets, every change.

    Attributes:
        facets: The conditions, at most one of each name.
    """

    facets: tuple[Facet, ...] = ()

    def get(self, *names: str) -> Any:
        """Returns the value of the first facet with one of these names, or None."""
        return next((facet.value for facet in self.facets if facet.name in names), None)

    def truths(self, scene: Scene) -> tuple[bool | None, ...]:
        """Says for each change of the scene whether it is asked for; None where people could disagree."""
        plain = [facet for facet in self.facets if facet.name != 'superlative']
        facets = {facet.name: facet.value for facet in plain}
        truths: list[bool | None] = []
        for change in scene.changes:
            values = [facet_truth(scene, change, facet.name, facet.value, facets) for facet in plain]
            truths.append(False if False in values else None if None in values else True)
        winner = self.get('superlative')
        return superlative_truth(scene, winner, truths) if winner is not None else tuple(truths)

    def answers(self, scene: Scene) -> tuple[int, ...] | None:
        """Returns the ids of the changes asked for, or None where the sentence would be unclear in this scene."""
        truths = self.truths(scene)
        if None in truths:
            return None
        return tuple(change.change_id for change, truth in zip(scene.changes, truths, strict=True) if truth)

    @property
    def is_named(self) -> bool:
        """True when the sentence names the category of what changed."""
        return self.get('label', 'new_label') is not None
