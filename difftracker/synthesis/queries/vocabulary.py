"""Names of things: synonyms, plurals, hypernyms, and which names a person could mix up.

The labels are those of COCO's 80 categories; any other label is used as it stands. Names never guess a person's gender
or age. A name that could mean two labels makes a sentence unclear, so `names_overlap` errs on the side of overlap.
"""

from __future__ import annotations

COCO_LABELS: tuple[str, ...] = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat', 'traffic light',
    'fire hydrant', 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant',
    'bear', 'zebra', 'giraffe', 'backpack', 'umbrella', 'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard',
    'sports ball', 'kite', 'baseball bat', 'baseball glove', 'skateboard', 'surfboard', 'tennis racket', 'bottle',
    'wine glass', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli',
    'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch', 'potted plant', 'bed', 'dining table', 'toilet',
    'tv', 'laptop', 'mouse', 'remote', 'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink',
    'refrigerator', 'book', 'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush',
)  # fmt: skip

SYNONYMS: dict[str, tuple[str, ...]] = {
    'person': ('person', 'human', 'human being', 'individual'),
    'bicycle': ('bicycle', 'bike', 'cycle'),
    'car': ('car', 'automobile'),
    'motorcycle': ('motorcycle', 'motorbike'),
    'airplane': ('airplane', 'plane', 'aeroplane', 'aircraft'),
    'bus': ('bus', 'coach'),
    'truck': ('truck', 'lorry'),
    'boat': ('boat', 'vessel'),
    'traffic light': ('traffic light', 'stoplight', 'traffic signal'),
    'fire hydrant': ('fire hydrant', 'hydrant'),
    'stop sign': ('stop sign', 'traffic sign'),
    'cat': ('cat', 'kitty'),
    'dog': ('dog', 'doggy', 'hound'),
    'cow': ('cow', 'head of cattle'),
    'backpack': ('backpack', 'rucksack'),
    'umbrella': ('umbrella', 'parasol'),
    'handbag': ('handbag', 'purse'),
    'tie': ('tie', 'necktie'),
    'suitcase': ('suitcase', 'piece of luggage'),
    'frisbee': ('frisbee', 'flying disc'),
    'skis': ('pair of skis',),
    'sports ball': ('ball', 'sports ball'),
    'baseball glove': ('baseball glove', 'baseball mitt'),
    'tennis racket': ('tennis racket', 'racket', 'racquet'),
    'wine glass': ('wine glass', 'goblet'),
    'cup': ('cup', 'mug'),
    'broccoli': ('piece of broccoli',),
    'donut': ('donut', 'doughnut'),
    'couch': ('couch', 'sofa', 'settee'),
    'potted plant': ('potted plant', 'houseplant', 'plant'),
    'dining table': ('dining table', 'table'),
    'tv': ('tv', 'television', 'tv set', 'screen'),
    'laptop': ('laptop', 'notebook computer', 'laptop computer'),
    'mouse': ('computer mouse', 'mouse'),
    'remote': ('remote', 'remote control'),
    'cell phone': ('cell phone', 'phone', 'mobile phone', 'smartphone'),
    'microwave': ('microwave', 'microwave oven'),
    'oven': ('oven', 'stove'),
    'sink': ('sink', 'basin'),
    'refrigerator': ('refrigerator', 'fridge'),
    'scissors': ('pair of scissors',),
    'teddy bear': ('teddy bear', 'teddy', 'stuffed animal'),
    'hair drier': ('hair dryer', 'hairdryer', 'hair drier'),
}

PLURALS: dict[str, str] = {
    'person': 'people', 'human': 'humans', 'knife': 'knives', 'mouse': 'mice', 'computer mouse': 'computer mice',
    'sheep': 'sheep', 'aircraft': 'aircraft', 'head of cattle': 'heads of cattle', 'pair of skis': 'pairs of skis',
    'pair of scissors': 'pairs of scissors', 'piece of broccoli': 'pieces of broccoli',
    'piece of luggage': 'pieces of luggage', 'piece of furniture': 'pieces of furniture', 'fish': 'fish',
    'item of food': 'items of food', 'piece of cutlery': 'pieces of cutlery', 'leaf': 'leaves', 'shelf': 'shelves',
    'piece of sports gear': 'pieces of sports gear', 'piece of fruit': 'pieces of fruit', 'loaf': 'loaves',
    'piece of sports equipment': 'pieces of sports equipment', 'potato': 'potatoes', 'tomato': 'tomatoes',
}  # fmt: skip

# Hypernym -> (its surface forms, labels that are surely one, labels where people would disagree).
HYPERNYMS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    'animal': (
        ('animal', 'creature'),
        ('bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe'),
        ('person', 'teddy bear'),
    ),
    'vehicle': (
        ('vehicle',),
        ('car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat'),
        ('bicycle', 'skateboard', 'surfboard', 'snowboard', 'skis'),
    ),
    'food': (
        ('food item', 'item of food'),
        ('banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake'),
        ('bottle', 'cup', 'wine glass', 'bowl'),
    ),
    'fruit': (('fruit', 'piece of fruit'), ('banana', 'apple', 'orange'), ()),
    'vegetable': (('vegetable',), ('broccoli', 'carrot'), ('potted plant',)),
    'furniture': (
        ('piece of furniture',),
        ('chair', 'couch', 'bed', 'dining table'),
        ('bench', 'toilet', 'tv', 'potted plant', 'refrigerator', 'oven', 'sink', 'clock'),
    ),
    'electronics': (
        ('electronic device', 'gadget'),
        ('tv', 'laptop', 'remote', 'keyboard', 'cell phone'),
        ('mouse', 'microwave', 'oven', 'toaster', 'refrigerator', 'hair drier', 'clock', 'traffic light',
         'parking meter'),
    ),
    'appliance': (
        ('kitchen appliance',),
        ('microwave', 'oven', 'toaster', 'refrigerator'),
        ('sink', 'hair drier', 'tv', 'laptop', 'cup', 'bowl', 'knife', 'fork', 'spoon'),
    ),
    'cutlery': (('piece of cutlery',), ('fork', 'knife', 'spoon'), ('scissors', 'bowl', 'cup', 'wine glass')),
    'bag': (('bag',), ('backpack', 'handbag', 'suitcase'), ('umbrella',)),
    'sports': (
        ('piece of sports gear', 'piece of sports equipment'),
        ('skis', 'snowboard', 'sports ball', 'baseball bat', 'baseball glove', 'skateboard', 'surfboard',
         'tennis racket'),
        ('bicycle', 'frisbee', 'kite', 'backpack', 'boat'),
    ),
}  # fmt: skip

# Groups within which a name of one may be read as a name of another.
CONFUSABLE_LABELS: tuple[frozenset[str], ...] = tuple(
    frozenset(group)
    for group in (
        ('cup', 'wine glass', 'bowl', 'bottle', 'vase'), ('vase', 'potted plant'), ('car', 'truck', 'bus', 'train'),
        ('chair', 'couch', 'bench', 'bed'), ('tv', 'laptop', 'cell phone'), ('backpack', 'handbag', 'suitcase'),
        ('fork', 'knife', 'spoon'), ('bicycle', 'motorcycle'), ('remote', 'cell phone', 'mouse', 'keyboard'),
        ('oven', 'microwave', 'toaster', 'refrigerator'), ('skis', 'snowboard', 'skateboard', 'surfboard'),
        ('donut', 'cake'), ('hot dog', 'sandwich', 'pizza'), ('laptop', 'keyboard', 'book'), ('horse', 'cow', 'sheep'),
        ('bear', 'teddy bear', 'dog'), ('stop sign', 'traffic light', 'parking meter'), ('sink', 'toilet', 'bowl'),
        ('bench', 'dining table'), ('apple', 'orange', 'sports ball'), ('bird', 'kite', 'airplane'),
        # Names of DiffGround-Open-3D.
        ('armchair', 'chair', 'couch', 'stool', 'bench'), ('cactus', 'potted plant', 'vase'), ('cactus', 'bush'),
        ('bush', 'potted plant'), ('jar', 'bottle', 'vase', 'cup', 'bowl'), ('ketchup bottle', 'mustard bottle', 'jar'),
        ('plate', 'bowl'), ('plate', 'frisbee'), ('burger', 'sandwich', 'hot dog', 'bun'), ('bun', 'donut', 'potato'),
        ('frying pan', 'cooking pot', 'bowl'), ('cabinet', 'oven', 'refrigerator', 'crate', 'kitchen counter'),
        ('kitchen counter', 'dining table'), ('kitchen counter', 'sink'), ('ham', 'steak', 'burger'),
        ('lettuce', 'broccoli'), ('tomato', 'onion', 'potato', 'apple', 'orange'), ('cheese', 'cake'),
        ('cheese', 'pizza'), ('dumpster', 'crate', 'cardboard box'), ('menu', 'book', 'laptop'),
        ('picture frame', 'tv', 'menu'), ('cutting board', 'menu'), ('stool', 'coffee table'),
        ('water tower', 'building'), ('rug', 'bed'), ('fire hydrant', 'water tower'), ('street light', 'floor lamp'),
    )
)  # fmt: skip


def label_names(label: str) -> tuple[str, ...]:
    """Returns the singular names that a sentence may use for a label, the plainest first."""
    return SYNONYMS.get(label, (label,))


def plural(name: str) -> str:
    """Returns the English plural of a singular name (its last word is inflected)."""
    if name in PLURALS:
        return PLURALS[name]
    head, _, last = name.rpartition(' ')
    if head and last in PLURALS:
        return f'{head} {PLURALS[last]}'
    if name.endswith(('s', 'x', 'ch', 'sh', 'z')):
        return name + 'es'
    if name.endswith('y') and name[-2:-1] not in 'aeiou':
        return name[:-1] + 'ies'
    return name + 's'


def with_article(phrase: str) -> str:
    """Returns the phrase with `a` or `an` in front."""
    return f'an {phrase}' if phrase[:1].lower() in 'aeiou' and not phrase.startswith('uni') else f'a {phrase}'


def names_overlap(asked: str, label: str | None) -> bool | None:
    """Says whether an object labelled `label` is what `asked` (a label) names.

    Returns:
        True for the same label, False where nobody would mix the two up, None where they could (no label known, a
        confusable pair, or two labels outside the known list that share a word).
    """
    if label is None:
        return None
    if asked == label:
        return True
    if any(asked in group and label in group for group in CONFUSABLE_LABELS):
        return None
    ours = {word for name in label_names(asked) for word in name.split()}
    theirs = {word for name in label_names(label) for word in name.split()}
    if (ours & theirs) - {'piece', 'pair', 'of', 'head', 'hot', 'item'}:
        return None
    return False


def is_a(hypernym: str, label: str | None) -> bool | None:
    """Says whether an object labelled `label` falls under a key of `HYPERNYMS`; None where unknown or disputed."""
    _, members, disputed = HYPERNYMS[hypernym]
    if label in members:
        return True
    if label is None or label in disputed or label not in COCO_LABELS:
        return None
    return False
