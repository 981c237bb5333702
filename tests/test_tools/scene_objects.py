"""Made-up objects in the place of those that scenes are drawn from: each model is a box."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.mesh import Mesh

# Width, depth and height for each class, about as those of the real models.
SIZES = {
    'top': (0.8, 0.8, 0.7), 'seat': (0.75, 0.8, 1.2), 'floor': (0.9, 0.9, 0.9), 'wallside': (1.6, 1.2, 1.1),
    'appliance': (2.0, 2.2, 2.0), 'counter': (2.0, 2.0, 1.0), 'table': (3.0, 2.0, 1.0), 'lowtable': (2.4, 1.5, 0.5),
    'rug': (3.0, 2.0, 0.1), 'wall': (0.7, 0.2, 0.6), 'pavement': (0.2, 0.2, 0.5), 'lane': (0.42, 0.94, 0.4),
    'building': (1.6, 1.4, 1.6), 'tile': (2.0, 2.0, 0.1), 'road': (2.0, 2.0, 0.1), 'shape': (2.0, 2.0, 2.0),
}  # fmt: skip
_FACES = [(0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6),
          (3, 0, 4), (3, 4, 7)]  # fmt: skip


def box_mesh(width: float, depth: float, height: float, low: float = 0.0) -> Mesh:
    """Returns a box, z up, its middle over the origin."""
    x, y = width / 2, depth / 2
    ring = [(-x, -y), (x, -y), (x, y), (-x, y)]
    return Mesh(
        np.array([(*corner, z) for z in (low, low + height) for corner in ring], dtype=np.float64), np.array(_FACES)
    )


def write_gltf(path: Path, mesh: Mesh, nodes: list[dict] | None = None) -> None:
    """Writes a mesh as the packs do: y up, a binary beside it."""
    points = np.stack([mesh.vertices[:, 0], mesh.vertices[:, 2], -mesh.vertices[:, 1]], axis=1).astype('<f4')
    blocks = [
        points.tobytes(),
        np.zeros((len(points), 2), '<f4').tobytes(),
        points.tobytes(),
        b''.join(struct.pack('<H', value) for value in mesh.triangles.ravel()),
    ]
    starts = np.cumsum([0] + [len(block) for block in blocks[:-1]]).tolist()
    kinds = [('VEC3', 5126, len(points)), ('VEC2', 5126, len(points)), ('VEC3', 5126, len(points))]
    kinds.append(('SCALAR', 5123, mesh.triangles.size))
    nodes = nodes or [{'mesh': 0}]
    children = {child for node in nodes for child in node.get('children', ())}
    data = {
        'asset': {'version': '2.0'},
        'scene': 0,
        'scenes': [{'nodes': [index for index in range(len(nodes)) if index not in children]}],
        'nodes': nodes,
        'meshes': [
            {'primitives': [{'attributes': {'POSITION': 0, 'TEXCOORD_0': 1, 'NORMAL': 2}, 'indices': 3}]}
        ],
        'accessors': [
            {'bufferView': index, 'componentType': code, 'count': count, 'type': kind}
            for index, (kind, code, count) in enumerate(kinds)
        ],
        'bufferViews': [
            {'buffer': 0, 'byteOffset': start, 'byteLength': len(block)}
            for start, block in zip(starts, blocks, strict=True)
        ],
        'buffers': [{'uri': path.with_suffix('.bin').name, 'byteLength': sum(map(len, blocks))}],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix('.bin').write_bytes(b''.join(blocks))
    path.write_text(json.dumps(data))


def make_catalogue(root: Path, split: str = 'train') -> Catalogue:
    """Returns a catalogue of boxes; their files are written below `root` where they are not there yet."""

    def read_blend(path: Path) -> Mesh:
        return box_mesh(*SIZES['shape'], low=-1.0)

    catalogue = Catalogue(root, split, read_blend)
    for model in catalogue.models.values():
        path = catalogue.path(model.name)
        if path.is_file():
            continue
        if path.suffix == '.gltf':
            write_gltf(path, box_mesh(*SIZES[min(model.classes)]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b'')
    return catalogue
