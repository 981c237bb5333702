"""How strongly pictures are compressed."""

from __future__ import annotations

from dataclasses import dataclass

from difftracker.errors import ConfigError


@dataclass(frozen=True)
class PackSettings:
    """Sizes and qualities of the pictures in a pack.

    Attributes:
        image_size: Canvas of the model in px. Boards and validation pairs are kept at this size, for they are shown
            whole; photographs a little larger, since parts of them are shown; screenshots as they are, without loss,
            for single pixels count in them.
        quality: WebP quality of what is trained on.
        val_quality: WebP quality of validation pairs, which should stay what they are elsewhere.
    """

    image_size: int = 320
    quality: int = 50
    val_quality: int = 80

    def __post_init__(self) -> None:
        if not 32 <= self.image_size <= 2048 or not 1 <= self.quality <= 100 or not 1 <= self.val_quality <= 100:
            raise ConfigError(
                f'pack: expected an image size of 32 to 2048 px and qualities of 1 to 100, found {self.image_size}, '
                f'{self.quality}, {self.val_quality}'
            )

    @property
    def labelled_side(self) -> int:
        """Longer side of labelled pictures, whose objects are cut out and enlarged."""
        return round(self.image_size * 1.25)

    @property
    def photo_side(self) -> int:
        """Longer side of photographs that serve as grounds."""
        return round(self.image_size * 1.05)

    @property
    def cutout_side(self) -> int:
        """Longer side of pasted objects."""
        return round(self.image_size * 0.7)
