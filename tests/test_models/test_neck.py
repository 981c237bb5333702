"""The pyramid, with and without words in it."""

from __future__ import annotations

import pytest
import torch

from difftracker.models.layers import DeformableEncoderLayer, FusionLayer
from difftracker.models.layers.level_tables import LevelTables
from difftracker.models.necks import VisionLanguageNeck
from difftracker.models.text import TextFeatures

CHANNELS = (8, 12, 16, 20)


def stages(batch=2):
    return tuple(torch.randn(batch, c, 64 // s, 96 // s) for c, s in zip(CHANNELS, (4, 8, 16, 32), strict=True))


def words(batch=2, length=4):
    return TextFeatures(torch.randn(batch, length, 32), torch.ones(batch, length, dtype=torch.bool), None)


@torch.no_grad()
@pytest.mark.parametrize(('fusion', 'encoder'), [(0, 0), (1, 0), (0, 1), (2, 1)])
def test_shapes_and_reading_of_text(fusion, encoder):
    neck = VisionLanguageNeck(CHANNELS, 32, fusion_layers=fusion, encoder_layers=encoder).eval()
    maps = stages()
    found = neck(maps, words())
    assert [tuple(level.shape) for level in found] == [(2, 32, 8, 12), (2, 32, 4, 6), (2, 32, 2, 3)]
    assert neck.uses_text == (fusion > 0)
    again = neck(maps, words())
    for first, second in zip(found, again, strict=True):
        assert torch.equal(first, second) == (fusion == 0)


@torch.no_grad()
def test_text_may_be_left_out_where_it_is_not_read():
    neck, maps = VisionLanguageNeck(CHANNELS, 32).eval(), stages()
    for first, second in zip(neck(maps), neck(maps, words()), strict=True):
        assert torch.equal(first, second)


@torch.no_grad()
def test_which_stage_reaches_which_level():
    neck, maps = VisionLanguageNeck(CHANNELS, 32).eval(), stages(1)
    plain = neck(maps)
    for stage, expected in enumerate([(True, False, False), (True, False, False), (True, True, False), (True,) * 3]):
        other = tuple(torch.randn_like(item) if index == stage else item for index, item in enumerate(maps))
        touched = tuple(not torch.equal(first, second) for first, second in zip(plain, neck(other), strict=True))
        assert touched == expected


@torch.no_grad()
def test_the_finest_stage_lands_in_its_own_cell():
    neck, maps = VisionLanguageNeck(CHANNELS, 32).eval(), stages(1)
    other = maps[0].clone()
    other[..., 9, 5] += 10  # row 9 and column 5 at stride 4: row 4 and column 2 at stride 8
    fold = [neck.fold(torch.nn.functional.pixel_unshuffle(item, 2)) for item in (maps[0], other)]
    assert (fold[0] != fold[1]).any(1).nonzero().tolist() == [[0, 4, 2]]
    changed = (neck(maps)[0] - neck((other, *maps[1:]))[0]).abs().amax(1)[0]
    assert changed.argmax() == 4 * 12 + 2


@torch.no_grad()
def test_words_behind_the_mask_do_not_count():
    layer = FusionLayer(32)
    image, tokens = torch.randn(2, 6, 32), torch.randn(2, 4, 32)
    mask = torch.tensor([[True, True, False, False], [True, True, True, True]])
    other = torch.where(mask[..., None], tokens, torch.randn_like(tokens))
    assert not torch.equal(tokens, other)
    torch.testing.assert_close(layer(image, tokens, mask)[0], layer(image, other, mask)[0])
    assert not torch.allclose(layer(image, tokens, mask)[0], layer(image, tokens, ~mask | mask)[0])


def test_the_encoder_looks_around_each_place():
    layer = DeformableEncoderLayer(32, 2)
    tokens = torch.randn(1, 16 * 16 + 64, 32, requires_grad=True)
    found = layer(tokens, LevelTables.of([(16, 16), (8, 8)], tokens.device))
    assert found.shape == tokens.shape
    found[0, 8 * 16 + 8].square().sum().backward()
    seen = tokens.grad[0, :256].any(1).view(16, 16).nonzero() - 8
    # Offsets start at one cell per point, four points.
    assert seen.abs().max() in (4, 5)
    assert tokens.grad[0, 256:].any()
