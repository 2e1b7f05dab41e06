"""What napari draws of a mask, spared where nothing of it is seen.

A mask covers the whole image and shows a vertebra of it. Where OpenGL is drawn in software each clear pixel costs as
much as a coloured one: two masks more than the image beneath them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from vispy import gloo

from napari_vcf.widgets.common.layer_node import node_of

__all__ = ["draw_where_seen"]

#: Pixels of the screen around the box that is drawn: an edge may lie between two.
_AROUND_PX = 2

#: First row and column of what is seen, and those after the last.
Box = tuple[int, int, int, int]


def draw_where_seen(viewer: Any, layer: Labels) -> bool:
    """Have the canvas draw a mask in the box alone in which something of it is seen.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose list the layer is; one without a window draws nothing.
    layer : Labels
        A layer of codes, each with a colour of its own or none.

    Returns
    -------
    bool
        Whether the canvas does; with another napari it may draw as it always does, which looks the same.
    """
    node = node_of(viewer, layer)
    if not all(hasattr(node, name) for name in ("draw", "size", "transforms", "unfreeze")):
        return False
    draw = node.draw

    def draw_box() -> None:
        codes = _codes(layer)
        if codes is None or tuple(node.size) != codes.shape[::-1]:
            draw()
            return
        box = _box(codes, layer.colormap)
        gloo.set_state(scissor_test=True)
        # What has no colour is drawn on no pixel, and not left out: napari wants the codes where they are drawn.
        gloo.set_scissor(*((0, 0, 0, 0) if box is None else _on_screen(node, box)))
        try:
            draw()
        finally:
            gloo.set_state(scissor_test=False)

    node.unfreeze()
    node.draw = draw_box
    node.freeze()
    return True


def _codes(layer: Labels) -> Any:
    """The codes that the canvas shows; None where a code is not a byte with a colour of its own."""
    codes = getattr(getattr(getattr(layer, "_slice", None), "image", None), "view", None)
    if not isinstance(codes, np.ndarray) or codes.dtype != np.uint8 or codes.ndim != 2:
        return None
    return codes if isinstance(layer.colormap, DirectLabelColormap) else None


def _on_screen(node: Any, box: Box) -> tuple[int, int, int, int]:
    """A box of the screen, as left, bottom, width and height, that holds a box of the codes."""
    top, left, bottom, right = box
    corners = node.transforms.get_transform("visual", "framebuffer").map(np.array([[left, top], [right, bottom]]))
    corners = corners[:, :2] / corners[:, 3:]
    low = np.floor(corners.min(axis=0)).astype(int) - _AROUND_PX
    width, height = np.ceil(corners.max(axis=0)).astype(int) + _AROUND_PX - low
    return int(low[0]), int(low[1]), int(width), int(height)


def _box(codes: Any, colormap: DirectLabelColormap) -> Box | None:
    """The smallest box around what has a colour; None where nothing has."""
    colored = np.asarray(colormap.map(np.arange(256, dtype=np.uint8)))[:, 3] > 0
    seen = colored[codes]
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
