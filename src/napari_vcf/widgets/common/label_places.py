"""Places for labels beside what they name: never over a measured structure, nor over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

__all__ = ["Label", "outline_of", "place_labels"]

#: Steps in which a place is looked for, as shares of a label's height.
_STEP = 0.5
#: How far away from the best place one is looked for, in label heights; beyond all structures there always is one.
_REACH = 60
#: A place a row further up or down is as bad as one so many times as far to the side.
_ROW_COST = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A label that looks for a place; everything in pixels of the screen, as (row, column).

    Attributes
    ----------
    anchor : ndarray, shape (2,)
        The point that it names.
    size : tuple of float
        Height and width, with the room that it wants around it.
    side : {-1, 0, 1}
        Left or right of the anchor; 0 for either.
    """

    anchor: NDArray[np.float64]
    size: tuple[float, float]
    side: int = 0


def outline_of(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The convex outline of points, half a pixel around each of them, as half planes.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        (row, column).

    Returns
    -------
    ndarray, shape (m, 3)
        Outward normal and offset of each side: a point is inside where ``normal @ point + offset <= 0`` for all.
        The sides of the box around the points are among them.
    """
    around = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    points = (points[:, None] + around).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    box = [(-1.0, 0.0, low[0]), (0.0, -1.0, low[1]), (1.0, 0.0, -high[0]), (0.0, 1.0, -high[1])]
    return np.vstack([ConvexHull(points).equations, box])


def place_labels(
    labels: Sequence[Label], structures: Sequence[NDArray[np.float64]], *, gap: float = 0.0
) -> list[NDArray[np.float64]]:
    """Find a place for each label, the nearest that is free; earlier labels choose first.

    Parameters
    ----------
    labels : sequence of Label
        The labels.
    structures : sequence of ndarray
        What must not be covered, each as `outline_of` gives it.
    gap : float
        Pixels that are kept free between a label and a structure.

    Returns
    -------
    list of ndarray, shape (2,)
        The middle of each label, in the order of the labels.
    """
    taken: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for label in labels:
        half = np.array(label.size, dtype=np.float64) / 2
        centers = _candidates(label, half)
        free = np.ones(len(centers), dtype=bool)
        for sides in structures:
            beyond = centers @ sides[:, :2].T - np.abs(sides[:, :2]) @ (half + gap) + sides[:, 2]
            free &= (beyond >= 0).any(axis=1)
        for center, other in taken:
            free &= (np.abs(centers - center) >= half + other).any(axis=1)
        # Where everything within reach is taken, the farthest place covers the least.
        chosen = centers[int(np.argmax(free))] if free.any() else centers[-1]
        taken.append((chosen, half))
    return [center for center, _ in taken]


def _candidates(label: Label, half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middles that a label could have, the best first."""
    step = 2 * half[0] * _STEP
    count = round(_REACH / _STEP)
    rows = np.concatenate([[0], *([n, -n] for n in range(1, count // 4))]) * step
    columns = half[1] + np.arange(count) * step
    if label.side == 0:
        columns = np.concatenate([columns, -columns])
    else:
        columns *= label.side
    offsets = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    cost = _ROW_COST * np.abs(offsets[:, 0]) + np.abs(offsets[:, 1])
    return label.anchor + offsets[np.argsort(cost, kind="stable")]
