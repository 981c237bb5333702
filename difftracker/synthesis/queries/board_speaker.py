"""Says in words what is asked about faults of printed circuit boards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scene import Scene
from .ask import Ask
from .frames import ANY_FRAMES, NP_FRAMES
from .place_words import THING_WORDS
from .speaker import Speaker
from .vocabulary import with_article

# Class -> (singular, plural) names; none of them fits another class.
CLASS_NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    'open': (
        ('open', 'opens'), ('open circuit', 'open circuits'), ('broken trace', 'broken traces'),
        ('cut trace', 'cut traces'), ('gap in a trace', 'gaps in traces'), ('interrupted trace', 'interrupted traces'),
        ('severed trace', 'severed traces'), ('break in a track', 'breaks in tracks'),
        ('interrupted conductor', 'interrupted conductors'), ('open defect', 'open defects'),
        ('broken line', 'broken lines'), ('trace that is cut through', 'traces that are cut through'),
        ('disconnected track', 'disconnected tracks'), ('broken connection', 'broken connections'),
    ),
    'short': (
        ('short', 'shorts'), ('short circuit', 'short circuits'),
        ('bridge between two traces', 'bridges between traces'),
        ('copper bridge', 'copper bridges'), ('shorted pair of traces', 'shorted pairs of traces'),
        ('unwanted connection between two traces', 'unwanted connections between traces'),
        ('short defect', 'short defects'), ('bridge joining two tracks', 'bridges joining tracks'),
        ('pair of traces that got connected', 'pairs of traces that got connected'),
        ('link between separate tracks', 'links between separate tracks'), ('bridging fault', 'bridging faults'),
    ),
    'mousebite': (
        ('mousebite', 'mousebites'), ('mouse bite', 'mouse bites'), ('mouse-bite', 'mouse-bites'),
        ('bite out of an edge', 'bites out of an edge'), ('notch in the edge of a trace', 'notches in trace edges'),
        ('nick in the edge of a trace', 'nicks in trace edges'), ('nibbled edge', 'nibbled edges'),
        ('dent in a trace edge', 'dents in trace edges'), ('mouse bite defect', 'mouse bite defects'),
        ('bite taken out of a trace', 'bites taken out of traces'), ('bitten-off edge', 'bitten-off edges'),
        ('trace with a bite out of its side', 'traces with a bite out of the side'),
    ),
    'spur': (
        ('spur', 'spurs'), ('thorn', 'thorns'), ('copper spur', 'copper spurs'),
        ('spike on an edge', 'spikes on edges'),
        ('spike that sticks out of a trace', 'spikes that stick out of traces'), ('barb on a trace', 'barbs on traces'),
        ('thorn on the edge of a trace', 'thorns on trace edges'), ('spur defect', 'spur defects'),
        ('protrusion on an edge', 'protrusions on edges'), ('bump that sticks out of an edge', 'bumps that stick out'),
        ('pointed outgrowth', 'pointed outgrowths'), ('copper thorn', 'copper thorns'),
    ),
    'copper': (
        ('patch of spurious copper', 'patches of spurious copper'), ('spot of stray copper', 'spots of stray copper'),
        ('copper island', 'copper islands'), ('island of copper', 'islands of copper'),
        ('isolated copper spot', 'isolated copper spots'), ('piece of unwanted copper', 'pieces of unwanted copper'),
        ('lone copper patch', 'lone copper patches'), ('spurious copper defect', 'spurious copper defects'),
        ('stray copper blob', 'stray copper blobs'), ('separate copper speck', 'separate copper specks'),
        ('copper residue between traces', 'copper residues between traces'), ('stray island', 'stray islands'),
    ),
    'pin-hole': (
        ('pin-hole', 'pin-holes'), ('pinhole', 'pinholes'), ('pin hole', 'pin holes'),
        ('hole in the copper', 'holes in the copper'), ('tiny hole in a trace', 'tiny holes in traces'),
        ('void in the copper', 'voids in the copper'), ('hole inside the copper', 'holes inside the copper'),
        ('small hole within a pad or trace', 'small holes within pads or traces'),
        ('pinhole defect', 'pinhole defects'),
        ('perforation in the copper', 'perforations in the copper'), ('hole in a track', 'holes in tracks'),
    ),
}  # fmt: skip

CLASS_QUESTIONS: dict[str, tuple[str, ...]] = {
    'open': (
        'where is a trace interrupted<pp>?', 'where is a trace broken<pp>?', 'where is the current path cut<pp>?',
        'which trace is broken<pp>?', 'is any trace cut through<pp>?', 'where does a track have a gap<pp>?',
    ),
    'short': (
        'where are two traces shorted<pp>?', 'which traces touch that should not<pp>?', 'where do two traces join<pp>?',
        'where are neighbouring tracks connected by mistake<pp>?', 'do any traces touch each other<pp>?',
    ),
    'mousebite': (
        'where is an edge eaten away<pp>?', 'where is a bite missing from a trace<pp>?', 'which edge is nibbled<pp>?',
        'where was copper nibbled off an edge<pp>?', 'is any trace edge bitten<pp>?',
    ),
    'spur': (
        'where does copper stick out of an edge<pp>?', 'where does a trace have a thorn<pp>?',
        'which edge has a spike<pp>?', 'does anything stick out of a trace<pp>?', 'where does a barb stick out<pp>?',
    ),
    'copper': (
        'where is copper that does not belong<pp>?', 'where is a patch of copper on its own<pp>?',
        'is there any stray copper<pp>?', 'find stray copper<pp>', 'find spurious copper<pp>', 'spurious copper<pp>',
        'stray copper<pp>', 'unwanted copper away from the traces<pp>', 'isolated copper<pp>',
    ),
    'pin-hole': (
        'where is there a hole in the copper<pp>?', 'which pad or trace has a hole<pp>?',
        'where is copper missing inside a trace or pad<pp>?', 'is the copper perforated anywhere<pp>?',
    ),
}  # fmt: skip


class BoardSpeaker(Speaker):
    """The grammar of the domain `board`."""

    def __init__(self, scene: Scene, ask: Ask, answers: Sequence[int], rng: np.random.Generator) -> None:
        super().__init__(scene, ask, answers, rng)
        self.kind = self.ask.get('kind')
        self.words['first'] = ('the template', 'the reference', 'the reference board', 'the first image')
        self.words['second'] = ('the tested board', 'the second image', 'the test image', 'the tested pcb')
        self.words['both'] = ('the two boards', 'both boards', 'the template and the tested board', 'the two images')
        nouns = THING_WORDS['board']
        self.symbols.update(
            np=self.definite, anp=lambda: self.indefinite(False), anps=lambda: self.indefinite(True),
            vp1=lambda: self.pick(('is defective', 'is faulty', 'is wrong', 'is different from <first>')),
            vpn=lambda: self.pick(('are faulty', 'are wrong', 'are defective')),
            part=lambda: self.pick(('damaged', 'altered', 'badly made')),
            adj=lambda: self.pick(('defective', 'faulty', 'wrong', 'damaged')),
            nominal=lambda: self.pick(nouns)[0], nominals=lambda: self.pick(nouns)[1],
        )  # fmt: skip

    def choose_frame(self) -> str:
        """Returns a frame that can say what is asked."""
        superlative = self.ask.get('superlative') is not None
        draw = self.rng.random()
        if self.kind is not None and not superlative and draw < 0.17:
            return self.pick(CLASS_QUESTIONS[self.kind])
        if not superlative and draw < 0.32:
            return self.pick([*self.suited(ANY_FRAMES), 'does the board have <anp>?', 'check for <anp>', '<anp>?'])
        return self.pick([*self.suited(NP_FRAMES), 'inspect <np>', 'what is the place of <np>?', 'report <np>'])

    def _noun(self, many: bool) -> str:
        if self.kind is None:
            return self.thing(many)
        options = CLASS_NOUNS[self.kind]
        # The class names proper are said more often than their paraphrases.
        return '{' + self.pick(options[:3] if self.chance(0.4) else options)[many] + '}'

    def definite(self) -> str:
        """Returns a definite noun phrase: 'the largest spur on the left'."""
        before, after = self.superlative()
        if before or after:
            return f'the {before}{self._noun(False)}{after}'
        det = self.pick(('the ', 'all the ', 'all ', 'every one of the ', 'the ', '')) if self.many else 'the '
        return f'{det}{self._noun(self.many)}{self.place_phrase()}'

    def indefinite(self, many: bool) -> str:
        """Returns a noun phrase open in number: 'any spurs on the left', 'a spur'."""
        if many or self.chance(0.4):
            return f'any {self._noun(many)}{self.place_phrase()}'
        noun = self._noun(False)
        return f'{with_article(noun.strip("{}")).split(" ", 1)[0]} {noun}{self.place_phrase()}'

    def change_name(self, change_id: int) -> str:
        """Names another fault that a place is told by."""
        change = next(item for item in self.scene.changes if item.change_id == change_id)
        return 'the {' + self.pick(CLASS_NOUNS[change.kind][:2])[0] + '}'
