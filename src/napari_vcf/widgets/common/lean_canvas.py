"""Where a pixel of the canvas lies in the world, without the matrices that a turned view would need.

napari asks twice with every frame and twice with every move of the mouse, and multiplies and inverts matrices of four
rows each time. A view of one plane is only enlarged and moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vispy.visuals.transforms import MatrixTransform, STTransform

from napari_vcf.widgets.common.layer_node import qt_viewer_of

__all__ = ["map_plane_directly"]


def map_plane_directly(viewer: Any) -> bool:
    """Have a canvas that shows one plane map its pixels into the world by one division each way.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas it is; one without a window has none.

    Returns
    -------
    bool
        Whether it does; with another napari it may map as it always does, to the same places.
    """
    canvas = getattr(qt_viewer_of(viewer), "canvas", None)
    by_napari = getattr(canvas, "_map_canvas2world", None)
    if canvas is None or by_napari is None:
        return False

    def mapped(position: Sequence[float], view: Any) -> tuple[float, ...]:
        dims = viewer.dims
        place = _in_plane(position, view) if dims.ndisplay == 2 and dims.ndim >= 2 else None
        if place is None:
            return tuple(by_napari(position, view))
        point = list(dims.point)
        column, row = place
        point[dims.displayed[0]], point[dims.displayed[1]] = row, column
        return tuple(point)

    canvas._map_canvas2world = mapped
    return True


def _in_plane(position: Sequence[float], view: Any) -> tuple[float, float] | None:
    """Column and row in the world of a pixel of the canvas; None where the view is more than enlarged and moved."""
    outer, inner = view.transform, view.scene.transform
    if type(outer) is not STTransform or type(inner) is not MatrixTransform:
        return None
    matrix = inner.matrix
    (a, b, _, c), (d, e, _, f), (g, h, _, _), (left, top, _, one) = matrix.tolist()
    if (b, c, d, f, g, h, one) != (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0) or not a or not e:
        return None
    (across, down, *_), (right, below, *_) = outer.scale.tolist(), outer.translate.tolist()
    return (
        ((float(position[0]) - right) / across - left) / a,
        ((float(position[1]) - below) / down - top) / e,
    )
