"""Long work: a bar on its panel and one in napari's activity dock.

Neither ever runs endlessly. Qt draws the whole window for each frame of a moving bar, and where OpenGL is done in
software such a bar takes more of the processor than the work it stands for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from napari.utils.progress import cancelable_progress
from qtpy.QtWidgets import QProgressBar

from napari_vcf.language import shown

__all__ = ["Activity", "SteadyBar"]

#: Time between two changes of a bar, s.
_INTERVAL_S = 0.25


class SteadyBar(QProgressBar):
    """A progress bar that stands still, with what is being done in words, while nobody knows how long it takes."""

    def __init__(self, name: str, tooltip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setToolTip(tooltip)
        self.setTextVisible(True)

    def report(self, done: int, total: int, what: str) -> None:
        """Show how far it is; a total of 0 where that is not known."""
        # Each of the three would draw the window.
        self.setUpdatesEnabled(False)
        try:
            self.setRange(0, max(total, 1))
            self.setValue(done if total else 0)
            self.setFormat(f"{shown(what)} %p %" if total else f"{shown(what)} …")
        finally:
            self.setUpdatesEnabled(True)


class _Stoppable(cancelable_progress):
    """One whose button is obeyed although no loop runs through it."""

    def cancel(self) -> None:
        super().cancel()
        if self.cancel_callback is not None:
            self.cancel_callback()


class Activity:
    """One piece of work in napari's activity dock at a time.

    Parameters
    ----------
    title : str
        What is done.
    cancel : callable
        Stops it.
    """

    def __init__(self, title: str, cancel: Callable[[], object]) -> None:
        self._title, self._cancel = title, cancel
        self._bar: _Stoppable | None = None
        self._last = (0.0, "")
        self._busy = False

    def begin(self) -> None:
        """Show the bar."""
        if self._bar is None:
            self._last = (0.0, "")
            self._bar = _Stoppable(desc=self._title, total=1, cancel_callback=self._cancel)

    def report(self, done: int, total: int, what: str) -> None:
        """Show how far it is, no faster than the window can be drawn."""
        now = time.monotonic()
        # napari lets the window live inside each change of a bar: another report must not begin a change within it.
        if self._bar is None or self._busy or (now - self._last[0] < _INTERVAL_S and what == self._last[1]):
            return
        self._last, self._busy = (now, what), True
        bar = self._bar
        try:
            if what and what != bar.desc.removesuffix(": "):
                bar.set_description(f"{self._title}, {what}")
            if bar.total != max(total, 1):
                bar.total = max(total, 1)
            bar.update((done if total else 0) - bar.n)
        finally:
            self._busy = False

    def end(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
