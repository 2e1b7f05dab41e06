"""A hidden layer rests, and is where it belongs in the first frame in which it is seen again."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_vcf.widgets.common.hidden_layers import rest_thumbnail, rest_while_hidden


def frame(layer, scale_factor):
    """What napari tells a layer before it draws."""
    layer._update_draw(
        scale_factor=scale_factor,
        corner_pixels_displayed=np.array([[2.0, 3.0], [9.0, 8.0]]),
        shape_threshold=(100, 100),
    )


@pytest.mark.parametrize("kind", ["image", "labels", "shapes"])
def test_a_hidden_layer_takes_over_what_the_canvas_shows_once_it_is_seen(kind):
    viewer = ViewerModel()
    layer = {
        "image": lambda: viewer.add_image(np.zeros((20, 20))),
        "labels": lambda: viewer.add_labels(np.zeros((20, 20), dtype=np.uint8)),
        "shapes": lambda: viewer.add_shapes([np.array([[0.0, 0.0], [15.0, 15.0]])], shape_type="path"),
    }[kind]()
    rest_while_hidden(layer)
    rest_while_hidden(layer)
    layer.visible = False
    corners = layer.corner_pixels.copy()
    frame(layer, 0.25)
    assert layer.scale_factor == 1
    assert np.array_equal(layer.corner_pixels, corners)
    layer.visible = True
    frame(layer, 0.25)
    assert layer.scale_factor == 0.25
    assert layer.corner_pixels.tolist() == [[2, 3], [9, 8]]


@pytest.mark.gui
def test_the_small_picture_of_a_layer_is_made_only_while_napari_lists_its_layers(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_image(np.linspace(0.0, 1.0, 400).reshape(20, 20), contrast_limits=(0, 1))
    rest_thumbnail(viewer, layer)
    rest_thumbnail(viewer, layer)
    dock = viewer.window._qt_viewer.dockLayerList
    dock.hide()
    before = layer.thumbnail.copy()
    layer.contrast_limits = (0.0, 0.2)
    layer.data = layer.data[::-1]
    assert np.array_equal(layer.thumbnail, before)
    dock.show()
    assert not np.array_equal(layer.thumbnail, before)
    listed = layer.thumbnail.copy()
    layer.contrast_limits = (0.5, 0.6)
    assert not np.array_equal(layer.thumbnail, listed)


def test_a_layer_without_a_window_is_as_it_was():
    layer = ViewerModel().add_image(np.zeros((20, 20)))
    rest_thumbnail(ViewerModel(), layer)
    assert "_update_thumbnail" not in vars(layer)
