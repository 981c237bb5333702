"""Materials for Blender: coats of objects, floors and walls."""

from __future__ import annotations

from pathlib import Path

import bpy

from tools.scenes3d.description import Surface
from tools.scenes3d.palette import to_linear


def coat_material(texture: Path | None) -> bpy.types.Material:
    """Returns the material of all objects that share a texture, or of those without one.

    Each object tells it how to look: its colour's alpha says whether a coat covers the texture (whose light and dark
    parts shine through), its properties `roughness` and `metallic` how it shines.
    """
    name = f'coat {texture.stem if texture else "plain"}'
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material, nodes, links, shader = _new(name)
    info = nodes.new('ShaderNodeObjectInfo')
    colour = info.outputs['Color']
    if texture is not None:
        image = nodes.new('ShaderNodeTexImage')
        image.image = bpy.data.images.load(str(texture), check_existing=True)
        grey = nodes.new('ShaderNodeRGBToBW')
        links.new(image.outputs['Color'], grey.inputs['Color'])
        shade = nodes.new('ShaderNodeMapRange')
        shade.inputs['To Min'].default_value, shade.inputs['To Max'].default_value = 0.55, 1.15
        shade.inputs['From Max'].default_value = 0.7
        links.new(grey.outputs['Val'], shade.inputs['Value'])
        coat = nodes.new('ShaderNodeVectorMath')
        coat.operation = 'SCALE'
        links.new(info.outputs['Color'], coat.inputs[0])
        links.new(shade.outputs['Result'], coat.inputs['Scale'])
        mix = nodes.new('ShaderNodeMix')
        mix.data_type = 'RGBA'
        links.new(info.outputs['Alpha'], mix.inputs['Factor'])
        links.new(image.outputs['Color'], mix.inputs[6])
        links.new(coat.outputs['Vector'], mix.inputs[7])
        colour = mix.outputs[2]
    links.new(colour, shader.inputs['Base Color'])
    for attribute, socket in (('roughness', 'Roughness'), ('metallic', 'Metallic')):
        node = nodes.new('ShaderNodeAttribute')
        node.attribute_type, node.attribute_name = 'OBJECT', attribute
        links.new(node.outputs['Fac'], shader.inputs[socket])
    return material


def surface_material(surface: Surface) -> bpy.types.Material:
    """Returns the material of a floor or wall."""
    material, nodes, links, shader = _new(f'surface {surface.finish}')
    shader.inputs['Roughness'].default_value = surface.roughness
    place = nodes.new('ShaderNodeTexCoord').outputs['Object']
    first, second = ((*to_linear(colour), 1.0) for colour in surface.colours)
    if surface.finish == 'plain':
        pattern = _noise(nodes, links, place, 1.5)
        second = (*(0.9 * value for value in first[:3]), 1.0)
    elif surface.finish == 'speckled':
        pattern = _noise(nodes, links, place, 1 / surface.grain)
    elif surface.finish == 'checks':
        node = nodes.new('ShaderNodeTexChecker')
        node.inputs['Scale'].default_value = 1 / surface.grain
        links.new(place, node.inputs['Vector'])
        pattern = node.outputs['Fac']
    else:
        node = _bricks(nodes, surface, first, second)
        links.new(place, node.inputs['Vector'])
        grain = _noise(nodes, links, place, 14.0)
        _mixed(nodes, links, shader, node.outputs['Color'], grain)
        return material
    mix = nodes.new('ShaderNodeMix')
    mix.data_type = 'RGBA'
    links.new(pattern, mix.inputs['Factor'])
    mix.inputs[6].default_value, mix.inputs[7].default_value = first, second
    links.new(mix.outputs[2], shader.inputs['Base Color'])
    return material


def _new(name: str) -> tuple:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    return material, tree.nodes, tree.links, tree.nodes['Principled BSDF']


def _noise(
    nodes: bpy.types.Nodes, links: bpy.types.NodeLinks, place: bpy.types.NodeSocket, scale: float
) -> bpy.types.NodeSocket:
    node = nodes.new('ShaderNodeTexNoise')
    node.inputs['Scale'].default_value = scale
    node.inputs['Detail'].default_value = 3.0
    links.new(place, node.inputs['Vector'])
    return node.outputs['Fac']


def _bricks(nodes: bpy.types.Nodes, surface: Surface, first: tuple, second: tuple) -> bpy.types.Node:
    node = nodes.new('ShaderNodeTexBrick')
    planks = surface.finish == 'planks'
    node.offset = 0.5 if planks else 0.0
    node.inputs['Color1'].default_value, node.inputs['Color2'].default_value = first, second
    node.inputs['Mortar'].default_value = (*(0.45 * value for value in second[:3]), 1.0)
    node.inputs['Scale'].default_value = 1.0
    node.inputs['Mortar Size'].default_value = 0.006 if planks else 0.012
    node.inputs['Brick Width'].default_value = surface.grain * (6.0 if planks else 1.0)
    node.inputs['Row Height'].default_value = surface.grain
    return node


def _mixed(
    nodes: bpy.types.Nodes,
    links: bpy.types.NodeLinks,
    shader: bpy.types.Node,
    colour: bpy.types.NodeSocket,
    grain: bpy.types.NodeSocket,
) -> None:
    """Darkens a pattern a little by noise, so that no two planks are alike."""
    shade = nodes.new('ShaderNodeMapRange')
    shade.inputs['To Min'].default_value, shade.inputs['To Max'].default_value = 0.82, 1.1
    links.new(grain, shade.inputs['Value'])
    scaled = nodes.new('ShaderNodeVectorMath')
    scaled.operation = 'SCALE'
    links.new(colour, scaled.inputs[0])
    links.new(shade.outputs['Result'], scaled.inputs['Scale'])
    links.new(scaled.outputs['Vector'], shader.inputs['Base Color'])
