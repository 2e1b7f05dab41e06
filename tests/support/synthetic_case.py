"""A case of a few small volumes, made in memory: enough for a window, and quick."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid, Volume
from napari_vcf.reading import Case
from support.cases import series

#: Centre of the fractured body, LPS mm.
CENTER = np.array([2.4, 10.0, -20.0])


def sagittal_grid(pixel_mm: tuple[float, float], shape: tuple[int, int, int]) -> Grid:
    """A sagittal grid around the body, stored from left to right to be turned on the screen."""
    size = np.array(shape, dtype=float)
    rows, columns = (size[1:] - 1) * np.array(pixel_mm)
    return Grid.from_axes(
        shape,
        origin_lps=CENTER + np.array([(size[0] - 1) / 2 * 4.8, -columns / 2, rows / 2]),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(-1, 0, 0),
        spacing_mm=(4.8, *pixel_mm),
    )


def _values(grid: Grid, body: float, other: float) -> np.ndarray:
    columns, rows, slices = np.meshgrid(
        np.arange(grid.shape[2]), np.arange(grid.shape[1]), np.arange(grid.shape[0]), indexing="xy"
    )
    index = np.stack([columns, rows, slices], axis=-1).transpose(2, 0, 1, 3)
    offset = np.abs(grid.to_lps(index) - CENTER)
    inside = (offset[..., 0] < 18) & (offset[..., 1] < 16) & (offset[..., 2] % 34 < 12)
    noise = np.random.default_rng(7).normal(0, other * 0.05, grid.shape)
    return (np.where(inside, body, other) + noise).astype(np.float32)


def make_case() -> Case:
    """T2 with pixels that are not square, an ADC map of coarse pixels, and an axial CT."""
    t2 = sagittal_grid((0.9, 1.2), (9, 140, 110))
    adc = sagittal_grid((2.4, 2.4), (9, 52, 52))
    ct = Grid.from_axes(
        (24, 60, 60),
        origin_lps=CENTER + np.array([-59.0, -59.0, -57.5]),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(5.0, 2.0, 2.0),
    )
    volumes = {
        Role.T2: Volume(t2, _values(t2, 400.0, 900.0), "signal"),
        Role.ADC: Volume(adc, _values(adc, 1100.0, 500.0), "um2/s"),
        Role.CT: Volume(ct, np.full(ct.shape, 100.0, dtype=np.float32), "HU"),
    }
    found = tuple(series(role, volume.grid, volume.unit) for role, volume in volumes.items())
    case = Case(Scan(Path(), found, ()), pseudonym="C001")
    for image in case.images.values():
        # There are no files behind these series; the case finds their voxels as if it had read them.
        case._volumes[image.id, 0] = volumes[image.series.role]
    return case
