"""The operator's benchmark: what it counts, and its way on a GPU with a stand-in for the card. No speed is tested."""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
import torch

from difftracker.ops import ms_deform_attn
from tools import benchmark_ops, ops_implementations, original_kernel

TINY = (
    ops_implementations.ShapeSet('tiny', 1, ((4, 5), (2, 3)), None, points=2, heads=2, dim=8),
    ops_implementations.ShapeSet('tiny-q7', 2, ((4, 5), (2, 3)), 7, points=2, heads=2, dim=8),
)


class Event:
    """A mark in time, as CUDA events are used."""

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        self.moment = time.perf_counter()

    def elapsed_time(self, end: Event) -> float:
        return (end.moment - self.moment) * 1e3


def add_module(monkeypatch: pytest.MonkeyPatch, name: str, **members: object) -> None:
    module = ModuleType(name)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


class OriginalKernel:
    """Called like the one of Deformable-DETR, and like it knows no half precision."""

    @staticmethod
    def apply(value, shapes, starts, locations, weights, im2col_step):
        if value.dtype == torch.float16:
            raise RuntimeError('"ms_deform_attn_forward_cuda" not implemented for \'Half\'')
        assert im2col_step == 64
        return ms_deform_attn(value, shapes, starts, locations, weights)


def triton_kernel(img, img_shapes, sampling_points, attention_weights, padding_mode, align_corners):
    """Has the face of msda-triton 0.1.1."""
    assert (padding_mode, align_corners) == ('zeros', False)
    assert img.dtype == sampling_points.dtype == attention_weights.dtype
    starts = img_shapes.prod(1).cumsum(0) - img_shapes.prod(1)
    output = ms_deform_attn(img, img_shapes, starts, sampling_points, attention_weights)
    return output.view(*output.shape[:2], *img.shape[2:])


@pytest.fixture
def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the tools the way of a GPU with tensors that lie on the CPU, and puts kernels of others in place."""
    for module in (benchmark_ops, ops_implementations):
        monkeypatch.setattr(module, 'on_gpu', lambda device: True)
    monkeypatch.setattr(benchmark_ops, 'SETS', TINY)
    monkeypatch.setattr(benchmark_ops, 'FLUSH_BYTES', 1024)
    monkeypatch.setattr(benchmark_ops, 'COPY_BYTES', 2**20)
    monkeypatch.setattr(torch.cuda, 'Event', Event)
    for name in ('synchronize', '_sleep', 'reset_peak_memory_stats'):
        monkeypatch.setattr(torch.cuda, name, lambda *args: None)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda device: 'a card')
    monkeypatch.setattr(torch.cuda, 'memory_allocated', lambda: 1000)
    monkeypatch.setattr(torch.cuda, 'max_memory_allocated', lambda: 1700)
    add_module(monkeypatch, 'functions')
    add_module(monkeypatch, 'functions.ms_deform_attn_func', MSDeformAttnFunction=OriginalKernel)
    add_module(monkeypatch, 'msda_triton')
    add_module(monkeypatch, 'msda_triton.frontend', triton_multiscale_deformable_attention=triton_kernel)


def run_main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, 'argv', ['benchmark_ops.py', '--repeats', '4', '--threads', '1', *words])
    try:
        return benchmark_ops.main()
    finally:
        torch.set_num_threads(threads)


def test_whole_way_of_a_gpu(pretended_gpu, monkeypatch, tmp_path: Path, capsys):
    pytest.importorskip('matplotlib')
    assert run_main(monkeypatch, '--dtypes', 'float32', 'float16', '--out-dir', str(tmp_path)) == 0
    report = json.loads((tmp_path / 'figures.json').read_text())
    assert report['device'] == 'a card' and report['copy_bytes_per_second'] > 0
    assert [(row['set'], row['dtype']) for row in report['results']] == [
        (shape.name, dtype) for dtype in ('float32', 'float16') for shape in TINY
    ]
    for row in report['results']:
        names = {'ours', 'ours deterministic', 'pytorch', 'triton'}
        # mmcv is here without its kernel, which is left out; the original one knows float32 only.
        assert set(row['figures']) == names | ({'original kernel'} if row['dtype'] == 'float32' else set())
        assert set(row['figures']['ours deterministic']) == {'forward+backward'}
        assert all(figures['runs'] == 4 for kinds in row['figures'].values() for figures in kinds.values())
    printed = capsys.readouterr().out
    assert 'original kernel: left out, "ms_deform_attn_forward_cuda" not implemented for \'Half\'' in printed
    assert 'tiny forward: ours in float16 is' in printed and 'as fast as original kernel in float32' in printed
    text = (tmp_path / 'table.md').read_text()
    assert '\n- tiny forward: ours in float16 is' in text
    table = text.split('\n\n')[0].splitlines()
    assert table[0].endswith('| ours is faster by | GB/s | of a copy |')
    assert len({line.count('|') for line in table}) == 1
    assert (tmp_path / 'plot.png').read_bytes().startswith(b'\x89PNG')


def test_memory_on_a_gpu(pretended_gpu, monkeypatch, tmp_path: Path):
    run_main(monkeypatch, '--memory', '--sets', 'tiny', '--out-dir', str(tmp_path))
    memory = json.loads((tmp_path / 'figures.json').read_text())['memory']
    assert [(row['kind'], row['bytes']) for row in memory] == [
        (kind, {'ours': 700, 'pytorch': 700}) for kind in ops_implementations.KINDS
    ]
    line = '- tiny forward: peak extra memory 0.0 MiB, 100.0% of the 0.0 MiB of pytorch'
    assert line in (tmp_path / 'table.md').read_text().splitlines()


def test_sources_of_the_original_kernel_are_found(tmp_path: Path):
    kernel = 'AT_DISPATCH(value.type(), "forward")'
    wheel = tmp_path / 'others-1.0-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        archive.writestr('others/kernels/deformable_detr/cuda/ms_deform_attn_cuda.cu', kernel)
        archive.writestr('others/kernels/deformable_detr/vision.cpp', 'the binding')
        archive.writestr('others/models/large.py', 'not wanted')
    texts = original_kernel.read_sources(wheel)
    assert texts == {'cuda/ms_deform_attn_cuda.cu': kernel, 'vision.cpp': 'the binding'}
    assert original_kernel.read_sources(tmp_path) == texts
    written = tmp_path / 'written'
    original_kernel.write_sources(texts, written)
    changed = original_kernel.read_sources(written)
    assert changed['cuda/ms_deform_attn_cuda.cu'] == 'AT_DISPATCH(value.scalar_type(), "forward")'
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='expected a wheel or folder with kernels/deformable_detr/cuda'):
        original_kernel.read_sources(tmp_path / 'empty')


def test_sources_that_did_not_change_are_not_compiled_again(tmp_path: Path):
    file = tmp_path / 'vision.cpp'
    for text, is_new in (('one', True), ('one', False), ('two', True)):
        original_kernel.write_sources({file.name: text}, tmp_path)
        assert (file.stat().st_mtime > 1) == is_new
        os.utime(file, (1, 1))


def test_share_of_bandwidth_is_bytes_over_time():
    figures = {'median_ms': 2.0, 'quartile_1_ms': 2.0, 'quartile_3_ms': 2.0, 'runs': 3}
    results = [{'set': 's', 'dtype': 'float32', 'bytes': {'forward': 10**9}, 'figures': {'ours': {'forward': figures}}}]
    assert benchmark_ops.table(results, 2e12).splitlines()[-1].endswith('| 500 | 25% |')
    assert 'GB/s' not in benchmark_ops.table(results, None)


def test_bytes_that_must_move(arguments):
    inputs = arguments(batch=2, queries=5, heads=2, dim=8, points=3, levels=((4, 4), (2, 2)), dtype=torch.float16)
    # 2 x 20 x 2 x 8 halves, 2 x 5 x 2 x 2 x 3 points of two floats, as many weights, 2 x 5 x 16 halves.
    value, locations, weights, output = 1280, 960, 480, 320
    assert benchmark_ops.bytes_to_move(inputs, 'forward') == value + locations + weights + output
    assert benchmark_ops.bytes_to_move(inputs, 'forward+backward') == 3 * (value + locations + weights) + 2 * output


def test_deterministic_mode_holds_during_the_backward_pass_only(arguments):
    seen = []

    class Recorder(torch.autograd.Function):
        """Notes the mode in which its gradient is asked for."""

        @staticmethod
        def forward(ctx, value):
            return value.clone()

        @staticmethod
        def backward(ctx, grad):
            seen.append(torch.are_deterministic_algorithms_enabled())
            return grad

    inputs = arguments()
    grad = torch.ones_like(inputs[0])
    for name in ('ours', ops_implementations.DETERMINISTIC):
        ops_implementations.forward_backward(name, lambda value, *rest: Recorder.apply(value), inputs, grad)
    assert seen == [False, True]
    assert not torch.are_deterministic_algorithms_enabled()


def test_pure_path_without_mmcv(monkeypatch, arguments):
    """GPU machines often have PyTorch alone."""
    monkeypatch.setitem(sys.modules, 'mmcv.ops.multi_scale_deform_attn', None)
    inputs = arguments()
    found = ops_implementations.find_implementations('cpu', inputs[1].tolist())
    assert list(ops_implementations.usable(found, inputs)) == ['ours', 'pytorch']
    torch.testing.assert_close(found['pytorch'](*inputs), ms_deform_attn(*inputs), rtol=1e-5, atol=1e-5)


def test_what_fails_is_left_out_but_not_ours(arguments, capsys):
    inputs = arguments()

    def broken(*tensors):
        raise torch.OutOfMemoryError('no memory\nmore words')

    kept = ops_implementations.usable({'ours': ms_deform_attn, 'other': broken}, inputs)
    assert list(kept) == ['ours']
    assert 'other: left out, no memory\n' in capsys.readouterr().out
    with pytest.raises(RuntimeError):
        ops_implementations.usable({'ours': broken}, inputs)
