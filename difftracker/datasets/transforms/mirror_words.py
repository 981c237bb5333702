"""Left and right in sentences about a mirrored picture."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SWAPS = {
    'left': 'right',
    'leftmost': 'rightmost',
    'lefthand': 'righthand',
    'leftward': 'rightward',
    'leftwards': 'rightwards',
    'lefts': 'rights',
    'leftside': 'rightside',
}
SWAPS |= {right: left for left, right in SWAPS.items()}

# Words about direction that a swap of left and right does not put right.
UNSURE_WORDS = _words(
    'clockwise counterclockwise anticlockwise counter-clockwise anti-clockwise east west eastern western mirrored '
    "o'clock oclock northeast northwest southeast southwest"
)

# `right` before one of these is an adverb ("right next to the cup") unless an article or the like stands before it.
AFTER_ADVERB = _words(
    'next beside besides behind above below under underneath over on in at now there here by between near before after '
    'where when away beneath against inside outside up down into onto'
)
BEFORE_SIDE = _words('the far upper lower top bottom its to leftmost your my image')

# `left` beside one of these may be the verb ("what has left the scene", "was left behind").
BEFORE_VERB = _words(
    'has have had having what which who that just nothing anything something everything never got get gets '
    "hasn't haven't hasnt havent been already simply thing object one item it they"
)
AFTER_VERB = _words('the behind out over a an from its empty alone untouched unchanged here there')

# Real words one letter away from left or right; any other such word may be a misspelt direction.
NEIGHBOURS = _words(
    'let lift loft deft heft weft cleft lefty lent lest eft bright light night fight might sight tight wight '
    'lights nights fights mights sights tights eight eights wright aright fright lifts lofts lets clefts wefts'
)

WORD = re.compile(r"[A-Za-z']+(?:-[A-Za-z']+)*")


def mirror_text(text: str) -> str | None:
    """Returns what a sentence says of the mirrored picture.

    Args:
        text: The sentence, English.

    Returns:
        The sentence with left and right swapped, or None where a swap might make it wrong: `right` or `left` in another
        sense, a misspelt direction, a clock or compass direction, or another script.
    """
    if not text.isascii():
        return None
    words = [match.group().lower() for match in WORD.finditer(text)]
    parts = [part for word in words for part in word.split('-')]
    if any(word in UNSURE_WORDS or _is_misspelt(word) for word in (*words, *parts)):
        return None
    if any(_other_sense(parts, place) for place in range(len(parts))):
        return None
    return re.sub(r'[A-Za-z]+', _swapped, text)


def _swapped(match: re.Match) -> str:
    word = match.group()
    other = SWAPS.get(word.lower())
    if other is None:
        return word
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other


def _other_sense(words: list[str], place: int) -> bool:
    previous = words[place - 1] if place else ''
    following = words[place + 1] if place + 1 < len(words) else ''
    if words[place] == 'right':
        return following in AFTER_ADVERB and previous not in BEFORE_SIDE
    if words[place] == 'left':
        return previous in BEFORE_VERB or following in AFTER_VERB
    return False


def _edits(word: str) -> set[str]:
    """Words one dropped, swapped, doubled or changed letter away."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    letters = 'abcdefghijklmnopqrstuvwxyz'
    found = {head + tail[1:] for head, tail in cuts if tail}
    found |= {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    found |= {head + letter + tail[1:] for head, tail in cuts if tail for letter in letters}
    found |= {head + letter + tail for head, tail in cuts for letter in letters}
    return found


MISSPELT = frozenset().union(*(_edits(word) for word in SWAPS)) - NEIGHBOURS - frozenset(SWAPS)


def _is_misspelt(word: str) -> bool:
    return word in MISSPELT
