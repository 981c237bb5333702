"""What a run had answered when something ended it."""

from __future__ import annotations

import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from difftracker.utils.files import write_jsonl


def keep_answers(path: Path, answers: list[dict]) -> None:
    """Writes answers where they can be written and says on the error stream where they lie.

    To be called while the exception is handled that ended the run; it raises none that would hide that one.

    Args:
        path: Where to write; where that fails, a new file in the folder of temporary files is taken.
        answers: One object per answer.
    """
    spare = Path(tempfile.gettempdir()) / f'{path.stem[:40]}-{secrets.token_hex(4)}.jsonl'
    for target in (path, spare):
        try:
            write_jsonl(target, answers)
        except OSError:
            continue
        # A terminal that hung up takes no message.
        with suppress(OSError):
            print(f'difftracker: {len(answers)} answers of a run that did not end: {target}', file=sys.stderr)
        return
