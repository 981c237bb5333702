"""The last touches on a sentence: spelling variant, capitals, punctuation, the odd typing error."""

from __future__ import annotations

import re

import numpy as np

_AMERICAN = (('colour', 'color'), ('grey', 'gray'), ('centre', 'center'), ('recolouring', 'recoloring'))
_TYPO_SHARE = 0.04
# A typing error in one of these could hide or turn the meaning, or break the swap of sides in mirrored pictures.
_PROTECTED = re.compile(
    r'left|right|upper|lower|above|below|bottom|centre|center|middle|moved|removed|added|replaced|everything|anything|'
    r'nothing|something|missing|green|white|black|brown|orange|yellow|purple|bigger|biggest|small|largest|different'
)


def apply_style(text: str, rng: np.random.Generator) -> str:
    """Dresses a lower-case sentence that ends in `?` if it is a question.

    Args:
        text: The sentence, words in lower case, `?` only at the end.
        rng: The only source of randomness.
    """
    is_question = text.endswith('?')
    text = re.sub(r'\s+', ' ', text).strip()
    draws = rng.random(4)
    if draws[0] < 0.5:
        for british, american in _AMERICAN:
            text = text.replace(british, american)
    if draws[3] < _TYPO_SHARE:
        text = _typo(text, rng)
    if draws[1] < 0.42:
        text = re.sub(r'[?,]', '', text) if draws[2] < 0.75 else text
        return re.sub(r'\s+', ' ', text)
    text = re.sub(r"\bi\b(?=[ ']|$)", 'I', text)
    text = text[:1].upper() + text[1:]
    if not is_question and draws[2] < 0.6:
        return text + '.'
    return text if is_question and draws[2] < 0.85 else text.rstrip('?')


def _typo(text: str, rng: np.random.Generator) -> str:
    """Swaps, doubles or drops an inner letter of one longer word."""
    words = text.split(' ')
    spots = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and not _PROTECTED.search(word)]
    if not spots:
        return text
    index = spots[int(rng.integers(len(spots)))]
    word = words[index]
    at = int(rng.integers(1, len(word) - 2))
    way = int(rng.integers(3))
    if way == 0:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif way == 1:
        word = word[: at + 1] + word[at:]
    else:
        word = word[:at] + word[at + 1 :]
    words[index] = word
    return ' '.join(words)
