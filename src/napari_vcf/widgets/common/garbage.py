"""Garbage of Qt's objects, which goes in the thread of the windows."""

from __future__ import annotations

import gc

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

__all__ = ["collect_beside_windows"]

_EACH_MS = 100
_OLDEST = 10


def collect_beside_windows() -> None:
    """Have Python look for circular garbage in the thread of the windows alone, until the application ends.

    Notes
    -----
    Python looks for circular garbage in whichever thread has made the object that is one too many. Where widgets are
    found there, a worker destroys them while the window goes through them: with PySide 6.11.3 that ends in a hang or in
    a segmentation fault. The thresholds are Python's own, asked for every tenth of a second; a full search waits, as
    Python's does, until what has outlived the others has grown by a quarter.
    """
    _collector.begin()


class _Collector:
    """Collects what Python would have collected, from a timer of the application.

    Not of a window: most garbage is there when one has closed, and workers may still be at work.
    """

    def __init__(self) -> None:
        self._timer: QTimer | None = None
        self._was_on = False
        self._outlived = 0

    def begin(self) -> None:
        """Take over from Python."""
        if self._timer is None:
            application = QApplication.instance()
            self._was_on = gc.isenabled()
            self._timer = QTimer(application)
            self._timer.setInterval(_EACH_MS)
            self._timer.timeout.connect(self.collect_what_is_due)
            # napari has waited for its workers by then.
            application.aboutToQuit.connect(self.end)
        gc.disable()
        self._timer.start()

    def end(self) -> None:
        """Give back: no timer runs out after this."""
        if self._timer is not None:
            self._timer.stop()
        if self._was_on:
            gc.enable()

    def collect_what_is_due(self) -> None:
        """Collect the oldest generation whose turn it is, and with it the younger ones."""
        # Python 3.14 has no threshold for the oldest, which it goes through bit by bit, with the middle ones.
        young, middle, old = (
            count > (most or _OLDEST) for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        if middle and old and self._has_grown():
            gc.collect()
            self._outlived = len(gc.get_objects(generation=2))
        elif middle:
            gc.collect(1)
        elif young:
            gc.collect(0)

    def _has_grown(self) -> bool:
        return len(gc.get_objects(generation=2)) > 1.25 * self._outlived


_collector = _Collector()
