"""napari's notifications over the image: they go by themselves, are few, and leave the keyboard where it is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from napari.utils.notifications import notification_manager
from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDialog
from superqt.utils import ensure_main_thread

__all__ = ["MOST_TOASTS", "tidy_notifications"]

#: So many lie on each other; each costs a drawing of its own whenever anything on the window is drawn.
MOST_TOASTS = 3
_WAITS = "napari_vcf_waits"
_follows = False


def tidy_notifications() -> None:
    """See to every notification from now on; calling it again changes nothing.

    Notes
    -----
    napari lets only the newest one go after a while: one that was covered by it stays for good, and so does each that
    comes while another program is in front. One that goes gives the keyboard to the image, where what a person is
    typing into a field would answer items.
    """
    global _follows
    if not _follows:
        _follows = True
        notification_manager.notification_ready.connect(_on_notification)


def _on_notification(_notification: Any) -> None:
    _soon()


@ensure_main_thread
def _soon() -> None:
    # The others who listen come first: one of them shows it.
    QTimer.singleShot(0, _tidy)


def _tidy() -> None:
    toasts = _toasts()
    for toast in toasts[:-MOST_TOASTS]:
        _close(toast)
    for toast in toasts[-MOST_TOASTS:]:
        toast.timer_stop()
        if toast.findChild(QTimer, _WAITS) is None:
            _let_go(toast)


def _toasts() -> list[Any]:
    """Those on the screen, the newest last."""
    try:
        from napari._qt.dialogs.qt_notification import NapariQtNotification
    except ImportError:
        # Another version of napari shows them in its own way.
        return []
    # One that went with its window is still named among them.
    return [toast for toast in NapariQtNotification._instances if isalive(toast)]


def _let_go(toast: Any) -> None:
    # Its own timer is stopped by each one that comes after it.
    wait = QTimer(toast)
    wait.setObjectName(_WAITS)
    wait.setInterval(toast.DISMISS_AFTER)

    def fade() -> None:
        toast.timer_stop()
        newest = _toasts()[-1:] == [toast]
        # Who points at it reads it; who is elsewhere has not seen it; what is covered is read once it is uncovered.
        if newest and toast.isActiveWindow() and not toast.underMouse():
            wait.stop()
            toast.close_with_fade()

    wait.timeout.connect(fade)
    toast.close = lambda: _close(toast)
    wait.start()


def _close(toast: Any) -> None:
    """What napari does to close one, without giving the keyboard to the image."""
    toast.timer_stop()
    toast.opacity_anim.stop()
    toast.geom_anim.stop()
    with suppress(ValueError):
        toast._instances.remove(toast)
    QDialog.close(toast)
