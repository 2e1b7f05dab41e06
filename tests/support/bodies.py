"""Sagittal MR images of vertebral bodies with known corners, hollow endplates of a dark shell, and a brighter disc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, Volume

PIXEL_MM = 0.8


@dataclass(frozen=True)
class Body:
    """A body on a sagittal slice.

    Heights and depth in mm; ``hollow`` is how far the upper and the lower endplate sink in amid the body, ``tilt_deg``
    turns it, ``at`` is its middle as (back, up), LPS mm.
    """

    anterior: float = 26.0
    posterior: float = 26.0
    depth: float = 32.0
    hollow: tuple[float, float] = (1.0, 1.0)
    tilt_deg: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)
    x: float = 0.0

    def scaled(self, factor: float) -> Body:
        sizes = {name: getattr(self, name) * factor for name in ("anterior", "posterior", "depth")}
        return replace(self, **sizes, hollow=(self.hollow[0] * factor, self.hollow[1] * factor))

    def straight(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Half the height between the straight endplates."""
        return self.anterior / 2 + (self.posterior - self.anterior) / 2 * (u / self.depth + 0.5)

    def sunk(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 - np.minimum((2 * u / self.depth) ** 2, 1.0)

    def lps(self, u: float, v: float) -> NDArray[np.float64]:
        c, s = np.cos(np.radians(self.tilt_deg)), np.sin(np.radians(self.tilt_deg))
        return np.array([self.x, self.at[0] + c * u - s * v, self.at[1] + s * u + c * v])

    def walls(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Upper and lower corner of the anterior and of the posterior wall."""
        half = self.depth / 2
        front, back = (
            np.array([self.lps(u, h / 2), self.lps(u, -h / 2)])
            for u, h in ((-half, self.anterior), (half, self.posterior))
        )
        return front, back

    @property
    def middle(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the endplates truly cross the middle height."""
        half = (self.anterior + self.posterior) / 4
        return self.lps(0.0, half - self.hollow[0]), self.lps(0.0, self.hollow[1] - half)

    @property
    def middle_mm(self) -> float:
        return float(np.linalg.norm(self.middle[0] - self.middle[1]))


def mr_grid(slices: int = 3, size: int = 150) -> Grid:
    return Grid.from_axes(
        (slices, size, size),
        origin_lps=(-4.8 * (slices // 2), -size / 2 * PIXEL_MM, size / 2 * PIXEL_MM),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0),
        spacing_mm=(4.8, PIXEL_MM, PIXEL_MM),
    )


def mr_image(bodies: Sequence[Body], *, grid: Grid | None = None, disc: float = 600.0, noise: float = 6.0) -> Volume:
    """Marrow of 400, a shell of 0.9 mm without signal, discs around; pixels are means, and air is at the rim."""
    grid = mr_grid() if grid is None else grid
    fine = (np.arange(4) + 0.5) / 4 - 0.5
    rows, columns = (np.arange(n)[:, None] + fine for n in grid.shape[1:])
    index = np.stack(np.meshgrid(columns.ravel(), rows.ravel(), [0.0]), axis=-1)[:, :, 0]
    _, back, up = np.moveaxis(grid.to_lps(index), -1, 0)
    tissue = np.full(back.shape, disc)
    for body in bodies:
        c, s = np.cos(np.radians(body.tilt_deg)), np.sin(np.radians(body.tilt_deg))
        y, z = back - body.at[0], up - body.at[1]
        u, v = c * y + s * z, c * z - s * y
        half, sunk = body.straight(u), body.sunk(u)
        # Before and behind the body the shell goes on a little, as a corner has it.
        shell = (np.abs(u) < body.depth / 2 + 1.5) & (v < half - body.hollow[0] * sunk)
        shell &= v > body.hollow[1] * sunk - half
        inside = (np.abs(u) < body.depth / 2 + 0.6) & (v < half - body.hollow[0] * sunk - 0.9)
        inside &= v > body.hollow[1] * sunk - half + 0.9
        tissue = np.where(inside, 400.0, np.where(shell, 0.0, tissue))
    pixels = tissue.reshape(grid.shape[1], 4, grid.shape[2], 4).mean(axis=(1, 3))
    data = np.broadcast_to(pixels, grid.shape).copy()
    data[:, :, :4] = 0.0
    if noise:
        data += np.abs(np.random.default_rng(3).normal(0, noise, data.shape))
    return Volume(grid, data.astype(np.float32), "signal")
