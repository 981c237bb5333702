"""The answers of one system to all queries of a set, scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from difftracker.errors import ConfigError
from difftracker.evaluation.query_outcome import QueryOutcome
from difftracker.evaluation.score_predictions import index_predictions, judge_table, make_report
from difftracker.structures import PairRecord
from difftracker.utils.files import read_jsonl


@dataclass(frozen=True)
class SystemRun:
    """One prediction file.

    Attributes:
        name: What the user calls it.
        path: The prediction file.
        outcomes: One per query that can be scored, in the order of the annotation file: the same queries in the same
            order for every run on the same records.
        report: What `score_predictions` returns.
    """

    name: str
    path: Path
    outcomes: list[QueryOutcome]
    report: dict

    @property
    def threshold(self) -> float:
        """The score that a box must reach to be part of the decision."""
        return self.report['score_threshold']

    @classmethod
    def load(cls, records: Sequence[PairRecord], name: str, path: str | Path, threshold: float) -> SystemRun:
        """Reads and scores a prediction file.

        Raises:
            AnnotationError: When the file is missing, breaks its format or is about other pairs; with file and line.
        """
        table = index_predictions(records, read_jsonl(path), path)
        outcomes, counts = judge_table(records, table, threshold)
        return cls(name, Path(path), outcomes, make_report(outcomes, counts, threshold))


def load_runs(records: Sequence[PairRecord], requests: Sequence[Sequence[str]]) -> list[SystemRun]:
    """Loads the runs of a command line.

    Args:
        records: The pairs.
        requests: `[NAME, FILE]` or `[NAME, FILE, THRESHOLD]` each; without a threshold every box is part of the
            decision.

    Raises:
        ConfigError: A request has another form, or two runs have one name.
        AnnotationError: As `SystemRun.load`.
    """
    runs: list[SystemRun] = []
    for request in requests:
        if len(request) not in (2, 3):
            raise ConfigError(f'--run: expected NAME FILE [THRESHOLD], found {" ".join(request)!r}')
        if any(run.name == request[0] for run in runs):
            raise ConfigError(f'--run: expected a name of its own for each run, found {request[0]!r} twice')
        threshold = _threshold(request[2]) if len(request) == 3 else 0.0
        runs.append(SystemRun.load(records, request[0], request[1], threshold))
    return runs


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ConfigError(f'--run: expected a number from 0 to 1 as THRESHOLD, found {text!r}') from error
    if not 0 <= value <= 1:
        raise ConfigError(f'--run: expected a number from 0 to 1 as THRESHOLD, found {text!r}')
    return value
