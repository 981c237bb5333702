"""Chooses what to ask: one change, several, all, or something that did not happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..colours import COLOURS, confusable
from ..scene import Scene, SceneChange
from .ask import VERB_FACETS, Ask, Facet
from .facet_truth import KNOWN_KINDS, facet_truth
from .geometry import DIRECTIONS, PLACES, RELATIONS
from .vocabulary import COCO_LABELS, HYPERNYMS, names_overlap

_SUPERLATIVES = ('leftmost', 'rightmost', 'topmost', 'bottommost', 'largest', 'smallest')
_ATTRIBUTES = ('colour', 'texture', 'pattern', 'brightness')
_TRIES = 24
# Of concise sentences that tell the kind of change and nothing else, this share is kept.
_KIND_ALONE = 0.25


class Planner:
    """Draws meanings that are clear in one scene.

    Args:
        scene: The pair.
        rng: The only source of randomness.
        concise: Ask with no condition that could be left out: "the removed cup on the left" only where another cup was
            removed. People say more than they need, but a model that trains on such sentences alone learns the kind of
            change, which mostly suffices, and passes over the rest.
    """

    def __init__(self, scene: Scene, rng: np.random.Generator, concise: bool = False) -> None:
        self.scene = scene
        self.rng = rng
        self.concise = concise
        self.kinds = KNOWN_KINDS[scene.domain]
        self.references = self._references()

    def plan(self, ask_for: str) -> Ask | None:
        """Draws a meaning that asks for `one`, `several`, `all` or `none` of the changes; None where it found none."""
        if ask_for == 'all' or (ask_for == 'none' and not self.scene.changes and self.rng.random() < 0.4):
            return Ask()
        drawers = {'one': self._draw_true, 'several': self._draw_several, 'none': self._draw_false}
        for _ in range(_TRIES):
            facets = drawers[ask_for]()
            if facets is None or not facets:
                continue
            ask = Ask(tuple(facets))
            answers = ask.answers(self.scene)
            if answers is None or not self._fits(ask_for, answers):
                continue
            if not self.concise or self._is_concise(ask, answers):
                return ask
        return None

    def _is_concise(self, ask: Ask, answers: tuple[int, ...]) -> bool:
        """True when each condition matters to the answers; the kind of change alone passes rarely."""
        if not answers:
            return True
        if all(facet.name in VERB_FACETS for facet in ask.facets) and self.rng.random() > _KIND_ALONE:
            return False
        rests = (Ask(ask.facets[:spot] + ask.facets[spot + 1 :]) for spot in range(len(ask.facets)))
        return all(rest.answers(self.scene) != answers for rest in rests)

    def _fits(self, ask_for: str, answers: tuple[int, ...]) -> bool:
        if ask_for != 'several':
            return len(answers) == (1 if ask_for == 'one' else 0)
        kinds = {change.kind for change in self.scene.changes if change.change_id in answers}
        return len(answers) >= 2 and len(kinds) == 1

    def _pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def _references(self) -> list[tuple[str, Any]]:
        """Things a place may be told by: uniquely named unchanged objects and uniquely described changes."""
        found: list[tuple[str, Any]] = []
        labels = [item.label for item in self.scene.context]
        changed = [name for change in self.scene.changes for name in (change.label, change.new_label) if name]
        for label in labels:
            others = changed + [name for name in labels if name is not None and name != label]
            if label is None or labels.count(label) > 1 or None in labels:
                continue
            if all(names_overlap(label, name) is False for name in others):
                found.append(('context', label))
        for change in self.scene.changes:
            if change.kind == 'move' or change.after_box is None or len(self.scene.changes) < 2:
                continue
            if Ask((Facet('kind', change.kind),)).answers(self.scene) == (change.change_id,):
                found.append(('change', change.change_id))
        return found

    # ---- facets that hold for a change

    def _draw_true(self) -> list[Facet] | None:
        target = self._pick(self.scene.changes)
        facets: list[Facet] = []
        bare = self.rng.random()
        if bare < (0.9 if self.scene.domain == 'board' else 0.76):
            facets += self._verb_facet(target)
        wanted = int(self.rng.choice(4, p=(0.16, 0.48, 0.27, 0.09)))
        names = ['noun', 'noun', 'place', 'place', 'relation', 'colour', 'size', 'superlative']
        for _ in range(wanted):
            facets += self._qualifier(target, self._pick(names), {facet.name for facet in facets})
        return facets

    def _draw_several(self) -> list[Facet] | None:
        """A description that at least two changes of one kind may share."""
        kinds = [change.kind for change in self.scene.changes]
        shared = [change for change in self.scene.changes if kinds.count(change.kind) > 1]
        if not shared:
            return None
        target = self._pick(shared)
        facets = self._verb_facet(target)
        if self.rng.random() < 0.45:
            name = self._pick(('noun', 'place', 'place', 'colour', 'relation', 'size'))
            facets += self._qualifier(target, name, {facet.name for facet in facets})
        return facets

    def _verb_facet(self, change: SceneChange) -> list[Facet]:
        if change.kind not in self.kinds:
            return []
        loose = 'loose' if self.scene.domain != 'board' and self.rng.random() < 0.35 else 'kind'
        options = [Facet(loose, change.kind), Facet('kind', change.kind)]
        if change.kind == 'appearance':
            if change.attribute is not None:
                options.append(Facet('attribute', change.attribute))
            if change.attribute == 'colour' and change.colour_before and change.colour_after:
                options.append(Facet('turned', change.colour_after))
                options.append(Facet('was', change.colour_before))
                options.append(Facet('from_to', (change.colour_before, change.colour_after)))
        if change.kind == 'replace':
            if change.new_label is not None:
                options += [Facet('new_label', change.new_label)] * 2
            if change.colour_after is not None:
                options.append(Facet('new_colour', change.colour_after))
        if change.kind == 'move':
            options += [Facet('direction', value) for value in self._true_values(change, 'direction', DIRECTIONS)]
        return [self._pick(options)]

    def _true_values(self, change: SceneChange, name: str, values: Sequence[Any]) -> list[Any]:
        return [value for value in values if facet_truth(self.scene, change, name, value, {name: value}) is True]

    def _qualifier(self, change: SceneChange, name: str, taken: set[str]) -> list[Facet]:
        """Draws one further condition that holds for the change; empty where none fits beside those taken."""
        board = self.scene.domain == 'board'
        positioned = taken & {'place', 'relation', 'direction', 'superlative'}
        if name == 'noun' and not taken & {'label', 'hypernym'} and change.label is not None and not board:
            hypernyms = self._true_values(change, 'hypernym', tuple(HYPERNYMS))
            if hypernyms and self.rng.random() < 0.25:
                return [Facet('hypernym', self._pick(hypernyms))]
            return [Facet('label', change.label)]
        if name == 'place' and not positioned:
            places = self._true_values(change, 'place', PLACES)
            return [Facet('place', self._pick(places))] if places else []
        if name == 'relation' and not positioned and self.references:
            values = [(relation, *reference) for reference in self.references for relation in RELATIONS]
            relations = self._true_values(change, 'relation', values)
            return [Facet('relation', self._pick(relations))] if relations else []
        if name == 'colour' and not taken & {'colour', 'turned', 'was', 'from_to'}:
            colours = self._true_values(change, 'colour', COLOURS)
            return [Facet('colour', colours[0])] if colours else []
        if name == 'size' and not board and not taken & {'size', 'superlative', 'label'}:
            sizes = self._true_values(change, 'size', ('small', 'large'))
            return [Facet('size', sizes[0])] if sizes else []
        if name == 'superlative' and not taken & {'superlative', 'size', 'place', 'relation', 'direction'}:
            return [Facet('superlative', self._pick(self._superlatives()))]
        return []

    def _superlatives(self) -> list[Any]:
        nearest = [('nearest', key) for source, key in self.references if source == 'context']
        return [*_SUPERLATIVES, *nearest]

    # ---- facets that hold for no change

    def _draw_false(self) -> list[Facet] | None:
        draw = self.rng.random()
        if not self.scene.changes:
            return self._draw_absent() if draw < 0.75 else self._with_place([self._some_verb()])
        if self.scene.domain != 'photo':
            return self._draw_mutated() if draw < 0.45 else self._with_place([self._some_verb()], 0.15)
        if draw < 0.17:
            return self._with_place([self._some_verb()], 0.1)
        if draw < 0.58:
            return self._draw_absent()
        return self._draw_mutated()

    def _some_verb(self) -> Facet:
        loose = self.scene.domain != 'board' and self.rng.random() < 0.35
        options = [Facet('loose' if loose else 'kind', kind) for kind in self.kinds]
        if self.scene.domain == 'photo':
            options += [Facet('attribute', self._pick(_ATTRIBUTES)), Facet('turned', self._pick(COLOURS))]
            options += [Facet('direction', self._pick(DIRECTIONS)), Facet('new_label', self._pick(COCO_LABELS))]
        return self._pick(options)

    def _with_place(self, facets: list[Facet], share: float = 0.35) -> list[Facet]:
        if self.rng.random() < share and not any(facet.name == 'direction' for facet in facets):
            facets.append(Facet('place', self._pick(PLACES)))
        return facets

    def _draw_absent(self) -> list[Facet]:
        """A name that did not change (an unchanged thing, or one that is not there), or that changed otherwise."""
        if self.scene.domain != 'photo':
            return self._with_place([self._some_verb()])
        verb = [] if self.rng.random() < 0.3 else [self._some_verb()]
        present = [item.label for item in self.scene.context if item.label is not None]
        changed = [change.label for change in self.scene.changes if change.label is not None]
        draw = self.rng.random()
        if changed and draw < 0.35:
            noun = self._pick(changed)
        elif present and draw < 0.8:
            noun = self._pick(present)
        else:
            noun = self._pick(COCO_LABELS)
        facet = Facet('label', noun)
        if self.rng.random() < 0.12:
            facet = Facet('hypernym', self._pick(tuple(HYPERNYMS)))
        return [*verb, facet]

    def _draw_mutated(self) -> list[Facet] | None:
        """A description of a change with one condition turned wrong."""
        facets = self._draw_true()
        if not facets:
            return None
        spot = int(self.rng.integers(len(facets)))
        name, value = facets[spot]
        if name in ('superlative', 'from_to', 'attribute', 'size'):
            return None
        if name in ('kind', 'loose'):
            facets[spot] = Facet(name, self._pick(self.kinds))
        elif name in ('colour', 'turned', 'was', 'new_colour'):
            facets[spot] = Facet(name, self._pick([word for word in COLOURS if not confusable(word, value)]))
        elif name == 'relation':
            facets[spot] = Facet(name, (self._pick(RELATIONS), *value[1:]))
        else:
            pools = {'place': PLACES, 'direction': DIRECTIONS, 'hypernym': tuple(HYPERNYMS)}
            facets[spot] = Facet(name, self._pick(pools.get(name, COCO_LABELS)))
        return facets
