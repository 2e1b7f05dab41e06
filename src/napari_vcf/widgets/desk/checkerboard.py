"""A CT in every other square, one slice at a time, so that the MR beneath shows in the squares between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.widgets.desk.placed_image import LazyReslice

__all__ = ["SQUARE_MM", "CheckerSquares", "checkered"]

#: Side of a square: three or four to a vertebral body, so that its outline crosses several.
SQUARE_MM = 10.0


def checkered(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Which pixels belong to the squares that are shown; the first square is.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns).
    spacing_mm : tuple of float
        Of the rows, of the columns.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    rows, columns = (
        (np.arange(count) * step // SQUARE_MM).astype(np.intp) for count, step in zip(shape, spacing_mm, strict=True)
    )
    return np.asarray((rows[:, None] + columns) % 2 == 0)


class CheckerSquares(LazyReslice):
    """Like `LazyReslice`, but not a number, and so seen through, in every other square."""

    def plane(self, index: int) -> NDArray[np.float32]:
        """One resampled slice with its holes."""
        _, row, column = self._grid.spacing_mm
        _, rows, columns = self._grid.shape
        return np.where(checkered((rows, columns), (row, column)), super().plane(index), np.float32(np.nan))
