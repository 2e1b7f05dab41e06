"""Parts of the canvas, in pixels from the world's origin: what is seen, and where something is written over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_vcf.widgets.common.label_places import Box

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["shown_box", "written_boxes"]

#: A letter of a side, with the room around it, pixels.
_LETTER_PX = 44.0
#: Height and width of the scale bar at its longest, with its box and margin, pixels.
_SCALE_BAR_PX = np.array([70.0, 180.0])


def shown_box(viewport: Viewport, zoom: float) -> Box:
    """What the canvas shows at a zoom, in pixels per mm."""
    viewer = viewport.viewer
    middle = np.array(viewer.scene.camera.center[-2:], dtype=np.float64) * zoom
    half = np.array(viewer.canvas.size, dtype=np.float64) / 2
    return middle - half, middle + half


def written_boxes(viewport: Viewport, zoom: float) -> list[Box]:
    """Where the letters of the sides and the scale bar stand, and what else lies over the canvas."""
    view = shown_box(viewport, zoom)
    (top, left), (bottom, right) = view
    row, column, half = (top + bottom) / 2, (left + right) / 2, _LETTER_PX / 2
    middles = ((top + half, column), (bottom - half, column), (row, left + half), (row, right - half))
    boxes = [(np.array(at) - half, np.array(at) + half) for at in middles]
    boxes.append((view[1] - _SCALE_BAR_PX, view[1]))
    for place in viewport.covered:
        from_left, from_top, width, height = place()
        corner = view[0] + np.array([from_top, from_left], dtype=np.float64)
        boxes.append((corner, corner + np.array([height, width], dtype=np.float64)))
    return boxes
