"""Two images side by side, as large as each other, in the real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def beside(bench):
    """Puts one image beside another one in front."""

    def put(front: str, other: str):
        panes = bench.arrangement.panes
        bench.desk.show(bench.image(front))
        panes.set_layout(f"beside:{other}")
        bench.settle()
        (pane,) = panes.panes
        return pane

    yield put
    bench.arrangement.panes.set_layout("single")


def click(pane, *place, double=False):
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(*place))
    if double:
        QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(*place))


def test_two_images_stand_side_by_side_as_large_and_at_the_same_zoom_whatever_panels_come(bench, beside):
    pane = beside("T2", "ADC")
    canvas, main = bench.hands.canvas, bench.arrangement.main
    assert pane.title() == "ADC"
    assert pane.width() == pytest.approx(canvas.width(), abs=0.03 * main.width())
    for zoom in (2.0, 9.0):
        bench.close_up(zoom)
        assert pane.zoom == zoom
    bench.viewport.viewer.scene.camera.zoom = 5.0
    bench.arrangement.show_napari_panels(shown=True)
    bench.settle()
    assert pane.zoom == bench.viewport.viewer.scene.camera.zoom == 5.0
    bench.arrangement.show_napari_panels(shown=False)
    # Linked: one place of the patient in both.
    bench.arrangement.panes.crosshair.set(bench.world(0, 4, 3))
    assert pane.center == pytest.approx(bench.viewport.to_lps(bench.world(0, 4, 3)), abs=1e-6)


def test_ct_stands_beside_mri_before_they_are_joined_at_its_own_place_or_linked_by_a_level(bench, beside):
    pane = beside("T2", "CT")
    ct = bench.image("CT")
    assert not bench.viewport.can_show(ct)
    own = pane.own_place()
    assert pane.link() is None
    cut = pane.cut()
    assert cut is not None
    grid = bench.desk.case.image(ct).series.grid
    assert grid.contains(pane.center)
    # Alone, it moves by its own slices and takes the crosshair nowhere.
    before = bench.arrangement.panes.crosshair.world
    own.step(1)
    click(pane, pane.width() // 2 + 20, pane.height() // 2 - 10)
    assert bench.arrangement.panes.crosshair.world == pytest.approx(before)
    assert pane.center != pytest.approx(np.asarray(grid.center_lps), abs=1.0)

    # Named on both, the vertebra links them.
    t2_middle, ct_middle = bench.viewport.to_lps(bench.world(0, 0, 0)), np.asarray(grid.center_lps) + 3.0
    marks = [("L1", bench.image("T2"), t2_middle), ("L1", ct, ct_middle)]
    give = lambda: marks  # noqa: E731
    bench.viewport.level_marks.append(give)
    try:
        crosshair = bench.arrangement.panes.crosshair
        crosshair.set(bench.world(0, 6, -8))
        assert pane.link().level == "L1"
        assert pane.center - ct_middle == pytest.approx(crosshair.lps - t2_middle, abs=1e-6)
    finally:
        bench.viewport.level_marks.remove(give)


def test_a_double_click_enlarges_a_pane_and_leaves_the_crosshair_where_it_was(bench):
    panes = bench.arrangement.panes
    panes.set_layout("all")
    bench.close_up()
    panes.crosshair.set(bench.world(0, 3, 2))
    bench.settle()
    axial = panes.panes[3]
    before, small = panes.crosshair.world, axial.width() * axial.height()
    click(axial, 30, 40, double=True)
    bench.settle()
    (large,) = panes.panes
    assert large.title() == "T2 axial"
    assert large.width() * large.height() > 1.5 * small
    assert panes.crosshair.world == pytest.approx(before)
    click(large, 30, 40, double=True)
    bench.settle()
    assert len(panes.panes) == 5
    assert panes.crosshair.world == pytest.approx(before)
    # Another image comes to the front, at the same place.
    lps = panes.crosshair.lps
    click(panes.panes[2], 30, 40, double=True)
    bench.settle()
    assert bench.desk.image.label == "ADC"
    assert panes.crosshair.lps[1:] == pytest.approx(lps[1:], abs=1e-6)


def test_the_planes_across_the_image_have_their_lines_on_it(bench):
    panes = bench.arrangement.panes
    panes.set_layout("planes")
    bench.close_up(4.0)
    panes.crosshair.set(bench.world(0, 3, 2))
    layer = next(layer for layer in bench.viewport.viewer.layers if layer.name == "Crosshair")
    point = panes.crosshair.world[1:]

    def lines():
        """Lines of the other planes: those that keep away from the crosshair."""
        paths = [np.asarray(path) for path in layer.data]
        return [path for path in paths if np.linalg.norm(path - point, axis=1).min() > 29.0]

    def through():
        """Of these lines, whether each runs along a row or a column, through the crosshair."""
        return [bool(np.isclose(path, point, atol=1e-3).all(axis=0).any()) for path in lines()]

    bench.until(lambda: len(through()) >= 2 and all(through()))
    panes.set_layout("images")
    bench.until(lambda: not lines())


def test_of_several_stations_the_one_in_front_has_its_own_beside_it(bench, beside):
    from pathlib import Path

    from napari_vcf.dicom import Role, Scan
    from napari_vcf.geometry import Grid
    from support.cases import SAGITTAL, MemoryCase, series

    def grid(z):
        return Grid.from_axes((15, 50, 50), origin_lps=(-30, -100, z + 100), spacing_mm=(4, 4, 4), **SAGITTAL)

    found = tuple(
        series(role, grid(z), key=f"{place} {role}")
        for place, z in (("cervical", 300), ("lumbar", 0))
        for role in (Role.T1, Role.T2)
    )
    bench.desk.saved = True
    bench.desk.open_case(MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    keys = {image.label: image.series.key.split()[0] for image in bench.desk.case.images.values()}
    for front in ("T2", "T2 2"):
        pane = beside(front, "T1")
        assert keys[pane.title()] == keys[front]
