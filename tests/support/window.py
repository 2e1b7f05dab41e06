"""One window for all tests that need one: opening it costs seconds, opening another case in it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

#: Of the window, in pixels.
SIZE = (1400, 900)


def paint_again(main: Any, again: bool = True) -> None:
    """Have a window painted that was left as it looked."""
    main.setUpdatesEnabled(again)
    if again:
        # Qt loses the request to paint what has changed before it was told to leave the window alone, and takes no
        # other one until something is painted at once.
        main.repaint()


@dataclass
class Bench:
    """The desk in its window, and the hands that work it."""

    arrangement: Any
    hands: Any
    #: Of the test that is running.
    qtbot: Any = None
    #: In which that test stands.
    file: Any = None

    @property
    def desk(self) -> Any:
        return self.arrangement.desk

    @property
    def viewport(self) -> Any:
        return self.arrangement.viewport

    def open(self, case: Any, **more: Any) -> None:
        """Open a case with both examinations: each image that is put in front before costs a layer of napari's."""
        with patch.object(self.desk, "_first_stage", lambda: "combined"):
            self.desk.open_case(case, **more)

    @contextmanager
    def unpainted(self) -> Iterator[None]:
        """Leave the window as it looks meanwhile."""
        main = self.arrangement.main
        was = main.updatesEnabled()
        main.setUpdatesEnabled(False)
        try:
            yield
        finally:
            paint_again(main, was)

    def settle(self) -> None:
        """Wait until Qt has nothing left to do: an interval of nothing is over only then."""
        from qtpy.QtCore import QTimer

        for _ in range(2):
            timer = QTimer(singleShot=True, interval=0)
            with self.qtbot.waitSignal(timer.timeout):
                timer.start()

    def until(self, holds: Callable[[], Any], *, seconds: float = 10.0) -> None:
        """Wait until something holds, and fail where it does not come about."""
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=int(1000 * seconds))

    def leave_dialogs(self) -> None:
        """Say no to every dialog that is still open: the window gets no key while one is."""
        from qtpy.QtWidgets import QApplication, QDialog

        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible():
                widget.reject()
        self.settle()
        # Without a window manager nobody gives the keyboard back to it.
        main = self.arrangement.main
        main.activateWindow()
        self.until(main.isActiveWindow)

    def front(self, name: str) -> Any:
        """Bring a panel to the front of the tabs, and return it."""
        panel = self.arrangement.panels[name]
        self.arrangement.raise_panel(name)
        self.until(lambda: not panel.visibleRegion().isEmpty())
        self.settle()
        return panel

    def tab(self, name: str) -> tuple[Any, Any]:
        """The bar of tabs, and where in it the one of a panel lies."""
        from qtpy.QtWidgets import QTabBar

        return next(
            (bar, bar.tabRect(index).center())
            for bar in self.arrangement.main.findChildren(QTabBar)
            for index in range(bar.count())
            if bar.isVisible() and bar.tabText(index) == name
        )

    def click_tab(self, name: str) -> Any:
        """Bring a panel to the front by a click of the mouse on its tab, and return it."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        bar, place = self.tab(name)
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        panel = self.arrangement.panels[name]
        self.until(lambda: not panel.visibleRegion().isEmpty())
        self.settle()
        return panel

    def world(self, *offset_lps: float, role: str = "T2") -> np.ndarray:
        """World point at an offset from the middle of the fractured body."""
        from support.synthetic_case import CENTER

        return self.viewport.to_world(CENTER + np.array(offset_lps), self.image(role))

    def image(self, role: str) -> str:
        return next(image.id for image in self.desk.case.images.values() if image.label == role)

    def close_up(self, zoom: float = 6.0) -> None:
        """Show the middle of the fractured body, enlarged."""
        middle = self.world(0, 0, 0)
        self.viewport.go_to_slice(float(middle[0]))
        self.viewport.viewer.scene.camera.center = (0.0, *middle[1:])
        self.viewport.viewer.scene.camera.zoom = zoom
        self.settle()


@pytest.fixture(scope="session")
def _window(qapp: Any) -> Iterator[Bench]:
    import gc

    import napari
    from qtpy.QtWidgets import QApplication

    from napari_vcf.widgets.scripted.hands import Hands
    from napari_vcf.widgets.window.arrangement import arrange
    from napari_vcf.widgets.window.raster_canvas import draw_as_fits

    draw_as_fits()
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*SIZE)
    # A list overlooks what follows its opening as fast as a double click: the hands wait for that, again and again.
    QApplication.setDoubleClickInterval(60)
    arrangement = arrange(viewer)
    # As in the program: napari collects garbage at each layer it takes off, and a test run holds a lot of it.
    gc.collect()
    gc.freeze()
    yield Bench(arrangement, Hands(arrangement))
    arrangement.desk.close()
    viewer.close()


@pytest.fixture
def window(_window: Bench, qtbot: Any, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The window as the test before it has left it, without a case unless the test opens the next one over it."""
    import gc

    from qtpy.QtWidgets import QWidget

    _window.qtbot = qtbot
    # As with any window that is there; between the tests of this one nothing would be collected.
    gc.disable()
    main = _window.arrangement.main
    # Nobody looks on between two tests.
    main.setUpdatesEnabled(False)
    _window.leave_dialogs()
    if not {"bench", "empty_bench"} <= set(request.fixturenames):
        _window.desk.close()
    if (main.width(), main.height()) != SIZE:
        # A test of other screens was here.
        main.resize(*SIZE)
        _window.settle()
    taking = [widget for widget in main.findChildren(QWidget) if widget.acceptDrops()]
    if _window.file != request.path:
        # What the files before have brought is not looked through at each layer that is taken off.
        gc.collect()
        gc.freeze()
        _window.file = request.path
    paint_again(main)
    yield _window
    main.setUpdatesEnabled(False)
    # A study closes for good what would bring files in past it.
    for widget in main.findChildren(QWidget):
        if widget in taking:
            widget.setAcceptDrops(True)
    gc.enable()


@pytest.fixture
def unpainted(window: Bench) -> Iterator[None]:
    """Leaves the window as it looks, for tests that ask for values and words: painting is the most of what it costs."""
    with window.unpainted():
        yield


@pytest.fixture
def empty_bench(window: Bench) -> Iterator[Bench]:
    """The desk for a case that the test opens itself."""
    said: list[tuple[str, str]] = []
    desk = window.desk
    with window.unpainted():
        window.front("Case")
    # Every pane is drawn again with every move of the hand; they have tests of their own.
    desk.settings._all["R1"] = {"layout": "single"}

    def listen(text: str, kind: str) -> None:
        said.append((kind, text))

    desk.message.connect(listen)
    window.said = said
    yield window
    # Nobody else's ears: the bar of the window listens too. The case stays for the next, which uses its layers again.
    desk.message.disconnect(listen)


@pytest.fixture
def bench(empty_bench: Bench) -> Bench:
    """The desk with a fresh reading of a small case; L1 is fractured."""
    from support.cases import asked_again
    from support.synthetic_case import make_case

    with empty_bench.unpainted():
        empty_bench.open(make_case(), protocol=asked_again())
        empty_bench.desk.reading.set_spine("L1")
        empty_bench.said.clear()
        empty_bench.settle()
    empty_bench.settle()
    return empty_bench


@pytest.fixture
def own_window(make_napari_viewer: Any, qtbot: Any) -> Iterator[Callable[[], Any]]:
    """Opens a window of its own with a desk in it; the fixture of napari's fails where anything outlives its window."""
    import gc

    from qtpy.compat import isalive
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    from napari_vcf.widgets.window.arrangement import arrange

    opened: list[Any] = []

    def open_window() -> Any:
        opened.append(arrange(make_napari_viewer(show=True)))
        return opened[-1]

    yield open_window
    while opened:
        arrangement = opened.pop()
        arrangement.desk.saved = True
        viewer = arrangement.viewport.viewer
        if isalive(arrangement.main):
            viewer.close()
        elif hasattr(viewer.window, "_qt_window"):
            # It was closed by hand, of which napari's fixture knows nothing: it would close it again.
            del viewer.window._qt_window
        del viewer
    del arrangement
    # What Qt holds goes with its widgets, and they go a moment later; what they held goes after that.
    for _ in range(3):
        qtbot.wait(10)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()


def turn_wheel(widget: Any, place: Any = None, *, by: int = -120, modifier: Any = None) -> None:
    """Turn the wheel over a widget, at a place in it or over its middle."""
    from qtpy.QtCore import QPoint, QPointF, Qt
    from qtpy.QtGui import QWheelEvent
    from qtpy.QtWidgets import QApplication

    point = widget.rect().center() if place is None else place
    event = QWheelEvent(
        QPointF(point), QPointF(widget.mapToGlobal(point)), QPoint(0, 0), QPoint(0, by), Qt.MouseButton.NoButton,
        modifier or Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
