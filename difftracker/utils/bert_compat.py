"""Lets mmdet's BERT wrapper, written for transformers 4, run on transformers 5."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

BERT_MODULE = 'mmdet.models.language_models.bert'


class BertAdapter(MetaPathFinder):
    """Adapts mmdet's BERT module right after it has been imported, so that transformers loads only where it is needed.

    It stands at the front of `sys.meta_path`, lets the usual machinery find the module, and adds a step to its loading.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the module's own spec with the extra step; None for every other module."""
        if fullname != BERT_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_adapt(module: ModuleType) -> None:
            execute(module)
            adapt(module)

        spec.loader.exec_module = execute_and_adapt  # type: ignore[method-assign]
        return spec


def adapt(module: ModuleType) -> None:
    """Replaces the names of mmdet's BERT module that transformers 5 has changed; nothing on transformers 4.

    Args:
        module: `mmdet.models.language_models.bert`.
    """
    if module.HFBertModel is None or int(sys.modules['transformers'].__version__.split('.')[0]) < 5:
        return
    tokenizers, bert_model = module.AutoTokenizer, module.HFBertModel

    class AutoTokenizer:
        """Gives tokenizers the method `batch_encode_plus`, which version 5 dropped in favour of calling them."""

        @staticmethod
        def from_pretrained(*args: Any, **kwargs: Any) -> Any:
            tokenizer = tokenizers.from_pretrained(*args, **kwargs)
            tokenizer.batch_encode_plus = tokenizer.__call__
            return tokenizer

    class HFBertModel(bert_model):
        """Takes an attention mask `(B, Q, K)`, which version 5 wants with an axis for the heads: `(B, 1, Q, K)`."""

        def forward(self, *args: Any, attention_mask: Any = None, **kwargs: Any) -> Any:
            if attention_mask is not None and attention_mask.dim() == 3:
                attention_mask = attention_mask[:, None]
            return super().forward(*args, attention_mask=attention_mask, **kwargs)

    module.AutoTokenizer, module.HFBertModel = AutoTokenizer, HFBertModel
