"""What every speaker of the grammar shares: expansion of frames, agreement, places and superlatives."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..scene import Scene
from .ask import Ask
from .frames import ALL_FRAMES, WORDS
from .place_words import (
    NEAREST_WORDS,
    PICTURE_WORDS,
    PLACE_PHRASES,
    RELATION_PHRASES,
    SUPERLATIVE_WORDS,
    THING_WORDS,
)
from .vocabulary import label_names

_AGREEMENT = {
    'was': ('was', 'were'), 'is': ('is', 'are'), 'has': ('has', 'have'), 's': ('s', ''), 'its': ('its', 'their'),
    'it': ('it', 'they'), "wasn't": ("wasn't", "weren't"), "isn't": ("isn't", "aren't"),
    "doesn't": ("doesn't", "don't"), 'does': ('does', 'do'),
}  # fmt: skip
# Where two pieces of the grammar meet badly.
_CLUMSY = (('any thing ', 'anything '), (' in in ', ' in '), (' in {in ', ' {in '), (' out out ', ' out '))
_TOKEN = re.compile(r"@(wasn't|was|isn't|is|has|doesn't|does|its|it|s)")
_SYMBOL = re.compile(r'<(\w+)>')
_CONTENT = re.compile(r'\{[^{}]*\}')


def agree(text: str, many: bool) -> str:
    """Resolves agreement tokens (`@was`, `@its`, ...) for a singular or plural subject."""
    return _TOKEN.sub(lambda match: _AGREEMENT[match.group(1)][many], text)


class Speaker(ABC):
    """Turns one meaning into a sentence; subclasses give the symbols of their domain.

    Words that carry content stand in braces until the end, so that the sentence without them tells its template.

    Args:
        scene: The pair.
        ask: What is asked for.
        answers: Its answers in this scene; the sentence's number follows them.
        rng: The only source of randomness.
    """

    def __init__(self, scene: Scene, ask: Ask, answers: Sequence[int], rng: np.random.Generator) -> None:
        self.scene = scene
        self.ask = ask
        self.rng = rng
        self.count = len(answers)
        self.many = len(answers) > 1 or (not answers and rng.random() < 0.15)
        self.kinds = {change.kind for change in scene.changes if change.change_id in answers}
        self.symbols: dict[str, Callable[[], str]] = {
            'pp': self.place_phrase,
            'pic': lambda: self.pick(PICTURE_WORDS[scene.domain]),
            'allof': lambda: self.pick(('all the', 'all', 'all the', 'all of the')),
        }
        self.words: dict[str, tuple[str, ...]] = dict(WORDS)

    def sentence(self) -> tuple[str, str]:
        """Returns the sentence in lower case and its template (content words blanked)."""
        if not self.ask.facets:
            pair_words = self.words['both']
            self.words['two'] = tuple(word for word in pair_words if word.startswith(('the two', 'both', 'these')))
            marked = self.expand(self.pick(self.suited(ALL_FRAMES)))
        else:
            marked = self.expand(self.choose_frame())
        marked = re.sub(r'\s+', ' ', agree(marked, self.many)).strip()
        for clumsy, plain in _CLUMSY:
            marked = marked.replace(clumsy, plain)
        return marked.replace('{', '').replace('}', ''), _CONTENT.sub('_', marked)

    @abstractmethod
    def choose_frame(self) -> str:
        """Returns a frame that can say what is asked."""

    def pick(self, options: Sequence[Any]) -> Any:
        """Draws one option."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        """Draws True with a probability."""
        return bool(self.rng.random() < share)

    def suited(self, frames: Sequence[tuple[str, str]]) -> list[str]:
        """Returns the frames that suit the sentence's number."""
        number = 'many' if self.many else 'one'
        return [frame for frame, numbers in frames if numbers == 'any' or number in numbers.split()]

    def expand(self, frame: str) -> str:
        """Replaces every `<symbol>`, in order, until none is left."""
        while True:
            match = _SYMBOL.search(frame)
            if match is None:
                return frame
            name = match.group(1)
            piece = self.symbols[name]() if name in self.symbols else self.pick(self.words[name])
            frame = frame[: match.start()] + piece + frame[match.end() :]

    def thing(self, many: bool) -> str:
        """Returns a noun that names no category."""
        return self.pick(THING_WORDS[self.scene.domain])[many]

    # ---- places

    def place_phrase(self) -> str:
        """Returns the place asked for with a leading space, or nothing."""
        place, relation = self.ask.get('place'), self.ask.get('relation')
        if place is not None:
            return ' {' + self.pick(PLACE_PHRASES[place]).replace('<pic>', self.pick_picture()) + '}'
        if relation is not None:
            name, source, key = relation
            target = self.context_name(key) if source == 'context' else self.change_name(key)
            return ' {' + self.pick(RELATION_PHRASES[name]) + '} ' + target
        return ''

    def pick_picture(self) -> str:
        """Returns a word for the picture."""
        return self.pick(PICTURE_WORDS[self.scene.domain])

    def context_name(self, label: str) -> str:
        """Names an unchanged object that a place is told by."""
        names = label_names(label)
        name = names[0] if self.chance(0.7) else self.pick(names)
        colour = next(item.colour for item in self.scene.context if item.label == label)
        if colour is not None and label != 'person' and self.chance(0.12):
            name = f'{colour} {name}'
        return 'the {' + name + '}'

    @abstractmethod
    def change_name(self, change_id: int) -> str:
        """Names another change that a place is told by."""

    def superlative(self) -> tuple[str, str]:
        """Returns the superlative as `(before the noun, after the noun phrase)`, one of them empty."""
        value = self.ask.get('superlative')
        if value is None:
            return '', ''
        if isinstance(value, tuple):
            return '', f' {self.pick(NEAREST_WORDS)} {self.context_name(value[1])}'
        before, after = SUPERLATIVE_WORDS[value]
        if self.chance(0.7):
            return '{' + self.pick(before) + '} ', ''
        return '', ' {' + self.pick(after) + '}'
