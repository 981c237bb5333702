"""Makes the pairs of one set, in one process or several, and goes on where it was stopped."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difftracker.benchmark.checksums import FILES_NAME, compute_checksums
from difftracker.benchmark.decoy_recorder import record_decoys
from difftracker.benchmark.environment import make_opencv_reproducible, reproducible_opencv
from difftracker.errors import ConfigError, DiffTrackerError
from difftracker.structures import PairRecord
from difftracker.synthesis.pair_composer import PairComposer
from difftracker.synthesis.pair_writer import PairWriter
from difftracker.synthesis.recipe import Recipe
from difftracker.utils.files import atomic_write

# Pairs between two saves: a build that was stopped repeats at most as many for each worker.
SHARD = 20
Job = tuple[Path, int, int]
ShardProgress = Callable[[Iterable[int], int, int], Iterable[int]]
# The writer of this process, or why it has none.
_writer: SetWriter | None = None
_fault = ''


@dataclass(frozen=True)
class SetJob:
    """One set to be made.

    Attributes:
        recipe: Its recipe, with the sources.
        part: `train`, `val` or `test`.
        seed: Its seed.
        pairs: Number of pairs.
        folder: Folder of the set.
        source: Goes into the records: name and version of the benchmark.
        licenses: Licence of each picture, by file name, where it is known.
    """

    recipe: Recipe
    part: str
    seed: int
    pairs: int
    folder: Path
    source: str
    licenses: dict[str, str]

    @property
    def annotations(self) -> Path:
        """The annotation file."""
        return self.folder / 'annotations' / f'{self.part}.jsonl'

    @property
    def done(self) -> bool:
        """True when the set has been made; its list of checksums is written last."""
        return (self.folder / FILES_NAME).is_file()


class SetWriter:
    """Makes single pairs of a set.

    Args:
        job: The set.
    """

    def __init__(self, job: SetJob) -> None:
        self.job = job
        composer = record_decoys(PairComposer(job.recipe, '.', job.part))
        self.writer = PairWriter(composer, job.recipe, job.folder, job.part, job.seed)

    def write(self, index: int) -> PairRecord:
        """Makes a pair, writes its images and returns its record."""
        record = self.writer.write(index)
        extra = {'part': self.job.part, 'set': self.job.recipe.name, **record.extra}
        license_name = self.job.licenses.get(record.extra['picture'])
        return replace(record, source=self.job.source, license=license_name, extra=extra)


def build_set(job: SetJob, workers: int, progress: ShardProgress) -> None:
    """Makes a set, or what is missing of it; the same bytes with any number of workers.

    Args:
        job: The set; must not be done already.
        workers: Number of processes.
        progress: Wraps the sizes of the shards as they get done; also given the number of pairs and of those that an
            earlier run has made.

    Raises:
        DiffTrackerError: A source cannot be used.
    """
    shards = job.folder / '.shards'
    bounds = [(first, min(first + SHARD, job.pairs)) for first in range(0, job.pairs, SHARD)]
    jobs = [(shards / f'{first:07d}-{end:07d}.jsonl', first, end) for first, end in bounds]
    missing = [item for item in jobs if not item[0].is_file()]
    finished = job.pairs - sum(end - first for _, first, end in missing)
    for _ in progress(_run(missing, job, workers), job.pairs, finished):
        pass
    atomic_write(job.annotations, ''.join(path.read_text(encoding='utf-8') for path, _, _ in jobs))
    compute_checksums(job.folder).write(job.folder)
    shutil.rmtree(shards)


def _run(jobs: Sequence[Job], job: SetJob, workers: int) -> Iterator[int]:
    """Makes shards; yields the size of each one that is done."""
    if workers == 1 or len(jobs) < 2:
        with reproducible_opencv():
            _start(job)
            yield from map(_make_shard, jobs)
        return
    context = multiprocessing.get_context('spawn')
    with context.Pool(workers, _start_process, (job,)) as pool:
        yield from pool.imap_unordered(_make_shard, jobs)


def _start_process(job: SetJob) -> None:
    """Sets a worker up; its OpenCV stays reproducible until it ends."""
    make_opencv_reproducible()
    _start(job)


def _start(job: SetJob) -> None:
    global _writer, _fault
    _writer, _fault = None, ''
    try:
        _writer = SetWriter(job)
    except DiffTrackerError as error:
        # A pool would start a worker that fails here again and again; the first shard reports the fault instead.
        _fault = str(error)
    except Exception:  # the same trap, whatever the error
        _fault = f'expected usable sources, found an error that nobody foresaw:\n{traceback.format_exc().strip()}'


def _make_shard(item: Job) -> int:
    """Makes the pairs of one shard and saves their records; returns how many."""
    path, first, end = item
    if _writer is None:
        raise ConfigError(_fault)
    try:
        lines = [json.dumps(_writer.write(index).to_json(), ensure_ascii=False) for index in range(first, end)]
    except DiffTrackerError as error:
        # Whatever its class, this one travels between processes as it is.
        raise ConfigError(f'{_writer.job.recipe.name}, pairs {first} to {end}: {error}') from error
    atomic_write(path, '\n'.join(lines) + '\n')
    return end - first
