"""Preparing the process for mmdet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from difftracker import registry
from difftracker.utils.mm_compat import install


def test_installing_twice_changes_nothing() -> None:
    finders = list(sys.meta_path)
    install()
    assert sys.meta_path == finders


def test_registries_are_those_of_mmdet() -> None:
    import mmdet.registry

    for name in registry.__all__:
        assert getattr(registry, name) is getattr(mmdet.registry, name)


def test_bert_of_mmdet_runs_and_keeps_phrases_apart(tmp_path: Path) -> None:
    import transformers
    from mmdet.models.language_models import BertModel

    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', 'red', 'mug', 'blue', 'chair']
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    (tmp_path / 'vocab.txt').write_text('\n'.join(words))
    (tmp_path / 'tokenizer_config.json').write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    model = BertModel(
        name=str(tmp_path),
        max_tokens=12,
        pad_to_max=False,
        use_sub_sentence_represent=True,
        special_tokens_list=['[CLS]', '[SEP]', '.'],
    ).eval()
    with torch.no_grad():
        first, second = (model([text])['embedded'][0] for text in ('red mug . blue chair .', 'red mug . chair blue .'))
    # [CLS] red mug . blue chair . [SEP]: the first phrase may not see the second.
    torch.testing.assert_close(first[1:4], second[1:4])
    assert not torch.allclose(first[4:6], second[4:6])


def test_the_bare_package_stays_light() -> None:
    script = (
        'import sys, difftracker, difftracker.errors, difftracker.structures\n'
        "print(sorted({'torch', 'numpy', 'cv2', 'PIL', 'mmengine', 'mmdet', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


def test_the_registry_leaves_models_and_transformers_for_later() -> None:
    script = (
        'import sys, difftracker.registry\n'
        "print(sorted({'transformers', 'mmdet.models', 'mmdet.datasets', 'matplotlib.pyplot'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
