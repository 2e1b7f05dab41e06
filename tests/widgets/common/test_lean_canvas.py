"""Pixels of the canvas lie where napari says they do."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.widgets.common.lean_canvas import _in_plane, map_plane_directly

pytestmark = pytest.mark.gui


@pytest.fixture
def both(make_napari_viewer):
    """A viewer, and how napari and this program map a pixel of it."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(700, 500)
    viewer.add_image(np.zeros((5, 60, 80)), scale=(4.0, 0.7, 0.9), translate=(0, -11.3, 5.2))
    canvas = viewer.window._qt_viewer.canvas
    by_napari = canvas._map_canvas2world
    assert map_plane_directly(viewer)
    return viewer, canvas, by_napari


def test_a_plane_that_is_enlarged_and_moved_is_mapped_to_the_same_places(both, qtbot):
    viewer, canvas, by_napari = both
    rng = np.random.default_rng(0)
    direct = 0
    for number in range(60):
        viewer.scene.camera.zoom = float(np.exp(rng.uniform(-2, 5)))
        viewer.scene.camera.center = (0.0, *rng.uniform(-200, 200, 2))
        viewer.dims.set_current_step(0, number % 5)
        if number % 20 == 19:
            viewer.window.resize(*(int(side) for side in rng.integers(500, 900, 2)))
            qtbot.wait(30)
        for position in rng.uniform(-50, 900, (5, 2)):
            expected = by_napari(position, canvas.view)
            assert canvas._map_canvas2world(position, canvas.view) == pytest.approx(expected, rel=1e-9, abs=1e-9)
            direct += _in_plane(position, canvas.view) is not None
    assert direct == 300


def test_axes_in_another_order_are_mapped_to_the_same_places(both):
    viewer, canvas, by_napari = both
    viewer.dims.order = (2, 0, 1)
    for position in ((3.0, 5.0), (200.5, 44.0)):
        assert canvas._map_canvas2world(position, canvas.view) == pytest.approx(by_napari(position, canvas.view))


def test_a_view_of_three_dimensions_is_left_to_napari(both):
    viewer, canvas, by_napari = both
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (20, 30, 40)
    assert canvas._map_canvas2world((30, 40), canvas.view) == pytest.approx(by_napari((30, 40), canvas.view))


def test_a_viewer_without_a_window_has_no_canvas():
    from napari.components import ViewerModel

    assert not map_plane_directly(ViewerModel())
