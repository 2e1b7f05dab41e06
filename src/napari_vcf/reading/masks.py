"""Masks as run lengths: readable by any script, and exact.

A mask is flattened in C order (slices, then rows, then columns) and written as the lengths of its runs, which alternate
and begin with voxels outside (the first run may be 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from napari_vcf.geometry import Grid
from napari_vcf.language import say
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.records.base import Affine, FrozenModel

__all__ = ["GridRecord", "MaskRecord", "decode_mask", "encode_mask"]


class GridRecord(FrozenModel):
    """A voxel grid in a record.

    Attributes
    ----------
    shape : tuple of int
        (slices, rows, columns).
    affine_lps : tuple
        4 x 4, from (column, row, slice, 1) to patient LPS mm, row by row.
    """

    shape: tuple[
        Annotated[int, Field(ge=1, le=65535)],
        Annotated[int, Field(ge=1, le=65535)],
        Annotated[int, Field(ge=1, le=65535)],
    ]
    affine_lps: Affine

    @classmethod
    def of(cls, grid: Grid) -> GridRecord:
        """Record a grid."""
        return cls(shape=grid.shape, affine_lps=tuple(tuple(row) for row in grid.affine_lps.tolist()))

    def grid(self) -> Grid:
        """Return the grid that was recorded."""
        return Grid(self.shape, np.array(self.affine_lps))


class MaskRecord(FrozenModel):
    """One mask on its grid.

    Attributes
    ----------
    runs : tuple of int
        Run lengths in C order, outside first, alternating outside and inside.
    voxels : int
        Number of voxels inside.
    """

    runs: tuple[Annotated[int, Field(ge=0)], ...]
    voxels: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(self.runs[1::2]) != self.voxels:
            raise ValueError(f"the runs hold {sum(self.runs[1::2])} voxels, not {self.voxels}")
        if any(run == 0 for run in self.runs[1:]):
            raise ValueError("only the first run may be empty")
        return self


def encode_mask(mask: NDArray[np.bool_]) -> MaskRecord:
    """Write a mask as run lengths.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)

    Returns
    -------
    MaskRecord
    """
    flat = np.ascontiguousarray(mask, dtype=bool).ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    runs = np.diff(edges).tolist()
    if flat[0]:
        runs.insert(0, 0)
    return MaskRecord(runs=tuple(runs), voxels=int(flat.sum()))


def decode_mask(mask: MaskRecord | Sequence[int] | dict[str, Any], shape: Sequence[int]) -> NDArray[np.bool_]:
    """Read run lengths back into a mask.

    Parameters
    ----------
    mask : MaskRecord, sequence of int, or the mapping found in an export
        The runs.
    shape : sequence of int
        (slices, rows, columns) of the grid.

    Returns
    -------
    ndarray of bool, shape ``shape``

    Raises
    ------
    RefusedActionError
        If the runs do not fill the grid exactly.
    """
    runs = mask.runs if isinstance(mask, MaskRecord) else mask["runs"] if isinstance(mask, dict) else mask
    lengths = np.asarray(runs, dtype=np.int64)
    size = int(np.prod(np.asarray(shape, dtype=np.int64)))
    if lengths.sum() != size:
        raise RefusedActionError(
            say(
                "The runs of the mask hold {count} voxels, but the grid has {size}.",
                count=int(lengths.sum()),
                size=size,
            )
        )
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(tuple(shape))
