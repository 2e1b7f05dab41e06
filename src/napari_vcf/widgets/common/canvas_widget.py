"""The widget that a window draws its layers on."""

from __future__ import annotations

from qtpy.QtWidgets import QMainWindow, QWidget
from vispy.app.base import BaseCanvasBackend

__all__ = ["canvas_of"]


def canvas_of(main: QMainWindow) -> QWidget | None:
    """Find the canvas of a napari window, however it is drawn.

    Parameters
    ----------
    main : QMainWindow
        The window.

    Returns
    -------
    QWidget or None
        None where the window has no canvas.
    """
    widgets = main.centralWidget().findChildren(QWidget)
    return next((widget for widget in widgets if isinstance(widget, BaseCanvasBackend)), None)
