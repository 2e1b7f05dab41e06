"""Area of the ADC rectangle on the voxels it covers.

A 5 x 7 mm rectangle is put at random places and angles on sagittal grids of common voxel sizes, one call for each as a
drag makes them. Compared are the closed form that the program uses, polygon clipping by shapely (the peer), 50 x 50 and
10 x 10 points in each voxel that are taken to patient millimetres and asked whether the rectangle holds them, and the
counting of voxel centres that most viewers do. All methods are called in turn for each place; times are medians. The
error is that of the whole area, whose truth is 35 mm2; the difference is the largest of any single voxel's area from
that by clipping.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from shapely import Polygon, area, box, intersection

from napari_vcf.geometry import Grid, Rectangle, coverage_on_slice

TRIALS = 200
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


def window(grid: Grid, rectangle: Rectangle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners in pixels, and the columns and rows that the rectangle can touch."""
    corners = corners_in_pixels(grid, rectangle)
    low, high = np.floor(corners.min(axis=0) + 0.5), np.floor(corners.max(axis=0) + 0.5)
    return corners, np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)


def closed_form(grid: Grid, rectangle: Rectangle) -> np.ndarray:
    return coverage_on_slice(grid, rectangle).area_mm2


def clipping(grid: Grid, rectangle: Rectangle) -> np.ndarray:
    corners, columns, rows = window(grid, rectangle)
    columns, rows = np.meshgrid(columns, rows)
    pixels = box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    return area(intersection(pixels, Polygon(corners))) * grid.pixel_area_mm2


def supersampling(grid: Grid, rectangle: Rectangle, parts: int) -> np.ndarray:
    _, columns, rows = window(grid, rectangle)
    within = (np.arange(parts) + 0.5) / parts - 0.5
    xs, ys = np.meshgrid((columns[:, None] + within).ravel(), (rows[:, None] + within).ravel())
    slice_ = np.full_like(xs, np.round(grid.to_index(rectangle.center_lps)[2]))
    offsets = grid.to_lps(np.stack([xs, ys, slice_], axis=-1)) - rectangle.center_lps
    inside = (np.abs(offsets @ rectangle.axis_long) <= rectangle.long_mm / 2) & (
        np.abs(offsets @ rectangle.axis_short) <= rectangle.short_mm / 2
    )
    shares = inside.reshape(len(rows), parts, len(columns), parts).mean(axis=(1, 3))
    return shares * grid.pixel_area_mm2


def voxel_centres(grid: Grid, rectangle: Rectangle) -> np.ndarray:
    return coverage_on_slice(grid, rectangle).center_inside * grid.pixel_area_mm2


PEER = "polygon clipping (shapely)"
METHODS: dict[str, Callable[[Grid, Rectangle], np.ndarray]] = {
    "closed form (napari-vcf)": closed_form,
    PEER: clipping,
    "50 x 50 points": lambda grid, rectangle: supersampling(grid, rectangle, 50),
    "10 x 10 points": lambda grid, rectangle: supersampling(grid, rectangle, 10),
    "voxel centres": voxel_centres,
}


def main() -> str:
    lines = [
        "| voxel (mm) | method | largest error (mm2) | SD of the area (mm2) | difference (mm2) | time (us) "
        "| times the closed form's |",
        "|---|---|---|---|---|---|---|",
    ]
    for pixel_mm in SPACINGS_MM:
        grid = grid_of(pixel_mm)
        areas: dict[str, list[float]] = {name: [] for name in METHODS}
        differ = dict.fromkeys(METHODS, 0.0)
        seconds: dict[str, list[float]] = {name: [] for name in METHODS}
        for rectangle in placements(grid, np.random.default_rng(1)):
            exact = clipping(grid, rectangle)
            for name, method in METHODS.items():
                start = time.perf_counter()
                found = method(grid, rectangle)
                seconds[name].append(time.perf_counter() - start)
                areas[name].append(float(found.sum()))
                differ[name] = max(differ[name], float(np.abs(found - exact).max()))
        micros = {name: 1e6 * float(np.median(times)) for name, times in seconds.items()}
        own = micros["closed form (napari-vcf)"]
        for name, found in areas.items():
            worst = np.abs(np.array(found) - TRUTH_MM2).max()
            lines.append(
                f"| {pixel_mm} | {name} | {worst:.2g} | {np.std(found):.2g} | {differ[name]:.2g} | {micros[name]:.0f} "
                f"| {micros[name] / own:.1f} |"
            )
    return "\n".join(lines)
