"""Writes the sentences of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...structures import Query
from ..scene import Scene
from .ask import Ask
from .board_speaker import BoardSpeaker
from .planner import Planner
from .scene_speaker import SceneSpeaker
from .style import apply_style

_SPEAKERS = {'photo': SceneSpeaker, 'screen': SceneSpeaker, 'board': BoardSpeaker}
_SHARE_NONE = 0.15
# Among the sentences that have an answer: one change, several, all.
_SHARES_MANY = (0.71, 0.17, 0.12)
_SHARES_SINGLE = (0.85, 0.0, 0.15)
_FORMS = ('one', 'several', 'all')
_TRIES_PER_SENTENCE = 12


@dataclass(frozen=True)
class WrittenQuery:
    """A query with what it means and the template it came from.

    Attributes:
        query: The query.
        ask: Its meaning.
        template: The sentence before the last touches, content words blanked.
    """

    query: Query
    ask: Ask
    template: str


def write_queries(scene: Scene, rng: np.random.Generator, count: int, concise: bool = False) -> list[Query]:
    """Writes sentences that each ask clearly for one, several, all or none of a pair's changes.

    Args:
        scene: The pair.
        rng: The only source of randomness: the same state gives the same sentences on any machine.
        count: Sentences wanted.
        concise: Leave out conditions that are not needed, see `Planner`.

    Returns:
        Up to `count` queries with distinct texts; fewer only where no further one was found.
    """
    return [written.query for written in compose_queries(scene, rng, count, concise)]


def compose_queries(scene: Scene, rng: np.random.Generator, count: int, concise: bool = False) -> list[WrittenQuery]:
    """Does the work of `write_queries` and keeps meaning and template of each sentence."""
    planner = Planner(scene, rng, concise)
    written: list[WrittenQuery] = []
    seen: set[str] = set()
    for _ in range(count):
        # Concise sentences are hard to find: drawn anew at each try, the form would end up as the one that always fits.
        form = _draw_form(scene, rng) if concise else None
        for _ in range(_TRIES_PER_SENTENCE):
            found = _compose_one(scene, planner, rng, f'q{len(written)}', form or _draw_form(scene, rng))
            key = ' '.join(found.query.text.lower().strip('.?').split()) if found else ''
            if found is not None and key not in seen:
                seen.add(key)
                written.append(found)
                break
    return written


def _compose_one(
    scene: Scene, planner: Planner, rng: np.random.Generator, query_id: str, wanted: str
) -> WrittenQuery | None:
    ask = planner.plan(wanted)
    if ask is None:
        return None
    answers = ask.answers(scene)
    if answers is None:
        return None
    kinds = {change.kind for change in scene.changes if change.change_id in answers}
    if not answers:
        form, subset = 'none', 'none'
    elif not ask.facets:
        form, subset = 'all', 'all'
    else:
        form, subset = ('one' if len(answers) == 1 else 'several'), kinds.pop()
    text, template = _SPEAKERS[scene.domain](scene, ask, answers, rng).sentence()
    extra = {'form': 'named' if ask.is_named or _names_class(scene, ask) else 'category-free', 'ask': form}
    query = Query(query_id, apply_style(text, rng), subset, answers, extra)
    return WrittenQuery(query, ask, template)


def _names_class(scene: Scene, ask: Ask) -> bool:
    return scene.domain == 'board' and ask.get('kind') is not None


def _draw_form(scene: Scene, rng: np.random.Generator) -> str:
    if not scene.changes or rng.random() < _SHARE_NONE:
        return 'none'
    shares = _SHARES_SINGLE if len(scene.changes) == 1 else _SHARES_MANY
    return _FORMS[int(np.searchsorted(np.cumsum(shares), rng.random() * sum(shares), side='right'))]
