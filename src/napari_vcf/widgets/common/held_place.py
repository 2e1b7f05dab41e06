"""Layers that stay where they lie in the patient, whatever a hand does to them in napari's own controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import ArrayLike, NDArray

__all__ = ["hold_place", "kept_state", "take_over"]

_PLACE = ("affine", "scale", "translate", "rotate", "shear")


def hold_place(layer: Layer) -> Callable[[], None]:
    """Take back whatever moves, turns or stretches a layer: millimetres are read off its picture.

    Parameters
    ----------
    layer : Layer
        A layer in its place. Where it has the mode ``transform``, it never stays in it.

    Returns
    -------
    callable
        Holds the layer where it lies when this is called; for whoever has put it elsewhere, its events blocked.
    """
    place: dict[str, NDArray[np.float64]] = {}
    busy = False

    def hold_here() -> None:
        place.update((name, np.array(_value(layer, name), dtype=np.float64)) for name in _PLACE)

    def put_back(_event: Any = None) -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            for name, value in place.items():
                if not np.allclose(_value(layer, name), value, rtol=0, atol=1e-9):
                    setattr(layer, name, value)
        finally:
            busy = False

    def leave_transform(_event: Any = None) -> None:
        if str(layer.mode) == "transform":
            layer.mode = "pan_zoom"

    for name in _PLACE:
        getattr(layer.events, name).connect(put_back)
    if hasattr(layer, "mode"):
        layer.events.mode.connect(leave_transform)
    hold_here()
    return hold_here


#: What is set anew when a layer takes another array.
_SET_ANEW = frozenset(
    ("name", "scale", "translate", "contrast_limits", "interpolation2d", "visible", "opacity", "colormap")
)


def kept_state(layer: Layer) -> dict[str, str]:
    """How a layer shows whatever array is in it: a hand has its way with it in napari's controls."""
    state = layer.as_layer_data_tuple()[1]
    return {name: repr(value) for name, value in state.items() if name not in _SET_ANEW}


def take_over(
    layer: Layer,
    hold_here: Callable[[], None],
    data: Any,
    *,
    scale: ArrayLike,
    translate: ArrayLike,
) -> None:
    """Put another array into a layer, in its own place, before napari draws any of it.

    napari takes as long to put one layer on the canvas, and another off, as to draw a dozen slices.

    Parameters
    ----------
    layer : Layer
        A layer that nothing is linked to.
    hold_here : callable
        What `hold_place` gave for it.
    data : array_like
        The array.
    scale, translate : array_like, shape (3,)
        Where it lies, world mm.
    """
    events = layer.events
    with events.scale.blocker(), events.translate.blocker(), events.set_data.blocker():
        layer.scale, layer.translate = scale, translate
    hold_here()
    layer.data = data


def _value(layer: Layer, name: str) -> Any:
    value = getattr(layer, name)
    return value.affine_matrix if name == "affine" else value
