"""Says in words what is asked about photographs and screenshots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scene import Scene
from .ask import Ask
from .frames import (
    ADD_FRAMES,
    ANY_FRAMES,
    BARE_FRAMES,
    MOVE_FRAMES,
    NEW_LABEL_FRAMES,
    NP_FRAMES,
    RECOLOUR_FRAMES,
    REMOVE_FRAMES,
    REPLACE_FRAMES,
    VAGUE_NOUN_FRAMES,
    WH_FRAMES,
)
from .kind_words import ATTRIBUTES, GENERIC, KindWords, kind_words
from .place_words import (
    DIRECTION_VERBS,
    FROM_TO_VERBS,
    NEW_COLOUR_VERBS,
    NEW_LABEL_VERBS,
    SIZE_WORDS,
    TURNED_VERBS,
    WAS_VERBS,
)
from .speaker import Speaker, agree
from .vocabulary import HYPERNYMS, label_names, plural, with_article

_OWN_FRAMES = {
    'remove': REMOVE_FRAMES, 'add': ADD_FRAMES, 'replace': REPLACE_FRAMES, 'move': MOVE_FRAMES,
}  # fmt: skip


class SceneSpeaker(Speaker):
    """The grammar of the domains `photo` and `screen`."""

    def __init__(self, scene: Scene, ask: Ask, answers: Sequence[int], rng: np.random.Generator) -> None:
        super().__init__(scene, ask, answers, rng)
        self.words_of_kind = self._kind_words()
        self.noun_label = self.ask.get('label', 'hypernym')
        self.noun = self._noun()
        if self.scene.domain == 'screen':
            self.words['first'] = ('the first screenshot', 'the old screenshot', 'the old version', 'the first picture')
            self.words['second'] = ('the second screenshot', 'the new screenshot', 'the new version', 'the new page')
            self.words['both'] = ('the two screenshots', 'both screenshots', 'the two versions', 'these two pages')
        self.symbols.update(
            np=self.definite, anp=lambda: self.indefinite(False),
            anps=lambda: self.indefinite(True), wh=self.wh_clause, bare=self.bare, abare=self.bare_indefinite,
            vp=lambda: self.verb(self.many), vp1=lambda: agree(self.pick(GENERIC.verbs), False),
            vpn=lambda: agree(self.pick(GENERIC.verbs[:6]), True),
            part=lambda: self.pick(self.words_of_kind.participles),
            inf=lambda: self.pick(self.words_of_kind.infinitives), adj=lambda: self.pick(GENERIC.adjectives),
            nominal=lambda: self.pick(GENERIC.nominals[:3])[0], nominals=lambda: self.pick(GENERIC.nominals)[1],
            new=self.new_name,
        )  # fmt: skip

    # ---- frames

    def choose_frame(self) -> str:
        """Returns a frame that can say what is asked."""
        if self.ask.get('superlative') is not None:
            return self.pick([*self.suited(NP_FRAMES), 'what is <np>?', 'which is <np>?', 'which one is <np>?'])
        draw = self.rng.random()
        if self.noun and not self.has_verb:
            # 'The cup that changed' sounds odd for one that was added, removed or moved.
            quiet = bool(self.kinds & {'add', 'remove', 'move'})
            if quiet or draw < 0.6:
                return self.pick(self.suited(VAGUE_NOUN_FRAMES))
        if self.ask.get('new_label') is not None and not self.noun and self._colour_word() == '' and draw < 0.45:
            return self.pick(self.suited(NEW_LABEL_FRAMES)).replace('{new}', '<new>')
        if draw < 0.17:
            own = self._own_frames()
            if own:
                return self.pick(own)
        if draw < 0.3:
            frames = self._bare_frames()
            if frames:
                return self.pick(frames)
        if draw < 0.4:
            return self.pick(self.suited(ANY_FRAMES))
        return self.pick(self.suited(NP_FRAMES if draw < 0.72 else WH_FRAMES))

    @property
    def has_verb(self) -> bool:
        """True when the sentence says what kind of change it is."""
        return self._verb_facet() is not None

    def _verb_facet(self) -> str | None:
        names = ('kind', 'loose', 'attribute', 'turned', 'was', 'from_to', 'new_label', 'new_colour', 'direction')
        return next((name for name in names if self.ask.get(name) is not None), None)

    def _own_frames(self) -> list[str]:
        if not self.noun or self.scene.domain != 'photo':
            return []
        if self.ask.get('attribute') == 'colour':
            return self.suited(RECOLOUR_FRAMES)
        return self.suited(_OWN_FRAMES.get(self.ask.get('kind') or '', ()))

    def _bare_frames(self) -> list[str]:
        frames = self.suited(BARE_FRAMES)
        if not self.noun:
            frames = [frame for frame in frames if '<abare>' in frame]
        if not self.words_of_kind.participles:
            frames = [frame for frame in frames if '<part>' not in frame]
        if not self.words_of_kind.infinitives:
            frames = [frame for frame in frames if '<inf>' not in frame]
        return frames

    # ---- words

    def _kind_words(self) -> KindWords:
        domain = self.scene.domain
        for name, loose in (('kind', False), ('loose', True)):
            if self.ask.get(name) is not None:
                return kind_words(domain, self.ask.get(name), loose)
        if self.ask.get('attribute') is not None:
            return ATTRIBUTES[self.ask.get('attribute')]
        return self._special_words() or GENERIC

    def _special_words(self) -> KindWords | None:
        """Verbs that carry a value: a colour, a new name, a direction."""
        for name, patterns in (('turned', TURNED_VERBS), ('was', WAS_VERBS), ('new_colour', NEW_COLOUR_VERBS)):
            if self.ask.get(name) is not None:
                return KindWords(tuple(pattern.format('{' + self.ask.get(name) + '}') for pattern in patterns))
        if self.ask.get('from_to') is not None:
            before, after = ('{' + word + '}' for word in self.ask.get('from_to'))
            return KindWords(tuple(pattern.format(before, after) for pattern in FROM_TO_VERBS))
        if self.ask.get('direction') is not None:
            return KindWords(DIRECTION_VERBS[self.ask.get('direction')])
        if self.ask.get('new_label') is not None:
            return KindWords(tuple(pattern.format('<new>') for pattern in NEW_LABEL_VERBS))
        return None

    def _noun(self) -> str:
        """The singular name that the sentence uses, empty for none."""
        hypernym, label = self.ask.get('hypernym'), self.ask.get('label')
        if hypernym is not None:
            return self.pick(HYPERNYMS[hypernym][0])
        if label is None:
            return ''
        names = label_names(label)
        return names[0] if self.chance(0.6) else self.pick(names)

    def new_name(self) -> str:
        """Returns what stands there now, with an article, or in the plural where several are asked for."""
        name = self.pick(label_names(self.ask.get('new_label')))
        return '{' + (plural(name) if self.many and self.count > 1 else with_article(name)) + '}'

    def _colour_word(self) -> str:
        colour = self.ask.get('colour')
        return '' if colour is None else '{' + colour + '} '

    def _size_word(self) -> str:
        size = self.ask.get('size')
        return '' if size is None else '{' + self.pick(SIZE_WORDS[size]) + '} '

    def verb(self, many: bool) -> str:
        """Returns a verb phrase in agreement with its subject."""
        text = agree(self.pick(self.words_of_kind.verbs), many)
        return text.replace(' its ', ' their ') if self.noun_label == 'person' else text

    def head(self, many: bool, extra: str = '') -> str:
        """Returns adjectives and noun without a determiner ('small red cup')."""
        noun = self.thing(many)
        if self.noun:
            noun = '{' + (plural(self.noun) if many else self.noun) + '}'
        return f'{extra}{self._size_word()}{self._colour_word()}{noun}'

    # ---- phrases

    def definite(self) -> str:
        """Returns a definite noun phrase with the kind of change: 'the missing cup on the left'."""
        superlative, after = self.superlative()
        ranked = bool(superlative or after)
        many = self.many and not ranked
        det = 'the ' if ranked else self._determiner(many)
        words, draw = self.words_of_kind, self.rng.random()
        unqualified = not (self.noun or self._size_word() or self._colour_word())
        if unqualified and words.nominals and draw < (0.3 if self.has_verb else 0.6):
            return f'{det}{superlative}{self.pick(words.nominals)[many]}{self.place_phrase()}{after}'
        if self.noun and words.nominals and self.has_verb and not ranked and draw < 0.14:
            return f'the {self.pick(words.nominals)[0]} of {self.bare()}'
        if words.adjectives and draw < 0.5:
            adjective = self.pick(words.adjectives) + ' '
            return f'{det}{superlative}{self.head(many, adjective)}{self.place_phrase()}{after}'
        if ' area' in after:
            return f'{det}{self.head(many)}{after}{self._relative(many)}'
        return f'{det}{superlative}{self.head(many)}{self._relative(many)}{after}'

    def _determiner(self, many: bool) -> str:
        if not many:
            return 'the '
        if self.count == 2 and self.chance(0.2):
            return 'both ' if self.chance(0.5) else 'the two '
        return self.pick(('the ', 'all the ', 'all ', 'all of the ', 'the '))

    def _relative(self, many: bool) -> str:
        """Returns the relative clause and the place; a relation follows the clause, so that it cannot split it."""
        link = self.pick(('that', 'that', 'which'))
        if self.noun_label == 'person':
            link = self.pick(('who', 'that'))
        verb = f' {link} {self.verb(many)}'
        place = self.place_phrase()
        if self.ask.get('place') is not None and self.chance(0.6):
            return f'{place}{verb}'
        return f'{verb}{place}'

    def _verb_and_place(self, many: bool) -> str:
        """Returns verb and place with leading spaces, the place first where the verb phrase is long."""
        verb, place = f' {self.verb(many)}', self.place_phrase()
        return f'{place}{verb}' if len(verb.split()) > 4 or self.chance(0.25) else f'{verb}{place}'

    def indefinite(self, many: bool) -> str:
        """Returns a noun phrase open in number: 'any missing cups', 'anything that vanished on the left'."""
        words = self.words_of_kind
        det = 'any ' if many or self.chance(0.6) else ''
        unqualified = not (self.noun or self._size_word() or self._colour_word())
        draw = self.rng.random()
        if unqualified and many and words.nominals and draw < 0.5:
            return f'any {self.pick(words.nominals)[1]}{self.place_phrase()}'
        if unqualified and not many and draw < 0.7:
            if words.nominals and draw < 0.2:
                return f'any {self.pick(words.nominals)[0]}{self.place_phrase()}'
            pronoun = self.pick(('anything', 'something', 'anything'))
            if words.adjectives and draw < 0.45:
                return f'{pronoun} {self.pick(words.adjectives)}{self.place_phrase()}'
            return f'{pronoun} that{self._verb_and_place(False)}'
        if words.adjectives and draw < 0.6:
            phrase = f'{self.head(many, self.pick(words.adjectives) + " ")}{self.place_phrase()}'
        else:
            phrase = f'{self.head(many)}{self._relative(many)}'
        if det:
            return f'{det}{phrase}'
        return with_article(phrase) if not phrase.startswith('{') else with_article(phrase[1:]).replace(' ', ' {', 1)

    def wh_clause(self) -> str:
        """Returns a question clause: 'which cup on the left disappeared', 'what disappeared'."""
        bare = not (self._size_word() or self._colour_word())
        if self.noun_label == 'person' and bare and not self.many and self.chance(0.3):
            return f'who{self._verb_and_place(False)}'
        if bare and not self.noun and self.chance(0.7):
            return f'what{self._verb_and_place(False)}'
        return f'{self.pick(("which", "which", "what"))} {self.head(self.many)}{self._verb_and_place(self.many)}'

    def bare(self) -> str:
        """Returns the definite noun phrase without the kind of change: 'the red cup on the left'."""
        det = 'both ' if self.many and self.count == 2 and self.chance(0.3) else 'the '
        return f'{det}{self.head(self.many)}{self.place_phrase()}'

    def bare_indefinite(self) -> str:
        """Returns the indefinite noun phrase without the kind of change: 'a red cup on the left'."""
        if not self.noun:
            return (
                f'something{" " + self._size_word().strip() if self.ask.get("size") else ""}'
                f'{" " + self._colour_word().strip() if self.ask.get("colour") else ""}{self.place_phrase()}'
            )
        phrase = self.head(False)
        article = with_article(phrase.replace('{', '')).split(' ', 1)[0]
        return f'{article} {phrase}{self.place_phrase()}'

    def change_name(self, change_id: int) -> str:
        """Names another change that a place is told by; its kind is the only one of its sort in the pair."""
        change = next(item for item in self.scene.changes if item.change_id == change_id)
        words = kind_words(self.scene.domain, change.kind, False)
        name = self.thing(False)
        if change.label is not None and self.scene.domain == 'photo' and self.chance(0.5):
            name = '{' + label_names(change.label)[0] + '}'
        if self.chance(0.6):
            return f'the {self.pick(words.adjectives)} {name}'
        return f'the {name} that {agree(self.pick(words.verbs), False)}'
