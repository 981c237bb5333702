"""Words for places, sizes, directions and relations; `<pic>` stands for the word for the picture."""

from __future__ import annotations

_SIDE = (
    'on the {0}', 'on the {0} side', 'on the {0}-hand side', 'at the {0}', 'in the {0} half',
    'in the {0} part of the <pic>',
    'on the {0} side of the <pic>', 'in the {0} half of the <pic>', 'at the {0} side', 'on the {0} of the <pic>',
    'over on the {0}', 'in the {0} area', 'at {0}',
)  # fmt: skip
_CORNER = (
    'in the {0} corner', 'at the {0}', 'in the {0}', 'in the {0} part of the <pic>', 'in the {0} area',
    'near the {0} corner',
    'in the {0} corner of the <pic>', 'at {0}', 'in the {0} quarter', 'in the {0} region', '{0}',
)  # fmt: skip


def _fill(patterns: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern.format(word) for word in words for pattern in patterns)


PLACE_PHRASES: dict[str, tuple[str, ...]] = {
    'left': _fill(_SIDE, ('left',)),
    'right': _fill(_SIDE, ('right',)),
    'top': (
        'at the top', 'in the upper half', 'in the upper part of the <pic>', 'near the top', 'at the top of the <pic>',
        'in the top half', 'in the top part', 'in the upper area', 'in the upper part',
    ),
    'bottom': (
        'at the bottom', 'in the lower half', 'in the lower part of the <pic>', 'near the bottom', 'in the bottom part',
        'at the bottom of the <pic>', 'in the bottom half', 'in the lower area',
        'in the lower part',
    ),
    'centre': (
        'in the middle', 'in the centre', 'in the middle of the <pic>', 'near the middle', 'in the centre of the <pic>',
        'at the centre', 'in the central part', 'near the centre', 'in the central area',
    ),
    'top left': _fill(_CORNER, ('top left', 'upper left', 'upper-left', 'top-left')),
    'top right': _fill(_CORNER, ('top right', 'upper right', 'upper-right', 'top-right')),
    'bottom left': _fill(_CORNER, ('bottom left', 'lower left', 'lower-left', 'bottom-left')),
    'bottom right': _fill(_CORNER, ('bottom right', 'lower right', 'lower-right', 'bottom-right')),
}  # fmt: skip

RELATION_PHRASES: dict[str, tuple[str, ...]] = {
    'left of': ('to the left of', 'just to the left of', 'somewhere to the left of', 'further to the left than'),
    'right of': ('to the right of', 'just to the right of', 'somewhere to the right of', 'further to the right than'),
    'above': ('above', 'higher than', 'further up than', 'somewhere above'),
    'below': ('below', 'beneath', 'underneath', 'lower than', 'further down than', 'somewhere below'),
    'near': ('next to', 'near', 'close to', 'by', 'close by', 'in the vicinity of', 'not far from'),
}

DIRECTION_VERBS: dict[str, tuple[str, ...]] = {
    'left': ('moved to the {left}', 'moved {left}', '@was shifted to the {left}', '@was pushed {left}',
             '@was moved further {left}', 'slid to the {left}', 'moved towards the {left}'),
    'right': ('moved to the {right}', 'moved {right}', '@was shifted to the {right}', '@was pushed {right}',
              '@was moved further {right}', 'slid to the {right}', 'moved towards the {right}'),
    'up': ('moved {up}', 'moved {upwards}', '@was shifted {up}', '@was moved further {up}', '@was raised',
           '@is higher up now', 'went {up}', '@was moved {upward}'),
    'down': ('moved {down}', 'moved {downwards}', '@was shifted {down}', '@was moved further {down}', '@was lowered',
             '@is lower down now', 'went {down}', '@was moved {downward}'),
}  # fmt: skip

SIZE_WORDS: dict[str, tuple[str, ...]] = {'small': ('small', 'tiny', 'little'), 'large': ('big', 'large')}

# Before the noun; after the noun phrase.
SUPERLATIVE_WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    'leftmost': (('leftmost', 'left-most'), ('furthest to the left', 'closest to the left edge', 'farthest left')),
    'rightmost': (
        ('rightmost', 'right-most'),
        ('furthest to the right', 'closest to the right edge', 'farthest right'),
    ),
    'topmost': (('topmost', 'uppermost', 'highest'), ('furthest up', 'closest to the top edge', 'nearest to the top')),
    'bottommost': (
        ('lowest', 'bottommost', 'lowermost'),
        ('furthest down', 'closest to the bottom edge', 'nearest to the bottom'),
    ),
    'largest': (('largest', 'biggest'), ('with the largest area', 'with the biggest area')),
    'smallest': (('smallest', 'tiniest'), ('with the smallest area', 'with the least area')),
}
NEAREST_WORDS: tuple[str, ...] = ('nearest to', 'closest to', 'nearest')

TURNED_VERBS: tuple[str, ...] = (
    'turned {0}', 'became {0}', '@is {0} now', '@is now {0}', '@was painted {0}', 'changed to {0}', 'went {0}',
    'changed its colour to {0}', '@has turned {0}', '@was recoloured {0}', '@has become {0}', '@was made {0}',
)  # fmt: skip
WAS_VERBS: tuple[str, ...] = (
    'used to be {0}', '@was {0} before but not now', '@is no longer {0}', '@was {0} and changed colour',
    'lost @its {0} colour', '@is not {0} any more', '@was {0} before it was recoloured',
    'changed from {0} to another colour',
)  # fmt: skip
FROM_TO_VERBS: tuple[str, ...] = (
    'turned from {0} to {1}', 'went from {0} to {1}', 'changed from {0} to {1}', '@was {0} and @is now {1}',
    'changed colour from {0} to {1}', 'used to be {0} and @is {1} now', '@was recoloured from {0} to {1}',
    '@was {0} before and {1} after', '@is {1} instead of {0}',
)  # fmt: skip
NEW_LABEL_VERBS: tuple[str, ...] = (
    '@was replaced by {0}', '@was swapped for {0}', 'turned into {0}', 'became {0}', '@is {0} now',
    '@was exchanged for {0}',
    '@was replaced with {0}', '@has been replaced by {0}', '@was substituted by {0}', '@has become {0}', '@is now {0}',
    '@was traded for {0}', 'got replaced by {0}', '@was switched for {0}', 'changed into {0}',
)  # fmt: skip
NEW_COLOUR_VERBS: tuple[str, ...] = (
    '@was replaced by something {0}', '@was swapped for something {0}', '@was replaced by a different, {0} object',
    'made way for something {0}', '@was exchanged for something {0}', '@was replaced with something {0}',
)  # fmt: skip

PICTURE_WORDS: dict[str, tuple[str, ...]] = {
    'photo': ('image', 'picture', 'photo', 'scene', 'photograph', 'frame'),
    'screen': ('screenshot', 'screen', 'page', 'window', 'picture'),
    'board': ('board', 'image', 'circuit board', 'picture', 'pcb'),
}
THING_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    'photo': (('thing', 'things'), ('object', 'objects'), ('item', 'items')),
    'screen': (('element', 'elements'), ('part', 'parts'), ('item', 'items'), ('thing', 'things'), ('area', 'areas'),
               ('region', 'regions'), ('ui element', 'ui elements')),
    'board': (('defect', 'defects'), ('fault', 'faults'), ('flaw', 'flaws'), ('error', 'errors'), ('issue', 'issues'),
              ('anomaly', 'anomalies'), ('production fault', 'production faults'), ('problem', 'problems')),
}  # fmt: skip
