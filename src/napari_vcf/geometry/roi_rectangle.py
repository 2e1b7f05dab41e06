"""A rectangle of locked size in patient space: it can be moved and turned, never stretched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.language import say

__all__ = ["Rectangle"]


@dataclass(frozen=True, slots=True, eq=False)
class Rectangle:
    """A rectangle in a plane of patient space.

    Parameters
    ----------
    center_lps : ndarray, shape (3,)
        Centre, LPS mm.
    axis_long, axis_short : ndarray, shape (3,)
        Unit vectors of the long and the short side, at right angles.
    long_mm, short_mm : float
        Lengths of the sides in mm.

    Raises
    ------
    GeometryError
        If the axes are not unit vectors at right angles, or a side is not positive.
    """

    center_lps: NDArray[np.float64]
    axis_long: NDArray[np.float64]
    axis_short: NDArray[np.float64]
    long_mm: float
    short_mm: float

    def __post_init__(self) -> None:
        for name in ("center_lps", "axis_long", "axis_short"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.shape != (3,) or not np.isfinite(value).all():
                raise GeometryError(say("{name} of a rectangle must be three finite numbers.", name=name))
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        axes = np.stack([self.axis_long, self.axis_short])
        if np.abs(axes @ axes.T - np.eye(2)).max() > 1e-6:
            raise GeometryError(say("The sides of a rectangle must be at right angles, given as unit vectors."))
        if not (self.long_mm > 0 and self.short_mm > 0 and np.isfinite(self.long_mm + self.short_mm)):
            raise GeometryError(
                say(
                    "A rectangle of {long_mm} x {short_mm} mm does not exist.",
                    long_mm=self.long_mm,
                    short_mm=self.short_mm,
                )
            )

    @property
    def area_mm2(self) -> float:
        """Area in mm2."""
        return self.long_mm * self.short_mm

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal of the plane."""
        return np.cross(self.axis_long, self.axis_short)

    @property
    def corners_lps(self) -> NDArray[np.float64]:
        """The four corners in order around the rectangle, shape (4, 3), LPS mm."""
        long = self.axis_long * (self.long_mm / 2)
        short = self.axis_short * (self.short_mm / 2)
        center = self.center_lps
        return np.stack([center - long - short, center + long - short, center + long + short, center - long + short])

    def moved(self, shift_mm: ArrayLike) -> Rectangle:
        """The rectangle shifted by an LPS vector; only the part of the shift in its plane counts."""
        shift = np.asarray(shift_mm, dtype=np.float64)
        in_plane = shift - (shift @ self.normal) * self.normal
        return replace(self, center_lps=self.center_lps + in_plane)

    def rotated(self, angle_deg: float) -> Rectangle:
        """The rectangle turned in its plane about its centre, from the long towards the short axis."""
        angle = np.radians(angle_deg)
        long = np.cos(angle) * self.axis_long + np.sin(angle) * self.axis_short
        # Rounding would add up over thousands of small turns, so both axes are rebuilt from the fixed normal.
        normal = self.normal / np.linalg.norm(self.normal)
        long -= (long @ normal) * normal
        long /= np.linalg.norm(long)
        return replace(self, axis_long=long, axis_short=np.cross(normal, long))
