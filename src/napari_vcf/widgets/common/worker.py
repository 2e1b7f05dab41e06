"""Workers whose names can be read, since napari names them where it asks whether a window may close over them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from napari.qt.threading import create_worker

__all__ = ["named_worker"]


class _Named:
    """A callable that is called by its title, not by its place in the program, and that can let go of what it does."""

    def __init__(self, title: str, work: Callable[[], Any]) -> None:
        self._title = title
        self._work: Callable[[], Any] | None = work

    def __call__(self) -> Any:
        assert self._work is not None
        return self._work()

    def __str__(self) -> str:
        return f"'{self._title}'"

    def forget(self) -> None:
        """Let go of the work, and of the images that it worked on: napari lists a worker as long as the window lives.

        The worker itself stays listed, so that it does not end with its signals on the thread that ran it.
        """
        self._work = None


class _Warnings:
    """How warnings are told, kept for the time after workers that overlap.

    Each worker changes that for the whole process and sets it back to what it found: where another one began
    meanwhile, that is the other's way, for good.
    """

    def __init__(self) -> None:
        self._running = 0
        self._before = warnings.catch_warnings()

    def begin(self) -> None:
        """A worker is about to start."""
        if not self._running:
            self._before = warnings.catch_warnings()
            self._before.__enter__()
        self._running += 1

    def end(self) -> None:
        """It has ended."""
        self._running -= 1
        if not self._running:
            self._before.__exit__(None, None, None)


_warnings = _Warnings()


def named_worker(title: str, work: Callable[[], Any]) -> Any:
    """A worker that is to be started at once, when its signals are connected.

    Parameters
    ----------
    title : str
        What is done.
    work : callable
        Does it, on the thread; let go in the window's thread when it has ended.

    Returns
    -------
    napari.qt.threading.FunctionWorker
    """
    named = _Named(title, work)
    worker = create_worker(named, _start_thread=False)
    _warnings.begin()
    worker.finished.connect(named.forget)
    worker.finished.connect(_warnings.end)
    return worker
