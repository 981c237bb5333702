"""How strongly pictures are compressed."""

from __future__ import annotations

from dataclasses import dataclass

from difftracker.errors import ConfigError


@dataclass(frozen=True)
class PackSettings:
    """Sizes and qualities of the pictures in a pack.

    Attributes:
        image_size: Canvas of the model in px. Boards and validation pairs are kept at this size, for they are shown
            whole; photographs a little larger, since parts of them are shown; screenshots at their own.
        quality: WebP quality of photographs, boards and cut-outs.
        val_quality: WebP quality of validation pairs, which should stay what they are elsewhere.
        screen_quality: WebP quality of screenshots that are larger without loss (maps); the others, in which single
            pixels count, lose nothing.
    """

    image_size: int = 320
    quality: int = 45
    val_quality: int = 80
    screen_quality: int = 85

    def __post_init__(self) -> None:
        qualities = (self.quality, self.val_quality, self.screen_quality)
        if not 32 <= self.image_size <= 2048 or not 1 <= min(qualities) <= max(qualities) <= 100:
            raise ConfigError(
                f'pack: expected an image size of 32 to 2048 px and qualities of 1 to 100, found {self.image_size} and '
                f'{", ".join(map(str, qualities))}'
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
