"""One named fault of an annotation file."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class AnnotationFault:
    """What is wrong, where, under a code that scripts can rely on.

    Attributes:
        code: Kind of fault, one of `annotation_checks.FAULT_CODES`.
        reason: What was expected and what was found.
        path: The annotation file, None until known.
        line: 1-based line in that file, None where the fault concerns the whole file.
        pair_id: The pair, where the line could be read that far.
    """

    code: str
    reason: str
    path: str | None = None
    line: int | None = None
    pair_id: str | None = None

    def to_json(self) -> dict:
        """Returns the fault as a plain object."""
        return asdict(self)

    def __str__(self) -> str:
        where = ':'.join(str(part) for part in (self.path, self.line) if part is not None)
        pair = f' [{self.pair_id}]' if self.pair_id else ''
        return f'{where}:{pair} {self.code}: {self.reason}' if where else f'{self.code}: {self.reason}{pair}'
