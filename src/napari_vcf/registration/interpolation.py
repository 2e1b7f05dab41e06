"""Trilinear interpolation of a cube at many points, with the exact gradient of the interpolant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cube"]


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Values on a regular lattice.

    Parameters
    ----------
    data : ndarray of float32, shape (n0, n1, n2)
        C-contiguous.
    origin, spacing : ndarray, shape (3,)
        Position of sample (0, 0, 0) and step along each axis, in mm, in a frame whose axes are the lattice's.
    """

    data: NDArray[np.float32]
    origin: NDArray[np.float64]
    spacing: NDArray[np.float64]

    def at(self, points: NDArray[Any]) -> NDArray[np.float32]:
        """Values at points, shape (3, samples), clamped to the lattice."""
        corners, fraction = self._locate(points)
        c000, c001, c010, c011, c100, c101, c110, c111 = corners
        u, v, w = fraction
        c00, c01 = c000 + u * (c100 - c000), c001 + u * (c101 - c001)
        c10, c11 = c010 + u * (c110 - c010), c011 + u * (c111 - c011)
        c0, c1 = c00 + v * (c10 - c00), c01 + v * (c11 - c01)
        return np.asarray(c0 + w * (c1 - c0))

    def with_gradient(self, points: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Values, and derivatives by mm along the axes, shape (3, samples)."""
        corners, fraction = self._locate(points)
        c000, c001, c010, c011, c100, c101, c110, c111 = corners
        u, v, w = fraction
        d00, d01, d10, d11 = c100 - c000, c101 - c001, c110 - c010, c111 - c011
        c00, c01, c10, c11 = c000 + u * d00, c001 + u * d01, c010 + u * d10, c011 + u * d11
        e0, e1 = c10 - c00, c11 - c01
        c0, c1 = c00 + v * e0, c01 + v * e1
        gradient = np.empty((3, u.size), np.float32)
        d0, d1 = d00 + v * (d10 - d00), d01 + v * (d11 - d01)
        gradient[0] = (d0 + w * (d1 - d0)) / np.float32(self.spacing[0])
        gradient[1] = (e0 + w * (e1 - e0)) / np.float32(self.spacing[1])
        gradient[2] = (c1 - c0) / np.float32(self.spacing[2])
        return np.asarray(c0 + w * (c1 - c0)), gradient

    def _locate(self, points: NDArray[Any]) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        n0, n1, n2 = self.data.shape
        flat = np.zeros(points.shape[1], np.int32)
        fraction = []
        for axis, (size, stride) in enumerate(zip((n0, n1, n2), (n1 * n2, n2, 1), strict=True)):
            step = float(self.spacing[axis])
            position = points[axis] * (1.0 / step)
            position -= float(self.origin[axis]) / step
            # Just inside, by more than the precision of float32.
            np.maximum(position, 0.0, out=position)
            np.minimum(position, size - 1.0001, out=position)
            whole = position.astype(np.int32)
            position -= whole.astype(position.dtype)
            fraction.append(position.astype(np.float32, copy=False))
            whole *= stride
            flat += whole
        place = flat.astype(np.intp)
        values = self.data.ravel()
        steps = [0, 1, n2, n2 + 1, n1 * n2, n1 * n2 + 1, n1 * n2 + n2, n1 * n2 + n2 + 1]
        # From a view that begins at the corner, the same places give that corner of every cell.
        return [values[step:].take(place) for step in steps], fraction
