"""Small pieces of implicit geometry on float32 arrays: distances in mm, negative inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["F32", "capsule", "ellipse", "ellipsoid", "occupancy", "rounded_max", "smooth_min"]

F32 = NDArray[np.float32]


def occupancy(distance_mm: NDArray[Any], width_mm: float | F32) -> F32:
    """Share of a sample that lies inside, from the distance of its centre to the surface.

    A ramp of the sample's width is the exact share for a straight edge along an axis.

    Parameters
    ----------
    distance_mm : ndarray
        Signed distance, negative inside.
    width_mm : float or ndarray
        Width of the sample across the surface.

    Returns
    -------
    ndarray
        0 to 1.
    """
    out = distance_mm * np.float32(-1.0 / width_mm) if isinstance(width_mm, float) else distance_mm / -width_mm
    out += np.float32(0.5)
    return np.asarray(np.clip(out, 0.0, 1.0, out=out), dtype=np.float32)


def rounded_max(a: F32, b: F32, radius_mm: float) -> F32:
    """Intersection of two bodies with a rounded edge; equal to the maximum farther than the radius from the edge."""
    blend = np.maximum(np.float32(radius_mm) - np.abs(a - b), 0.0)
    return np.asarray(np.maximum(a, b) + blend * blend * np.float32(0.25 / radius_mm), dtype=np.float32)


def smooth_min(a: F32, b: F32, radius_mm: float) -> F32:
    """Union of two bodies with a fillet."""
    blend = np.maximum(np.float32(radius_mm) - np.abs(a - b), 0.0)
    return np.asarray(np.minimum(a, b) - blend * blend * np.float32(0.25 / radius_mm), dtype=np.float32)


def capsule(
    x: F32,
    y: F32,
    z: F32,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius_mm: float,
    flatten: float = 1.0,
) -> F32:
    """Distance to a rod with round ends.

    Parameters
    ----------
    x, y, z : ndarray
        Coordinates, mm.
    start, end : tuple of float
        Ends of the axis.
    radius_mm : float
        Radius across z.
    flatten : float
        Below 1 the rod is taller than wide: its half-height is the radius over this.

    Returns
    -------
    ndarray
    """
    ax, ay, az = start[0], start[1], start[2] * flatten
    dx, dy, dz = end[0] - ax, end[1] - ay, end[2] * flatten - az
    inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
    px, py, pz = x - ax, y - ay, z * flatten - az
    t = np.clip(px * (dx * inverse) + py * (dy * inverse) + pz * (dz * inverse), 0.0, 1.0)
    px = px - t * dx
    py = py - t * dy
    pz = pz - t * dz
    across, along = px * px + py * py, pz * pz
    norm = np.sqrt(across + along)
    if flatten == 1.0:
        return np.asarray(norm - radius_mm, dtype=np.float32)
    # Divided by the gradient's length, the flattened distance is one in mm again.
    slope = np.sqrt((across + flatten * flatten * along + np.float32(1e-4)) / (across + along + np.float32(1e-4)))
    return np.asarray((norm - radius_mm) / slope, dtype=np.float32)


def ellipse(u: NDArray[Any], v: NDArray[Any], a: float | F32, b: float | F32) -> F32:
    """Distance along the ray from the centre to an ellipse with half-axes a and b."""
    rho = np.sqrt((u / a) ** 2 + (v / b) ** 2) + np.float32(1e-3)
    return np.asarray((1.0 - 1.0 / rho) * np.sqrt(u * u + v * v + np.float32(1e-2)), dtype=np.float32)


def ellipsoid(x: F32, y: F32, z: F32, half_axes: tuple[float, float, float]) -> F32:
    """Distance along the ray from the centre to an ellipsoid."""
    a, b, c = half_axes
    rho = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2) + np.float32(1e-3)
    return np.asarray((1.0 - 1.0 / rho) * np.sqrt(x * x + y * y + z * z + np.float32(1e-2)), dtype=np.float32)
