"""Area of the ADC rectangle on the voxels it covers.

A 5 x 7 mm rectangle is put at random places and angles on sagittal grids of common voxel sizes. Compared are the closed
form that the program uses, polygon clipping by shapely (the peer), voxel subdivision 10 x 10, and the counting of voxel
centres that most viewers do. The error is that of the area in mm2, whose truth is 35.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from shapely import Polygon, area, box, intersection

from napari_vcf.geometry import Coverage, Grid, Rectangle, coverage_on_slice

TRIALS = 400
TRUTH_MM2 = 35.0
SPACINGS_MM = (0.8, 1.5, 2.5)


def grid_of(pixel_mm: float) -> Grid:
    return Grid.from_axes(
        (15, 128, 128),
        origin_lps=(-33.6, -60.0, 60.0),
        column_direction=(0.0, 1.0, 0.0),
        row_direction=(0.0, 0.0, -1.0),
        spacing_mm=(4.8, pixel_mm, pixel_mm),
    )


def placements(grid: Grid, rng: np.random.Generator) -> list[Rectangle]:
    found = []
    for _ in range(TRIALS):
        center = grid.to_lps((*rng.uniform(30, 90, 2), float(rng.integers(0, 15))))
        upright = Rectangle(center, grid.directions[:, 1], grid.directions[:, 0], 7.0, 5.0)
        found.append(upright.rotated(float(rng.uniform(0, 360))))
    return found


def corners_in_pixels(grid: Grid, rectangle: Rectangle) -> np.ndarray:
    return grid.to_index(rectangle.corners_lps)[:, :2]


def closed_form(grid: Grid, rectangle: Rectangle) -> float:
    return float(coverage_on_slice(grid, rectangle).area_mm2.sum())


def clipping(grid: Grid, rectangle: Rectangle) -> float:
    corners = corners_in_pixels(grid, rectangle)
    low, high = np.floor(corners.min(axis=0) + 0.5), np.floor(corners.max(axis=0) + 0.5)
    columns, rows = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
    pixels = box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    return float(area(intersection(pixels, Polygon(corners))).sum()) * grid.pixel_area_mm2


def subdivision(grid: Grid, rectangle: Rectangle, parts: int = 10) -> float:
    corners = corners_in_pixels(grid, rectangle)
    low, high = np.floor(corners.min(axis=0) + 0.5) - 0.5, np.floor(corners.max(axis=0) + 0.5) + 0.5
    steps = [np.arange(a + 0.5 / parts, b, 1 / parts) for a, b in zip(low, high, strict=True)]
    columns, rows = np.meshgrid(*steps)
    sides = np.roll(corners, -1, axis=0) - corners
    inside = np.ones(columns.shape, dtype=bool)
    turning = np.sign(sides[0, 0] * sides[1, 1] - sides[0, 1] * sides[1, 0])
    for corner, side in zip(corners, sides, strict=True):
        inside &= turning * (side[0] * (rows - corner[1]) - side[1] * (columns - corner[0])) >= 0
    return float(inside.sum()) / parts**2 * grid.pixel_area_mm2


def voxel_centres(grid: Grid, rectangle: Rectangle) -> float:
    cover: Coverage = coverage_on_slice(grid, rectangle)
    return float(cover.center_inside.sum()) * grid.pixel_area_mm2


METHODS: dict[str, Callable[[Grid, Rectangle], float]] = {
    "closed form (napari-vcf)": closed_form,
    "polygon clipping (shapely)": clipping,
    "subdivision 10 x 10": subdivision,
    "voxel centres": voxel_centres,
}


def main() -> str:
    lines = [
        "| voxel (mm) | method | largest error (mm2) | SD of the area (mm2) | time (us) | time to clipping |",
        "|---|---|---|---|---|---|",
    ]
    for pixel_mm in SPACINGS_MM:
        grid = grid_of(pixel_mm)
        rectangles = placements(grid, np.random.default_rng(1))
        areas: dict[str, np.ndarray] = {}
        micros: dict[str, float] = {}
        for name, method in METHODS.items():
            start = time.perf_counter()
            areas[name] = np.array([method(grid, rectangle) for rectangle in rectangles])
            micros[name] = (time.perf_counter() - start) / TRIALS * 1e6
        for name, found in areas.items():
            worst = np.abs(found - TRUTH_MM2).max()
            ratio = micros[name] / micros["polygon clipping (shapely)"]
            lines.append(
                f"| {pixel_mm} | {name} | {worst:.2g} | {found.std():.2g} | {micros[name]:.0f} | {ratio:.2f} |"
            )
    return "\n".join(lines)
