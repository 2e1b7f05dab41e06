"""The linked panes, worked with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def mouse(pane, place, kind="click", turn=0):
    from qtpy.QtCore import QPoint, QPointF, Qt
    from qtpy.QtGui import QWheelEvent
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    point = QPoint(*place)
    if kind == "wheel":
        event = QWheelEvent(
            QPointF(point), QPointF(pane.mapToGlobal(point)), QPoint(0, 0), QPoint(0, -120 * turn),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(pane, event)
    else:
        act = QTest.mouseClick if kind == "click" else QTest.mouseDClick
        act(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def test_panes_share_place_zoom_and_crosshair_and_hold_no_second_volume(bench):
    from qtpy.QtCore import QPointF

    desk, panes, hands = bench.desk, bench.arrangement.panes, bench.hands
    panes.set_layout("all")
    hands.wait(60)
    titles = [pane.title() for pane in panes.panes]
    assert titles == ["CT", "T2", "ADC", "T2 axial", "T2 coronal"]
    bench.close_up()
    t2, axial = panes.panes[1], panes.panes[3]
    volume = desk.display.volume(t2.shown)
    assert np.shares_memory(t2.cut().pixels, volume.data)
    assert np.shares_memory(axial.cut().pixels, volume.data)
    assert len({pane.zoom for pane in panes.panes}) <= 2

    # A click goes there, in every plane at once.
    place = (axial.width() // 2 + 15, axial.height() // 2 - 20)
    wanted = axial.world_at(QPointF(*place))
    mouse(axial, place)
    assert panes.focus.world[1:] == pytest.approx(wanted[1:], abs=1e-6)
    assert desk.current_slice_mm == pytest.approx(wanted[0], abs=4.8 / 2 + 1e-6)
    before = panes.focus.world
    mouse(axial, (50, 50), "wheel", 1)
    assert np.linalg.norm(panes.focus.world - before) == pytest.approx(1.0, abs=1e-6)
    before = desk.current_slice_mm
    mouse(t2, (50, 50), "wheel", 1)
    assert abs(desk.current_slice_mm - before) == pytest.approx(4.8)

    # What an instrument draws is drawn on the panes as well.
    def colourful(pane):
        image = pane.grab().toImage().convertToFormat(pane.grab().toImage().Format.Format_RGB32)
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3]
        return int((np.ptp(pixels.astype(int), axis=-1) > 120).sum())

    bench.front("Calipers")
    bench.close_up()
    panes.focus.set(bench.world(0, 0, 0))
    hands.wait(60)
    empty = colourful(t2)
    hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    hands.wait(60)
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
