"""Masks drawn where something of them is seen look as napari draws them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils.colormaps import DirectLabelColormap
from vispy import gloo

from napari_vcf.widgets.common.lean_labels import draw_where_seen

pytestmark = pytest.mark.gui

CLEAR, OUTSIDE = (0.0, 0.0, 0.0, 0.0), 255
COLORS = {0: CLEAR, 1: (0.9, 0.4, 0.0, 1.0), 2: (1.0, 0.9, 0.2, 1.0), OUTSIDE: CLEAR, None: CLEAR}
SHAPE = (4, 60, 80)


@pytest.fixture
def shown(make_napari_viewer):
    """A viewer with a mask over an image: a body that is outlined on one slice, one voxel on the next, then nothing."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(500, 400)
    scale = (4.0, 0.7, 0.9)
    viewer.add_image(np.random.default_rng(0).normal(size=SHAPE), scale=scale, translate=(0, -11.3, 5.2))
    codes = np.full(SHAPE, OUTSIDE, dtype=np.uint8)
    codes[0, 20:31, 33:60] = 0
    codes[0, 22:25, 40:51] = 1
    codes[0, 27, 58] = 2
    codes[1, 59, 0] = 1
    codes[3] = 1
    colors = DirectLabelColormap(color_dict=COLORS)
    layer = viewer.add_labels(codes, colormap=colors, opacity=0.55, scale=scale, translate=(0, -11.3, 5.2))
    return viewer, layer


def pictures(viewer, slices=(0, 1)):
    """Slices, whole, close and off the middle."""
    found = []
    camera = viewer.scene.camera
    for index in slices:
        viewer.dims.set_current_step(0, index)
        viewer.reset_view()
        zoom = camera.zoom
        for factor, middle in ((1.0, None), (3.7, (0.0, 6.1, 40.3)), (0.31, (0.0, 90.0, 77.7))):
            camera.zoom = factor * zoom
            if middle is not None:
                camera.center = middle
            found.append(viewer.screenshot(canvas_only=True, flash=False))
    return found


def test_a_mask_looks_as_napari_draws_it(shown):
    viewer, layer = shown
    slices = range(SHAPE[0])
    before = pictures(viewer, slices)
    assert draw_where_seen(viewer, layer)
    for one, other in zip(before, pictures(viewer, slices), strict=True):
        assert np.array_equal(one, other)


def test_what_is_painted_is_seen_at_once_wherever_it_is(shown):
    viewer, layer = shown
    viewer.dims.set_current_step(0, 2)
    assert draw_where_seen(viewer, layer)
    empty = viewer.screenshot(canvas_only=True, flash=False)
    layer.brush_size, layer.selected_label = 3, 1
    # napari would take a layer that it never drew for one of another size, and set its data once more.
    set_anew = []
    layer.events.set_data.connect(set_anew.append)
    layer.paint((2, 50, 70), 1)
    assert set_anew == []
    painted = viewer.screenshot(canvas_only=True, flash=False)
    assert not np.array_equal(empty, painted)
    layer.paint((2, 50, 70), 0)
    assert np.array_equal(viewer.screenshot(canvas_only=True, flash=False), empty)


def test_a_mask_that_is_shown_in_another_way_looks_as_napari_draws_it(shown):
    viewer, layer = shown

    def ways():
        found = [pictures(viewer, (0,))]
        layer.contour = 1
        found.append(pictures(viewer, (0,)))
        layer.contour, layer.show_selected_label = 0, True
        found.append(pictures(viewer, (0,)))
        layer.show_selected_label = False
        layer.colormap = {0: CLEAR, 1: CLEAR, 2: "cyan", OUTSIDE: "gray", None: CLEAR}
        found.append(pictures(viewer, (0,)))
        layer.colormap = DirectLabelColormap(color_dict=COLORS)
        return np.array(found)

    before = ways()
    assert draw_where_seen(viewer, layer)
    assert np.array_equal(ways(), before)
    assert len({way.tobytes() for way in before}) == len(before)


def test_only_the_box_of_what_is_seen_is_drawn(shown, monkeypatch):
    viewer, layer = shown
    assert draw_where_seen(viewer, layer)
    boxes = []
    set_scissor = gloo.set_scissor
    monkeypatch.setattr(gloo, "set_scissor", lambda *box: (boxes.append(box), set_scissor(*box)))
    viewer.dims.set_current_step(0, 0)
    viewer.reset_view()
    viewer.screenshot(canvas_only=True, flash=False)
    height, width = viewer.canvas.size
    assert boxes
    assert all(box[2] < width / 2 and box[3] < height / 3 for box in boxes)
    viewer.dims.set_current_step(0, 2)
    boxes.clear()
    viewer.screenshot(canvas_only=True, flash=False)
    assert {box[2:] for box in boxes} == {(0, 0)}


def test_a_viewer_without_a_window_has_nothing_to_draw_with():
    from napari.components import ViewerModel

    viewer = ViewerModel()
    assert not draw_where_seen(viewer, viewer.add_labels(np.zeros((4, 4), dtype=np.uint8)))
