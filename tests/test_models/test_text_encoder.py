"""Sentence features: cache, masks, and what is saved."""

from __future__ import annotations

import pytest
import torch

from difftracker.errors import ConfigError
from difftracker.models.text import TextEncoder
from difftracker.models.text.text_encoder import minilm_folder
from tests.test_models.tiny import BERT, EMBED

SHORT = 'the red car'
LONG = 'the big red car that stood near the two dogs on the left side of the street has gone, where was it?'


@pytest.fixture(scope='module')
def minilm():
    return TextEncoder(out_channels=EMBED).eval()


@pytest.fixture()
def encoder(minilm):
    """The real model with an empty cache."""
    minilm._cache.clear()
    return minilm


def tiny_encoder(**settings):
    return TextEncoder(out_channels=EMBED, pretrained=False, architecture=BERT, **settings).eval()


@pytest.fixture()
def asked(monkeypatch):
    """Every sentence that reaches the transformer."""
    seen = []
    plain = TextEncoder._encode
    monkeypatch.setattr(TextEncoder, '_encode', lambda self, texts: (seen.extend(texts), plain(self, texts))[1])
    return seen


@torch.no_grad()
def test_features_are_those_of_the_published_model():
    from transformers import AutoModel, AutoTokenizer

    encoder = TextEncoder(out_channels=EMBED, adapter_layers=0)
    found = encoder([SHORT, LONG])
    tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()))
    model = AutoModel.from_pretrained(str(minilm_folder())).eval()
    for row, text in enumerate((SHORT, LONG)):
        hidden = model(**tokenizer(text, return_tensors='pt')).last_hidden_state[0]
        expected = encoder.norm(encoder.project(hidden))
        assert found.mask[row].sum() == len(hidden)
        # The cache holds half precision.
        torch.testing.assert_close(found.tokens[row][found.mask[row]], expected, rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(found.sentence[row], expected.mean(0), rtol=1e-2, atol=1e-2)


@torch.no_grad()
def test_a_cached_answer_equals_a_fresh_one(encoder, asked):
    fresh = encoder([SHORT, LONG])
    cached = encoder([SHORT, LONG])
    assert asked == [SHORT, LONG]
    for first, second in zip(fresh, cached, strict=True):
        assert torch.equal(first, second)


@torch.no_grad()
def test_a_cleared_cache_starts_over(encoder, asked):
    first = encoder([SHORT, LONG])
    encoder.clear_cache()
    # The same batches in the same order give the very same numbers: a resumed run relies on it.
    for fresh, again in zip(first, encoder([SHORT, LONG]), strict=True):
        assert torch.equal(fresh, again)
    assert asked == [SHORT, LONG] * 2


@torch.no_grad()
def test_padding_changes_nothing(encoder):
    alone, padded = encoder([SHORT]), encoder([SHORT, LONG])
    length = alone.tokens.shape[1]
    assert padded.tokens.shape[1] > length
    assert padded.mask[0].tolist() == [True] * length + [False] * (padded.mask.shape[1] - length)
    torch.testing.assert_close(padded.tokens[0, :length], alone.tokens[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(padded.sentence[0], alone.sentence[0], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_equal_sentences_are_encoded_once(encoder, asked):
    found = encoder([SHORT, LONG, SHORT])
    assert sorted(asked) == sorted([SHORT, LONG])
    for item in found:
        assert len(item) == 3
        assert torch.equal(item[0], item[2]) and not torch.equal(item[0], item[1])


@torch.no_grad()
def test_long_text_is_cut(encoder):
    words = ' '.join(['the red car next to the dog'] * 40)
    found = encoder([words, words + ' and one more cat'])
    assert found.tokens.shape[1] == 64
    assert found.mask.all()
    assert torch.equal(found.tokens[0], found.tokens[1])


@torch.no_grad()
@pytest.mark.parametrize(
    'text', ['куда делась красная машина?', '红色的汽车在哪里', 'أين السيارة', '🚗→?', '\x00', 'x' * 5000]
)
def test_any_text_gives_numbers(encoder, text):
    found = encoder([text, SHORT])
    assert found.tokens.isfinite().all() and found.sentence.isfinite().all()
    assert found.mask.any(1).all()


@torch.no_grad()
def test_sentences_differ(encoder):
    sentence = encoder(['the cat has gone', 'a lamp was put on the table']).sentence
    assert torch.cosine_similarity(sentence[:1], sentence[1:]) < 0.95


def test_frozen_weights_are_not_saved_and_do_not_train():
    frozen, trained = tiny_encoder(), tiny_encoder(frozen=False)
    assert not [name for name in frozen.state_dict() if 'encoder' in name or 'embeddings' in name]
    own = {name.split('.')[0] for name, _ in frozen.named_parameters()}
    assert own == {'project', 'norm', 'adapter'}
    assert all(parameter.requires_grad for parameter in frozen.parameters())
    frozen.train()
    assert not frozen._frozen_encoder.training
    frozen([SHORT]).sentence.square().sum().backward()
    assert all(parameter.grad is None for parameter in frozen._frozen_encoder.parameters())
    assert frozen.project.weight.grad.any()
    assert [name for name in trained.state_dict() if name.startswith('encoder.embeddings')]
    trained.train()([SHORT]).sentence.square().sum().backward()
    assert trained.encoder.embeddings.word_embeddings.weight.grad.any()


@torch.no_grad()
def test_a_trained_encoder_is_never_cached(asked):
    encoder = tiny_encoder(frozen=False)
    for _ in range(2):
        encoder([SHORT, SHORT])
    assert asked == [SHORT, SHORT]
    assert not encoder._cache


@torch.no_grad()
def test_the_cache_forgets_the_oldest(asked):
    encoder = tiny_encoder(cache_size=2)
    whole = encoder(['a', 'b', 'c'])
    assert whole.tokens.shape[0] == 3
    assert list(encoder._cache) == ['b', 'c']
    del asked[:]
    encoder(['c', 'a'])
    assert asked == ['a']


@torch.no_grad()
def test_the_cache_is_the_same_under_autocast():
    encoder = tiny_encoder()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        encoder([SHORT])
    mixed = encoder._cache.pop(SHORT)
    encoder([SHORT])
    assert torch.equal(mixed, encoder._cache[SHORT])


def test_a_moved_encoder_starts_over():
    encoder = tiny_encoder()
    encoder([SHORT])
    encoder.float()
    assert not encoder._cache


def test_random_weights_need_an_architecture():
    with pytest.raises(ConfigError, match='architecture: expected BertConfig arguments'):
        TextEncoder(pretrained=False)
