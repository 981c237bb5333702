"""Meshes as plain arrays, and a reader of the part of glTF that the objects use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from difftracker.errors import ConfigError

_COMPONENT = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTH = {'SCALAR': 1, 'VEC2': 2, 'VEC3': 3}


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh, z up, front towards -y.

    Attributes:
        vertices: `(N, 3)` float64.
        triangles: `(M, 3)` int64, positions in `vertices`.
        uvs: `(N, 2)` float32 with v upwards, None for an object without texture.
        normals: `(N, 3)` float32, None where the renderer shall compute them.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray | None = None
    normals: np.ndarray | None = None

    @property
    def low(self) -> np.ndarray:
        """Smallest x, y, z."""
        return self.vertices.min(axis=0)

    @property
    def high(self) -> np.ndarray:
        """Largest x, y, z."""
        return self.vertices.max(axis=0)


def read_gltf(path: str | Path) -> Mesh:
    """Reads a glTF file with its binary beside it; all nodes are joined into one mesh.

    Only what the KayKit packs use is understood: triangles, one texture, moved and scaled nodes.

    Raises:
        ConfigError: The file is missing, damaged, or uses something else (rotated nodes, strips, sparse data).
    """
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        blobs = [(path.parent / buffer['uri']).read_bytes() for buffer in data['buffers']]
        parts = []
        for root in data['scenes'][data.get('scene', 0)]['nodes']:
            _collect(data, blobs, root, np.zeros(3), np.ones(3), parts)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ConfigError(
            f'{path}: expected a glTF file of triangles, found {type(error).__name__}: {error}'
        ) from error
    if not parts:
        raise ConfigError(f'{path}: expected a glTF file with a mesh, found none')
    offsets = np.cumsum([0] + [len(part[0]) for part in parts[:-1]])
    return Mesh(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[3] + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _collect(data: dict, blobs: list[bytes], index: int, shift: np.ndarray, scale: np.ndarray, parts: list) -> None:
    node = data['nodes'][index]
    if {'rotation', 'matrix'} & set(node):
        raise ValueError(f'a rotated node ({node.get("name", index)})')
    shift = shift + scale * np.array(node.get('translation', (0, 0, 0)), dtype=np.float64)
    scale = scale * np.array(node.get('scale', (1, 1, 1)), dtype=np.float64)
    for primitive in data['meshes'][node['mesh']]['primitives'] if 'mesh' in node else ():
        if primitive.get('mode', 4) != 4:
            raise ValueError(f'a primitive of mode {primitive["mode"]}')
        names = primitive['attributes']
        points = _accessor(data, blobs, names['POSITION']) * scale + shift
        uvs = _accessor(data, blobs, names['TEXCOORD_0'])
        normals = _accessor(data, blobs, names['NORMAL'])
        triangles = _accessor(data, blobs, primitive['indices']).astype(np.int64).reshape(-1, 3)
        # glTF has y up and v downwards.
        flip = np.stack([uvs[:, 0], 1 - uvs[:, 1]], axis=1)
        parts.append((_z_up(points).astype(np.float64), flip, _z_up(normals), triangles))
    for child in node.get('children', ()):
        _collect(data, blobs, child, shift, scale, parts)


def _z_up(vectors: np.ndarray) -> np.ndarray:
    return np.stack([vectors[:, 0], -vectors[:, 2], vectors[:, 1]], axis=1)


def _accessor(data: dict, blobs: list[bytes], index: int) -> np.ndarray:
    accessor = data['accessors'][index]
    view = data['bufferViews'][accessor['bufferView']]
    if 'sparse' in accessor or 'byteStride' in view:
        raise ValueError('sparse or interleaved data')
    width = _WIDTH[accessor['type']]
    start = view.get('byteOffset', 0) + accessor.get('byteOffset', 0)
    kind = np.dtype(_COMPONENT[accessor['componentType']]).newbyteorder('<')
    values = np.frombuffer(blobs[view['buffer']], kind, accessor['count'] * width, start)
    return values.reshape(-1, width) if width > 1 else values
