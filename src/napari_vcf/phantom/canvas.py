"""Front-to-back painting of one slice: sub-slices are painted by objects, and averaged over the slice's thickness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.phantom.shapes import F32
from napari_vcf.phantom.tissues import Tissue

__all__ = ["Block", "Canvas", "Window"]

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Block:
    """Sample points of one slice: sub-slices x rows x columns on an affine lattice.

    Parameters
    ----------
    shape : tuple of int
        (sub-slices, rows, columns).
    matrix : ndarray, shape (4, 4)
        Maps (column, row, sub-slice, 1) to mm.
    """

    shape: tuple[int, int, int]
    matrix: NDArray[np.float64]

    @classmethod
    def of_slice(cls, grid: Grid, index: int, *, thickness_mm: float, samples: int) -> Block:
        """The points of one slice of a grid, spread evenly over its thickness."""
        matrix = grid.affine_lps.copy()
        normal = matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
        step = thickness_mm / samples
        matrix[:3, 3] = grid.to_lps((0.0, 0.0, float(index))) - normal * step * (samples - 1) / 2
        matrix[:3, 2] = normal * step
        return cls((samples, grid.shape[1], grid.shape[2]), matrix)

    @property
    def pixel_mm(self) -> float:
        """Length of the column step."""
        return float(np.linalg.norm(self.matrix[:3, 0]))

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.matrix[:3, :3]))

    def moved(self, transform: RigidTransform) -> Block:
        """The same points after a rigid motion."""
        return Block(self.shape, transform.matrix @ self.matrix)

    def window(self, box: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Window | None:
        """Rows and columns that a box in the block's frame may touch; None if it misses the slice.

        Parameters
        ----------
        box : tuple of ndarray
            Lowest and highest corner, mm.

        Returns
        -------
        tuple of slice or None
        """
        low, high = box
        middle = self._inverse @ ((low + high) / 2 - self.matrix[:3, 3])
        reach = np.abs(self._inverse) @ ((high - low) / 2)
        first, last = middle - reach, middle + reach
        if first[2] > self.shape[0] - 0.5 or last[2] < -0.5:
            return None
        columns = slice(max(int(first[0]), 0), min(int(last[0]) + 2, self.shape[2]))
        rows = slice(max(int(first[1]), 0), min(int(last[1]) + 2, self.shape[1]))
        if columns.start >= columns.stop or rows.start >= rows.stop:
            return None
        return rows, columns

    def near(self, points: NDArray[np.float64], radii_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether balls may touch the slice's plane.

        Parameters
        ----------
        points : ndarray, shape (n, 3)
            Centres, mm.
        radii_mm : ndarray, shape (n,)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        across = self._inverse[2]
        height = (points - self.matrix[:3, 3]) @ across
        reach = radii_mm * np.linalg.norm(across)
        return np.asarray((height - reach < self.shape[0] - 0.5) & (height + reach > -0.5))

    def coordinates(self, window: Window) -> tuple[F32, F32, F32]:
        """Coordinates of the points in a window, three arrays of shape (sub-slices, rows, columns)."""
        rows, columns = window
        s = np.arange(self.shape[0])[:, None, None]
        r = np.arange(rows.start, rows.stop)[None, :, None]
        c = np.arange(columns.start, columns.stop)[None, None, :]
        m = self.matrix
        x, y, z = (
            (m[i, 3] + s * m[i, 2] + r * m[i, 1]).astype(np.float32) + (c * m[i, 0]).astype(np.float32)
            for i in range(3)
        )
        return x, y, z

    @property
    def everything(self) -> Window:
        """The whole slice."""
        return slice(0, self.shape[1]), slice(0, self.shape[2])


class Canvas:
    """One slice being painted, nearest object first.

    Parameters
    ----------
    block : Block
        The sample points.

    Attributes
    ----------
    weights : ndarray, shape (tissues, rows, columns)
        Share of each tissue, averaged over the sub-slices.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.remaining: F32 = np.ones(block.shape, dtype=np.float32)
        self.weights: F32 = np.zeros((len(Tissue), *block.shape[1:]), dtype=np.float32)

    def paint(self, window: Window, tissue: Tissue, share: F32) -> None:
        """Let a tissue take its share of what is still empty.

        Parameters
        ----------
        window : tuple of slice
            Rows and columns.
        tissue : Tissue
        share : ndarray, shape (sub-slices, rows, columns) of the window
            0 to 1.
        """
        empty = self.remaining[:, window[0], window[1]]
        taken = empty * share
        self.weights[tissue][window] += np.add.reduce(taken, axis=0) * np.float32(1.0 / len(taken))
        empty -= taken

    def coarsen(self, samples: int) -> None:
        """Go on with fewer sub-slices, for large objects that change little across the slice."""
        total = self.block.shape[0]
        if samples >= total:
            return
        matrix = self.block.matrix.copy()
        step = total / samples
        matrix[:3, 3] += matrix[:3, 2] * ((total - 1) / 2 - step * (samples - 1) / 2)
        matrix[:3, 2] *= step
        self.block = Block((samples, *self.block.shape[1:]), matrix)
        self.remaining = np.repeat(self.remaining.mean(axis=0)[None], samples, axis=0)

    def finish(self, tissue: Tissue) -> None:
        """Fill what is left."""
        self.weights[tissue] += self.remaining.mean(axis=0)
        self.remaining[:] = 0.0
