"""Reading the text files of public data sets, with one clear message for each thing that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from difftracker.errors import AnnotationError

_NAMES = {dict: 'an object', list: 'a list', str: 'text', int: 'an integer'}


def read_json(path: Path, kind: type) -> Any:
    """Reads a JSON file.

    Args:
        path: The file.
        kind: What it must hold: `dict` or `list`.

    Raises:
        AnnotationError: The file is missing, not JSON, or holds something else.
    """
    try:
        item = json.loads(path.read_bytes().removeprefix(b'\xef\xbb\xbf').decode('utf-8'))
    except OSError as error:
        raise AnnotationError(path, f'expected a JSON file, found: {error.strerror}') from error
    except (ValueError, RecursionError) as error:
        raise AnnotationError(path, f'expected JSON in UTF-8, found other text ({error})') from error
    if not isinstance(item, kind):
        raise AnnotationError(path, f'expected {_NAMES[kind]} at the top, found {type(item).__name__}')
    return item


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Reads a text file.

    Returns:
        The 1-based number and the content of each line that is not blank.

    Raises:
        AnnotationError: The file is missing or not UTF-8.
    """
    try:
        text = path.read_bytes().removeprefix(b'\xef\xbb\xbf').decode('utf-8')
    except OSError as error:
        raise AnnotationError(path, f'expected a text file, found: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise AnnotationError(path, f'expected UTF-8 text, found byte {error.object[error.start]:#04x}') from error
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def field(item: Any, name: str, kind: type, where: str | Path) -> Any:
    """Returns a field of an object.

    Args:
        item: The object.
        name: Its field.
        kind: What the field must hold.
        where: What the object stands in, for the error.

    Raises:
        AnnotationError: `item` is no object, lacks the field, or the field holds something else.
    """
    if not isinstance(item, dict) or name not in item:
        found = f'the fields {", ".join(map(str, item))}' if isinstance(item, dict) else type(item).__name__
        raise AnnotationError(where, f'expected an object with the field {name!r}, found {found}')
    if not isinstance(item[name], kind) or isinstance(item[name], bool):
        raise AnnotationError(where, f'{name!r}: expected {_NAMES[kind]}, found {item[name]!r}')
    return item[name]


def sentences(values: Any, where: str | Path) -> list[str]:
    """Checks a list of sentences and drops the blank ones; the wording stays as published.

    Raises:
        AnnotationError: `values` is not a list of texts.
    """
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
        raise AnnotationError(where, f'expected a list of sentences, found {values!r}')
    return [text for text in values if text.strip()]
