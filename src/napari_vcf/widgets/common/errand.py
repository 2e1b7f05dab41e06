"""One piece of work on a thread of its own, with progress and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import Signal

from napari_vcf.errors import CancelledError, NapariVcfError
from napari_vcf.language import said, say, shown
from napari_vcf.widgets.common.activity import Activity
from napari_vcf.widgets.common.relay import ProgressRelay
from napari_vcf.widgets.common.worker import named_worker

__all__ = ["Errand", "Progress"]

Progress = Callable[[int, int, str], None]


class Errand:
    """Work that is done once, beside the window.

    Parameters
    ----------
    title : str
        What is done, for napari's activity dock.
    """

    #: done, total, what
    progressed = Signal(int, int, str)
    #: What the work returned.
    finished = Signal(object)
    #: A sentence; empty where the person stopped it.
    failed = Signal(str)

    def __init__(self, title: str) -> None:
        self._title = title
        self._worker: Any = None
        self._stop = False
        self._relay = ProgressRelay()
        self._relay.stepped.connect(self.progressed.emit)
        self._activity = Activity(shown(title), self.cancel)
        self.progressed.connect(self._activity.report)

    @property
    def stopped(self) -> bool:
        """Whether it shall stop, for work that asks between its steps: somebody said so, or the window has closed."""
        worker = self._worker
        return self._stop or (worker is not None and worker.abort_requested)

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._worker is not None

    def start(self, work: Callable[[Progress], object]) -> None:
        """Begin, unless it is under way; ``work`` takes a progress callable, which ends it where it was stopped."""
        if self.running:
            return
        self._stop = False

        def report(done: int, total: int, what: str) -> None:
            if self.stopped:
                raise CancelledError(say("Stopped."))
            self._relay.report(done, total, what)

        def run() -> tuple[object, str | None]:
            try:
                return work(report), None
            except CancelledError:
                return None, ""
            except NapariVcfError as error:
                return None, said(error)

        worker = named_worker(self._title, run)
        self._worker = worker
        worker.returned.connect(self._on_returned)
        worker.errored.connect(self._on_errored)
        self._activity.begin()
        worker.start()

    def cancel(self) -> None:
        """Stop at the next step."""
        self._stop = True

    def _on_returned(self, result: tuple[object, str | None]) -> None:
        self._end()
        value, sentence = result
        if sentence is None:
            self.finished.emit(value)
        else:
            self.failed.emit(sentence)

    def _on_errored(self, _error: BaseException) -> None:
        # A defect: napari shows its traceback; the panel must not stay locked.
        self._end()
        self.failed.emit(say("{title} stopped at a defect of the program; see the notification.", title=self._title))

    def _end(self) -> None:
        self._worker = None
        self._relay.stop()
        self._activity.end()
