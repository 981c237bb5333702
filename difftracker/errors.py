"""One error hierarchy for the whole toolkit.

Every message names the file or argument, what was expected and what was found, so that a user can act on it without
reading a traceback.
"""

from __future__ import annotations

from pathlib import Path


class DiffTrackerError(Exception):
    """Base class of every error that the toolkit raises on bad input."""


class FileError(DiffTrackerError):
    """A file cannot be used.

    Args:
        path: The file, or a description of the argument when there is no file.
        reason: What was expected and what was found.
        line: 1-based line number, or None where the fault concerns the whole file.
    """

    def __init__(self, path: str | Path, reason: str, line: int | None = None) -> None:
        where = f'{path}' if line is None else f'{path}:{line}'
        super().__init__(f'{where}: {reason}')
        self.path = str(path)
        self.reason = reason
        self.line = line

    def __reduce__(self) -> tuple:
        # Pickle builds an exception anew from its message alone; failing at that, it would hang a pool of processes.
        return type(self), (self.path, self.reason, self.line)


class ImageReadError(FileError):
    """An image file or array cannot be used."""


class AnnotationError(FileError):
    """A line of an annotation or prediction file breaks the format."""


class CheckpointError(FileError):
    """A weights file is missing, damaged, unsafe or made for another model."""


class QueryError(DiffTrackerError):
    """The sentence cannot be used as a query (empty, or not text)."""


class ConfigError(DiffTrackerError):
    """A configuration or recipe value is missing or out of range."""


class RunError(DiffTrackerError):
    """A program that was started to do a part of the work did not end well."""
