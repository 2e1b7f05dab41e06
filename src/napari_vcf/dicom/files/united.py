"""United Imaging's mosaics: slices tiled in one image, each with its position in a private sequence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.header import Header
from napari_vcf.language import say

__all__ = ["Tiling", "is_tiled", "tiling_of"]

_SLICES: Final = 0x00651051
_POSITION: Final = 0x00200032


@dataclass(frozen=True, slots=True)
class Tiling:
    """How the slices are tiled.

    Attributes
    ----------
    tiles_per_row : int
        Tiles side by side.
    rows, columns : int
        Size of one slice.
    positions : tuple of tuple of float
        Centre of the first pixel of each slice, in the order of the tiles, LPS mm.
    """

    tiles_per_row: int
    rows: int
    columns: int
    positions: tuple[tuple[float, ...], ...]


def is_tiled(root: Header, image_type: tuple[str, ...]) -> bool:
    """Whether this is such a mosaic."""
    return "VFRAME" in image_type and "UIH" in root.text(0x00080070).upper()


def tiling_of(root: Header, rows: int, columns: int) -> Tiling:
    """How a mosaic is tiled.

    Parameters
    ----------
    root : Header
        The data set.
    rows, columns : int
        Size of the whole image.

    Returns
    -------
    Tiling

    Raises
    ------
    HeaderError
        If the header does not say it.
    """
    positions = tuple(item.vector(_POSITION, 3) for item in root.items(_SLICES))
    placed = tuple(position for position in positions if position is not None)
    if not placed or len(placed) < len(positions):
        raise HeaderError(
            say(
                "This is a mosaic of slices, but the private sequence with the position of each of them is "
                "missing (it is often lost in anonymisation); export the series again with it, or as single "
                "slices."
            )
        )
    across = math.ceil(math.sqrt(len(placed)))
    down = math.ceil(len(placed) / across)
    if rows % down or columns % across:
        raise HeaderError(
            say(
                "A mosaic of {rows} x {columns} pixels cannot hold {count} slices in {down} x {across} tiles.",
                rows=rows,
                columns=columns,
                count=len(placed),
                down=down,
                across=across,
            )
        )
    return Tiling(across, rows // down, columns // across, placed)
