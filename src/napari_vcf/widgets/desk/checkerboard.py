"""A CT in every other square, one slice at a time, so that the MR beneath shows in the squares between."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from napari_vcf.widgets.desk.placed_image import LazyReslice

__all__ = ["SQUARE_MM", "CheckerSquares", "checkered", "see_through"]

#: Side of a square: three or four to a vertebral body, so that its outline crosses several.
SQUARE_MM = 10.0
#: Share of the window at its lower end that is transparent; what is shown begins at twice as much.
_CLEAR_BELOW = 0.005


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
    """Like `LazyReslice`, but far below the window, and so seen through, in every other square.

    Nothing here depends on how a graphics driver takes what is not a number: some show it black. What is shown is held
    just above the lower end of the window, below which `see_through` is transparent.
    """

    _window: tuple[float, float] | None = None

    def look_through(self, window: tuple[float, float]) -> bool:
        """Take the window in which the image is shown; True where it is another one than before."""
        before, self._window = self._window, window
        return before != window

    def plane(self, index: int) -> NDArray[np.float32]:
        """One resampled slice with its holes."""
        _, row, column = self._grid.spacing_mm
        _, rows, columns = self._grid.shape
        assert self._window is not None, "look_through comes first."
        low, high = self._window
        width = high - low
        shown = np.maximum(super().plane(index), np.float32(low + 2 * _CLEAR_BELOW * width))
        # So far below that a pixel between a hole and a bright one is a hole as well, and no dark rim.
        return np.where(checkered((rows, columns), (row, column)), shown, np.float32(low - 10_000 * width))


def see_through() -> Colormap:
    """Grey from the lower end of the window to the upper, and nothing below it."""
    return Colormap(
        [(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)],
        controls=[0.0, _CLEAR_BELOW, 1.0],
        name="grey over nothing",
    )
