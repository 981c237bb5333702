"""The description of a pair of scenes: all that a renderer needs, as plain numbers that go into JSON and back.

The classes belong together and are only ever used together. Lengths are in the packs' units (a chair is 1.2 high), z
points up, angles are in degrees, colours are sRGB from 0 to 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from difftracker.errors import ConfigError

Vector = tuple[float, float, float]

FORMAT = 'difftracker-scene3d 1'


@dataclass(frozen=True)
class Item:
    """An object in a scene.

    Attributes:
        item_id: The same object has the same id in both shots.
        model: Name in the catalogue.
        label: What it is called; empty for a part of the ground.
        position: Of the model's origin.
        yaw: Turn about the vertical, counter-clockwise from above.
        scale: Factor on the model's size.
        paint: Colour of its coat, None for the model's own look.
        roughness: 0 mirrors, 1 is chalk.
        metal: Whether it is of metal.
        support: Id of the item that it stands on, None for the ground or a wall.
        zone: Number of the layout's zone that it was put in, -1 for a fixed part of the scene.
    """

    item_id: int
    model: str
    label: str
    position: Vector
    yaw: float
    scale: float
    paint: Vector | None = None
    roughness: float = 0.5
    metal: bool = False
    support: int | None = None
    zone: int = -1


@dataclass(frozen=True)
class Surface:
    """A floor or wall: a rectangle in the plane z = 0 of its own frame, turned by `tilt` about x and `yaw` about z.

    Attributes:
        size: Width and depth.
        position: Of its centre.
        finish: `plain`, `planks`, `tiles`, `speckled` or `checks`.
        colours: Main and second colour.
        grain: Size of a plank, tile or speckle.
        roughness: As for items.
    """

    size: tuple[float, float]
    position: Vector
    tilt: float
    yaw: float
    finish: str
    colours: tuple[Vector, Vector]
    grain: float
    roughness: float


@dataclass(frozen=True)
class Light:
    """The light of one shot.

    Attributes:
        azimuth, elevation: Where the sun (or window) stands.
        strength: Irradiance of the sun in W/m2.
        colour: Of the sun.
        softness: Apparent diameter of the sun.
        sky: Colour of the light from all sides.
        sky_strength: Its radiance.
        lamp: Place of an area lamp of 1.5 by 1.5, None for none.
        lamp_power: In W.
    """

    azimuth: float
    elevation: float
    strength: float
    colour: Vector
    softness: float
    sky: Vector
    sky_strength: float
    lamp: Vector | None = None
    lamp_power: float = 0.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with a sensor 36 mm wide.

    Attributes:
        position, target: Where it stands and looks.
        roll: Turn about its axis, counter-clockwise seen from behind.
        focal: Focal length in mm.
    """

    position: Vector
    target: Vector
    roll: float
    focal: float


@dataclass(frozen=True)
class Shot:
    """One image. `exposure` is in stops."""

    items: tuple[Item, ...]
    light: Light
    camera: Camera
    exposure: float


@dataclass(frozen=True)
class DrawnChange:
    """A change between the shots; `before_item` and `after_item` are ids, None where the object is absent."""

    change_id: int
    kind: str
    before_item: int | None
    after_item: int | None
    attribute: str | None = None


@dataclass(frozen=True)
class PairDescription:
    """Both shots and what differs.

    Attributes:
        pair_id: Name of the pair.
        layout: `table`, `room`, `kitchen`, `street` or `shapes`.
        size: `(width, height)` of the images in px.
        surfaces: Floors and walls, the same in both shots.
        nuisance: `none`, `aligned` (light only) or `hand-held` (light and camera).
    """

    pair_id: str
    layout: str
    size: tuple[int, int]
    surfaces: tuple[Surface, ...]
    before: Shot
    after: Shot
    changes: tuple[DrawnChange, ...]
    nuisance: str

    def to_json(self) -> dict:
        """Returns the description as plain data."""
        return {'format': FORMAT, **asdict(self)}


def description_of(data: dict, path: object = 'scene description') -> PairDescription:
    """Returns the description that `PairDescription.to_json` made.

    Args:
        data: Parsed JSON.
        path: Where it was read, for errors.

    Raises:
        ConfigError: It is of another format or lacks a field.
    """
    try:
        if data['format'] != FORMAT:
            raise ValueError(f'format {data["format"]!r}')
        surfaces = tuple(
            Surface(**{**item, **_tuples(item), 'colours': tuple(tuple(colour) for colour in item['colours'])})
            for item in data['surfaces']
        )
        changes = tuple(DrawnChange(**item) for item in data['changes'])
        return PairDescription(
            data['pair_id'], data['layout'], tuple(data['size']), surfaces, _shot(data['before']),
            _shot(data['after']), changes, data['nuisance'],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f'{path}: expected {FORMAT}, found {type(error).__name__}: {error}') from error


def _tuples(item: dict) -> dict:
    return {key: tuple(value) for key, value in item.items() if isinstance(value, list)}


def _shot(data: dict) -> Shot:
    items = tuple(Item(**{**item, **_tuples(item)}) for item in data['items'])
    light = Light(**{**data['light'], **_tuples(data['light'])})
    camera = Camera(**{**data['camera'], **_tuples(data['camera'])})
    return Shot(items, light, camera, data['exposure'])
