"""Lists of files, as tables or one path a line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from difftracker.errors import AnnotationError


def read_file_list(path: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Reads a CSV with a header, or any other text file as a table with the one column `file`.

    Args:
        path: UTF-8 text, with or without a byte order mark. A name that ends in `.csv` makes it a table.
        columns: Those that every row must have.

    Returns:
        The rows, each with all columns of the file; blank lines are no rows.

    Raises:
        AnnotationError: The file cannot be read, is not UTF-8, or lacks a column, as a whole or in one row.
    """
    path = Path(path)
    expected = f'expected a list with {", ".join(columns)}'
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            if path.suffix != '.csv':
                rows, found = [{'file': line.strip()} for line in file if line.strip()], ['file']
            else:
                reader = csv.DictReader(file)
                rows, found = list(reader), list(reader.fieldnames or ())
    except UnicodeDecodeError as error:
        raise AnnotationError(path, f'expected UTF-8 text, found byte {error.object[error.start]:#04x}') from error
    except (OSError, csv.Error) as error:
        raise AnnotationError(path, f'{expected}, found {error}') from error
    if not set(columns) <= set(found):
        what = ', '.join(found) or 'no header' if path.suffix == '.csv' else 'a plain list of files'
        raise AnnotationError(path, f'{expected}, found {what}')
    for row in rows:
        # The parser fills up rows that are too short with None.
        if None in (row[name] for name in columns):
            raise AnnotationError(path, f'{expected} in every row, found {[value for value in row.values() if value]}')
    return rows
