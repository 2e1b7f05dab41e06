"""The voxels of an image that lie within the sheets of a proposed body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid
from napari_vcf.proposal.endplates import EndplateSheets
from napari_vcf.proposal.space import BodySpace
from napari_vcf.proposal.walls import THICKNESS, Walls

__all__ = ["voxels_within"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Walls meet the endplates in a rim of this radius.
_RIM_MM = 1.5
#: Where a voxel is looked at, in parts of the slice's thickness, the row and the column from its middle.
_PARTS = tuple(
    (through, turn * side, side)
    for through, turn in ((-1 / 3, 1.0), (0.0, -1.0), (1 / 3, 1.0))
    for side in (-0.25, 0.25)
)


def voxels_within(grid: Grid, space: BodySpace, plates: EndplateSheets, walls: Walls) -> Mask:
    """Voxels of which half or more, through the thickness of their slice, lie within the sheets and their rims."""
    corners = [(a, b, c) for a in space.x[[0, -1]] for b in space.y[[0, -1]] for c in space.z[[0, -1]]]
    lps = np.stack(space.to_lps(*(np.array(values) for values in zip(*corners, strict=True))), axis=-1)
    index = grid.to_index(lps)[:, ::-1]
    low = [max(int(np.floor(i.min())), 0) for i in index.T]
    high = [min(int(np.ceil(i.max())) + 1, n) for i, n in zip(index.T, grid.shape, strict=True)]
    slices, rows, columns = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    affine = grid.affine_lps
    inside = np.zeros(slices.shape)
    # Each place stands for the half of a pixel around it. To count places alone would let a mask end up to a quarter of
    # a pixel beyond its sheets.
    part_mm = (grid.spacing_mm[1] + grid.spacing_mm[2]) / 4
    for through, down, across in _PARTS:
        place = (columns + across, rows + down, slices + through * THICKNESS)
        point = [a[0] * place[0] + a[1] * place[1] + a[2] * place[2] + a[3] for a in affine[:3]]
        x, y, z = space.from_lps(*point)
        side, along = (x - space.x[0]) / space.x_step, (y - space.y[0]) / (space.y[1] - space.y[0])
        top, bottom = (_at(sheet, side, along) for sheet in (plates.top, plates.bottom))
        level = (2 * z - top - bottom) / (top - bottom)
        beside = np.maximum(walls.outside(space, x, y, level) + _RIM_MM, 0.0)
        beyond = np.maximum(np.maximum(z - top, bottom - z) + _RIM_MM, 0.0)
        outside = np.sqrt(beside * beside + beyond * beyond) - _RIM_MM
        inside += np.clip(0.5 - outside / part_mm, 0.0, 1.0)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = inside >= len(_PARTS) / 2
    return mask


def _at(sheet: F64, side: F64, along: F64) -> F64:
    """A sheet between its columns, beyond them as at their edge."""
    a, b = np.clip(side, 0, sheet.shape[0] - 1), np.clip(along, 0, sheet.shape[1] - 1)
    i, j = np.minimum(a.astype(int), sheet.shape[0] - 2), np.minimum(b.astype(int), sheet.shape[1] - 2)
    u, v = a - i, b - j
    near = sheet[i, j] * (1 - v) + sheet[i, j + 1] * v
    return np.asarray(near * (1 - u) + (sheet[i + 1, j] * (1 - v) + sheet[i + 1, j + 1] * v) * u)
