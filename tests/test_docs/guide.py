"""Reads the code blocks of a guide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
_BLOCK = re.compile(
    r'(?:<!-- run(?P<needs>: weights)? -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class CodeBlock:
    """One fenced block.

    Attributes:
        guide: The file.
        line: 1-based line of the fence.
        language: What stands behind the fence, may be empty.
        code: The content.
        runs: Whether it bears the mark of blocks that are executed.
        needs_weights: Whether it runs with the shipped weights only.
    """

    guide: Path
    line: int
    language: str
    code: str
    runs: bool
    needs_weights: bool

    @property
    def name(self) -> str:
        """Where it stands."""
        return f'{self.guide.name}:{self.line}'


def code_blocks(guide: Path) -> list[CodeBlock]:
    """Returns the fenced blocks of a guide in order."""
    text = guide.read_text(encoding='utf-8')
    return [
        CodeBlock(
            guide,
            text.count('\n', 0, found.start('code')),
            found['language'],
            found['code'],
            found[0].startswith('<!--'),
            found['needs'] is not None,
        )
        for found in _BLOCK.finditer(text)
    ]
