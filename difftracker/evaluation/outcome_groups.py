"""The groups of queries that a report has a row for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .box_size import SIZES
from .query_outcome import QueryOutcome

Rule = Callable[[QueryOutcome], bool]

ANSWER_RULES: tuple[tuple[str, Rule], ...] = (
    ('one answer', lambda one: one.targets == 1),
    ('one answer, pair of one change', lambda one: one.targets == 1 and len(one.record.changes) == 1),
    ('one answer, two or more changes', lambda one: one.targets == 1 and len(one.record.changes) > 1),
    ('several answers', lambda one: one.targets > 1),
    ('no answer', lambda one: one.targets == 0),
    ('no answer, unchanged pair', lambda one: one.targets == 0 and not one.record.changes),
    ('no answer, changed pair', lambda one: one.targets == 0 and bool(one.record.changes)),
)
TAGS: tuple[tuple[str, Callable[[QueryOutcome], list[str]]], ...] = (
    ('subset', lambda one: [one.query.subset]),
    ('kind', lambda one: [one.answer_type] if one.answer_type else []),
    ('form', lambda one: _names((one.query.extra or {}).get('form'))),
    ('nuisance', lambda one: _names(one.record.extra.get('nuisance'))),
    ('size', lambda one: [one.answer_size] if one.answer_size else []),
)


class OutcomeGroup(NamedTuple):
    """Some of the queries of a set.

    Attributes:
        group: What they are grouped by: `overall`, `answers`, `subset`, `kind`, `form`, `nuisance`, `size`.
        name: Which of the group's values they share.
        members: Their places in the list of outcomes.
    """

    group: str
    name: str
    members: list[int]


def group_outcomes(outcomes: Sequence[QueryOutcome]) -> list[OutcomeGroup]:
    """Sorts outcomes into all groups that have a member, `overall` first and there even without members."""
    groups = [OutcomeGroup('overall', 'all queries', list(range(len(outcomes))))]
    for name, rule in ANSWER_RULES:
        groups.append(OutcomeGroup('answers', name, [place for place, one in enumerate(outcomes) if rule(one)]))
    for group, tag in TAGS:
        members: dict[str, list[int]] = {}
        for place, one in enumerate(outcomes):
            for name in dict.fromkeys(tag(one)):
                members.setdefault(name, []).append(place)
        names = [size for size in SIZES if size in members] if group == 'size' else sorted(members)
        groups += [OutcomeGroup(group, name, members[name]) for name in names]
    return groups[:1] + [group for group in groups[1:] if group.members]


def _names(value: object) -> list[str]:
    """Names in a field that holds one name, a list of names, or amounts by name; 'none' when it holds nothing."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [str(name) for name, amount in value.items() if amount] or ['none']
    if isinstance(value, (list, tuple)):
        return [str(name) for name in value] or ['none']
    return [str(value)]
