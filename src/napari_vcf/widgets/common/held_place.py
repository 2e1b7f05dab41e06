"""Layers that stay where they lie in the patient, whatever a hand does to them in napari's own controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

__all__ = ["hold_place"]

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


def _value(layer: Layer, name: str) -> Any:
    value = getattr(layer, name)
    return value.affine_matrix if name == "affine" else value
