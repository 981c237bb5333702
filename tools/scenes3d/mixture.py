"""What a set of scenes is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from difftracker.errors import ConfigError
from tools.scenes3d.layouts import LAYOUTS
from tools.scenes3d.light_drawing import LEVELS

KINDS = ('appearance', 'replace', 'remove', 'add', 'move')


@dataclass(frozen=True)
class Mixture:
    """Shares of what a set is made of; each maps a name to its weight."""

    layouts: dict[str, float] = field(
        default_factory=lambda: {'table': 0.3, 'room': 0.22, 'kitchen': 0.16, 'street': 0.2, 'shapes': 0.12}
    )
    kinds: dict[str, float] = field(default_factory=lambda: dict(zip(KINDS, (0.24, 0.2, 0.2, 0.18, 0.18), strict=True)))
    counts: dict[str, float] = field(default_factory=lambda: {'0': 0.1, '1': 0.38, '2': 0.24, '3': 0.16, '4': 0.12})
    nuisance: dict[str, float] = field(default_factory=lambda: dict(zip(LEVELS, (0.1, 0.25, 0.65), strict=True)))

    def __post_init__(self) -> None:
        known = {'layouts': LAYOUTS, 'kinds': KINDS, 'counts': tuple('01234'), 'nuisance': LEVELS}
        for name, words in known.items():
            given = getattr(self, name)
            if not given or not set(given) <= set(words) or min(given.values()) < 0 or sum(given.values()) <= 0:
                raise ConfigError(f'mixture, {name}: expected weights of {", ".join(words)}, found {given}')
