"""Running and timing a model from the files of a pair to its boxes, for `benchmark.py`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difftracker.errors import ConfigError

if TYPE_CHECKING:
    import torch

HUB_BERT = 'bert-base-uncased'
TIERS = ('compiled', 'reference')
# The middle half of the sentences that the generator writes have six to twelve words.
SENTENCE = 'Which of the things beside table number {number} has another colour now?'
# How far the camera moves to the right and down in the pair, and how many things stand in it.
SHIFT, THINGS = (12, 8), 150


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        model: The detector, in evaluation mode.
        pipeline: Transforms from the paths of a pair to the model's input.
        size: `(width, height)` of the canvas in pixels.
        device: Where the model runs.
    """

    model: torch.nn.Module
    pipeline: list[Callable[[dict], dict]]
    size: tuple[int, int]
    device: str


def load(name: str, size: int | None, device: str) -> Subject:
    """Builds the model and its pre-processing.

    Args:
        name: Shipped model, weights file or config file.
        size: Side of a square canvas in pixels, None for the model's own.
        device: `cpu` or `cuda`.

    Raises:
        ConfigError: The config has no test pipeline with a `PairResize`.
        CheckpointError: The weights cannot be used.
    """
    import difftracker.register  # noqa: F401
    from difftracker.apis.build import build_from_weights, build_model
    from difftracker.checkpoint import resolve_model
    from difftracker.registry import TRANSFORMS

    if name.endswith('.py'):
        from mmengine.config import Config

        config = Config.fromfile(name)
        model = build_model(with_random_text_encoder(config.model)).to(device).eval()
        steps = [dict(step) for step in config.test_dataloader.dataset.pipeline]
    else:
        model, stored = build_from_weights(resolve_model(name), device)
        steps = [dict(step) for step in stored['test_pipeline']]
    if steps[0]['type'] != 'LoadImagePair':
        steps.insert(0, {'type': 'LoadImagePair'})
    resize = next((step for step in steps if step['type'] == 'PairResize'), None)
    if resize is None:
        raise ConfigError(f'{name}: expected a test pipeline with PairResize, found {[step["type"] for step in steps]}')
    if size is not None:
        resize['scale'] = (size, size)
    return Subject(model, [TRANSFORMS.build(step) for step in steps], tuple(resize['scale']), device)


def with_random_text_encoder(model: dict) -> dict:
    """Gives a config that names BERT-base of the model hub random weights instead, which take the same time."""
    encoder = model.get('text_encoder', {})
    if encoder.get('name') == HUB_BERT:
        encoder.update(pretrained=False, architecture={})  # The sizes that BertConfig has by itself.
    return model


def write_pair(folder: Path, size: tuple[int, int]) -> dict[str, str]:
    """Writes a pair of JPEG files of twice the canvas and its shape, so that no part of the canvas is padding.

    The light differs and the camera has moved, as between photographs: mostly equal pictures would be read at another
    size and with more candidates, and pictures without corners would cost nothing to align.

    Returns:
        Their paths as `before_path` and `after_path`.
    """
    import numpy as np

    from difftracker.utils.image_io import write_image

    width, height = 2 * size[0], 2 * size[1]
    y, x = np.mgrid[: height + SHIFT[1], : width + SHIFT[0]]
    scene = np.stack([x * 255 // width, y * 255 // height, (x // 32 + y // 32) % 2 * 120 + 60], axis=-1)
    rng = np.random.default_rng(0)
    for _ in range(THINGS):
        left, top = rng.integers(0, width), rng.integers(0, height)
        across, down = rng.integers(width // 60 + 1, width // 8 + 2, size=2)
        scene[top : top + down, left : left + across] = rng.integers(0, 256, size=3)
    before = scene[:height, :width]
    after = scene[SHIFT[1] :, SHIFT[0] :] * 9 // 10 + 4
    after[height // 4 : height // 2, width // 4 : width // 2] = (200, 40, 40)
    paths = {f'{side}_path': str(folder / f'{side}.jpg') for side in ('before', 'after')}
    for path, image in zip(paths.values(), (before, after)):
        write_image(path, image.astype(np.uint8))
    return paths


def make_requests(paths: dict[str, str], sentences: int) -> Iterator[dict]:
    """Yields what the pipeline takes, each time with sentences never asked before: the text encoder keeps answers."""
    number = 0
    while True:
        texts = [SENTENCE.format(number=number + place) for place in range(sentences)]
        number += sentences
        ids = [f'q{place}' for place in range(sentences)]
        yield {'pair_id': 'benchmark', 'texts': texts, 'query_ids': ids, 'subsets': [''] * sentences, **paths}


def prepare(subject: Subject, request: dict) -> dict:
    """Runs the pre-processing; returns a batch of one pair."""
    for transform in subject.pipeline:
        request = transform(request)
    return {key: [value] for key, value in request.items()}


def answer(subject: Subject, batch: dict) -> list:
    """Runs the model, waits for its boxes and returns its data samples."""
    import torch

    with torch.no_grad():
        samples = subject.model.test_step(batch)
    if subject.device == 'cuda':
        torch.cuda.synchronize()
    return samples


def measure_latency(subject: Subject, paths: dict[str, str], sentences: int, warmup: int, runs: int) -> dict:
    """Times pre-processing (reading and decoding included), the model, and both together.

    Returns:
        Figures of `spread` under `prepare`, `model` and `total`.
    """
    requests = make_requests(paths, sentences)
    times: dict[str, list[float]] = {'prepare': [], 'model': [], 'total': []}
    for run in range(warmup + runs):
        request = next(requests)
        start = time.perf_counter()
        batch = prepare(subject, request)
        middle = time.perf_counter()
        answer(subject, batch)
        end = time.perf_counter()
        if run >= warmup:
            for name, seconds in (('prepare', middle - start), ('model', end - middle), ('total', end - start)):
                times[name].append(seconds)
    return {name: spread(values) for name, values in times.items()}


def compare_operator(subjects: dict[str, Subject], folder: Path, sentences: int, warmup: int, runs: int) -> dict:
    """Times models with the compiled deformable attention and with its PyTorch code, all in turns.

    Args:
        subjects: The models by name, all on one device.
        folder: Where the pictures go.
        sentences: How many sentences are asked about the pair.
        warmup: Rounds that do not count.
        runs: Rounds that do.

    Returns:
        For each model and each of `compiled` and `reference`, figures of `spread` under `model` and `total`; under
        `ratio`, the median of the PyTorch code over that of the compiled kernels.

    Raises:
        ConfigError: There is nothing to compare: the operator is not compiled.
    """
    from difftracker.ops import backend_info, reference_kernels

    info = backend_info()['cuda' if any(subject.device == 'cuda' for subject in subjects.values()) else 'cpu']
    if info['tier'] != 'compiled':
        raise ConfigError(f'--compare-operator: expected compiled kernels (make ops), found none: {info["reason"]}')
    requests = {}
    for name, subject in subjects.items():
        place = folder / str(len(requests))
        place.mkdir()
        requests[name] = make_requests(write_pair(place, subject.size), sentences)
    seconds = {name: {tier: {'model': [], 'total': []} for tier in TIERS} for name in subjects}
    for run in range(warmup + runs):
        for name, subject in subjects.items():
            # Each goes first as often as the other, so that neither always finds the caches the other left.
            for tier in TIERS if run % 2 else TIERS[::-1]:
                with reference_kernels() if tier == 'reference' else nullcontext():
                    start = time.perf_counter()
                    batch = prepare(subject, next(requests[name]))
                    middle = time.perf_counter()
                    answer(subject, batch)
                    end = time.perf_counter()
                if run >= warmup:
                    seconds[name][tier]['model'].append(end - middle)
                    seconds[name][tier]['total'].append(end - start)
    return {name: _with_ratio(tiers) for name, tiers in seconds.items()}


def _with_ratio(tiers: dict[str, dict[str, list[float]]]) -> dict:
    figures = {tier: {stage: spread(values) for stage, values in stages.items()} for tier, stages in tiers.items()}
    ratio = {
        stage: round(figures['reference'][stage]['median'] / figures['compiled'][stage]['median'], 3)
        for stage in ('model', 'total')
    }
    return {**figures, 'ratio': ratio}


def spread(seconds: list[float]) -> dict[str, float]:
    """Returns median, 10th and 90th percentile, smallest and largest, in milliseconds."""
    deciles = statistics.quantiles(seconds, n=10, method='inclusive')
    figures = {
        'median': statistics.median(seconds),
        'p10': deciles[0],
        'p90': deciles[-1],
        'min': min(seconds),
        'max': max(seconds),
    }
    return {name: round(1000 * value, 3) for name, value in figures.items()}


def set_threads(threads: int) -> None:
    """Holds torch and OpenCV to so many threads."""
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
