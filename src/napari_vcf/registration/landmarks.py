"""How far two poses are apart, where it matters: at a vertebral body."""

from __future__ import annotations

import numpy as np

from napari_vcf.registration.frame import Pose
from napari_vcf.registration.spine_bend import place

__all__ = ["distance_mm"]

#: Corners of a lumbar body and its centre, where two poses are compared.
_LANDMARKS = np.array(
    [(x, y, z) for x in (-18.0, 18.0) for y in (-14.0, 14.0) for z in (-12.0, 12.0)] + [(0.0, 0.0, 0.0)]
).T


def distance_mm(one: Pose, other: Pose) -> float:
    """Mean distance of a body's landmarks under two rigid poses."""
    return float(np.linalg.norm(place(one, _LANDMARKS)[0] - place(other, _LANDMARKS)[0], axis=0).mean())
