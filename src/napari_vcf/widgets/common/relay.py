"""Progress from a worker thread to the window's thread."""

from __future__ import annotations

import time

from qtpy.QtCore import QObject, Signal

__all__ = ["ProgressRelay"]

#: The whole window is drawn for each step; with OpenGL in software that takes a tenth of a second.
_INTERVAL_S = 0.25


class ProgressRelay(QObject):
    """Takes reports on any thread and passes them on to the thread it lives on, no faster than the eye sees."""

    #: done, total, what
    stepped = Signal(int, int, str)

    def __init__(self) -> None:
        super().__init__()
        self._last = (0.0, "")

    def report(self, done: int, total: int, what: str) -> None:
        """Take a report."""
        now = time.monotonic()
        if now - self._last[0] < _INTERVAL_S and what == self._last[1] and done < total:
            return
        self._last = (now, what)
        self.stepped.emit(done, total, what)
