"""The OpenGL context in which what is drawn of a layer goes with it."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QMainWindow

from napari_vcf.widgets.common.canvas_widget import canvas_of

__all__ = ["keep_gl_context"]


def keep_gl_context(viewer: Any, main: QMainWindow) -> None:
    """Have layers leave a viewer while the OpenGL context of its canvas is the current one.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers come and go.
    main : QMainWindow
        Its window.

    Notes
    -----
    With a layer that is taken off, napari has vispy's queue of commands executed at once. Between two frames the
    current context is that of Qt's compositing, not the canvas's own: buffers and programs would be deleted, and others
    made, in that one, while vispy believes its own to be current. A viewer of napari 0.9.2, drawn by Mesa's software,
    in which a Shapes layer is put on and taken off ends in a segmentation fault in the third round.
    """
    canvas = canvas_of(main)
    if canvas is None:
        return

    def make_current(_event: object) -> None:
        # Layers go with their window too, after its canvas.
        if isalive(canvas):
            canvas.makeCurrent()

    layers = viewer.layers.events
    for event in (layers.removing, layers.end_batch):
        event.connect(make_current, position="first")
