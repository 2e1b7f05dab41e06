"""The discs between the bodies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import RigidTransform
from napari_vcf.phantom.canvas import Canvas
from napari_vcf.phantom.shapes import F32, ellipse, occupancy
from napari_vcf.phantom.tissues import Tissue
from napari_vcf.phantom.vertebra import Vertebra

__all__ = ["Disc", "build_disc"]

_Line = tuple[float, float]


@dataclass(frozen=True)
class Disc:
    """A disc: it fills what two endplates leave, and reaches a little into both, behind the bone painted before.

    Parameters
    ----------
    into : RigidTransform
        The upright frame to the disc's own, halfway between the two vertebrae.
    half_width_mm, half_depth_mm : float
    ceiling, floor : tuple of float
        Height of the rims above and below in the midline: at y = 0, and its slope along y.
    dish_above_mm, dish_below_mm : float
        Depth of the two endplates.
    vital : float
        Water of the nucleus: 0 black, 1 bright on T2.
    """

    into: RigidTransform
    half_width_mm: float
    half_depth_mm: float
    ceiling: _Line
    floor: _Line
    dish_above_mm: float
    dish_below_mm: float
    vital: float

    def paint(self, canvas: Canvas) -> None:
        """Paint the disc onto a slice of the upright frame."""
        block = canvas.block.moved(self.into)
        tall = 8.0 + max(self.dish_above_mm, self.dish_below_mm) + self.ceiling[0] - self.floor[0]
        box = np.array([self.half_width_mm + 2, self.half_depth_mm + 2, tall])
        window = block.window((-box, box))
        if window is None:
            return
        x, y, z = block.coordinates(window)
        u, v = x * np.float32(1 / self.half_width_mm), y * np.float32(1 / self.half_depth_mm)
        dish = np.maximum(1.0 - u * u - v * v, 0.0)
        ceiling = _height(self.ceiling, y) + np.float32(1.0) + np.float32(self.dish_above_mm + 1.0) * dish
        floor = _height(self.floor, y) - np.float32(1.0) - np.float32(self.dish_below_mm + 1.0) * dish
        wall = ellipse(x, y, self.half_width_mm, self.half_depth_mm)
        # Between a circle and a box, as the bodies are.
        wall = wall - np.float32(3.0) * np.abs(x * y) / (x * x + y * y + np.float32(1e-3))
        distance = np.maximum(np.maximum(wall, z - ceiling), floor - z)
        share = occupancy(distance, block.pixel_mm)
        half_height = np.maximum(np.float32(0.5) * (ceiling - floor), np.float32(1.0))
        depth = z - np.float32(0.5) * (ceiling + floor)
        across = np.sqrt((u / 0.68) ** 2 + ((v - np.float32(1 / self.half_depth_mm)) / 0.66) ** 2)
        nucleus = occupancy(ellipse(across, depth / half_height, 1.0, 1.0), 0.45) * np.float32(self.vital)
        cleft = np.exp(-((depth / np.float32(0.9)) ** 2)) * np.float32(0.35)
        canvas.paint(window, Tissue.NUCLEUS, share * nucleus * (1 - cleft))
        canvas.paint(window, Tissue.LIGAMENT, share * np.clip(1 + wall / np.float32(4.0), 0.0, 1.0) * np.float32(0.7))
        canvas.paint(window, Tissue.ANNULUS, share)


def build_disc(
    vertebrae: tuple[Vertebra, Vertebra], poses: tuple[RigidTransform, RigidTransform], vital: float
) -> Disc:
    """Fit a disc between two vertebrae.

    Parameters
    ----------
    vertebrae : tuple of Vertebra
        The upper and the lower one.
    poses : tuple of RigidTransform
        Each one's own frame to the upright frame.
    vital : float
        As in `Disc`.

    Returns
    -------
    Disc
    """
    above, below = vertebrae
    ends = ("anterior", "posterior")
    upper = [poses[0].apply(above.landmarks()[f"{end}_inferior"]) for end in ends]
    lower = [poses[1].apply(below.landmarks()[f"{end}_superior"]) for end in ends]
    u, _, vt = np.linalg.svd(poses[0].matrix[:3, :3] + poses[1].matrix[:3, :3])
    matrix = np.eye(4)
    matrix[:3, :3] = u @ vt
    matrix[:3, 3] = np.mean(upper + lower, axis=0)
    into = RigidTransform(matrix).inverse()
    return Disc(
        into=into,
        half_width_mm=(above.half_width_mm + below.half_width_mm) / 2 + 0.8,
        half_depth_mm=(above.half_depth_mm + below.half_depth_mm) / 2 + 0.8,
        ceiling=_line([into.apply(point) for point in upper]),
        floor=_line([into.apply(point) for point in lower]),
        dish_above_mm=abs(above.bottom_mm[1] - (above.bottom_mm[0] + above.bottom_mm[2]) / 2),
        dish_below_mm=abs(below.top_mm[1] - (below.top_mm[0] + below.top_mm[2]) / 2),
        vital=vital,
    )


def _line(points: list[NDArray[np.float64]]) -> _Line:
    (_, y0, z0), (_, y1, z1) = (point.tolist() for point in points)
    slope = (z1 - z0) / (y1 - y0)
    return z0 - slope * y0, slope


def _height(line: _Line, y: F32) -> F32:
    return np.asarray(line[0] + line[1] * y, dtype=np.float32)
