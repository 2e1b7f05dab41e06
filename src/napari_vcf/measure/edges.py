"""The strongest edge near a caliper's end, along the caliper; for endplates on MRI see `napari_vcf.measure.endplate`.

The profile is averaged over a narrow band at right angles to the caliper and differentiated with a Gaussian (Canny,
IEEE Trans Pattern Anal Mach Intell 1986; 8: 679-698); the extremum is placed between samples by a parabola.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates

from napari_vcf.geometry import Volume
from napari_vcf.language import say

__all__ = ["BAND_MM", "SNAP_REACH_MM", "NoEdge", "sample_lines", "sampling_mm", "snap_to_edge"]


class NoEdge(Enum):
    """Why an end was not drawn to an edge; the value is the sentence for the reader."""

    COARSE = say("The pixels are too coarse along the caliper to show where the edge is.")
    OUTSIDE = say("The image ends, or was not measured, too near to look for an edge.")
    NO_UNIT = say("This CT is not in Hounsfield units, which tell bone from what surrounds it.")
    UNCLEAR = say("No edge is clear within reach.")


#: An end is never drawn farther than this.
SNAP_REACH_MM = 2.0
_STEP_MM = 0.1
#: Half the width of the band; an endplate is nearly straight over so much of it.
BAND_MM = (-1.0, -0.5, 0.0, 0.5, 1.0)
#: An edge must be so many times steeper than the profile is on the whole, or it is noise.
_CLEAR = 4.0


def snap_to_edge(
    volume: Volume,
    point_lps: ArrayLike,
    along_lps: ArrayLike,
    across_lps: ArrayLike,
    *,
    reach_mm: float = SNAP_REACH_MM,
) -> NDArray[np.float64] | NoEdge:
    """Draw a point to the strongest edge along a line.

    Parameters
    ----------
    volume : Volume
        The image whose edges are meant.
    point_lps : array_like, shape (3,)
        Where the reader pointed, LPS mm.
    along_lps, across_lps : array_like, shape (3,)
        Unit vectors: along the caliper, and at right angles to it in the plane on the screen.
    reach_mm : float
        Farthest distance that the point may be drawn, mm.

    Returns
    -------
    ndarray, shape (3,), or NoEdge
        The point on the edge, on the line through the given one, LPS mm; or why there is none.
    """
    point, along, across = (np.asarray(v, dtype=np.float64) for v in (point_lps, along_lps, across_lps))
    if sampling_mm(volume, along) > reach_mm:
        return NoEdge.COARSE
    pixel = min(volume.grid.spacing_mm)
    sigma = max(0.5, 0.75 * pixel)
    margin = 4.0 * sigma
    steps = round((reach_mm + margin) / _STEP_MM)
    offsets = np.arange(-steps, steps + 1) * _STEP_MM
    samples = point + offsets[:, None, None] * along + np.array(BAND_MM)[None, :, None] * across
    values = sample_lines(volume, samples)
    if values is None:
        return NoEdge.OUTSIDE
    slope = np.abs(gaussian_filter1d(values.mean(axis=1), sigma / _STEP_MM, order=1))
    near = np.abs(offsets) <= reach_mm + 1e-9
    peak = near[1:-1] & (slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:])
    candidates = np.flatnonzero(peak) + 1
    if not candidates.size:
        return NoEdge.UNCLEAR
    best = int(candidates[np.argmax(slope[candidates])])
    if slope[best] < _CLEAR * float(np.median(slope)) or slope[best] <= 1e-9:
        return NoEdge.UNCLEAR
    before, here, after = slope[best - 1 : best + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    found = float(np.clip(offsets[best] + shift * _STEP_MM, -reach_mm, reach_mm))
    return np.asarray(point + found * along)


def sampling_mm(volume: Volume, along_lps: NDArray[np.float64]) -> float:
    """Distance between two voxels' layers along a direction, mm: what lies between is interpolated and has no edge."""
    return float(1.0 / np.abs(np.linalg.solve(volume.grid.affine_lps[:3, :3], along_lps)).max())


def sample_lines(volume: Volume, points_lps: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Linear interpolation at points; None where one of them lies outside or on what was not measured."""
    index = volume.grid.to_index(points_lps)[..., ::-1]
    size = np.array(volume.grid.shape)
    if (index < -0.5).any() or (index > size - 0.5).any():
        return None
    low = np.maximum(np.floor(index.reshape(-1, 3).min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.reshape(-1, 3).max(axis=0)).astype(int) + 1, size)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    if volume.padding is not None and volume.padding[box].any():
        return None
    block = np.asarray(volume.data[box], dtype=np.float64)
    if not np.isfinite(block).all():
        return None
    return np.asarray(map_coordinates(block, np.moveaxis(index - low, -1, 0), order=1, mode="nearest"))
