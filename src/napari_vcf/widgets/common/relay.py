"""Progress from a worker thread to the window's thread."""

from __future__ import annotations

import time

from qtpy.QtCore import QObject, QTimer, Signal

from napari_vcf.language import shown

__all__ = ["ProgressRelay"]

#: The whole window is drawn for each step; with OpenGL in software that takes a tenth of a second.
_INTERVAL_S = 0.2


class ProgressRelay(QObject):
    """Takes reports on any thread and passes the newest on to the thread it lives on, no faster than the eye sees."""

    #: done, total, what
    stepped = Signal(int, int, str)
    _came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._newest = (0, 0, "")
        self._waiting = False
        self._last_s = -_INTERVAL_S
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._pass_on)
        # On another thread a report waits here for its turn.
        self._came.connect(self._soon)

    def report(self, done: int, total: int, what: str) -> None:
        """Take a report."""
        self._newest = (done, total, shown(what))
        if not self._waiting:
            self._waiting = True
            self._came.emit()

    def stop(self) -> None:
        """Pass on nothing that still waits: the work has ended, and its bar may be gone."""
        self._timer.stop()
        self._waiting = False

    def _soon(self) -> None:
        left_s = self._last_s + _INTERVAL_S - time.monotonic()
        if left_s > 0:
            self._timer.start(round(1000 * left_s))
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        self._waiting, self._last_s = False, time.monotonic()
        self.stepped.emit(*self._newest)
