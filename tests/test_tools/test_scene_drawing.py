"""Drawing of 3D scenes: what stands where, what changes, what a camera sees; without Blender."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shapely.geometry import Polygon

from difftracker.errors import ConfigError
from tests.test_tools.scene_objects import box_mesh, make_catalogue, write_gltf
from tools.scenes3d.description import Camera, Item, description_of
from tools.scenes3d.frame_view import FrameView, box_of
from tools.scenes3d.layouts import LAYOUTS
from tools.scenes3d.masks import draw_masks
from tools.scenes3d.mesh import Mesh, read_gltf
from tools.scenes3d.mixture import KINDS, Mixture
from tools.scenes3d.pair_drawer import PairDrawer
from tools.scenes3d.rasterizer import camera_axes, project, rasterize, world_points

SIZE = (240, 180)


@pytest.fixture(scope='module')
def objects(tmp_path_factory):
    root = tmp_path_factory.mktemp('objects')
    make_catalogue(root)
    return root


def draw(objects, index=0, split='train', **mixture):
    return PairDrawer(make_catalogue(objects, split), Mixture(**mixture), SIZE).draw('p', 3, index)


# ---- meshes


def test_gltf_nodes_are_joined_upright(tmp_path):
    """A box of 2 x 4 x 6 whose child is half as large and 10 above: worked out by hand."""
    nodes = [{'mesh': 0, 'translation': [0, 10, 0], 'scale': [0.5, 0.5, 0.5]}, {'mesh': 0, 'children': [0]}]
    write_gltf(tmp_path / 'box.gltf', box_mesh(2, 4, 6), nodes)
    mesh = read_gltf(tmp_path / 'box.gltf')
    assert mesh.vertices.shape == (16, 3) and mesh.triangles.shape == (24, 3)
    assert mesh.triangles.max() == 15
    np.testing.assert_allclose(mesh.low, (-1, -2, 0))
    np.testing.assert_allclose(mesh.high, (1, 2, 13))


@pytest.mark.parametrize('fault', ['rotated', 'cut', 'missing'])
def test_gltf_faults_name_the_file(tmp_path, fault):
    path = tmp_path / 'box.gltf'
    write_gltf(path, box_mesh(1, 1, 1), [{'mesh': 0, 'rotation': [0, 0, 0, 1]}] if fault == 'rotated' else None)
    if fault == 'cut':
        path.with_suffix('.bin').write_bytes(path.with_suffix('.bin').read_bytes()[:50])
    if fault == 'missing':
        path.unlink()
    with pytest.raises(ConfigError, match=r'box\.gltf: expected a glTF file'):
        read_gltf(path)


# ---- camera and depth


def test_projection_by_hand():
    camera = Camera((0, -10, 0), (0, 0, 0), 0.0, 36.0)
    found = project(np.array([(0, 0, 0), (1, 0, 0), (0, 0, 1), (0, 10, 2)]), camera, (100, 80))
    np.testing.assert_allclose(found, [(50, 40, 10), (60, 40, 10), (50, 30, 10), (50, 30, 20)])
    # Turned counter-clockwise, the camera sees what is above on its right.
    rolled = project(np.array([(0, 0, 1)]), Camera((0, -10, 0), (0, 0, 0), 90.0, 36.0), (100, 80))
    np.testing.assert_allclose(rolled, [(60, 40, 10)], atol=1e-9)


def trace(points, triangles, camera, size):
    """One over the depth along each pixel's ray: Moeller and Trumbore, pixel by pixel, triangle by triangle."""
    right, up, forward = camera_axes(camera)
    width, height = size
    found = np.zeros((height, width))
    origin, pixel = np.array(camera.position), 36 / camera.focal / width
    for row in range(height):
        for column in range(width):
            x, y = (column + 0.5 - width / 2) * pixel, (height / 2 - row - 0.5) * pixel
            ray = forward + x * right + y * up
            for a, b, c in points[triangles]:
                cross = np.cross(ray, c - a)
                scale = (b - a) @ cross
                u = (origin - a) @ cross / scale
                other = np.cross(origin - a, b - a)
                v, depth = ray @ other / scale, (c - a) @ other / scale
                if u >= 0 and v >= 0 and u + v <= 1 and depth > 0:
                    found[row, column] = max(found[row, column], 1 / depth)
    return found


def test_depth_is_that_of_traced_rays():
    rng = np.random.default_rng(5)
    points, triangles = rng.uniform(-1.8, 1.8, (12, 3)), np.arange(12).reshape(4, 3)
    camera = Camera((1.0, -5.0, 2.0), (0.1, 0.0, 0.2), 7.0, 40.0)
    found = rasterize(points, triangles, camera, (30, 22))
    expected = trace(points, triangles, camera, (30, 22))
    assert 50 < (expected > 0).sum() < 600
    np.testing.assert_allclose(found, expected, atol=1e-9)
    # Drawn with a margin, the middle is the same.
    np.testing.assert_allclose(rasterize(points, triangles, camera, (30, 22), 4)[4:-4, 4:-4], found, atol=1e-12)


def test_what_is_hidden_does_not_count(objects):
    """A box of width 2 whose right half is behind another, and one that leaves the image by half."""
    catalogue = make_catalogue(objects)
    for name, size in (('wide', (2.0, 0.02, 1.0)), ('narrow', (1.0, 0.02, 1.0))):
        catalogue._meshes[name] = box_mesh(*size, low=-0.5)
    view = FrameView(catalogue, Camera((0, -1000, 0), (0, 0, 0), 0.0, 36.0 * 250), (100, 80))
    wide, narrow = (Item(n, name, name, (0.5 * n, -n, 0), 0, 1) for n, name in enumerate(('wide', 'narrow')))
    assert view.share(wide, [wide]) == 1
    assert view.share(wide, [wide, narrow]) == pytest.approx(0.5, abs=0.02)
    assert view.share(narrow, [wide, narrow]) == 1
    assert box_of(view.visible(wide, [wide, narrow])) == pytest.approx((25, 27.5, 50, 52.5), abs=1)
    edge = Item(3, 'wide', 'wide', (2.0, 0, 0), 0, 1)
    assert view.share(edge, [edge]) == pytest.approx(0.5, abs=0.02)


# ---- scenes


@pytest.mark.parametrize('layout', LAYOUTS)
def test_nothing_cuts_into_anything(objects, layout):
    """By shapely: solids that share height share no ground; all stand on something."""
    catalogue = make_catalogue(objects)
    for index in range(3):
        pair = draw(objects, index, layouts={layout: 1})
        for shot in (pair.before, pair.after):
            solids = [item for item in shot.items if item.label]
            assert len(solids) >= 4
            boxes = []
            for item in solids:
                points = world_points(catalogue.mesh(item.model), item)
                boxes.append((Polygon(points[:4, :2]), points[:, 2].min(), points[:, 2].max()))
            for number, (ground, bottom, top) in enumerate(boxes):
                for other, low, high in boxes[:number]:
                    if min(top, high) - max(bottom, low) > 2e-3:
                        assert ground.intersection(other).area < 1e-3
            for item, (ground, bottom, _) in zip(solids, boxes, strict=True):
                under = [high for other, _, high in boxes if other.intersection(ground).area > 0.9 * ground.area]
                floors = [0.0, 0.07, 0.1, *under]
                hung = 'picture frame' in item.label and item.support is None
                assert hung or min(abs(bottom - floor) for floor in floors) < 2e-3


@pytest.mark.parametrize('kind', KINDS)
def test_changes_are_those_asked_for(objects, kind):
    """What differs between the shots' items is what the changes say, and nothing else."""
    for index, layout in enumerate(('table', 'room', 'street', 'shapes')):
        if kind == 'replace' and layout == 'street':
            continue
        pair = draw(objects, index, kinds={kind: 1}, counts={'2': 1}, layouts={layout: 1})
        before, after = ({item.item_id: item for item in shot.items} for shot in (pair.before, pair.after))
        assert 1 <= len(pair.changes) <= 2 and {change.kind for change in pair.changes} == {kind}
        gone, come = set(before) - set(after), set(after) - set(before)
        altered = {key for key in set(before) & set(after) if before[key] != after[key]}
        lists = [(change.before_item, change.after_item) for change in pair.changes]
        assert gone == {old for old, new in lists if old != new and old is not None}
        assert come == {new for old, new in lists if old != new and new is not None}
        assert altered == {old for old, new in lists if old == new}
        for old, new in lists:
            if kind == 'replace':
                assert before[old].label != after[new].label
            if kind == 'move':
                assert before[old].position != after[new].position and before[old].paint == after[new].paint
            if kind == 'appearance':
                assert before[old].position == after[new].position
                assert (before[old].paint, before[old].metal) != (after[new].paint, after[new].metal)


def test_changes_can_be_seen_apart(objects):
    for index in range(4):
        pair = draw(objects, index, counts={'3': 1})
        masks = draw_masks(pair, make_catalogue(objects))
        for number, places in enumerate(masks.places):
            for frame, place in enumerate(places):
                x1, y1, x2, y2 = box_of(place)
                assert min(x2 - x1, y2 - y1) >= 10
                for other in masks.places[:number]:
                    assert (place & other[frame]).sum() <= 0.1 * place.sum()
        for change, places in zip(pair.changes, masks.places, strict=True):
            if change.kind == 'add':
                assert not (masks.items[0] == change.after_item).any()
                assert ((masks.items[1] == change.after_item) == places[1]).mean() > 0.999


def test_levels_of_nuisance(objects):
    for level, camera, light in (('none', True, True), ('aligned', True, False), ('hand-held', False, False)):
        pair = draw(objects, counts={'1': 1}, nuisance={level: 1})
        assert pair.nuisance == level
        assert (pair.before.camera == pair.after.camera) == camera
        assert (pair.before.light == pair.after.light) == light
    same = draw(objects, counts={'0': 1}, nuisance={'hand-held': 1})
    assert same.changes == () and same.before.items == same.after.items


def test_same_seed_same_scene(objects):
    first, again = draw(objects, 4), draw(objects, 4)
    text = json.dumps(first.to_json())
    assert text == json.dumps(again.to_json())
    assert description_of(json.loads(text)) == first
    assert draw(objects, 5) != first


def test_held_out_models_stay_out_of_training(objects):
    models = make_catalogue(objects).models
    used = {split: set() for split in ('train', 'test')}
    for split, names in used.items():
        for index in range(4):
            names.update(models[item.model].held_out for item in draw(objects, index, split).after.items)
    assert used == {'train': {False}, 'test': {False, True}}


def test_faults_of_input(objects, tmp_path):
    with pytest.raises(ConfigError, match='mixture, layouts: expected weights of table, room'):
        Mixture(layouts={'garden': 1})
    with pytest.raises(ConfigError, match=r'couch\.gltf: expected an object file'):
        make_catalogue(objects).__class__(tmp_path, 'train').mesh('kaykit/furniture/couch')
    data = draw(objects).to_json()
    for broken in ({**data, 'format': 'x'}, {key: value for key, value in data.items() if key != 'before'}):
        with pytest.raises(ConfigError, match='a.json: expected difftracker-scene3d 1'):
            description_of(broken, 'a.json')
    assert isinstance(make_catalogue(objects).mesh('clevr/shapes/Sphere'), Mesh)
