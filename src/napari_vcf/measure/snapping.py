"""Which rule draws a caliper's end to the edge of the vertebra on which image."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Volume
from napari_vcf.measure.edges import SNAP_REACH_MM, NoEdge, snap_to_edge
from napari_vcf.measure.endplate import snap_to_ct_endplate, snap_to_endplate

__all__ = ["draw_to_edge"]


def draw_to_edge(
    volume: Volume,
    point_lps: ArrayLike,
    outward_lps: ArrayLike,
    across_lps: ArrayLike,
    *,
    is_ct: bool,
    reach_mm: float = SNAP_REACH_MM,
) -> NDArray[np.float64] | NoEdge:
    """Draw a point to the vertebra's edge: by marrow, plate and disc on MR and CT, by the steepest change on maps.

    Parameters
    ----------
    volume : Volume
        The image whose edges are meant.
    point_lps : array_like, shape (3,)
        Where the reader pointed, LPS mm.
    outward_lps, across_lps : array_like, shape (3,)
        Unit vectors: along the caliper, out of the vertebra; and at right angles to it in the plane on the screen.
    is_ct : bool
        Whether the image is a CT. The unit does not tell: a CT without a rescale has none but signal.
    reach_mm : float
        Farthest distance that the point may be drawn, mm.

    Returns
    -------
    ndarray, shape (3,), or NoEdge
        The point on the edge, on the line through the given one, LPS mm; or why it stays where it is.
    """
    points = (point_lps, outward_lps, across_lps)
    if is_ct:
        if volume.unit != "HU":
            return NoEdge.NO_UNIT
        return snap_to_ct_endplate(volume, *points, reach_mm=reach_mm)
    rule = snap_to_endplate if volume.unit == "signal" else snap_to_edge
    return rule(volume, *points, reach_mm=reach_mm)
