"""What the scratch tools say: a distance, the angle between two lines, the values inside an outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QPolygonF

__all__ = ["Region", "cobb_deg", "distance_mm", "polygon_area", "region_of"]

#: Distance between the points at which an outline is sampled, mm.
_STEP_MM = 0.25
#: A region is sampled at no more points along each side.
_MOST = 120


def distance_mm(ends: NDArray[np.float64]) -> float:
    """Length of a line, shape (2, 3), mm."""
    return float(np.linalg.norm(ends[1] - ends[0]))


def cobb_deg(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Angle between two lines, 0 to 90 degrees, whichever way each was drawn.

    Cobb's angle of a curve is that between the upper endplate of its upper vertebra and the lower endplate of its lower
    one.

    Parameters
    ----------
    first, second : ndarray, shape (2, n)
        Ends of each line.

    Returns
    -------
    float
        Degrees.
    """
    one, two = first[1] - first[0], second[1] - second[0]
    cosine = abs(float(one @ two)) / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-12)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def polygon_area(outline: NDArray[np.float64]) -> float:
    """Area of a closed outline, shape (n, 2), in the square of its unit, by the shoelace formula."""
    row, column = outline.T
    return abs(float(row @ np.roll(column, -1) - column @ np.roll(row, -1))) / 2


@dataclass(frozen=True, slots=True)
class Region:
    """What lies inside an outline.

    Attributes
    ----------
    area_mm2 : float
        Area of the outline.
    mean, deviation : float or None
        Of the values inside, weighted by area; None where nothing was measured there.
    """

    area_mm2: float
    mean: float | None
    deviation: float | None


def region_of(outline: NDArray[np.float64], value: Callable[[NDArray[np.float64]], float | None]) -> Region:
    """Sample what lies inside an outline.

    Parameters
    ----------
    outline : ndarray, shape (n, 2)
        (row, column) mm.
    value : callable
        Gives the value of the voxel at (row, column) mm; None where nothing was measured.

    Returns
    -------
    Region
    """
    low, high = outline.min(axis=0), outline.max(axis=0)
    step = max(_STEP_MM, float((high - low).max()) / _MOST)
    rows, columns = (np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True))
    shape = QPolygonF([QPointF(column, row) for row, column in outline.tolist()])
    inside = [
        np.array([row, column])
        for row in rows
        for column in columns
        if shape.containsPoint(QPointF(column, row), Qt.FillRule.OddEvenFill)
    ]
    values = np.array([found for point in inside if (found := value(point)) is not None])
    area = polygon_area(outline)
    if not values.size:
        return Region(area, None, None)
    return Region(area, float(values.mean()), float(values.std()))
