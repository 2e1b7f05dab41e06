"""Places for labels beside what they name: never over a measured structure, nor over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

__all__ = ["Box", "Label", "outline_of", "place_labels"]

#: Lowest and highest (row, column).
Box: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Steps in which a place is looked for, as shares of a label's height.
_STEP = 0.5
#: How far away from the best place one is looked for, in label heights; beyond all structures there always is one.
_REACH = 60
#: How many places are looked at together.
_AT_ONCE = 128
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
    return _outline(np.ascontiguousarray(points, dtype=np.float64).tobytes())


@lru_cache(maxsize=32)
def _outline(held: bytes) -> NDArray[np.float64]:
    """The outline of points in so many bytes: of what stays while something else is dragged, worked out once."""
    around = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    points = (np.frombuffer(held).reshape(-1, 1, 2) + around).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    box = [(-1.0, 0.0, low[0]), (0.0, -1.0, low[1]), (1.0, 0.0, -high[0]), (0.0, 1.0, -high[1])]
    found = np.vstack([ConvexHull(points).equations, box])
    found.flags.writeable = False
    return found


def place_labels(
    labels: Sequence[Label],
    structures: Sequence[NDArray[np.float64]],
    *,
    gap: float = 0.0,
    view: Box | None = None,
    reserved: Sequence[Box] = (),
) -> list[NDArray[np.float64]]:
    """Find a place for each label, the nearest that is free; earlier labels choose first.

    What names a point in the view stands wholly in it, if need be on the other side, and any other label wholly in it
    or wholly out of it: half of a number reads as another, and none goes without its unit.

    Parameters
    ----------
    labels : sequence of Label
        The labels.
    structures : sequence of ndarray
        What must not be covered, each as `outline_of` gives it.
    gap : float
        Pixels that are kept free between a label and a structure.
    view : tuple of ndarray, optional
        Lowest and highest (row, column) that are on the screen.
    reserved : sequence of tuple of ndarray
        Boxes, as the view is given, in which something else is written.

    Returns
    -------
    list of ndarray, shape (2,)
        The middle of each label, in the order of the labels.
    """
    taken: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = [
        ((low + high) / 2, (high - low) / 2) for low, high in reserved
    ]
    chosen = []
    for label in labels:
        half = np.array(label.size, dtype=np.float64) / 2
        center = None
        for side, room, where in _attempts(label, gap, view):
            centers = label.anchor + _offsets(float(half[0]), float(half[1]), side)
            # Most labels find a place among the first; looking at all for each would take most of a drag.
            for first in range(0, len(centers), _AT_ONCE):
                some = centers[first : first + _AT_ONCE]
                free = _free(some, half, structures, room, taken) & _lies(some, half, view, where)
                if free.any():
                    center = some[int(np.argmax(free))]
                    break
            if center is not None:
                break
        if center is None:
            # Where everything within reach is taken, the farthest place covers the least.
            center = (label.anchor + _offsets(float(half[0]), float(half[1]), label.side))[-1]
        taken.append((center, half))
        chosen.append(center)
    return chosen


def _attempts(label: Label, gap: float, view: Box | None) -> list[tuple[int, float, str]]:
    """Sides, gaps and parts of the screen in which a place is looked for, one after the other."""
    if view is None:
        return [(label.side, gap, "anywhere")]
    if not _holds(view, label.anchor):
        return [(label.side, gap, "uncut")]
    sides = (label.side, -label.side) if label.side else (0,)
    # Closer is better than on none; and where there is no room at all, none is better than a half.
    return [(side, room, "whole") for room in (gap, gap / 4) for side in sides] + [(label.side, gap, "uncut")]


def _lies(centers: NDArray[np.float64], half: NDArray[np.float64], view: Box | None, where: str) -> NDArray[np.bool_]:
    """Which middles leave a label wholly in the view, or at least uncut by its edge."""
    if view is None or where == "anywhere":
        return np.ones(len(centers), dtype=np.bool_)
    low, high = centers - half, centers + half
    whole = np.asarray(((low >= view[0]) & (high <= view[1])).all(axis=1), dtype=np.bool_)
    return whole if where == "whole" else whole | (high <= view[0]).any(axis=1) | (low >= view[1]).any(axis=1)


def _holds(box: Box, point: NDArray[np.float64]) -> bool:
    return bool(((point >= box[0]) & (point <= box[1])).all())


def _free(
    centers: NDArray[np.float64],
    half: NDArray[np.float64],
    structures: Sequence[NDArray[np.float64]],
    gap: float,
    taken: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> NDArray[np.bool_]:
    """Which middles leave a label clear of all structures and of what is written already."""
    free = np.ones(len(centers), dtype=np.bool_)
    for sides in structures:
        beyond = centers @ sides[:, :2].T - np.abs(sides[:, :2]) @ (half + gap) + sides[:, 2]
        free &= (beyond >= 0).any(axis=1)
    for center, other in taken:
        free &= (np.abs(centers - center) >= half + other).any(axis=1)
    return free


@lru_cache(maxsize=64)
def _offsets(half_height: float, half_width: float, side: int) -> NDArray[np.float64]:
    """From an anchor to the middles that a label could have on a side of it, the best first."""
    step = 2 * half_height * _STEP
    count = round(_REACH / _STEP)
    rows = np.concatenate([[0], *([n, -n] for n in range(1, count // 4))]) * step
    columns = half_width + np.arange(count) * step
    if side == 0:
        columns = np.concatenate([columns, -columns])
    else:
        columns *= side
    offsets = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    cost = _ROW_COST * np.abs(offsets[:, 0]) + np.abs(offsets[:, 1])
    found = offsets[np.argsort(cost, kind="stable")]
    found.flags.writeable = False
    return found
