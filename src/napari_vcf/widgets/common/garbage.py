"""Garbage of Qt's objects, which goes in the thread of the windows."""

from __future__ import annotations

import gc

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QMainWindow

__all__ = ["collect_beside_windows"]

_EACH_MS = 100
_OLDEST = 10


def collect_beside_windows(main: QMainWindow) -> None:
    """Have Python look for circular garbage in the thread of the windows alone, as long as a window is there.

    Parameters
    ----------
    main : QMainWindow
        A window; with the last one Python goes on as it did before.

    Notes
    -----
    Python looks for circular garbage in whichever thread has made the object that is one too many. Where widgets are
    found there, a worker destroys them while the window goes through them: with PySide 6.11.3 that ends in a hang or in
    a segmentation fault. The thresholds are Python's own, asked for every tenth of a second; a full search waits, as
    Python's does, until what has outlived the others has grown by a quarter.
    """
    _collector.serve(main)


class _Collector:
    """Collects what Python would have collected, from a timer of each window."""

    def __init__(self) -> None:
        self._windows = 0
        self._was_on = False
        self._outlived = 0

    def serve(self, main: QMainWindow) -> None:
        if not self._windows:
            self._was_on = gc.isenabled()
        gc.disable()
        self._windows += 1
        timer = QTimer(main)
        timer.setInterval(_EACH_MS)
        timer.timeout.connect(self.collect_what_is_due)
        timer.start()
        main.destroyed.connect(self._leave)

    def _leave(self) -> None:
        self._windows -= 1
        if not self._windows and self._was_on:
            gc.enable()

    def collect_what_is_due(self) -> None:
        """Collect the oldest generation whose turn it is, and with it the younger ones."""
        # Python 3.14 has no threshold for the oldest, which it goes through bit by bit, with the middle ones.
        young, middle, old = (
            count > (most or _OLDEST) for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        if old and self._has_grown():
            gc.collect()
            self._outlived = len(gc.get_objects(generation=2))
        elif middle:
            gc.collect(1)
        elif young:
            gc.collect(0)

    def _has_grown(self) -> bool:
        return len(gc.get_objects(generation=2)) > 1.25 * self._outlived


_collector = _Collector()
