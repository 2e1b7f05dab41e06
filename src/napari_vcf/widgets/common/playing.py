"""napari's playing of an axis, which can be stopped at any moment."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QMainWindow, QWidget

__all__ = ["let_playing_stop"]

_ASKED_AGAIN_MS = 20


def let_playing_stop(main: QMainWindow) -> None:
    """Have playing stop where it was begun a moment before.

    Parameters
    ----------
    main : QMainWindow
        napari's window.

    Notes
    -----
    What plays an axis is a thread, and as its first act it forgets whether it was told to stop. napari tells it once
    and then waits for its end: told between its start and that act, it plays on, and the window waits for ever.
    """
    central = main.centralWidget()
    for sliders in central.findChildren(QWidget) if central is not None else ():
        thread = getattr(sliders, "_animation_thread", None)
        if thread is not None:
            sliders.stop = lambda thread=thread: _stop(thread)


def _stop(thread: Any) -> None:
    thread._stop()
    while not thread.wait(_ASKED_AGAIN_MS):
        thread._stop()
