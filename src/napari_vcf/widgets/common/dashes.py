"""Dashed lines: napari draws none by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["dashes"]

_DASH_MM, _GAP_MM = 2.4, 1.6


def dashes(contour: NDArray[np.float64], *, dash: float = _DASH_MM, gap: float = _GAP_MM) -> list[NDArray[np.float64]]:
    """A closed contour (n, 2) as a whole number of dashes, each a path of its own."""
    closed = np.concatenate([contour, contour[:1]])
    ends = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    count = max(int(ends[-1] / (dash + gap)), 1)
    step = ends[-1] / count
    found = []
    for start in step * np.arange(count):
        stop = start + step * dash / (dash + gap)
        along = np.concatenate([[start], ends[(ends > start) & (ends < stop)], [stop]])
        found.append(np.stack([np.interp(along, ends, closed[:, axis]) for axis in (0, 1)], axis=-1))
    return found
