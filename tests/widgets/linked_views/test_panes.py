"""The linked panes, worked with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

from support.window import turn_wheel

pytestmark = pytest.mark.gui


def mouse(pane, place, kind="click", turn=0):
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    point = QPoint(*place)
    if kind == "wheel":
        turn_wheel(pane, point, by=-120 * turn)
    else:
        act = QTest.mouseClick if kind == "click" else QTest.mouseDClick
        act(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def test_panes_share_place_zoom_and_crosshair_and_hold_no_second_volume(bench):
    from qtpy.QtCore import QPointF

    desk, panes, hands = bench.desk, bench.arrangement.panes, bench.hands
    panes.set_layout("all")
    bench.settle()
    titles = [pane.title() for pane in panes.panes]
    assert titles == ["CT", "T2", "ADC", "T2 axial", "T2 coronal"]
    bench.close_up()
    t2, axial = panes.panes[1], panes.panes[3]
    volume = desk.volume(t2.shown)
    assert np.shares_memory(t2.cut().pixels, volume.data)
    assert np.shares_memory(axial.cut().pixels, volume.data)
    assert len({pane.zoom for pane in panes.panes}) <= 2

    # A click goes there, in every plane at once.
    place = (axial.width() // 2 + 15, axial.height() // 2 - 20)
    wanted = bench.viewport.frame.to_world(axial.lps_at(QPointF(*place)))
    mouse(axial, place)
    assert panes.crosshair.world[1:] == pytest.approx(wanted[1:], abs=1e-6)
    assert bench.viewport.current_slice_mm == pytest.approx(wanted[0], abs=4.8 / 2 + 1e-6)
    before = panes.crosshair.world
    mouse(axial, (50, 50), "wheel", 1)
    assert np.linalg.norm(panes.crosshair.world - before) == pytest.approx(1.0, abs=1e-6)
    before = bench.viewport.current_slice_mm
    mouse(t2, (50, 50), "wheel", 1)
    assert abs(bench.viewport.current_slice_mm - before) == pytest.approx(4.8)

    # What an instrument draws is drawn on the panes as well.
    def colourful(pane):
        image = pane.grab().toImage().convertToFormat(pane.grab().toImage().Format.Format_RGB32)
        bits = image.constBits()
        if hasattr(bits, "setsize"):  # PyQt6 gives an address that does not know how much lies there.
            bits.setsize(image.sizeInBytes())
        pixels = np.frombuffer(bits, np.uint8).reshape(image.height(), image.width(), 4)[..., :3]
        return int((np.ptp(pixels.astype(int), axis=-1) > 120).sum())

    bench.front("Calipers")
    bench.close_up()
    panes.crosshair.set(bench.world(0, 0, 0))
    bench.settle()
    empty = colourful(t2)
    hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    bench.settle()
    assert colourful(t2) > empty + 15

    # A double click brings an image to the front, the key takes the panes away.
    mouse(panes.panes[2], (50, 50), "double")
    assert desk.image.label == "ADC"
    for _ in range(3):
        hands.key("V")
    assert not panes.panes
    assert not bench.arrangement.panes_dock.isVisible()
    hands.key("V")
    assert len(panes.panes) == 5


def test_each_reader_finds_panes_widths_and_windows_as_they_left_them(bench):
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    from support.synthetic_case import make_case

    desk, hands, arrangement = bench.desk, bench.hands, bench.arrangement

    def sit_down(reader):
        desk.open_case(make_case(), reader=reader)
        desk.set_stage("combined")
        desk.show(bench.image("T2"))
        bench.settle()

    def state():
        layer = bench.viewport.image_layer
        return (
            arrangement.panes.arrangement,
            arrangement.panes_dock.width(),
            arrangement.docks["Case"].width(),
            *(float(value) for value in layer.contrast_limits),
        )

    sit_down("R7")
    usual = state()
    for _ in range(2 if usual[0] == "single" else 1):
        hands.key("V")
    bench.settle()
    # The border between the panes and the image, as a hand drags it.
    window, dock = arrangement.main.windowHandle(), arrangement.panes_dock
    border = dock.mapTo(arrangement.main, QPoint(dock.width() + 2, dock.height() // 2))
    QTest.mousePress(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, border)
    for step in range(1, 7):
        QTest.mouseMove(window, border + QPoint(-10 * step, 0))
        bench.settle()
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, border - QPoint(60, 0))
    middle = [hands.canvas.width() / 2, hands.canvas.height() / 2]
    hands._drag([_point(*middle), _point(middle[0] + 80, middle[1] - 40)], Qt.MouseButton.RightButton, 20.0)
    bench.settle()
    mine = state()
    assert mine[0] == "planes"
    assert mine[1] == pytest.approx(usual[1] - 60, abs=6)
    assert mine[3:] != pytest.approx(usual[3:], rel=0.02)

    sit_down("R8")
    others = state()
    assert others[0] == "all"
    assert others[1:3] == usual[1:3]
    assert others[3:] == pytest.approx(usual[3:])
    sit_down("R7")
    assert state()[0] == "planes"
    assert state()[1:] == pytest.approx(mine[1:], rel=1e-6)


def _point(x, y):
    from qtpy.QtCore import QPointF

    return QPointF(x, y)


def test_the_large_image_takes_the_panes_along_until_the_crosshair_is_set(bench):
    from qtpy.QtCore import QPointF

    panes, hands = bench.arrangement.panes, bench.hands
    panes.set_layout("images")
    bench.settle()
    bench.close_up()
    hands.look_at(bench.world(0, -8, 30), millimetres=80.0)
    bench.settle()
    center = np.asarray(bench.viewport.viewer.scene.camera.center)[-2:]
    assert panes.crosshair.world[1:] == pytest.approx(center, abs=1e-6)
    pane = panes.panes[1]
    zoomed = pane.zoom
    mouse(pane, (pane.width() // 2 + 20, pane.height() // 2 + 10))
    chosen = panes.crosshair.world
    assert chosen[1:] - center == pytest.approx(np.array([10, 20]) / zoomed, abs=0.6 / zoomed)
    # A little further on the crosshair stays in the patient; out of sight it is given up.
    hands.look_at(bench.world(0, 0, 26), millimetres=80.0)
    assert panes.crosshair.world == pytest.approx(chosen)
    middle = pane.lps_at(QPointF(pane.width() / 2, pane.height() / 2))
    assert bench.viewport.frame.to_world(middle) == pytest.approx(chosen, abs=1e-6)
    for z in (8, -8, -24, -40):
        hands.look_at(bench.world(0, 0, z), millimetres=80.0)
    assert panes.crosshair.world[1:] == pytest.approx(
        np.asarray(bench.viewport.viewer.scene.camera.center)[-2:], abs=1e-6
    )


def test_a_change_of_slice_is_drawn_once_on_the_canvas_and_on_each_pane(bench):
    from collections import Counter

    from qtpy.QtCore import QEvent, QObject

    from napari_vcf.widgets.common.canvas_widget import canvas_of

    panes = bench.arrangement.panes
    panes.set_layout("all")
    bench.close_up()
    canvas = canvas_of(bench.arrangement.main)
    drawn = Counter()

    class Eyes(QObject):
        def eventFilter(self, watched, event):  # noqa: N802
            if event.type() == QEvent.Type.Paint:
                drawn[watched.objectName()] += 1
            return False

    # What fades over the canvas has it painted again, which draws nothing.
    def see_canvas(_event):
        drawn["canvas"] += 1

    canvas._vispy_canvas.events.draw.connect(see_canvas)
    eyes = Eyes()
    for pane in panes.panes:
        pane.installEventFilter(eyes)
    bench.viewport.step_slice(1)
    drawn["before"] = 1
    # What the case has still to draw, on a busy machine late, is no part of it.
    while drawn:
        drawn.clear()
        bench.qtbot.wait(200)
    for steps in (1, -1, 1):
        drawn.clear()
        bench.viewport.step_slice(steps)
        bench.until(lambda: len(drawn) == 1 + len(panes.panes))
        # Time enough for a second time.
        bench.qtbot.wait(200)
        assert set(drawn.values()) == {1}
        assert len(drawn) == 1 + len(panes.panes)
    canvas._vispy_canvas.events.draw.disconnect(see_canvas)
    for pane in panes.panes:
        pane.removeEventFilter(eyes)


def test_an_empty_drawing_is_left_out_and_one_that_is_hidden_by_hand_stays_hidden(bench):
    desk = bench.desk
    bench.front("Calipers")
    bench.close_up()
    layer = next(layer for layer in bench.viewport.viewer.layers if layer.name == "Calipers")
    assert not layer.visible
    bench.hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    bench.settle()
    assert layer.visible
    assert len(layer.data)
    layer.visible = False
    bench.hands.drag([bench.world(0, 8, 10), bench.world(0, 8, -10)], step_px=40)
    bench.settle()
    assert len(desk.reading.state.stages[desk.stage].calipers) == 2
    assert not layer.visible
    layer.visible = True
    while desk.reading.state.stages[desk.stage].calipers:
        desk.undo()
    assert not layer.visible
    desk.redo()
    assert layer.visible


def test_the_corner_of_the_image_names_it_and_the_place_of_its_slice(bench):
    title = bench.arrangement.title
    assert title.isVisible()
    before = title.text()
    assert before.splitlines()[0] == bench.desk.image.label
    assert " mm " in before.splitlines()[-1]
    bench.viewport.step_slice(1)
    assert title.text() != before
    assert title.text().splitlines()[0] == bench.desk.image.label


def test_a_pane_outlives_the_double_click_that_rearranges_the_panes(bench):
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    panes, left = bench.arrangement.panes, Qt.MouseButton.LeftButton

    def double_click(pane):
        """As the window system sends it: the last release comes when all that the double click did is done."""
        for kind, held in (
            (QEvent.Type.MouseButtonPress, left),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
            (QEvent.Type.MouseButtonDblClick, left),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
        ):
            place = QPointF(40, 40)
            where = QPointF(pane.mapToGlobal(place.toPoint()))
            QApplication.sendEvent(pane, QMouseEvent(kind, place, where, left, held, Qt.KeyboardModifier.NoModifier))
            bench.settle()

    panes.set_layout("all")
    bench.settle()
    shown = list(panes.panes)
    axial = shown[3]
    double_click(axial)
    assert panes.panes == [axial]
    assert [pane.isVisible() for pane in shown] == [False, False, False, True, False]
    double_click(axial)
    assert panes.panes == shown
    assert all(pane.isVisible() for pane in shown)
    bench.desk.show(bench.image("T2"))
    panes.set_layout("beside:ADC")
    bench.settle()
    (large,) = panes.panes
    double_click(large)
    assert bench.desk.image.label == "ADC"
    assert [pane.title() for pane in panes.panes] == ["T2"]
    panes.set_layout("single")
