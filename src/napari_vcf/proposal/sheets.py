"""The best smooth sheet through columns of evidence.

A sheet gives one place to each column of a two-dimensional array of columns: an endplate to each place below it, a wall
to each place beside it. Evidence is summed, and steps between neighbouring columns cost their square up to a limit
(optimal surfaces: Li, Wu, Chen and Sonka, IEEE Trans Pattern Anal Mach Intell 2006; 28: 119-134). Rows and columns are
lines on which the best sheet is found exactly by dynamic programming; both families are brought together by averaging
their min-marginals in a few rounds, which comes near the best sheet of all (tree-reweighted message passing:
Kolmogorov, IEEE Trans Pattern Anal Mach Intell 2006; 28: 1568-1583).
No random numbers, and no product whose order a library may choose: the same input gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_sheet"]

F64 = NDArray[np.float64]
_ROUNDS = 4


def best_sheet(evidence: F64, places: F64, *, stiffness: tuple[float, float], limit: float) -> F64:
    """Find the smooth sheet with the most evidence.

    Parameters
    ----------
    evidence : ndarray, shape (a, b, n)
        Evidence of each place in each column.
    places : ndarray, shape (n,)
        Places, equally spaced, mm.
    stiffness : tuple of float
        Cost of a step of one place between neighbours along the first and the second axis.
    limit : float
        What a step costs at most.

    Returns
    -------
    ndarray, shape (a, b)
        Place of the sheet in each column, mm, between the given places by a parabola.
    """
    step = np.arange(len(places))
    distance = (step[:, None] - step[None, :]).astype(np.float64) ** 2
    costs = [np.minimum(weight * distance, limit) for weight in stiffness]
    shares = [-evidence / 2, -evidence / 2]
    mean = -evidence
    for _ in range(_ROUNDS):
        marginals = [_line_marginals(shares[axis], costs[axis], axis) for axis in (0, 1)]
        mean = (marginals[0] + marginals[1]) / 2
        shares = [share + mean - own for share, own in zip(shares, marginals, strict=True)]
    return _between(mean, places)


def _line_marginals(unary: F64, cost: F64, axis: int) -> F64:
    """Least cost of each place over all sheets along one axis, but for a constant."""
    lines = np.moveaxis(unary, axis, 0)
    forward, backward = np.empty_like(lines), np.empty_like(lines)
    forward[0], backward[-1] = lines[0], lines[-1]
    for index in range(1, len(lines)):
        forward[index] = lines[index] + _message(forward[index - 1], cost)
    for index in range(len(lines) - 2, -1, -1):
        backward[index] = lines[index] + _message(backward[index + 1], cost)
    return np.moveaxis(forward + backward - lines, 0, axis)


def _message(before: F64, cost: F64) -> F64:
    best = (before[..., None, :] + cost).min(axis=-1)
    return np.asarray(best - best.min(axis=-1, keepdims=True))


def _between(cost: F64, places: F64) -> F64:
    best = np.clip(np.argmin(cost, axis=-1), 1, len(places) - 2)
    before, here, after = (np.take_along_axis(cost, (best + o)[..., None], -1)[..., 0] for o in (-1, 0, 1))
    bend = before - 2 * here + after
    curved = bend > 1e-9
    shift = np.where(curved, 0.5 * (before - after) / np.where(curved, bend, 1.0), 0.0)
    return np.asarray(places[best] + np.clip(shift, -0.5, 0.5) * (places[1] - places[0]))
