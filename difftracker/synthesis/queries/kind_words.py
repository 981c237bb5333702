"""Verbs, participles and nouns for each kind of change.

In all strings `@was`, `@is`, `@has`, `@s`, `@its` agree with the number of the subject. Strict words can be said of one
kind only; loose ones could be said of another kind as well ('gone' of a thing that was replaced), and are used only
where no change of such a kind is in question.

`left` and `right` occur in their spatial sense only, so that mirrored pictures can swap them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindWords:
    """How to speak of one kind of change.

    Attributes:
        verbs: Past or present verb phrases: 'what <verb>', 'the cup that <verb>'.
        adjectives: 'the <adjective> cup', 'anything <adjective>'.
        participles: 'was the cup <participle>?', 'has anything been <participle>?', 'the cup has been <participle>'.
        infinitives: 'did anything <infinitive>?'.
        nominals: `(singular, plural)` names of the event: 'the <nominal> on the left'.
    """

    verbs: tuple[str, ...]
    adjectives: tuple[str, ...] = ()
    participles: tuple[str, ...] = ()
    infinitives: tuple[str, ...] = ()
    nominals: tuple[tuple[str, str], ...] = ()


STRICT: dict[str, KindWords] = {
    'remove': KindWords(
        verbs=('@was removed', 'disappeared', 'vanished', '@was taken away', '@was erased', '@was taken out',
               '@was deleted', 'got removed', 'went away', '@has been removed', '@has disappeared', '@has vanished',
               '@has been taken away', '@was cleared away', 'got deleted', '@has been erased', '@was wiped out'),
        adjectives=('removed', 'deleted', 'erased'),
        participles=('removed', 'taken away', 'deleted', 'erased', 'taken out', 'cleared away'),
        infinitives=('disappear', 'vanish', 'go away', 'get removed'),
        nominals=(('removal', 'removals'), ('deletion', 'deletions'), ('disappearance', 'disappearances')),
    ),
    'add': KindWords(
        verbs=('@was added', '@was put in', '@was inserted', 'got added', '@has been added', '@was placed there',
               '@has been put in', '@was newly added', '@was added in the second picture', '@has been inserted',
               '@was brought in', '@was introduced'),
        adjectives=('added', 'newly added', 'inserted', 'newly placed'),
        participles=('added', 'inserted', 'put in', 'introduced', 'newly placed'),
        infinitives=('get added', 'get put in'),
        nominals=(('addition', 'additions'), ('insertion', 'insertions')),
    ),
    'replace': KindWords(
        verbs=('@was replaced', '@was swapped for something else', '@was exchanged', '@was substituted',
               'turned into something else', '@was replaced by something else', 'became something else',
               '@was swapped out', '@was replaced with another object', '@was exchanged for something else',
               '@has been replaced', '@has been swapped out', 'got replaced', 'got swapped', '@was switched out',
               '@was traded for something else', '@was replaced with something different', '@is now another object'),
        adjectives=('replaced', 'swapped', 'exchanged', 'substituted', 'swapped-out'),
        participles=('replaced', 'swapped out', 'exchanged', 'swapped for something else', 'substituted',
                     'replaced by something else', 'switched out'),
        infinitives=('turn into something else', 'become something else', 'get replaced', 'get swapped'),
        nominals=(('replacement', 'replacements'), ('swap', 'swaps'), ('substitution', 'substitutions')),
    ),
    'appearance': KindWords(
        verbs=('changed @its look', 'changed @its appearance', '@was altered in appearance', 'changed in appearance',
               '@has a changed appearance', 'had @its look changed', '@was given a new look',
               '@has been given a different look', 'changed how @it look@s', '@was restyled',
               'changed only in appearance', 'got a new look', '@is the same object but look@s different'),
        adjectives=('restyled', 'visually altered', 'visually changed'),
        participles=('restyled', 'visually altered', 'given a new look', 'altered in appearance'),
        infinitives=('change in appearance', 'get a new look'),
        nominals=(('change of appearance', 'changes of appearance'), ('change of look', 'changes of look'),
                  ('appearance change', 'appearance changes')),
    ),
    'move': KindWords(
        verbs=('@was moved', 'moved', 'changed @its position', '@was shifted', 'changed place', '@was relocated',
               '@has moved', '@has been moved', 'changed location', '@was moved to another spot',
               '@was put somewhere else', '@was moved elsewhere', 'shifted', '@has been shifted', 'got moved',
               'changed position', 'switched position'),
        adjectives=('moved', 'relocated', 'shifted', 'displaced'),
        participles=('moved', 'relocated', 'shifted', 'put somewhere else', 'displaced'),
        infinitives=('move', 'change place', 'change position', 'shift'),
        nominals=(('change of position', 'changes of position'), ('relocation', 'relocations')),
    ),
}  # fmt: skip

LOOSE: dict[str, KindWords] = {
    'remove': KindWords(
        verbs=('@is gone', '@is missing', '@is no longer there', '@is not there anymore', 'can no longer be seen',
               '@is missing now', '@is gone in the second picture', '@was there before but not anymore',
               'can only be seen in the first image', '@is missing from the second image', '@is now gone',
               "@isn't there any more", '@is no longer visible', 'went missing', 'existed only before',
               'appear@s only in the first picture', '@is absent now', '@has gone missing'),
        adjectives=('missing', 'absent'),
        participles=('lost',),
        infinitives=('go missing',),
    ),
    'add': KindWords(
        verbs=('appeared', 'showed up', '@is new', '@was not there before', 'can only be seen in the second picture',
               'popped up', "@wasn't there before", '@has appeared', 'turned up', '@is there now but not before',
               'appear@s only in the after image', '@is new in the second picture', '@is new here', 'came in'),
        adjectives=('new', 'extra', 'additional'),
        infinitives=('appear', 'show up', 'pop up', 'turn up'),
    ),
    'replace': KindWords(
        verbs=('@is something else now', '@is not the same object anymore', '@is a different object now',
               '@is another thing now'),
    ),
    'appearance': KindWords(
        verbs=('look@s different', 'look@s different now', "@doesn't look the same", 'look@s changed',
               'no longer look@s the same', '@has a different look', '@does not look like before',
               'look@s different from before', '@has another look now', 'look@s altered'),
        adjectives=('different-looking', 'different looking'),
        infinitives=('start to look different', 'look different'),
    ),
    'move': KindWords(
        verbs=('@is somewhere else now', '@is not where @it @was', '@is in a different place',
               '@is in another spot now', 'ended up somewhere else', 'no longer stand@s where @it @was',
               '@is at a new position'),
        infinitives=('end up somewhere else',),
    ),
}  # fmt: skip

ATTRIBUTES: dict[str, KindWords] = {
    'colour': KindWords(
        verbs=('changed colour', 'changed @its colour', '@was recoloured', '@was repainted', 'switched colour',
               '@was painted another colour', '@was given a new colour', 'got a new colour', '@has a changed colour',
               '@has been recoloured', '@was tinted differently', 'took on another colour', '@was painted over',
               '@is the same thing in another colour', '@was dyed'),
        adjectives=('recoloured', 'repainted', 'colour-changed'),
        participles=('recoloured', 'repainted', 'given a new colour', 'painted another colour'),
        infinitives=('change colour', 'change its colour', 'get a new colour'),
        nominals=(('colour change', 'colour changes'), ('change of colour', 'changes of colour'),
                  ('recolouring', 'recolourings'), ('change in colour', 'changes in colour')),
    ),
    'texture': KindWords(
        verbs=('changed texture', 'changed @its texture', '@was given a new texture', 'got a new surface',
               '@has a changed texture', '@was retextured', 'changed @its surface', '@has had @its texture changed'),
        adjectives=('retextured',),
        participles=('retextured', 'given a new texture'),
        infinitives=('change texture', 'get a new texture'),
        nominals=(('texture change', 'texture changes'), ('change of texture', 'changes of texture')),
    ),
    'pattern': KindWords(
        verbs=('changed pattern', 'got a new pattern', '@was given a pattern', 'changed @its pattern',
               '@has had a pattern put on', '@was covered with a pattern', 'now @has a new pattern',
               '@has been patterned'),
        adjectives=('newly patterned',),
        participles=('given a new pattern', 'covered with a pattern'),
        infinitives=('get a new pattern', 'change pattern'),
        nominals=(('pattern change', 'pattern changes'), ('change of pattern', 'changes of pattern')),
    ),
    'brightness': KindWords(
        verbs=('changed in brightness', 'changed @its brightness', 'became lighter or darker',
               'got lighter or darker', '@is lighter or darker than before', '@has a changed brightness',
               'had @its brightness changed', 'changed @its shade'),
        participles=('made lighter or darker',),
        infinitives=('change in brightness', 'get lighter or darker'),
        nominals=(('brightness change', 'brightness changes'), ('change in brightness', 'changes in brightness')),
    ),
}  # fmt: skip

GENERIC = KindWords(
    verbs=('changed', '@is different', '@was altered', '@was edited', '@was modified', '@is not the same',
           '@has changed', '@has been edited', 'differ@s', '@has been altered', '@was changed', '@is different now',
           '@is not the same as before', '@is no longer the same', 'got changed', '@has been modified'),
    adjectives=('changed', 'altered', 'modified', 'edited', 'different'),
    participles=('changed', 'altered', 'modified', 'edited'),
    infinitives=('change', 'get changed'),
    nominals=(('change', 'changes'), ('difference', 'differences'), ('modification', 'modifications'),
              ('edit', 'edits'), ('alteration', 'alterations')),
)  # fmt: skip

# Pages and drawings: fewer things 'go away' or 'look', more is 'displayed'.
SCREEN: dict[tuple[str, str], KindWords] = {
    ('strict', 'appearance'): KindWords(
        verbs=('changed @its look', 'changed in appearance', '@was restyled', '@was redrawn', '@was updated in place',
               '@was changed rather than added or removed', '@has a new look', '@was altered in place',
               'changed @its content or style', '@is drawn differently'),
        adjectives=('restyled', 'redrawn', 'visually changed'),
        participles=('restyled', 'redrawn', 'visually changed', 'updated in place'),
        infinitives=('change in appearance', 'get redrawn'),
        nominals=(('change of appearance', 'changes of appearance'), ('visual change', 'visual changes'),
                  ('style change', 'style changes')),
    ),
    ('strict', 'remove'): KindWords(
        verbs=('@was removed', 'disappeared', '@was deleted', '@was taken out', '@has been removed', 'vanished',
               '@was dropped', '@was blanked out', '@is an empty spot now'),
        adjectives=('removed', 'deleted'),
        participles=('removed', 'deleted', 'taken out', 'dropped'),
        infinitives=('disappear', 'vanish'),
        nominals=(('removal', 'removals'), ('deletion', 'deletions')),
    ),
    ('strict', 'add'): KindWords(
        verbs=('@was added', '@was inserted', '@has been added', '@was newly added', '@was introduced', 'got added'),
        adjectives=('added', 'newly added', 'inserted'),
        participles=('added', 'inserted', 'introduced'),
        infinitives=('get added',),
        nominals=(('addition', 'additions'), ('insertion', 'insertions')),
    ),
}  # fmt: skip


def kind_words(domain: str, kind: str, loose: bool) -> KindWords:
    """Returns the words for a kind of change in a domain; loose words where asked for and there are any."""
    if domain == 'screen' and not loose:
        return SCREEN[('strict', kind)]
    return (LOOSE if loose else STRICT)[kind]
