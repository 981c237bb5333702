"""MIG-Bench: the items of a multi-image benchmark that ask for a difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change, Query

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .source_files import field, read_json

# Task of the benchmark -> whether both images are seen from the same place, so that a box holds in both.
TASKS = {'diff': True, 'view_diff': False}


class MigBench(Converter):
    """Reads the difference items of MIG-Bench (Li et al., ACL 2025).

    `MIG_data.json` lists items: `task`, `images`, `question` and `answer`, a box in fractions of the second image. The
    tasks `diff` (edited photographs, one camera) and `view_diff` (two photographs from two places) are converted; the
    others ask for no difference. In `view_diff` the place in the first image is not known: the box there is empty, and
    the field `before_box_unknown` says that this does not mean out of view.

    Args:
        root: The folder that holds `MIG_data.json` and `images`.
    """

    NAME: ClassVar[str] = 'mig-bench'
    SUMMARY: ClassVar[str] = 'MIG-Bench, items of the tasks diff and view_diff: MIG_data.json and images/'
    SOURCE: ClassVar[str] = 'MIG-Bench'
    LICENSE: ClassVar[str] = 'Apache-2.0'

    def splits(self) -> Sequence[str]:
        """Returns `test`, the only split."""
        return ['test']

    def items(self, split: str) -> Sequence[tuple[str, tuple[str, dict]]]:
        """Returns the items that ask for a difference."""
        path = self.root / 'MIG_data.json'
        found = []
        for number, item in enumerate(read_json(path, list)):
            where = f'{path}: item {number}'
            task = field(item, 'task', str, where)
            if task in TASKS:
                found.append((f'mig-bench-{task}-{number:04d}', (where, item)))
        return found

    def convert(self, pair_id: str, item: tuple[str, Any]) -> ConvertedPair:
        """Converts one item."""
        where, entry = item
        names = field(entry, 'images', list, where)
        if len(names) != 2 or not all(isinstance(name, str) for name in names):
            raise AnnotationError(where, f'expected two images, found {names!r}')
        # The paths start from the folder above, which is called MIG-Bench.
        before, after = (
            self.picture(self.file(name.removeprefix('./').removeprefix('MIG-Bench/'), where)) for name in names
        )
        answer = field(entry, 'answer', list, where)
        aligned = TASKS[entry['task']]
        first = box_in(before, answer, where, (1, 1)) if aligned else None
        extra = None if aligned else {'before_box_unknown': True}
        change = Change(0, UNKNOWN_KIND, first, box_in(after, answer, where, (1, 1)), extra=extra)
        query = Query('q0', field(entry, 'question', str, where), UNKNOWN_KIND, (0,))
        return ConvertedPair(before, after, (change,), (query,), {'task': entry['task']})
