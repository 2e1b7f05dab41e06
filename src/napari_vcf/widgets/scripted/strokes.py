"""How a mask would be drawn by tool: an outline to click around, strokes of a round brush to fill it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

__all__ = ["brush_footprint", "outline_of", "strokes_of"]

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


def outline_of(mask: Mask, *, tolerance_px: float = 0.9) -> Points:
    """Corners of a polygon around the biggest part of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Not empty.
    tolerance_px : float
        How far the polygon may leave the true outline.

    Returns
    -------
    ndarray, shape (n, 2)
        (row, column); the first corner is not repeated.
    """
    contours = find_contours(np.pad(mask, 1).astype(np.float64), 0.5)
    longest = max(contours, key=len) - 1.0
    corners: Points = approximate_polygon(longest, tolerance_px)
    return corners[:-1]


def brush_footprint(diameter: int) -> Mask:
    """Pixels that a dab of napari's round brush changes: those within half a diameter and a bit."""
    reach = diameter // 2
    offset = np.arange(-reach, reach + 1)
    return np.hypot(*np.meshgrid(offset, offset)) <= reach + 0.5


def strokes_of(
    mask: Mask, diameter: int, *, forbidden: Mask, done: Mask | None = None
) -> tuple[list[tuple[Points, Points]], Mask]:
    """Level strokes of a round brush that fill a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        What is to be painted.
    diameter : int
        Of the brush, in pixels.
    forbidden : ndarray of bool
        What no stroke may touch; over everything else the brush may go, because the painter keeps it inside the body.
    done : ndarray of bool, optional
        What is painted already. A row is left out where no dab would add half as many pixels as the brush is wide.

    Returns
    -------
    strokes : list of (start, end)
        (row, column) of both ends.
    painted : ndarray of bool
        What is painted of the mask then.
    """
    footprint = brush_footprint(diameter)
    # Centres stay in the mask: a hand aims at what it paints.
    centers = mask & ~ndimage.binary_dilation(forbidden, structure=footprint)
    covered = [_covered(centers, row, footprint) & mask for row in range(len(mask))]
    painted = np.zeros_like(mask) if done is None else done.copy()
    strokes: list[tuple[Points, Points]] = []
    while True:
        missing = mask & ~painted
        # The row whose strokes paint the most that is still missing.
        row = int(np.argmax([np.count_nonzero(part & missing) for part in covered]))
        gain = _gain_along(row, missing, footprint)
        gain[~centers[row]] = 0
        columns = np.flatnonzero(gain)
        if not columns.size or 2 * gain.max() < diameter:
            return strokes, painted
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            strokes.append((np.array([row, run[0]], float), np.array([row, run[-1]], float)))
        painted |= covered[row]


def _covered(centers: Mask, row: int, footprint: Mask) -> Mask:
    """What dabs on all centres of one row paint."""
    dabs = np.zeros_like(centers)
    reach = len(footprint) // 2
    rows = slice(max(0, row - reach), row + reach + 1)
    dabs[row] = centers[row]
    if centers[row].any():
        dabs[rows] = ndimage.binary_dilation(dabs[rows], structure=footprint)
    return dabs


def _gain_along(row: int, missing: Mask, footprint: Mask) -> NDArray[np.int32]:
    """How many missing pixels a dab on each place of a row would paint."""
    reach = len(footprint) // 2
    band = np.pad(missing, reach)[row : row + len(footprint)].astype(np.int32)
    return ndimage.correlate(band, footprint.astype(np.int32), mode="constant")[reach, reach:-reach]
