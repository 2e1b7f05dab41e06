"""The edges of a CT as thin lines, one slice at a time, to lay over an MR."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vcf.widgets.desk.placed_image import LazyReslice

__all__ = ["EdgeLines", "thin_edges"]

#: Smoothing before the gradient, in pixels, and the weakest edge that is drawn.
_SIGMA_PX = 1.5
_MINIMUM_HU_PER_PX = 14.0
#: An edge counts where there is bone within so many pixels; skin, fat and bowel would only hide the vertebra.
_BONE_HU = 160.0
_REACH_PX = 5
#: Pixels below this were not measured: what borders on them is the edge of the scan.
_NOTHING_HU = -1000.0


def thin_edges(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ridges of the gradient magnitude (Canny's non-maximum suppression), as 0 and 1.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        HU.

    Returns
    -------
    ndarray, shape (rows, columns)
    """
    # Air and metal would outshout the bone.
    smooth = np.clip(image, -200.0, 700.0).astype(np.float32)
    down = ndimage.gaussian_filter(smooth, _SIGMA_PX, order=(1, 0))
    across = ndimage.gaussian_filter(smooth, _SIGMA_PX, order=(0, 1))
    strength = np.hypot(down, across)
    length = np.where(strength > 0, strength, 1.0)
    rows, columns = np.indices(image.shape, dtype=np.float32)
    ahead = ndimage.map_coordinates(strength, [rows + down / length, columns + across / length], order=1)
    behind = ndimage.map_coordinates(strength, [rows - down / length, columns - across / length], order=1)
    near_bone = ndimage.maximum_filter(smooth, size=2 * _REACH_PX + 1) > _BONE_HU
    near_border = ndimage.minimum_filter(image, size=2 * _REACH_PX + 1) < _NOTHING_HU
    found = (strength >= ahead) & (strength > behind) & (strength > _MINIMUM_HU_PER_PX) & near_bone & ~near_border
    return found.astype(np.float32)


class EdgeLines(LazyReslice):
    """Like `LazyReslice`, but shows the edges of a slice instead of its values."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._edges: tuple[int, NDArray[np.float32]] | None = None

    def plane(self, index: int) -> NDArray[np.float32]:
        """Edges of one resampled slice, the last one kept."""
        if self._edges is None or self._edges[0] != index:
            self._edges = (index, thin_edges(super().plane(index)))
        return self._edges[1]
