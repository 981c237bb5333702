"""Which part of the benchmark a picture belongs to: decided by the picture alone, never by its neighbours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from difftracker.errors import ConfigError

PARTS = ('train', 'val', 'test')
RULES = ('release', 'hash', 'field')


def picture_share(image_id: int, purpose: str) -> float:
    """Returns a number in `[0, 1)` that is fixed for a picture and a purpose, evenly spread over pictures.

    Args:
        image_id: The picture's id in COCO.
        purpose: What the number decides; numbers for different purposes are independent.
    """
    digest = hashlib.sha256(f'diffground-open:{purpose}:{image_id}'.encode()).digest()
    return int.from_bytes(digest[:8], 'big') / 2.0**64


def evaluation_side(image_id: int) -> str:
    """Returns `val` or `test`: the side on which a picture falls whenever a rule keeps it for evaluation."""
    return 'val' if picture_share(image_id, 'side') < 0.5 else 'test'


def assign_parts(images: Sequence[dict], rule: str, train_share: float) -> dict[int, str]:
    """Gives every picture to a part.

    Args:
        images: Entries of a COCO file.
        rule: `release`: pictures of train2017 go to `train`, those of val2017 to `val` or `test`; `coco_url` tells.
            `hash`: a share of all pictures goes to `train`, the rest to `val` or `test`. `field`: the entry's `split`
            (`train`, `val`, `test`) decides; where no entry says `test`, those that say `val` go to `val` or `test`.
        train_share: Share of `train` under the rule `hash`.

    Returns:
        The part of each image id.

    Raises:
        ConfigError: The rule is unknown, or a picture lacks what the rule goes by.
    """
    if rule == 'hash':
        return {
            image['id']: 'train' if picture_share(image['id'], 'train') < train_share else evaluation_side(image['id'])
            for image in images
        }
    if rule == 'release':
        homes = {image['id']: release_of(image) for image in images}
        known, hint = ('train2017', 'val2017'), 'coco_url of train2017 or val2017'
    elif rule == 'field':
        homes = {image['id']: image.get('split') for image in images}
        known, hint = PARTS, 'field split of train, val or test'
    else:
        raise ConfigError(f'split rule: expected one of {", ".join(RULES)}, found {rule!r}')
    strange = [image_id for image_id, home in homes.items() if home not in known]
    if strange:
        raise ConfigError(
            f'split rule {rule}: expected a {hint} for every picture, found none for {len(strange)} of {len(homes)}, '
            f'the first being image id {strange[0]}'
        )
    divided = 'val2017' if rule == 'release' else None if 'test' in homes.values() else 'val'
    return {
        image_id: evaluation_side(image_id) if home == divided else str(home).removesuffix('2017')
        for image_id, home in homes.items()
    }


def release_of(image: dict) -> str | None:
    """Returns the COCO release (`train2017`, `val2017`) that an entry's `coco_url` names, None without one."""
    parts = str(image.get('coco_url', '')).split('/')
    return parts[-2] if len(parts) > 1 else None
