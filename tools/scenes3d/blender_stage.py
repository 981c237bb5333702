"""Builds described scenes in Blender and renders them; the only module that needs `bpy`."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from tools.scenes3d.blender_materials import coat_material, surface_material
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import Camera, Item, Light, PairDescription, Shot, Surface
from tools.scenes3d.mesh import Mesh
from tools.scenes3d.palette import to_linear
from tools.scenes3d.rasterizer import SENSOR, camera_axes

_LAMP_SIZE = 1.5


def read_blend(path: Path) -> Mesh:
    """Reads the first object of a `.blend` file, named after the file, as it lies in its own frame."""
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.objects = [path.stem]
    data = wanted.objects[0].data
    vertices = np.empty(len(data.vertices) * 3)
    data.vertices.foreach_get('co', vertices)
    data.calc_loop_triangles()
    triangles = np.empty(len(data.loop_triangles) * 3, dtype=np.int32)
    data.loop_triangles.foreach_get('vertices', triangles)
    return Mesh(vertices.reshape(-1, 3), triangles.reshape(-1, 3).astype(np.int64))


class BlenderStage:
    """Renders shots with Cycles.

    Args:
        catalogue: Gives meshes and textures.
        samples: Samples per pixel at most; the result is denoised.
        threads: Threads, 0 for all.
        gpu: Whether to use a GPU where Cycles finds one.
    """

    def __init__(self, catalogue: Catalogue, samples: int, threads: int, gpu: bool) -> None:
        self.catalogue = catalogue
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self.device = _choose_device(gpu)
        self._set_up(samples, threads)
        self._meshes: dict[str, bpy.types.Mesh] = {}
        self._built: tuple[Surface, ...] | None = None
        self._surfaces: list[bpy.types.Object] = []
        self._objects: list[bpy.types.Object] = []
        self.camera = self._link('camera', bpy.data.cameras.new('camera'))
        self.sun = self._link('sun', bpy.data.lights.new('sun', 'SUN'))
        self.lamp = self._link('lamp', bpy.data.lights.new('lamp', 'AREA'))
        self.scene.camera = self.camera

    def render(self, pair: PairDescription, shot: Shot, path: Path) -> None:
        """Renders one shot of a pair to a JPEG file, which is whole or absent."""
        if self._built != pair.surfaces:
            self._clear(self._surfaces)
            self._surfaces.extend(self._surface(surface) for surface in pair.surfaces)
            self._built = pair.surfaces
        self._clear(self._objects)
        self._objects.extend(self._item(item) for item in shot.items)
        self._light(shot.light)
        self._aim(shot.camera)
        self.scene.view_settings.exposure = shot.exposure
        self.scene.render.resolution_x, self.scene.render.resolution_y = pair.size
        # Noise of the light's sampling differs between the shots, as that of two exposures does.
        self.scene.cycles.seed = int.from_bytes(path.stem.encode(), 'little') % 2**31
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f'.{path.stem}.{secrets.token_hex(4)}.jpg')
        self.scene.render.filepath = str(temporary.resolve())
        try:
            with _quiet():
                bpy.ops.render.render(write_still=True)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    # ---- parts of the scene

    def _set_up(self, samples: int, threads: int) -> None:
        scene, cycles = self.scene, self.scene.cycles
        scene.render.engine = 'CYCLES'
        cycles.device = 'CPU' if self.device == 'CPU' else 'GPU'
        cycles.samples = samples
        cycles.use_adaptive_sampling = True
        cycles.adaptive_threshold = 0.04
        cycles.use_denoising = True
        cycles.denoiser = 'OPENIMAGEDENOISE'
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 3
        cycles.caustics_reflective = cycles.caustics_refractive = False
        scene.render.use_persistent_data = True
        scene.render.resolution_percentage = 100
        if threads:
            scene.render.threads_mode, scene.render.threads = 'FIXED', threads
        scene.render.image_settings.file_format = 'JPEG'
        scene.render.image_settings.quality = 92
        scene.view_settings.view_transform = 'Filmic'
        scene.view_settings.look = 'Medium High Contrast'
        scene.world = bpy.data.worlds.new('sky')
        scene.world.use_nodes = True

    def _link(self, name: str, data: bpy.types.ID) -> bpy.types.Object:
        thing = bpy.data.objects.new(name, data)
        self.scene.collection.objects.link(thing)
        return thing

    def _clear(self, things: list[bpy.types.Object]) -> None:
        for thing in things:
            bpy.data.objects.remove(thing)
        things.clear()

    def _item(self, item: Item) -> bpy.types.Object:
        thing = self._link(f'item {item.item_id}', self._mesh(item.model))
        thing.location = item.position
        thing.rotation_euler = (0.0, 0.0, np.radians(item.yaw))
        thing.scale = (item.scale,) * 3
        # The material reads these: one material serves all objects of a pack.
        thing.color = (*to_linear(item.paint), 1.0) if item.paint else (1.0, 1.0, 1.0, 0.0)
        thing['roughness'] = item.roughness
        thing['metallic'] = float(item.metal)
        return thing

    def _mesh(self, model: str) -> bpy.types.Mesh:
        if model in self._meshes:
            return self._meshes[model]
        source = self.catalogue.mesh(model)
        mesh = bpy.data.meshes.new(model)
        mesh.from_pydata(source.vertices.tolist(), [], source.triangles.tolist())
        texture = None
        if source.uvs is not None:
            layer = mesh.uv_layers.new(name='uv')
            layer.uv.foreach_set('vector', source.uvs[source.triangles.ravel()].astype(np.float32).ravel())
            (texture,) = self.catalogue.path(model).parent.glob('*.png')
        mesh.shade_smooth()
        if source.normals is not None:
            mesh.normals_split_custom_set_from_vertices(source.normals.tolist())
        mesh.materials.append(coat_material(texture))
        self._meshes[model] = mesh
        return mesh

    def _surface(self, surface: Surface) -> bpy.types.Object:
        width, depth = surface.size[0] / 2, surface.size[1] / 2
        mesh = bpy.data.meshes.new('surface')
        corners = [(-width, -depth, 0), (width, -depth, 0), (width, depth, 0), (-width, depth, 0)]
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        mesh.materials.append(surface_material(surface))
        thing = self._link('surface', mesh)
        thing.location = surface.position
        thing.rotation_euler = (np.radians(surface.tilt), 0.0, np.radians(surface.yaw))
        return thing

    def _light(self, light: Light) -> None:
        turn, lift = np.radians(light.azimuth), np.radians(light.elevation)
        # The sun shines along its own -z; this turns it up by its elevation and then about the vertical.
        self.sun.rotation_euler = (np.pi / 2 - lift, 0.0, turn)
        sun = self.sun.data
        sun.energy, sun.color, sun.angle = light.strength, light.colour, np.radians(light.softness)
        lamp = self.lamp.data
        self.lamp.hide_render = light.lamp is None
        self.lamp.location = light.lamp or (0.0, 0.0, 0.0)
        lamp.energy, lamp.size, lamp.color = light.lamp_power, _LAMP_SIZE, (1.0, 0.93, 0.82)
        background = self.scene.world.node_tree.nodes['Background']
        background.inputs['Color'].default_value = (*to_linear(light.sky), 1.0)
        background.inputs['Strength'].default_value = light.sky_strength

    def _aim(self, camera: Camera) -> None:
        right, up, forward = camera_axes(camera)
        matrix = Matrix(np.stack([right, up, -forward], axis=1).tolist()).to_4x4()
        matrix.translation = camera.position
        self.camera.matrix_world = matrix
        self.camera.data.lens = camera.focal
        self.camera.data.sensor_fit = 'HORIZONTAL'
        self.camera.data.sensor_width = SENSOR


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the hundreds of lines that Blender's own code writes to the standard output for each image."""
    kept = os.dup(1)
    with open(os.devnull, 'w') as nothing:
        os.dup2(nothing.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _choose_device(gpu: bool) -> str:
    """Returns the kind of device that Cycles uses, `CPU` where it finds no GPU or none is wanted."""
    if not gpu:
        return 'CPU'
    preferences = bpy.context.preferences.addons['cycles'].preferences
    for kind in ('OPTIX', 'CUDA', 'HIP', 'ONEAPI', 'METAL'):
        try:
            preferences.compute_device_type = kind
        except TypeError:
            # This build of Blender does not know this kind.
            continue
        preferences.refresh_devices()
        devices = [device for device in preferences.devices if device.type == kind]
        for device in preferences.devices:
            device.use = device.type == kind
        if devices:
            return kind
    return 'CPU'
