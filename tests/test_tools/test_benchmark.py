"""The benchmark measures what it says; no figure of speed is tested."""

from __future__ import annotations

import json
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from difftracker import ops
from difftracker.errors import ConfigError
from tests.test_apis.random_weights import SIZE, random_weights
from tools import benchmark, latency


@pytest.fixture(scope='module')
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights(tmp_path_factory.mktemp('weights') / 'random.safetensors')


@pytest.fixture(scope='module')
def subject(weights: Path) -> benchmark.Subject:
    return benchmark.load(str(weights), None, 'cpu')


class SleepingModel(nn.Module):
    """Takes a known time and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict] = []

    def test_step(self, batch: dict) -> None:
        self.asked.append(batch)
        time.sleep(0.02)


def test_stages_are_timed_apart_and_no_sentence_comes_twice(tmp_path):
    model = SleepingModel()
    subject = benchmark.Subject(model, [lambda request: time.sleep(0.01) or request], (SIZE, SIZE), 'cpu')
    figures = benchmark.measure_latency(subject, benchmark.write_pair(tmp_path, subject.size), 2, 3, 4)
    assert len(model.asked) == 7
    texts = [text for batch in model.asked for text in batch['texts'][0]]
    assert len(set(texts)) == len(texts) == 14
    assert figures['prepare']['min'] >= 10 and figures['model']['min'] >= 20
    # The figures are rounded to microseconds.
    assert figures['total']['min'] >= figures['prepare']['min'] + figures['model']['min'] - 0.01


def test_operator_tiers_take_turns_and_the_ratio_is_that_of_their_medians(tmp_path, monkeypatch):
    ms_deform_attn = import_module('difftracker.ops.ms_deform_attn')
    if ops.backend_info()['cpu']['tier'] != 'compiled':
        pytest.skip('nothing compiled')
    used = []

    class Model(nn.Module):
        """Asks the operator for one point, and is slow where its PyTorch code runs."""

        def test_step(self, batch: dict) -> None:
            weight = torch.ones(1, 1, 1, 1, 1)
            shapes, starts = torch.tensor([[1, 1]]), torch.tensor([0])
            calls.clear()
            ops.ms_deform_attn(torch.ones(1, 1, 1, 1), shapes, starts, torch.full((1, 1, 1, 1, 1, 2), 0.5), weight)
            used.append(bool(calls))
            time.sleep(0.04 if calls else 0.01)

    calls: list[int] = []
    reference = ms_deform_attn.ms_deform_attn_reference
    monkeypatch.setattr(
        ms_deform_attn, 'ms_deform_attn_reference', lambda *args: (calls.append(1), reference(*args))[1]
    )
    subject = latency.Subject(Model(), [lambda request: request], (SIZE, SIZE), 'cpu')
    found = latency.compare_operator({'one': subject, 'two': subject}, tmp_path, 1, 1, 3)
    # Two models, one warm-up round and three that count, either tier first in turn.
    assert used == [True, False] * 2 + [False, True] * 2 + [True, False] * 2 + [False, True] * 2
    for figures in found.values():
        assert figures['compiled']['model']['min'] >= 10 and figures['reference']['model']['min'] >= 40
        medians = [figures[tier]['model']['median'] for tier in latency.TIERS]
        assert figures['ratio']['model'] == pytest.approx(medians[1] / medians[0], abs=1e-3)


def test_nothing_to_compare_is_told(subject, monkeypatch, tmp_path):
    missing = {'tier': 'reference', 'reason': 'never built'}
    monkeypatch.setattr(ops, 'backend_info', lambda: {'cpu': missing, 'cuda': missing})
    with pytest.raises(ConfigError, match='never built'):
        latency.compare_operator({'model': subject}, tmp_path, 1, 1, 1)


def test_bert_of_the_hub_gets_random_weights():
    config = {'text_encoder': {'name': 'bert-base-uncased'}}
    expected = {'name': 'bert-base-uncased', 'pretrained': False, 'architecture': {}}
    assert latency.with_random_text_encoder(config)['text_encoder'] == expected
    shipped = {'text_encoder': {'name': 'minilm'}}
    assert latency.with_random_text_encoder(shipped) == {'text_encoder': {'name': 'minilm'}}


def test_spread_agrees_with_numpy():
    seconds = np.random.default_rng(0).gamma(2.0, size=41)
    figures = latency.spread(seconds.tolist())
    expected = 1000 * np.array([np.median(seconds), *np.percentile(seconds, (10, 90)), seconds.min(), seconds.max()])
    np.testing.assert_allclose(list(figures.values()), expected, atol=1e-3)


def test_the_pair_fills_the_canvas_and_goes_through_the_real_pipeline(subject, tmp_path):
    request = next(benchmark.make_requests(benchmark.write_pair(tmp_path, subject.size), 2))
    batch = benchmark.prepare(subject, request)
    assert subject.size == (SIZE, SIZE)
    assert batch['inputs'][0].shape == (2, 3, SIZE, SIZE)
    (sample,) = benchmark.answer(subject, batch)
    assert sample.ori_shape_after == (2 * SIZE, 2 * SIZE) and sample.after_scale == 0.5
    assert len(sample.pred_queries) == 2


def test_parameters_by_part_add_up(subject, weights):
    figures = benchmark.count_parameters(subject.model)
    from difftracker.checkpoint import load_weights

    stored = sum(tensor.numel() for tensor in load_weights(weights)[0].values())
    frozen = figures['by_part']['text_encoder, frozen, of its own package']
    # all-MiniLM-L6-v2 has 22.71 million parameters; 384 * 385 of them are the pooler's, which is left out.
    assert frozen['trainable'] == 0 and frozen['total'] == 22_713_216 - 384 * 385
    assert figures['total'] == stored + frozen['total']
    assert figures['trainable'] == sum(p.numel() for p in subject.model.parameters() if p.requires_grad)


def test_flops_of_convolutions_grow_with_the_area(subject, weights, tmp_path):
    paths = benchmark.write_pair(tmp_path, subject.size)
    small = benchmark.count_flops(subject, paths, 1)
    large = benchmark.count_flops(benchmark.load(str(weights), 2 * SIZE, 'cpu'), paths, 1)
    many = benchmark.count_flops(subject, paths, 3)
    for part in ('neck', 'dense_head'):
        assert large['by_part'][part] == 4 * small['by_part'][part]
    assert set(small['by_part']) == {'backbone', 'text_encoder', 'neck', 'dense_head', 'decoder', 'head'}
    # The image pass is shared by all sentences, the words and the head are not.
    assert many['by_part']['backbone'] == small['by_part']['backbone']
    assert many['by_part']['head'] == 3 * small['by_part']['head']
    assert torch.backends.mha.get_fastpath_enabled()


def test_peak_memory_is_of_this_process_and_never_falls():
    before = benchmark.peak_memory()
    block = np.ones(2 * before // 8)
    after = benchmark.peak_memory()
    del block
    # The kernel counts pages in batches, so it may be a few of them short.
    assert after >= 1.9 * before
    assert benchmark.peak_memory() >= 0.99 * after


@pytest.mark.slow
def test_memory_is_measured_in_a_fresh_process(weights):
    figures = benchmark.memory_of_fresh_process(benchmark.parse_args([str(weights), '--sentences', '1']))
    assert figures['peak'] == pytest.approx(sum(figures[key] for key in ('libraries', 'model', 'answers')), abs=0.2)
    # Weights of 8.5 million numbers, four bytes each.
    assert figures['libraries'] > 50 and figures['model'] > 30


def test_command(weights, tmp_path, capsys, monkeypatch):
    memory = {'libraries': 100.0, 'model': 10.0, 'answers': 5.0, 'peak': 115.0}
    monkeypatch.setattr(benchmark, 'memory_of_fresh_process', lambda args: memory)
    out = tmp_path / 'benchmark.json'
    threads = torch.get_num_threads()
    try:
        arguments = [str(weights), '--size', '32', '--sentences', '1', '2', '--warmup', '1', '--json', str(out)]
        assert benchmark.main(arguments) == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    figures = json.loads(out.read_text())
    assert figures['size'] == [32, 32] and figures['runs'] == 30 and figures['memory_mib'] == memory
    assert set(figures['latency_ms']) == set(figures['flops']) == {'1', '2'}
    printed = capsys.readouterr().out
    for words in ('2 sentences, total', 'GFLOPs with 1 sentence:', 'decoder', 'peak 115', 'operator'):
        assert words in printed


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['x', 'y'], 'expected one model'),
        (['x', '--runs', '3'], 'at least 30'),
        (['x', '--size', '100'], 'multiple of 32'),
        (['x', '--threads', '0'], '1'),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit):
        benchmark.parse_args(arguments)
    assert message in capsys.readouterr().err


def test_a_model_that_is_not_there(capsys):
    assert benchmark.main(['missing.safetensors', '--memory-only']) == 2
    assert 'missing.safetensors' in capsys.readouterr().err
