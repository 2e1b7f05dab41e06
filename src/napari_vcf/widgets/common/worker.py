"""Workers whose names can be read, since napari names them where it asks whether a window may close over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.qt.threading import create_worker

__all__ = ["named_worker"]


class _Named:
    """A callable that is called by its title, not by its place in the program."""

    def __init__(self, title: str, work: Callable[[], Any]) -> None:
        self._title, self._work = title, work

    def __call__(self) -> Any:
        return self._work()

    def __str__(self) -> str:
        return f"'{self._title}'"


def named_worker(title: str, work: Callable[[], Any]) -> Any:
    """A worker that is not started yet.

    Parameters
    ----------
    title : str
        What is done.
    work : callable
        Does it, on the thread.

    Returns
    -------
    napari.qt.threading.FunctionWorker
    """
    return create_worker(_Named(title, work), _start_thread=False)
