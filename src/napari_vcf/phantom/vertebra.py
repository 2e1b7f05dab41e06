"""The shape of one vertebra in its own frame: x left, y back, z up, origin at the centre of the body, mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.phantom.levels import LevelMeasures
from napari_vcf.phantom.shapes import F32, capsule, rounded_max, smooth_min

__all__ = ["CORNER_INSET_MM", "LANDMARKS", "Vertebra", "build_vertebra"]

#: The anterior and posterior heights are taken this far inside the wall, where the rounding of the rim begins.
CORNER_INSET_MM = 2.5
#: Radius of the rim; smaller than the inset, so that the landmarks lie on the surface itself.
RIM_RADIUS_MM = 2.0

_FAR_MM = 50.0
_Point = tuple[float, float, float]
_Rod = tuple[_Point, _Point, float, float, float]

LANDMARKS = (
    "body_center",
    "anterior_superior",
    "anterior_inferior",
    "middle_superior",
    "middle_inferior",
    "posterior_superior",
    "posterior_inferior",
)


@dataclass(frozen=True)
class Vertebra:
    """Measures of one vertebra.

    Parameters
    ----------
    level : str
    half_width_mm, half_depth_mm : float
        Of the body at its rims.
    top_mm, bottom_mm : tuple of float
        Height of the upper and lower endplate over the origin at the anterior, middle and posterior landmark.
    cortex_mm : float
        Thickness of the body's shell at the endplates.
    spinous_mm, transverse_mm : float
        As in `LevelMeasures`.
    scale : float
        Factor on the posterior elements.
    posterior_bulge_mm : float
        How far the posterior wall stands out (negative: concave).
    buckle_mm : float
        Step of the broken anterior wall below the upper rim.
    """

    level: str
    half_width_mm: float
    half_depth_mm: float
    top_mm: tuple[float, float, float]
    bottom_mm: tuple[float, float, float]
    cortex_mm: float
    spinous_mm: float
    transverse_mm: float
    scale: float
    posterior_bulge_mm: float = -1.2
    buckle_mm: float = 0.0

    @property
    def is_sacral(self) -> bool:
        """Whether the segment belongs to the sacrum."""
        return self.level.startswith("S")

    @property
    def heights_mm(self) -> tuple[float, float, float]:
        """Anterior, middle and posterior height."""
        a, m, p = (t - b for t, b in zip(self.top_mm, self.bottom_mm, strict=True))
        return a, m, p

    def landmarks(self) -> dict[str, NDArray[np.float64]]:
        """Landmarks in the vertebra's own frame, mm."""
        reach = self.half_depth_mm - CORNER_INSET_MM
        points = {"body_center": np.zeros(3)}
        for name, y, index in (("anterior", -reach, 0), ("middle", 0.0, 1), ("posterior", reach, 2)):
            points[f"{name}_superior"] = np.array([0.0, y, self.top_mm[index]])
            points[f"{name}_inferior"] = np.array([0.0, y, self.bottom_mm[index]])
        return points

    def endplates(self, x: F32, y: F32) -> tuple[F32, F32]:
        """Height of the upper and lower endplate, mm."""
        s = y * np.float32(1.0 / (self.half_depth_mm - CORNER_INSET_MM))
        u = x * np.float32(1.0 / (self.half_width_mm - CORNER_INSET_MM))
        dish = np.maximum(1.0 - s * s, 0.0) * np.maximum(1.0 - u * u, 0.0)
        surfaces = []
        for (a, m, p), lean in ((self.top_mm, 0.1), (self.bottom_mm, 0.25)):
            surface = (a + p) / 2 + s * ((p - a) / 2)
            surface += (m - (a + p) / 2) * dish * (1.0 + lean * s)
            surfaces.append(np.asarray(surface, dtype=np.float32))
        return surfaces[0], surfaces[1]

    def body(self, x: F32, y: F32, z: F32) -> tuple[F32, F32, F32, F32]:
        """Distance to the body's surface, to its marrow space, and to its upper and lower endplate alone.

        Parameters
        ----------
        x, y, z : ndarray
            Coordinates in the vertebra's own frame, mm.

        Returns
        -------
        body, marrow, above, below : ndarray
            Signed distances in mm, negative inside, below the upper and above the lower endplate.
        """
        top, bottom = self.endplates(x, y)
        above, below = z - top, bottom - z
        level = np.clip((below - above) / np.maximum(top - bottom, 1.0), -1.0, 1.0)  # -1 lower, +1 upper endplate
        waist = 1.0 - level * level
        a = self.half_width_mm - waist * np.float32(0.11 * self.half_width_mm)
        front = self.half_depth_mm - waist * np.float32(2.2)
        if self.buckle_mm:
            front = front + np.float32(self.buckle_mm) * np.exp(-(((level - 0.45) / 0.28) ** 2))
        middle = np.exp(x * x * np.float32(-1.0 / 110.0))
        back = self.half_depth_mm + np.float32(self.posterior_bulge_mm) * middle * (0.35 + 0.65 * waist)
        b = np.where(y < 0, front, back)
        u2, v2 = (x / a) ** 2, (y / b) ** 2
        rho = np.sqrt(np.sqrt(u2 * u2 + v2 * v2 + 0.9 * u2 * v2)) + np.float32(1e-3)
        wall = (1.0 - 1.0 / rho) * np.sqrt(x * x + y * y)
        side = rounded_max(np.asarray(wall, dtype=np.float32), np.maximum(above, below), RIM_RADIUS_MM)
        # The shell is thinner at the waist than at the rims and the endplates.
        shell = np.float32(self.cortex_mm) * (1.0 - np.float32(0.3) * waist)
        return side, np.asarray(side + shell, dtype=np.float32), above, below

    def posterior(self, x: F32, y: F32, z: F32) -> F32:
        """Distance to pedicles, laminae, articular, transverse and spinous processes, mm.

        Parts whose distance from the points along x alone is more than a few millimetres are left out, so that larger
        distances are no more than a bound.
        """
        side = np.abs(x)
        nearest, farthest = float(side.min()), float(side.max())
        out = np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), _FAR_MM, dtype=np.float32)
        for start, end, radius, flatten, fillet in self._rods():
            reach = radius + 4.0
            if min(start[0], end[0]) - reach < farthest and max(start[0], end[0]) + reach > nearest:
                out = smooth_min(out, capsule(side, y, z, start, end, radius, flatten), fillet)
        return out

    def _rods(self) -> list[_Rod]:
        """Rods that make up the posterior elements of one side: ends, radius, flattening, fillet."""
        k = self.scale
        d = self.half_depth_mm
        tip = d + self.spinous_mm
        if self.is_sacral:
            return [
                ((12.0, d - 8, 2.0), (self.transverse_mm, d + 6, 4.0), 8.5 * k, 0.75, 3.0),
                ((13.0, d + 8, 0.0), (0.0, d + 17 * k, -1.0), 2.6 * k, 0.3, 3.0),
                ((0.0, d + 17 * k, -1.0), (0.0, tip + 17 * k, -5.0), 2.5 * k, 0.35, 3.0),
            ]
        p = 0.72 * self.half_width_mm
        zp = 0.22 * (self.top_mm[2] - self.bottom_mm[2])
        thoracic = self.level.startswith("T")
        low, flat = (-22.0, 0.42) if thoracic else (-12.0, 0.30)
        rods: list[_Rod] = [
            ((p, d - 5, zp), (p + 1.0, d + 11 * k, zp - 1.5), 4.3 * k, 0.60, 3.0),
            ((p + 1, d + 14 * k, -1.0), (1.0, d + 26 * k, -7.0 * k), 3.1 * k, 0.34, 3.0),
            ((0.0, d + 27 * k, -7.0 * k), (0.0, tip + 26 * k, low * k), 3.1 * k, flat, 3.5),
            ((p + 2, d + 9 * k, zp - 1.0), (self.transverse_mm, d + 15 * k, zp + 1.0), 3.5 * k, 0.65, 3.0),
            ((p + 1.5, d + 13 * k, 2.0), (p + 2.5, d + 14.5 * k, 16.5 * k), 3.9 * k, 1.0, 3.0),
            ((p - 1.5, d + 20.5 * k, -6.0 * k), (p - 0.5, d + 21.0 * k, -23.5 * k), 4.2 * k, 1.0, 3.0),
        ]
        if thoracic:
            rib: _Rod = ((p + 9, d + 4 * k, zp), (64.0 * k, d + 22 * k, zp - 17 * k), 3.2 * k, 0.7, 0.1)
            rods.append(rib)
        return rods

    def body_box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of a box around the body, mm."""
        margin = 2.0 + abs(self.posterior_bulge_mm) + self.buckle_mm
        low = np.array([-self.half_width_mm - margin, -self.half_depth_mm - margin, min(self.bottom_mm) - 2.0])
        high = np.array([self.half_width_mm + margin, self.half_depth_mm + margin, max(self.top_mm) + 2.0])
        return low, high

    def posterior_box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of a box around the posterior elements, mm."""
        k, d = self.scale, self.half_depth_mm
        side = 72.0 * k if self.level.startswith("T") else max(self.transverse_mm, self.half_width_mm) + 10 * k
        front = d - 19.0 if self.is_sacral else d - 11.0
        low = np.array([-side, front, -36.0 * k])
        high = np.array([side, d + 32 * k + self.spinous_mm, 22.0 * k])
        return low, high


def build_vertebra(level: str, measures: LevelMeasures, scale: float) -> Vertebra:
    """An intact vertebra, with its endplates symmetric about the origin."""
    a, m, p = (h / 2 for h in measures.heights_mm)
    return Vertebra(
        level=level,
        half_width_mm=measures.width_mm / 2,
        half_depth_mm=measures.depth_mm / 2,
        top_mm=(a, m, p),
        bottom_mm=(-a, -m, -p),
        cortex_mm=0.85,
        spinous_mm=measures.spinous_mm,
        transverse_mm=measures.transverse_mm,
        scale=scale,
    )
