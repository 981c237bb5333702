"""Writes the index of cut-outs (`file,name,split,source,license`) that `CutoutSource` reads.

Two collections are understood: pictures named by Unicode code point (`1f355.webp`, for example the npm package
`@lobehub/fluent-emoji-3d`), and Tux Paint stamps (`apple.png` beside `apple.txt`, whose first line describes it).

    python tools/dataset/index_cutouts.py --emoji emoji/package/assets --stamps tux/usr/share/tuxpaint/stamps \
        --out index.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import unicodedata
import zlib
from pathlib import Path

# Code points of food, animals, clothes, tools, vehicles and furniture; faces, hands, signs and flags lie elsewhere.
OBJECT_RANGES = (
    (0x1F32D, 0x1F384),
    (0x1F388, 0x1F388),
    (0x1F392, 0x1F39B),
    (0x1F3A4, 0x1F3A9),
    (0x1F3B7, 0x1F3BB),
    (0x1F3C0, 0x1F3C0),
    (0x1F3C6, 0x1F3C9),
    (0x1F3CD, 0x1F3D3),
    (0x1F3EE, 0x1F3EE),
    (0x1F3F8, 0x1F3FA),
    (0x1F400, 0x1F43A),
    (0x1F43F, 0x1F43F),
    (0x1F451, 0x1F462),
    (0x1F484, 0x1F484),
    (0x1F48D, 0x1F490),
    (0x1F4A1, 0x1F4A3),
    (0x1F4B0, 0x1F4B0),
    (0x1F4BA, 0x1F4C2),
    (0x1F4CB, 0x1F4DA),
    (0x1F4DE, 0x1F4E3),
    (0x1F4E6, 0x1F4E6),
    (0x1F4EE, 0x1F4F1),
    (0x1F4F7, 0x1F4FE),
    (0x1F50B, 0x1F514),
    (0x1F526, 0x1F52E),
    (0x1F56F, 0x1F570),
    (0x1F576, 0x1F579),
    (0x1F58B, 0x1F58D),
    (0x1F5A5, 0x1F5BC),
    (0x1F5D1, 0x1F5D1),
    (0x1F5DD, 0x1F5E1),
    (0x1F680, 0x1F68E),
    (0x1F690, 0x1F6A4),
    (0x1F6B2, 0x1F6B2),
    (0x1F6BD, 0x1F6BD),
    (0x1F6C1, 0x1F6C1),
    (0x1F6CB, 0x1F6CF),
    (0x1F6D2, 0x1F6D2),
    (0x1F6DE, 0x1F6DF),
    (0x1F6E1, 0x1F6E9),
    (0x1F6F0, 0x1F6FC),
    (0x1F93F, 0x1F944),
    (0x1F94A, 0x1F96F),
    (0x1F97B, 0x1F9AD),
    (0x1F9BA, 0x1F9BD),
    (0x1F9C0, 0x1F9CB),
    (0x1F9E2, 0x1F9FE),
    (0x1FA70, 0x1FA74),
    (0x1FA79, 0x1FAA8),
    (0x1FAB0, 0x1FABA),
    (0x1FAD0, 0x1FAD9),
    (0x231A, 0x231B),
    (0x23F0, 0x23F3),
    (0x2602, 0x2603),
    (0x2615, 0x2615),
    (0x2692, 0x2696),
    (0x26BD, 0x26C4),
    (0x2708, 0x2708),
    (0x270F, 0x270F),
    (0x26FA, 0x26FA),
    (0x26F5, 0x26F5),
)
REJECTED_WORDS = frozenset(
    'SIGN SYMBOL FLAG FLAGS PEOPLE PERSON MAN WOMAN CLOCKWISE BUTTON ARROW KEYCAP CANCELLATION MONEY MOTORWAY '
    'RAILWAY TRACK COOKING FIRE NOTE SCORE RIBBON BLOOD MICROBE'.split()
)
RENAMED = {
    'HOCHO': 'kitchen knife',
    'AUBERGINE': 'eggplant',
    'SEAT': 'seat',
    'HOT BEVERAGE': 'cup of coffee',
    'TEACUP WITHOUT HANDLE': 'teacup',
    'AUTOMOBILE': 'car',
    'MEAT ON BONE': 'meat on the bone',
    'CLOSED UMBRELLA': 'umbrella',
    'UMBRELLA WITH RAIN DROPS': 'umbrella',
    'WOMANS HAT': 'hat',
    'MANS SHOE': 'shoe',
    'WOMANS SANDAL': 'sandal',
    'WOMANS BOOTS': 'boot',
    'WOMANS CLOTHES': 'blouse',
    'ATHLETIC SHOE': 'sneaker',
    'HIGH-HEELED SHOE': 'high-heeled shoe',
    'WASTEBASKET': 'bin',
    'ELECTRIC LIGHT BULB': 'light bulb',
    'ELECTRIC TORCH': 'torch',
    'TENNIS RACQUET AND BALL': 'tennis racket',
    'BASKETBALL AND HOOP': 'basketball',
    'JACK-O-LANTERN': 'pumpkin',
    'FORK AND KNIFE WITH PLATE': 'plate',
    'LEFT-POINTING MAGNIFYING GLASS': 'magnifying glass',
    'RIGHT-POINTING MAGNIFYING GLASS': 'magnifying glass',
    'BOTTLE WITH POPPING CORK': 'champagne bottle',
    'EAR OF MAIZE': 'ear of corn',
    'SOCCER BALL': 'soccer ball',
    'SNOWMAN WITHOUT SNOW': 'snowman',
    'BLACK SCISSORS': 'scissors',
    'SLICE OF PIZZA': 'slice of pizza',
    'THREE BUTTON MOUSE': 'computer mouse',
    'PERSONAL COMPUTER': 'laptop',
    'ELECTRIC PLUG': 'plug',
    'LOWER LEFT PAINTBRUSH': 'paintbrush',
    'LOWER LEFT CRAYON': 'crayon',
    'LOWER LEFT FOUNTAIN PEN': 'fountain pen',
    'BOW AND ARROW': 'bow and arrow',
    'FRAME WITH PICTURE': 'picture frame',
    'T-REX': 'dinosaur',
}
# A name must stay true after a recolouring, and name one object.
COLOUR_WORDS = frozenset('red green blue yellow orange purple pink brown black white grey gray'.split())
SEVERAL = frozenset('two three four five several many'.split())
STAMP_FOLDERS = ('animals', 'clothes/hats', 'food', 'hobbies', 'household', 'plants', 'sports', 'vehicles')
# `dog.png` has a twin `dog_mirror.png` in some folders; flipping is the generator's own business.
STAMP_NOISE = re.compile(r'(_?mirror|_?flip|photo|cartoon|small|closed|open|stand|drawn|\d+)', re.IGNORECASE)


def emoji_name(stem: str) -> str | None:
    """Returns the English name of a picture named by code point, None for what is not a plain object."""
    points = [int(part, 16) for part in stem.split('-') if part != 'fe0f']
    if len(points) != 1 or not any(low <= points[0] <= high for low, high in OBJECT_RANGES):
        return None
    name = unicodedata.name(chr(points[0]), '')
    if name in RENAMED:
        return RENAMED[name]
    words = [word for word in name.split() if word not in ('FACE', 'BLACK', 'WHITE', 'LOWER', 'LEFT')]
    if not words or len(words) > 3 or REJECTED_WORDS & set(words):
        return None
    return ' '.join(words).lower()


def stamp_name(picture: Path) -> str:
    """Returns the name of a stamp: its description when that is at most three words, else its file name."""
    text = picture.with_suffix('.txt')
    if text.is_file():
        line = text.read_text(encoding='utf-8', errors='replace').splitlines()[:1]
        name = re.split(r'[.,;:!(—-]', line[0])[0].strip().lower() if line else ''
        name = re.sub(r"^(it's |it is |this is )?(a|an|the|some|one)\s+", '', name)
        name = re.sub('[“”"]', '', name)
        name = re.sub(r'^(pair|kind|type|species) of ', '', name)
        if 0 < len(name.split()) <= 3 and re.fullmatch(r"[a-z' ]+", name):
            return name
    stem = STAMP_NOISE.sub('', picture.stem).replace('_', ' ').replace('-', ' ')
    return ' '.join(stem.split()).lower()


def plain_name(name: str) -> str | None:
    """Returns the name without a leading colour word; None when nothing is left or it names several things."""
    words = name.split()
    if len(words) > 1 and words[0] in COLOUR_WORDS:
        words = words[1:]
    return None if not words or words[0] in SEVERAL or len(' '.join(words)) < 2 else ' '.join(words)


def split_of(name: str) -> str:
    """Returns the split of every picture of one name, so that val shows things that train has never shown."""
    return 'val' if zlib.crc32(name.encode()) % 6 == 0 else 'train'


def main() -> None:
    """Collects the pictures and writes the index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--emoji', type=Path, help='folder of pictures named by code point')
    parser.add_argument('--stamps', type=Path, help='folder of Tux Paint stamps')
    parser.add_argument('--out', type=Path, required=True, help='the index; paths in it are relative to its folder')
    args = parser.parse_args()
    rows: list[tuple[str, str, str, str, str]] = []
    base = args.out.resolve().parent
    if args.emoji:
        for picture in sorted(args.emoji.rglob('*')):
            name = emoji_name(picture.stem) if picture.suffix in ('.webp', '.png') else None
            name = plain_name(name) if name else None
            if name:
                file = os.path.relpath(picture.resolve(), base).replace(os.sep, '/')
                rows.append((file, name, split_of(name), 'fluent-emoji-3d', 'MIT'))
    if args.stamps:
        for folder in STAMP_FOLDERS:
            for picture in sorted((args.stamps / folder).rglob('*.png')):
                name = plain_name(stamp_name(picture))
                if name and 'cartoon' not in picture.parts:
                    file = os.path.relpath(picture.resolve(), base).replace(os.sep, '/')
                    rows.append((file, name, split_of(name), 'tuxpaint-stamps', 'see the package'))
    if not rows:
        parser.error('no cut-outs found: give --emoji and/or --stamps folders that hold pictures')
    with args.out.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(('file', 'name', 'split', 'source', 'license'))
        writer.writerows(rows)
    print(f'{args.out}: {len(rows)} cut-outs, {len({row[1] for row in rows})} names')


if __name__ == '__main__':
    main()
