"""The scripted reader's hands: events sent through Qt to the real widgets, never a call of what they lead to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QKeySequence, QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.widgets.common.canvas_widget import canvas_of

if TYPE_CHECKING:
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["Hands", "HandsError", "hand_seconds"]

#: vispy drops moves that come sooner than 10 ms after the last one.
STEP_MS = 15


class HandsError(NapariVcfError):
    """The scripted reader could not do what a person would have done."""


#: What each takes the hand, seconds, by the keystroke-level model (Card, Moran and Newell, Communications of the ACM
#: 1980; 23: 396-410): 1.1 to point, 0.1 to press or let go, 0.2 a key; a step of the wheel is taken as 0.1.
_POINT_S, _BUTTON_S, _KEY_S, _WHEEL_S = 1.1, 0.1, 0.2, 0.1


def hand_seconds(counts: Mapping[str, int]) -> float:
    """Time of the hand for so many clicks, drags, keys and steps of the wheel."""
    click, drag = _POINT_S + 2 * _BUTTON_S, 2 * (_POINT_S + _BUTTON_S)
    each = {"clicks": click, "drags": drag, "keys": _KEY_S, "wheel steps": _WHEEL_S}
    return sum(each[what] * count for what, count in counts.items())


class Hands:
    """Mouse and keyboard on one window.

    Attributes
    ----------
    counts : dict
        How many clicks, drags and keys were needed.
    """

    def __init__(self, arrangement: Arrangement) -> None:
        self._main = arrangement.main
        self._viewport, self._desk = arrangement.viewport, arrangement.desk
        self.counts = {"clicks": 0, "drags": 0, "keys": 0, "wheel steps": 0}
        # Keys go to the active window; without a window manager nobody has made it so.
        self._main.activateWindow()
        self._main.raise_()
        self.wait_until(self._main.isActiveWindow, "the window to become active", seconds=5)
        canvas = canvas_of(self._main)
        if canvas is None:
            raise HandsError("There is no canvas in the window.")
        self.canvas: QWidget = canvas

    # -- waiting ----------------------------------------------------------------------------------------------------
    def wait(self, milliseconds: int = STEP_MS) -> None:
        """Let the window live for a while; a loop of Qt's sleeps between events, where vispy's `QTest.qWait` spins."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def wait_until(self, done: Callable[[], bool], what: str, *, seconds: float = 120.0) -> None:
        """Wait for something; raises `HandsError` where it does not come."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise HandsError(f"After {seconds:.0f} s still waiting: {what}.")
            self.wait(30)

    # -- the canvas -------------------------------------------------------------------------------------------------
    def pixel(self, world: ArrayLike) -> QPointF:
        """Where a world point (slice, row, column) lies on the canvas, in the widget's pixels."""
        camera = self._viewport.viewer.scene.camera
        row, column = np.asarray(world, dtype=np.float64)[-2:]
        center = np.asarray(camera.center, dtype=np.float64)[-2:]
        return QPointF(
            self.canvas.width() / 2 + (column - center[1]) * camera.zoom,
            self.canvas.height() / 2 + (row - center[0]) * camera.zoom,
        )

    def click_at(self, world: ArrayLike) -> None:
        """Click a point of the image."""
        place = self.pixel(world)
        self._mouse(QEvent.Type.MouseButtonPress, place, down=True)
        self._mouse(QEvent.Type.MouseButtonRelease, place, down=False)
        self.counts["clicks"] += 1

    def move_to(self, world: ArrayLike) -> None:
        """Move the pointer over the image with no button down."""
        self._mouse(QEvent.Type.MouseMove, self.pixel(world), down=False)

    def drag(self, path: Sequence[ArrayLike] | NDArray[np.float64], *, step_px: float = 12.0) -> None:
        """Drag along world points with the left button."""
        self._drag([self.pixel(point) for point in path], Qt.MouseButton.LeftButton, step_px)

    def _drag(self, places: list[QPointF], button: Qt.MouseButton, step_px: float) -> None:
        self._mouse(QEvent.Type.MouseButtonPress, places[0], down=True, button=button)
        for start, end in pairwise(places):
            way = end - start
            steps = max(2, int(np.ceil(np.hypot(way.x(), way.y()) / step_px)))
            for step in range(1, steps + 1):
                self._mouse(QEvent.Type.MouseMove, start + way * (step / steps), down=True, button=button)
        self._mouse(QEvent.Type.MouseButtonRelease, places[-1], down=False, button=button)
        self.counts["drags"] += 1

    def scroll(self, steps: int, *, over: ArrayLike | None = None, zoom: bool = False) -> None:
        """Turn the wheel over the canvas; positive goes on through the slices, or zooms in."""
        place = QPointF(self.canvas.width() / 2, self.canvas.height() / 2) if over is None else self.pixel(over)
        turn = (1 if zoom else -1) * (1 if steps > 0 else -1)
        modifier = Qt.KeyboardModifier.ControlModifier if zoom else Qt.KeyboardModifier.NoModifier
        for _ in range(abs(steps)):
            event = QWheelEvent(
                place,
                QPointF(self.canvas.mapToGlobal(place.toPoint())),
                QPoint(0, 0),
                QPoint(0, 120 * turn),
                Qt.MouseButton.NoButton,
                modifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(self.canvas, event)
            self.wait()
        self.counts["wheel steps"] += abs(steps)

    def go_to(self, world: ArrayLike) -> None:
        """Turn the wheel until the slice of a world point is shown."""
        target = self._viewport.nearest_slice(float(np.asarray(world)[0]))
        for _ in range(400):
            before = self._viewport.nearest_slice(self._viewport.current_slice_mm)
            if before == target:
                return
            self.scroll(1 if target > before else -1)
            after = self._viewport.nearest_slice(self._viewport.current_slice_mm)
            # A finely cut reformat goes by several slices at a step.
            if after == before or (target - before) * (target - after) < 0:
                return

    def look_at(self, world: ArrayLike, *, millimetres: float) -> None:
        """Bring a point to the middle, with so much of its surroundings: the wheel, Ctrl + wheel, middle drag."""
        self.go_to(world)
        ratio = self.canvas.height() / millimetres / self._viewport.viewer.scene.camera.zoom
        steps = round(float(np.log(ratio) / np.log(1.15)))
        if steps:
            self.scroll(steps, over=world, zoom=True)
        middle = QPointF(self.canvas.width() / 2, self.canvas.height() / 2)
        self._drag([self.pixel(world), middle], Qt.MouseButton.MiddleButton, 40.0)

    def _mouse(
        self, kind: QEvent.Type, place: QPointF, *, down: bool, button: Qt.MouseButton = Qt.MouseButton.LeftButton
    ) -> None:
        if not self.canvas.rect().contains(place.toPoint()):
            raise HandsError(f"The point ({place.x():.0f}, {place.y():.0f}) is not on the canvas.")
        is_move = kind == QEvent.Type.MouseMove
        event = QMouseEvent(
            kind,
            place,
            QPointF(self.canvas.mapToGlobal(place.toPoint())),
            Qt.MouseButton.NoButton if is_move else button,
            button if down else Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.canvas, event)
        self.wait()

    # -- widgets and keys -------------------------------------------------------------------------------------------
    def press(self, button: QAbstractButton) -> None:
        """Click a button."""
        if not (button.isVisible() and button.isEnabled()):
            raise HandsError(f"The button '{button.objectName()}' cannot be clicked now.")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, button.rect().center())
        self.counts["clicks"] += 1
        self.wait()

    def choose(self, box: QComboBox, text: str) -> None:
        """Open a box and click one of its entries."""
        index = box.findText(text)
        if index < 0 or not (box.isVisible() and box.isEnabled()):
            raise HandsError(f"'{text}' cannot be chosen in '{box.objectName()}'.")
        QTest.mouseClick(box, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, box.rect().center())
        # A popup overlooks what follows its opening as fast as a double click.
        self.wait(QApplication.doubleClickInterval() + 60)
        view = box.view()
        row = box.model().index(index, box.modelColumn())
        view.scrollTo(row)
        self.wait(40)
        place = view.visualRect(row).center()
        QTest.mouseMove(view.viewport(), place)
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        self.wait(250)
        self.counts["clicks"] += 2
        if box.currentText() != text and box.isVisible():
            raise HandsError(f"'{box.objectName()}' shows '{box.currentText()}' after '{text}' was clicked.")

    def key(self, keys: str) -> None:
        """Press a key or a combination, wherever the focus is."""
        combination = QKeySequence(keys)[0]
        target = QApplication.focusWidget() or self._main
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
        self.counts["keys"] += 1
        self.wait()

    def name_by_key(self, keys: str, text: str, done: Callable[[], bool]) -> None:
        """Open a box by its key, type what is wanted, and take it with Enter."""
        self.key(keys)
        self.wait_until(lambda: QApplication.activePopupWidget() is not None, f"the list that {keys} opens", seconds=5)
        popup = QApplication.activePopupWidget()
        field = popup.focusWidget() or popup
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        self.counts["keys"] += len(text) + 1
        self.wait_until(done, f"{text} to be chosen", seconds=5)

    def type_into(self, field: QLineEdit, text: str) -> None:
        """Replace the text of a field."""
        QTest.mouseClick(field, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, field.rect().center())
        field.selectAll()
        QTest.keyClicks(field, text)
        self.counts["clicks"] += 1
        self.counts["keys"] += len(text)
        self.wait()
