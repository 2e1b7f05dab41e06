"""napari's own new layers, which begin with as many units as they have axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["fit_units_of_new_layers"]


def fit_units_of_new_layers(viewer: Any) -> None:
    """Have a new layer for points or shapes take the units of its own axes.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers come from buttons and menus as well.

    Notes
    -----
    Where several layers are chosen, napari 0.9.2 gives the new one their number of axes and the units of all layers:
    over drawings of two axes on images of three it fails.
    """
    for name in ("add_points", "add_shapes"):
        # Its models let no method be replaced by assignment.
        object.__setattr__(viewer, name, _fitting(getattr(viewer, name)))


def _fitting(add: Callable[..., Any]) -> Callable[..., Any]:
    def with_fitting_units(*args: Any, **options: Any) -> Any:
        units, ndim = options.get("units"), options.get("ndim")
        if isinstance(units, tuple) and ndim is not None and len(units) > ndim:
            options["units"] = units[-ndim:]
        return add(*args, **options)

    return with_fitting_units
