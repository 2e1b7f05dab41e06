"""An image drawn by what is seen of it alone looks as napari draws it."""

from __future__ import annotations

import numpy as np
import pytest
from vispy.visuals.shaders.compiler import Compiler

from napari_vcf.widgets.common.layer_node import node_of
from napari_vcf.widgets.common.lean_image import draw_image_lean

pytestmark = pytest.mark.gui

SHAPE = (3, 60, 80)


@pytest.fixture
def shown(make_napari_viewer):
    """A viewer with a grey image that is in part not a number, and one of another colour half over it."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(500, 400)
    values = np.random.default_rng(0).normal(100.0, 40.0, SHAPE).astype(np.float32)
    values[0, :20, :20] = np.nan
    scale = (4.0, 0.7, 0.9)
    layer = viewer.add_image(
        values, scale=scale, translate=(0, -11.3, 5.2), contrast_limits=(20, 180), interpolation2d="linear"
    )
    other = viewer.add_image(values[:, ::-1], scale=scale, colormap="green", opacity=0.4, blending="additive")
    return viewer, layer, other


def pictures(viewer, layer):
    """The image in several windows, powers, places and colours."""
    found = []

    def take():
        found.append(viewer.screenshot(canvas_only=True, flash=False).astype(int))

    take()
    for name, value in (
        ("contrast_limits", (90.0, 110.0)), ("interpolation2d", "nearest"), ("gamma", 0.5), ("gamma", 1.7),
        ("gamma", 1.0), ("colormap", "viridis"), ("gamma", 0.6), ("colormap", "gray"), ("gamma", 1.0),
        ("colormap", "gray_r"), ("opacity", 0.5), ("colormap", "gray"), ("interpolation2d", "linear"),
    ):  # fmt: skip
        setattr(layer, name, value)
        take()
    viewer.dims.set_current_step(0, 1)
    take()
    viewer.scene.camera.zoom *= 3.7
    take()
    layer.data = 2.0 * layer.data
    take()
    return found


def reset(viewer, layer, values):
    layer.data, layer.contrast_limits, layer.opacity = values, (20, 180), 1.0
    viewer.dims.set_current_step(0, 0)
    viewer.reset_view()


def test_it_looks_as_napari_draws_it_to_one_grey_level(shown):
    viewer, layer, other = shown
    values = layer.data.copy()
    reset(viewer, layer, values)
    before = pictures(viewer, layer)
    reset(viewer, layer, values)
    assert draw_image_lean(viewer, layer)
    assert draw_image_lean(viewer, other)
    after = pictures(viewer, layer)
    assert len({picture.tobytes() for picture in before}) > 10
    assert max(np.abs(one - two).max() for one, two in zip(before, after, strict=True)) <= 1


def test_the_costly_parts_are_gone(shown):
    viewer, layer, _ = shown
    assert draw_image_lean(viewer, layer)
    viewer.screenshot(canvas_only=True, flash=False)
    program = next(iter(node_of(viewer, layer).shared_program))
    compiled = Compiler(vert=program.vert, frag=program.frag).compile()["frag"]
    for costly in ("pow(", "texture2D(texture2D_LUT", "texcoord = map_local_to_tex("):
        assert costly not in compiled
    layer.gamma = 0.8
    viewer.screenshot(canvas_only=True, flash=False)
    assert "pow(" in Compiler(vert=program.vert, frag=program.frag).compile()["frag"]


def test_a_layer_that_nothing_draws_is_left_alone():
    from napari.components import ViewerModel

    viewer = ViewerModel()
    assert not draw_image_lean(viewer, viewer.add_image(np.zeros(SHAPE)))
