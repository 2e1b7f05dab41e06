"""Notifications over the image go by themselves and leave the keyboard where it is."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def toasts(monkeypatch):
    """Those on the screen, which go after a moment."""
    from napari._qt.dialogs.qt_notification import NapariQtNotification
    from napari.settings import get_settings

    from napari_vcf.widgets.common import toasts

    for name in ("DISMISS_AFTER", "FADE_IN_RATE", "FADE_OUT_RATE"):
        monkeypatch.setattr(NapariQtNotification, name, 40)
    application = get_settings().application
    level, application.gui_notification_level = application.gui_notification_level, "info"
    yield toasts._toasts
    for toast in toasts._toasts():
        toast.close()
    application.gui_notification_level = level


def test_many_at_once_are_few_on_the_image_and_each_of_them_goes_by_itself(bench, toasts, qtbot):
    from napari_vcf.widgets.common.toasts import MOST_TOASTS

    for number in range(12):
        bench.desk.message.emit(f"Look again, {number}.", "warning")
    qtbot.waitUntil(lambda: len(toasts()) <= MOST_TOASTS)
    assert toasts()[-1].message.text() == "Look again, 11."
    bench.arrangement.main.activateWindow()
    qtbot.waitUntil(lambda: not toasts())


def test_one_that_goes_leaves_the_keyboard_in_the_field_that_is_written_in(bench, toasts, qtbot):
    from qtpy.QtWidgets import QApplication

    box = bench.arrangement.bar.window_row.width_box
    box.setFocus()
    left = []
    box.editingFinished.connect(lambda: left.append(True))
    bench.desk.message.emit("Look again.", "warning")
    qtbot.waitUntil(lambda: len(toasts()) == 1)
    assert QApplication.focusWidget() is box
    qtbot.waitUntil(lambda: not toasts())
    bench.settle()
    assert QApplication.focusWidget() is box
    assert not left


def test_one_that_comes_while_another_program_is_in_front_goes_once_the_window_is_back(bench, toasts, qtbot):
    from qtpy.QtWidgets import QDialog

    other = QDialog()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not bench.arrangement.main.isActiveWindow())
    bench.desk.message.emit("Look again.", "warning")
    qtbot.waitUntil(lambda: len(toasts()) == 1)
    qtbot.wait(200)
    assert len(toasts()) == 1
    other.close()
    bench.arrangement.main.activateWindow()
    qtbot.waitUntil(lambda: not toasts())


def test_one_that_went_with_its_window_is_not_asked_again(own_window, toasts, qtbot):
    from napari.utils.notifications import show_warning
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    own_window()
    show_warning("Look again.")
    qtbot.waitUntil(lambda: len(toasts()) == 1)
    toast = toasts()[0]
    toast.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert toasts() == []
    show_warning("Look once more.")
    qtbot.waitUntil(lambda: [kept.message.text() for kept in toasts()] == ["Look once more."])
    qtbot.wait(50)
