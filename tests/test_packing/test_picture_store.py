"""Cut-outs on their way into a pack."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from difftracker.errors import ImageReadError
from difftracker.packing.picture_store import PictureStore


def test_cutouts_pass_the_checks_of_all_pictures(tmp_path: Path) -> None:
    Image.new('P', (4, 4)).save(tmp_path / 'leaf.gif')
    with pytest.raises(ImageReadError, match=r'leaf\.gif: expected one of PNG'):
        PictureStore().add_cutout(tmp_path / 'leaf.gif', 'leaf.webp', 4, 90)
