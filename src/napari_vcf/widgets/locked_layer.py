"""Layers that only show the record: whatever a hand does to them, they are drawn again from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Shapes

__all__ = ["lock_drawing", "new_drawing"]


def new_drawing(name: str, *, labelled: bool = True) -> Shapes:
    """An empty drawing in world millimetres, shown over every slice."""
    text = {"features": {"label": []}, "text": {"string": "{label}", "size": 9, "anchor": "center"}} if labelled else {}
    layer = Shapes(
        ndim=2,
        name=name,
        scale=(1.0, 1.0),
        units=("mm", "mm"),
        opacity=1.0,
        **text,
    )
    layer.editable = False
    return layer


def lock_drawing(layer: Shapes, draw: Callable[[], None]) -> Callable[[], None]:
    """Make a drawing obey its model alone.

    Parameters
    ----------
    layer : Shapes
        The drawing.
    draw : callable
        Draws the model into the layer.

    Returns
    -------
    callable
        Redraws; changes that anybody else makes to the layer redraw it as well, and its mode stays ``pan_zoom``.
    """
    busy = False

    def redraw() -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            draw()
        finally:
            busy = False

    def on_data(_event: Any) -> None:
        redraw()

    def on_mode(_event: Any) -> None:
        if str(layer.mode) != "pan_zoom":
            layer.mode = "pan_zoom"

    layer.events.data.connect(on_data)
    layer.events.set_data.connect(on_data)
    layer.events.mode.connect(on_mode)
    return redraw
