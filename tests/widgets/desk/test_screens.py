"""The window on small and large screens: inside them, with slider and bar in sight, its parts as shares of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.gui


def many_images():
    """CT and nine MR images, some after an injection."""
    from napari_vcf.dicom import Role, Scan
    from napari_vcf.geometry import Grid
    from support.cases import SAGITTAL, MemoryCase, series

    grid = Grid.from_axes((9, 50, 50), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 4.0, 4.0), **SAGITTAL)
    roles = (Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS, Role.DWI, Role.T2, Role.T1C)
    found = [series(Role.CT, grid, "HU", key="ct")]
    found += [
        series(role, grid, key=f"{role.value}-{number}", seconds_after_injection=95.0 if "C" in role.value else None)
        for number, role in enumerate(roles)
    ]
    return MemoryCase(Scan(Path(), tuple(found), ()), pseudonym="C001", salt="0" * 32)


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (3840, 2160)])
def test_the_window_needs_no_more_than_the_screen_and_keeps_the_slider_in_it(empty_bench, size):
    from qtpy.QtCore import QPoint

    bench = empty_bench
    main = bench.arrangement.main
    before = main.size()
    bench.open(many_images())
    bench.arrangement.panes.set_layout("all")
    try:
        main.resize(*size)
        bench.settle()
        assert (main.width(), main.height()) == size
        number = bench.arrangement.slice_number.number
        for widget in (number, bench.arrangement.bar.help, bench.arrangement.bar.window_row.reset):
            place = widget.mapTo(main, QPoint(0, 0))
            assert place.x() >= 0
            assert place.x() + widget.width() <= size[0]
            assert place.y() + widget.height() <= size[1]
        assert bench.hands.canvas.width() > 0.3 * size[0]
    finally:
        bench.arrangement.panes.set_layout("single")
        main.resize(before)
        bench.settle()


def test_panes_of_a_case_of_many_images_do_not_make_the_window_grow_when_the_next_case_is_opened(empty_bench):
    from support.synthetic_case import make_case

    bench, main = empty_bench, empty_bench.arrangement.main
    before = main.size()
    bench.open(many_images())
    bench.arrangement.panes.set_layout("all")
    bench.settle()
    assert len(bench.arrangement.panes.panes) == 12
    bench.desk.saved = True
    bench.desk.close()
    bench.settle()
    try:
        # Meanwhile the room of the panes is as narrow as it gets.
        bench.desk.settings._all["R1"] = {"layout": "all"}
        bench.desk.open_case(make_case())
        bench.until(lambda: bench.arrangement.panes_dock.isVisible() and len(bench.arrangement.panes.panes) < 12)
        bench.settle()
        assert main.size() == before
    finally:
        bench.arrangement.panes.set_layout("single")
        main.resize(before)
        bench.settle()


def test_panels_keep_their_share_when_the_reader_comes_back_to_another_screen(bench):
    arrangement, main = bench.arrangement, bench.arrangement.main
    before = main.size()
    try:
        bench.desk.settings.put("panel_share", 0.4)
        for width in (1400, 1900):
            main.resize(width, 900)
            bench.settle()
            arrangement._set_widths()
            bench.settle()
            assert arrangement.docks["Case"].width() == pytest.approx(0.4 * width, abs=0.02 * width)
    finally:
        main.resize(before)
        bench.settle()


def test_a_case_opens_with_its_whole_image_whatever_panes_and_panels_take_and_goes_on_showing_it(bench):
    from support.synthetic_case import make_case

    arrangement, viewport, main = bench.arrangement, bench.viewport, bench.arrangement.main
    camera, before = viewport.viewer.scene.camera, main.size()

    def is_whole():
        _, rows, columns = viewport.view.grid.shape
        _, row_mm, column_mm = viewport.view.grid.spacing_mm
        room = bench.hands.canvas.height() / (rows * row_mm), bench.hands.canvas.width() / (columns * column_mm)
        return camera.zoom == pytest.approx(0.95 * min(room), rel=0.01)

    try:
        bench.desk.saved = True
        bench.desk.close()
        bench.settle()
        alone = bench.hands.canvas.width()
        bench.desk.settings._all["R1"] = {"layout": "all"}
        bench.desk.open_case(make_case())
        bench.until(lambda: arrangement.panes_dock.isVisible() and bench.hands.canvas.width() < alone)
        bench.until(is_whole)
        assert main.size() == before
        main.resize(1100, 700)
        bench.until(is_whole)
        # What was zoomed stays as it is.
        camera.zoom = 7.0
        main.resize(1300, 800)
        bench.settle()
        assert camera.zoom == 7.0
    finally:
        arrangement.panes.set_layout("single")
        main.resize(before)
        bench.settle()
