"""What a reader sees: where a contour is off and to where it would be pulled, and how much of a body is lesion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from scipy.spatial import cKDTree

from napari_vcf.measure import edge_middles, mask_contour

__all__ = ["Pull", "best_limit", "lesion_seen", "pull_of"]

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]

#: A patch between line and edge that is smaller than this share of the body on the slice is let be.
LET_BE = 0.05


@dataclass(frozen=True, slots=True)
class Pull:
    """One drag of a contour.

    Attributes
    ----------
    grab, to : ndarray, shape (2,)
        (row, column) in pixels.
    """

    grab: Points
    to: Points


def pull_of(drawn: Mask, seen: Mask, pixel_mm: tuple[float, float], *, let_be: float = LET_BE) -> Pull | None:
    """The drag that mends a contour where the largest patch lies between it and the edge that is seen.

    Parameters
    ----------
    drawn, seen : ndarray of bool, shape (rows, columns)
        What is drawn, and the body as a reader sees it; neither is empty.
    pixel_mm : tuple of float
        (row, column) spacing, mm.
    let_be : float
        Share of the body from which a patch is mended.

    Returns
    -------
    Pull or None
        None where the contour is good enough.
    """
    patches, _ = label(drawn ^ seen)
    sizes = np.bincount(patches.ravel())
    sizes[0] = 0
    if sizes.max() < let_be * np.count_nonzero(seen):
        return None
    around = binary_dilation(patches == int(np.argmax(sizes)), iterations=2)
    scale = np.array(pixel_mm)
    line, edge = (edge_middles(mask_contour(mask)) for mask in (drawn, seen))
    to_edge, at_edge = cKDTree(edge * scale).query(line * scale)
    to_line, at_line = cKDTree(line * scale).query(edge * scale)
    to_edge, to_line = (np.where(_within(around, p), d, -1.0) for p, d in ((line, to_edge), (edge, to_line)))
    a, b = int(np.argmax(to_edge)), int(np.argmax(to_line))
    return Pull(line[a], edge[at_edge[a]]) if to_edge[a] >= to_line[b] else Pull(line[at_line[b]], edge[b])


def _within(region: Mask, points: Points) -> Mask:
    row, column = np.clip(np.round(points).astype(int), 0, np.array(region.shape) - 1).T
    return np.asarray(region[row, column])


def lesion_seen(body: Mask, true_body: Mask, true_lesion: Mask) -> Mask:
    """The lesion up to the edge of the body as it was drawn, all of one slice (rows, columns)."""
    lesion = true_lesion & body
    if true_body.any():
        nearest = distance_transform_edt(~true_body, return_distances=False, return_indices=True)
        lesion |= body & ~true_body & true_lesion[tuple(nearest)]
    return lesion


def best_limit(values: NDArray[np.float64], lesion: int, limits: Iterable[float]) -> float:
    """The limit above which as many values lie as a reader sees lesion.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Those of the body on the screen.
    lesion : int
        How many of them are lesion to the eye.
    limits : iterable of float
        Those that can be set.

    Returns
    -------
    float
    """
    return min(limits, key=lambda limit: abs(int(np.count_nonzero(values > limit)) - lesion))
