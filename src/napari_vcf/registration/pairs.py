"""A start from several clicked pairs of points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from napari_vcf.registration.checks import checked_point
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, WorkingFrame, rotation_vector

__all__ = ["fit_points"]

#: Points nearer to one line than this (mm, root mean square) leave the turn about it open.
_SPREAD_MM = 4.0


def fit_points(frame: WorkingFrame, more_pairs: Sequence[tuple[ArrayLike, ArrayLike]]) -> tuple[Pose, float | None]:
    """The rigid pose that brings clicked MR points onto their CT points, by least squares (Kabsch 1976).

    Parameters
    ----------
    frame : WorkingFrame
        Its two origins are the first pair.
    more_pairs : sequence of (CT point, MR point)
        LPS mm.

    Returns
    -------
    pose : Pose
        Six numbers; no motion with less than three pairs or with points on one line.
    residual_mm : float or None
        Root mean square distance after the fit; None where there is none.
    """
    ct = np.array([frame.ct_point, *(checked_point(pair[0], "CT") for pair in more_pairs)])
    mr = np.array([frame.mr_point, *(checked_point(pair[1], "MR") for pair in more_pairs)])
    if len(ct) < 3:
        return np.zeros(6), None
    to, of = (ct - frame.ct_point) @ frame.axes, (mr - frame.mr_point) @ frame.axes
    to_middle, of_middle = to.mean(axis=0), of.mean(axis=0)
    u, spread, vt = np.linalg.svd((of - of_middle).T @ (to - to_middle))
    if spread[1] < len(ct) * _SPREAD_MM**2:
        return np.zeros(6), None
    handed = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(vt.T @ u.T)))])
    rotation = vt.T @ handed @ u.T
    moved = (of - of_middle) @ rotation.T + to_middle
    residual = float(np.sqrt(((moved - to) ** 2).sum(axis=1).mean()))
    shift = to_middle - rotation @ of_middle
    return np.concatenate([shift, rotation_vector(rotation) * ROTATION_LEVER_MM]), residual
