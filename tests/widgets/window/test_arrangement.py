"""A window of its own: what is in it, and what is left of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def napari_asks(monkeypatch) -> Callable[[bool], list[str]]:
    """Answers napari's questions before it closes a window; which it asked."""
    from napari._qt import qt_main_window
    from qtpy.QtWidgets import QDialog

    asked: list[str] = []

    def answer(yes: bool) -> list[str]:
        class Answered(qt_main_window.ConfirmCloseDialog):
            def __init__(self, *args: Any, extra_info: str = "", **named: Any) -> None:
                super().__init__(*args, extra_info=extra_info, **named)
                self.is_about = extra_info or self.windowTitle()

            def exec_(self) -> Any:
                asked.append(self.is_about)
                return QDialog.DialogCode.Accepted if yes else QDialog.DialogCode.Rejected

        monkeypatch.setattr(qt_main_window, "ConfirmCloseDialog", Answered)
        return asked

    return answer


@pytest.fixture
def asks(monkeypatch) -> Callable[[bool], list[bool]]:
    """Answers the question about unsaved work; how often it was asked."""
    from napari_vcf.widgets.window.closing import Closing

    asked: list[bool] = []

    def answer(yes: bool) -> list[bool]:
        monkeypatch.setattr(Closing, "may_close", lambda _self: asked.append(yes) or yes)
        return asked

    return answer


@pytest.fixture
def work() -> Any:
    """Work that is under way until the test is over."""
    from napari_vcf.widgets.common.errand import Errand

    go_on = threading.Event()
    errand = Errand("Writing DICOM")

    def begin() -> None:
        errand.start(lambda _progress: go_on.wait(20))

    yield begin
    go_on.set()


def press_close(main: Any) -> None:
    """What the button in the frame of a window does."""
    from qtpy.QtGui import QCloseEvent
    from qtpy.QtWidgets import QApplication

    QApplication.sendEvent(main.windowHandle(), QCloseEvent())


def press(arrangement: Any, text: str) -> None:
    """Answer the question about unsaved work."""
    from qtpy.QtWidgets import QMessageBox

    box = next(box for box in arrangement.main.findChildren(QMessageBox, "unsaved") if box.isVisible())
    next(button for button in box.buttons() if button.text() == text).click()


def with_case(own_window: Callable[[], Any]) -> Any:
    from support.synthetic_case import make_case

    arrangement = own_window()
    arrangement.desk.open_case(make_case())
    return arrangement


def is_open(arrangement: Any) -> bool:
    from qtpy.compat import isalive

    return isalive(arrangement.main) and arrangement.main.isVisible()


def test_a_viewer_that_closes_is_gone_with_its_desk_and_a_second_one_is_another(own_window, qtbot):
    from napari.layers import Image

    from napari_vcf.widgets.window.arrangement import arrange
    from support.synthetic_case import make_case

    first, second = own_window(), own_window()
    assert second is not first
    assert arrange(second.viewport.viewer) is second
    desk, viewer = first.desk, first.viewport.viewer
    desk.open_case(make_case())
    assert first.viewport.image_layer in viewer.layers
    # Neither sees the other's case.
    assert second.desk.reading is None
    assert not [layer for layer in second.viewport.viewer.layers if isinstance(layer, Image)]
    desk.saved = True
    viewer.close()
    qtbot.wait(10)
    assert desk.reading is None
    # What was drawn is not put back into a window that is gone.
    assert not viewer.layers
    assert arrange(second.viewport.viewer) is second


def test_what_lay_over_the_canvas_is_asked_nothing_once_it_is_gone(own_window, qtbot):
    from napari_vcf.widgets.desk.screen_boxes import written_boxes

    arrangement = own_window()
    before = len(written_boxes(arrangement.viewport, 1.0))
    gone = []
    arrangement.title.destroyed.connect(lambda: gone.append(True))
    arrangement.title.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    assert len(written_boxes(arrangement.viewport, 1.0)) == before - 1


def test_every_button_that_a_panel_makes_is_in_the_window(window):
    from qtpy.QtWidgets import QAbstractButton, QApplication

    # Those of a case that was put away just now go a moment later.
    window.settle()
    lost = [
        widget.objectName()
        for widget in QApplication.allWidgets()
        if isinstance(widget, QAbstractButton) and widget.parent() is None
    ]
    assert lost == []


@pytest.mark.parametrize("working", [False, True])
def test_a_window_that_stays_because_napari_asked_is_whole(bench, napari_asks, asks, work, working):
    from napari_vcf.widgets.window.arrangement import arrange

    arrangement, desk, viewport = bench.arrangement, bench.desk, bench.viewport
    reading, desk.saved = desk.reading, True
    if working:
        work()
    napari = napari_asks(False)
    press_close(arrangement.main)
    assert len(napari) == 1
    assert ("Writing DICOM" in napari[0]) == working
    assert is_open(arrangement)
    assert desk.reading is reading
    assert viewport.image_layer in viewport.viewer.layers
    assert arrange(viewport.viewer) is arrangement
    # Unsaved work is asked about the next time.
    reading.set_spine("L2")
    asked = asks(False)
    press_close(arrangement.main)
    assert asked == [False]
    assert is_open(arrangement)
    assert desk.reading is reading


def test_a_window_that_closes_is_left_once_and_napari_forgets_it(own_window, napari_asks, qtbot):
    from napari._qt.qt_main_window import _QtMainWindow

    from napari_vcf.widgets.window.arrangement import Arrangement

    arrangement = with_case(own_window)
    main, left = arrangement.main, []
    arrangement.desk.disposed.connect(lambda: left.append(True))
    napari_asks(True)
    press_close(main)
    assert left == [True]
    assert arrangement.desk.reading is None
    assert arrangement not in Arrangement._all
    assert main not in _QtMainWindow._instances
    qtbot.waitUntil(lambda: not is_open(arrangement))


def test_whoever_closes_without_export_is_asked_once(own_window, napari_asks, asks, qtbot):
    arrangement = with_case(own_window)
    arrangement.desk.reading.set_spine("L2")
    napari, asked = napari_asks(False), asks(True)
    press_close(arrangement.main)
    assert (asked, napari) == ([True], [])
    assert arrangement.desk.reading is None
    qtbot.waitUntil(lambda: not is_open(arrangement))


def test_work_under_way_is_asked_about_after_unsaved_work(bench, napari_asks, asks, work):
    assert bench.desk.unsaved
    work()
    napari, asked = napari_asks(False), asks(True)
    press_close(bench.arrangement.main)
    assert asked == [True]
    assert ["Writing DICOM" in text for text in napari] == [True]
    assert is_open(bench.arrangement)
    assert bench.desk.unsaved


def test_napari_s_own_ways_to_close_ask_once_and_what_is_refused_is_forgotten(
    own_window, napari_asks, asks, monkeypatch, qtbot
):
    from napari._qt import qt_main_window

    ended = []
    monkeypatch.setattr(qt_main_window, "quit_app_", lambda: ended.append(True))
    arrangement = with_case(own_window)
    main, desk = arrangement.main, arrangement.desk
    desk.reading.set_spine("L2")
    napari, asked = napari_asks(True), asks(False)
    # As Close Window and Exit do.
    for quits in (False, True):
        main.close(quit_app=quits, confirm_need=True)
    assert (asked, napari) == ([False, False], [])
    assert is_open(arrangement)
    assert desk.unsaved
    # Where nothing is unsaved, napari asks as it always does; the Exit that was refused is not made up for.
    desk.saved = True
    press_close(main)
    assert (asked, napari) == ([False, False], ["Close Window?"])
    assert desk.reading is None
    assert not ended
    qtbot.waitUntil(lambda: not is_open(arrangement))


def test_what_was_asked_of_one_reading_closes_no_window_over_another(bench):
    from qtpy.QtCore import QTimer

    from support.synthetic_case import make_case

    arrangement, desk = bench.arrangement, bench.desk
    assert desk.unsaved

    def answer() -> None:
        bench.open(make_case())
        press(arrangement, "Close without export")

    QTimer.singleShot(0, answer)
    arrangement.main.close()
    assert is_open(arrangement)
    assert desk.reading is not None
    assert "no longer open" in bench.said[-1][1]


def test_a_window_that_closes_after_the_export_is_asked_about_work_under_way(bench, napari_asks, monkeypatch, work):
    from qtpy.QtCore import QTimer

    arrangement, desk = bench.arrangement, bench.desk
    assert desk.unsaved

    def export(_desk: Any, _parent: Any, then: Callable[[], object]) -> None:
        desk.saved = True
        QTimer.singleShot(0, then)

    monkeypatch.setattr("napari_vcf.widgets.window.closing.ask_export", export)
    napari = napari_asks(False)
    work()
    QTimer.singleShot(0, lambda: press(arrangement, "Export…"))
    press_close(arrangement.main)
    bench.until(lambda: napari)
    assert ["Writing DICOM" in text for text in napari] == [True]
    assert is_open(arrangement)
    assert desk.reading is not None


def test_exit_asks_for_every_window_before_it_takes_one_down(own_window, asks, monkeypatch):
    from napari._qt import qt_main_window

    ended = []
    monkeypatch.setattr(qt_main_window, "quit_app_", lambda: ended.append(True))
    first, second = with_case(own_window), with_case(own_window)
    second.desk.reading.set_spine("L2")
    asked = asks(False)
    first.main.close(quit_app=True)
    assert asked == [False]
    assert not ended
    for arrangement in (first, second):
        assert is_open(arrangement)
        assert arrangement.desk.reading is not None
    # What a script closes cannot be kept: by the time the window hears of it, its image is gone.
    second.viewport.viewer.close()
    assert asked == [False]
    assert second.desk.reading is None
    assert not is_open(second)
