"""The manifest of a built part: inputs, sets, checksums, versions; and how two of them are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from difftracker.benchmark.checksums import FILES_NAME, PIXELS_NAME, Progress, list_files, pixel_digest, read_sums
from difftracker.benchmark.set_builder import SetJob
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import AnnotationError, ImageReadError
from difftracker.utils.files import parse_json_object

MANIFEST_NAME = 'manifest.json'
_DIGESTS = {
    'annotations_sha256': 'annotations',
    'files_sha256': 'bytes of annotations and images',
    'pixels_sha256': 'decoded pixels of the images',
}


def describe_set(job: SetJob) -> dict:
    """Returns a finished set's entry in the manifest.

    Raises:
        AnnotationError: The set's annotations or lists of checksums are missing or break their format.
    """
    records = read_annotations(job.annotations)
    recipe = {key: value for key, value in asdict(job.recipe).items() if key not in ('name', 'pictures', 'sprites')}
    sums = read_sums(job.folder / FILES_NAME)
    return {
        'seed': job.seed,
        'pairs': len(records),
        'changes': sum(len(record.changes) for record in records),
        'queries': sum(len(record.queries) for record in records),
        'recipe': recipe,
        'annotations_sha256': sums[f'annotations/{job.part}.jsonl'],
        'files_sha256': hashlib.sha256((job.folder / FILES_NAME).read_bytes()).hexdigest(),
        'pixels_sha256': hashlib.sha256((job.folder / PIXELS_NAME).read_bytes()).hexdigest(),
    }


def read_manifest(path: str | Path) -> dict:
    """Reads a manifest.

    Raises:
        AnnotationError: The file is missing or no manifest.
    """
    path = Path(path)
    try:
        manifest = parse_json_object(path.read_bytes(), path)
    except OSError as error:
        raise AnnotationError(path, f'expected the manifest of a built part, found: {error.strerror}') from error
    sets = manifest.get('sets')
    if not isinstance(sets, dict) or not all(
        isinstance(item, dict) and set(_DIGESTS) <= set(item) for item in sets.values()
    ):
        raise AnnotationError(path, f'expected the manifest of a built part, found the keys {sorted(manifest)}')
    return manifest


def verify_part(folder: str | Path, progress: Progress = iter) -> list[str]:
    """Compares the files of a built part with its manifest.

    Args:
        folder: Folder of the part.
        progress: Wraps the list of files of each set, to show progress.

    Returns:
        One line per fault: a file that is missing, too many, or whose content differs; for a picture also whether its
        pixels differ.

    Raises:
        AnnotationError: The manifest or a list of checksums cannot be read.
    """
    folder = Path(folder)
    faults: list[str] = []
    for name, entry in read_manifest(folder / MANIFEST_NAME)['sets'].items():
        for list_name, key in ((FILES_NAME, 'files_sha256'), (PIXELS_NAME, 'pixels_sha256')):
            path = folder / name / list_name
            if not path.is_file():
                faults.append(f'{path}: missing')
            elif hashlib.sha256(path.read_bytes()).hexdigest() != entry[key]:
                faults.append(f'{path}: not the list that the manifest was made with')
        if (folder / name / FILES_NAME).is_file() and (folder / name / PIXELS_NAME).is_file():
            faults += _verify_files(folder / name, progress)
    return faults


def _verify_files(folder: Path, progress: Progress) -> list[str]:
    files, pixels = read_sums(folder / FILES_NAME), read_sums(folder / PIXELS_NAME)
    faults = [f'{folder / name}: not in {FILES_NAME}' for name in list_files(folder) if name not in files]
    for name in progress(sorted(files)):
        path = folder / name
        if not path.is_file():
            faults.append(f'{path}: missing')
        elif hashlib.sha256(path.read_bytes()).hexdigest() != files[name]:
            faults.append(f'{path}: {_difference(path, pixels.get(name))}')
    return faults


def _difference(path: Path, expected: str | None) -> str:
    if expected is None:
        return 'content differs'
    try:
        same = pixel_digest(path) == expected
    except ImageReadError as error:
        return f'content differs, and it is no picture any more ({error.reason})'
    return 'bytes differ, pixels are the same' if same else 'bytes and pixels differ'


def compare_manifests(own: dict, reference: dict) -> list[str]:
    """Says in what a build differs from a reference.

    Args:
        own: Manifest of the build.
        reference: Manifest of the same part made by somebody else.

    Returns:
        One line per difference, those that matter first, then versions that may be the cause; empty when the two builds
        are the same to the byte.
    """
    found: list[str] = []
    for key in ('benchmark', 'version', 'part', 'preset', 'split_by', 'inputs'):
        if own.get(key) != reference.get(key):
            found.append(f'{key}: expected {reference.get(key)}, found {own.get(key)}')
    for name in sorted({*own['sets'], *reference['sets']}):
        entries = [manifest['sets'].get(name) for manifest in (own, reference)]
        if None in entries:
            found.append(f'{name}: only in the {"build" if entries[1] is None else "reference"}')
            continue
        found += [f'{name}: {key}: {text}' for key, text in _set_differences(*entries)]
    if found:
        theirs = reference.get('environment', {})
        changed = {key for key, value in own.get('environment', {}).items() if theirs.get(key) != value}
        found += [f'made with {key} {own["environment"][key]}, reference {theirs.get(key)}' for key in sorted(changed)]
    return found


def _set_differences(own: dict, reference: dict) -> Sequence[tuple[str, str]]:
    told = []
    for key in ('seed', 'pairs', 'changes', 'queries', 'recipe'):
        if own.get(key) != reference.get(key):
            told.append((key, f'expected {reference.get(key)}, found {own.get(key)}'))
    wrong = [key for key in _DIGESTS if own[key] != reference[key]]
    if wrong == ['files_sha256']:
        return [*told, ('files_sha256', 'bytes of images differ, annotations and pixels are the same')]
    return [*told, *((key, f'{_DIGESTS[key]} differ') for key in wrong)]
