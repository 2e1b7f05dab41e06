"""The contour of a mask on one slice, and pulling it by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

from napari_vcf.language import say
from napari_vcf.measure.errors import MeasureError

__all__ = ["PULL_REACH_MM", "edge_middles", "mask_contour", "pull_contour"]

#: How far along the contour a pull is felt to either side, mm.
PULL_REACH_MM = 12.0
_STEP_MM = 0.5
#: Directions along the edges of pixels (row, column), clockwise.
_TURNS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def mask_contour(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Corners of the outer edge of the largest part of a mask, clockwise.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)

    Returns
    -------
    ndarray, shape (n, 2)
        (row, column) in pixels, whole numbers at the centres; filled again, it gives that part without its holes.

    Raises
    ------
    MeasureError
        If the mask is empty.
    """
    parts, count = label(mask)
    if not count:
        raise MeasureError(say("There is no contour where nothing is drawn."))
    inside = np.pad(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])), 1)
    row, column = (int(i) for i in np.argwhere(inside)[0])
    # Corner (r, c) lies before pixel (r, c); what is inside stays on the right hand.
    start = at = (row, column)
    heading, corners = 0, []
    while True:
        corners.append(at)
        at = (at[0] + _TURNS[heading][0], at[1] + _TURNS[heading][1])
        if at == start:
            break
        for turn in (1, 0, -1):
            further = (heading + turn) % 4
            if _edge(inside, at, further):
                heading = further
                break
    return np.array(corners, dtype=np.float64) - 1.5


def edge_middles(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    """The contour of pixels (n, 2) through the middles of their edges, for the eye: it holds the same pixels."""
    return np.asarray((contour + np.roll(contour, -1, axis=0)) / 2)


def _edge(inside: NDArray[np.bool_], at: tuple[int, int], heading: int) -> bool:
    """Whether the edge that leaves a corner has a pixel on its right and none on its left."""
    row, column = at
    right, left = {
        0: ((row, column), (row - 1, column)),
        1: ((row, column - 1), (row, column)),
        2: ((row - 1, column - 1), (row, column - 1)),
        3: ((row - 1, column), (row - 1, column - 1)),
    }[heading]
    return bool(inside[right]) and not bool(inside[left])


def pull_contour(
    contour: ArrayLike, grab: ArrayLike, to: ArrayLike, *, reach_mm: float = PULL_REACH_MM
) -> NDArray[np.float64]:
    """Pull a closed contour: its point nearest to where it was taken follows the hand, its surroundings less and less.

    Parameters
    ----------
    contour : array_like, shape (n, 2)
        Corners in order, mm.
    grab, to : array_like, shape (2,)
        Where it was taken, and where the hand is now, mm.
    reach_mm : float
        Way along the contour on which the pull fades, mm.

    Returns
    -------
    ndarray, shape (m, 2)
        Finer than the contour that was given; farther than the reach it is as it was.

    Raises
    ------
    MeasureError
        If there are fewer than three corners.
    """
    corners = np.asarray(contour, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise MeasureError(say("A contour has at least three points."))
    closed = np.concatenate([corners, corners[:1]])
    lengths = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    whole = float(ends[-1])
    along = np.unique(np.concatenate([ends[:-1], np.arange(0.0, whole, _STEP_MM)]))
    points = np.stack([np.interp(along, ends, closed[:, axis]) for axis in (0, 1)], axis=-1)
    nearest = along[int(np.argmin(np.linalg.norm(points - np.asarray(grab), axis=1)))]
    way = np.abs(along - nearest)
    way = np.minimum(way, whole - way)
    weight = np.where(way < reach_mm, (1.0 - np.minimum(way / reach_mm, 1.0) ** 2) ** 2, 0.0)
    return np.asarray(points + weight[:, None] * (np.asarray(to, dtype=np.float64) - np.asarray(grab)))
