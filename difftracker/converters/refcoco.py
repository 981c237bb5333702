"""RefCOCO and its like: photographs whose referred objects are removed or recoloured."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from difftracker.errors import AnnotationError, ConfigError
from difftracker.structures import Change, Query
from difftracker.synthesis.nuisance import encode_jpeg
from difftracker.synthesis.raster import mask_window

from .converted_pair import ConvertedPair
from .converter import Converter
from .left_out import LeftOut
from .picture import Picture
from .referred_edits import ReferredEdits, ReferredObject
from .referring_set import Reference, ReferringSet
from .source_files import field

MAX_EDITS = 3
JPEG_QUALITY = 95
# Where the photographs are in the layout that the set's own loader expects, seen from the folder of one set.
_IMAGES = Path('images/mscoco/images/train2014'), Path('../images/mscoco/images/train2014')


@dataclass(frozen=True)
class _Edited:
    """A reference whose object was edited, and the change that came of it."""

    reference: Reference
    change: Change


class RefCoco(Converter):
    """Makes pairs out of referring expressions for single photographs (Kazemzadeh et al., 2014; Yu et al., 2016).

    The photograph is the before image. In the after image up to three of the objects that people referred to are
    removed or recoloured by the edits of `difftracker.synthesis`. What people called an edited object becomes a
    sentence that asks for its change; what they called an object that stayed as it was becomes a sentence without
    answer, at most as many of these as objects were edited. Expressions that were used for two objects of a photograph
    are left out. Boxes are exact, because the edits are ours. The same seed gives the same pairs.

    Args:
        root: Folder of one set: `instances.json` and the expressions (see `ReferringSet`).
        images: Folder of the COCO photographs; where None, `images/mscoco/images/train2014` in the root or beside it.
        refs: Name of the file with the expressions, where there are several.
        seed: Seed of the edits.

    Raises:
        ConfigError: There is no file with expressions or no folder of photographs, or more than one.
    """

    NAME: ClassVar[str] = 'refcoco'
    SUMMARY: ClassVar[str] = 'RefCOCO-style sets, referred objects get edited: instances.json and refs(*).p or *.jsonl'
    SOURCE: ClassVar[str] = 'RefCOCO'
    LICENSE: ClassVar[str] = 'Apache-2.0 (expressions); photographs under the COCO terms of use'

    def __init__(
        self, root: str | Path, images: str | Path | None = None, refs: str | None = None, seed: int = 0
    ) -> None:
        super().__init__(root)
        if seed < 0:
            raise ConfigError(f'expected --seed of at least 0, found {seed}')
        self.seed = seed
        self.references = self._find_references(refs)
        candidates = [self.root / path for path in _IMAGES] if images is None else [Path(images)]
        self.images = next((path for path in candidates if path.is_dir()), None)
        if self.images is None:
            raise ConfigError(f'expected the photographs in {candidates[-1]}, found no folder; name it with --images')

    @property
    def source(self) -> str:
        """The folder's name tells RefCOCO, RefCOCO+ and RefCOCOg apart."""
        return f'{self.root.resolve().name}, {self.references.name}'

    @cached_property
    def _set(self) -> ReferringSet:
        return ReferringSet(self.root / 'instances.json', self.references)

    def splits(self) -> Sequence[str]:
        """Returns the splits that the expressions name."""
        return self._set.splits

    def items(self, split: str) -> Sequence[tuple[str, tuple[int, list[Reference]]]]:
        """Returns the references of each photograph."""
        return [(f'{split}-{image:012d}', (image, references)) for image, references in self._set.of(split).items()]

    def convert(self, pair_id: str, item: tuple[int, list[Reference]]) -> ConvertedPair | LeftOut:
        """Edits one photograph."""
        image, references = item
        name = field(self._set.images[image], 'file_name', str, self._set.instances)
        before = Picture(name, self.file(name, self._set.instances, self.images))
        if before.orientation != 1:
            # The outlines were drawn by people, and nobody knows which way up they saw the photograph.
            raise AnnotationError(before.content, f'expected an upright photograph, found EXIF {before.orientation}')
        masks = {number: self._set.mask(number, *before.size) for number in self._set.objects[image]}
        edits = ReferredEdits(before.pixels, list(masks.values()))
        rng = np.random.default_rng((self.seed, zlib.crc32(pair_id.encode('utf-8'))))
        edited: list[_Edited] = []
        for place in rng.permutation(len(references)):
            reference = references[place]
            label = self._set.label(reference.annotation)
            draft = edits.edit(ReferredObject(label, masks[reference.annotation]), rng)
            if draft is not None:
                boxes = (tuple(map(float, mask_window(mask))) for mask in (draft.before_mask, draft.after_mask))
                extra = None if draft.attribute is None else {'attribute': draft.attribute}
                edited.append(_Edited(reference, Change(len(edited), draft.kind, *boxes, label, extra)))
            if len(edited) == MAX_EDITS:
                break
        if not edited:
            return LeftOut('no referred object can be edited')
        # Where an object without an outline stands, and so whether it stayed as it was, nobody knows.
        untouched = [
            item
            for item in references
            if masks[item.annotation].any() and not np.any(masks[item.annotation] & edits.stage.taken)
        ]
        after = Picture(f'edited/{pair_id}.jpg', encode_jpeg(edits.stage.after, JPEG_QUALITY))
        changes = tuple(item.change for item in edited)
        return ConvertedPair(before, after, changes, _queries(edited, untouched, references), {'picture': name})

    def _find_references(self, name: str | None) -> Path:
        if name is not None:
            return self.file(name, '--refs')
        found = sorted({*self.root.glob('refs(*).p'), *self.root.glob('refs*.json'), *self.root.glob('*.jsonl')})
        if len(found) != 1:
            names = ', '.join(path.name for path in found) or 'none'
            raise ConfigError(f'{self.root}: expected one file of expressions, found {names}; name it with --refs')
        return found[0]


def _queries(edited: list[_Edited], untouched: list[Reference], references: list[Reference]) -> tuple[Query, ...]:
    """Turns expressions into sentences; those that two objects share ask for nothing clear."""
    owners: dict[str, set[int]] = {}
    for reference in references:
        for text in reference.texts:
            owners.setdefault(_plain(text), set()).add(reference.annotation)
    asked = [
        (text, item.change.type, (item.change.change_id,), item.reference)
        for item in edited
        for text in item.reference.texts
    ]
    asked += [(reference.texts[0], 'none', (), reference) for reference in untouched[: len(edited)] if reference.texts]
    queries: list[Query] = []
    seen: set[str] = set()
    for text, subset, answers, reference in asked:
        plain = _plain(text)
        if not plain or plain in seen or len(owners[plain]) > 1:
            continue
        seen.add(plain)
        queries.append(Query(f'q{len(queries)}', text, subset, answers, {'ref_id': reference.ref_id}))
    return tuple(queries)


def _plain(text: str) -> str:
    return ' '.join(text.lower().split())
