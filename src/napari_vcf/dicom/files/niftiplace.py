"""Where a NIfTI header puts its voxels. It can say so twice, by qform and by sform, and the two may differ."""

from __future__ import annotations

import gzip
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.geometry import Grid

__all__ = ["settled_place"]

_HEADER_BYTES: Final = 348
#: The code of coordinates of the scanner; others are those of an atlas, or of another scan.
_SCANNER: Final = 1
#: Two places this near to each other are one, written with rounding.
_SAME_PLACE_MM: Final = 0.05
_MM_OF_UNIT: Final = {1: 1000.0, 2: 1.0, 3: 0.001}


def settled_place(path: Path, grid: Grid) -> str:
    """Make sure that a grid is the one place that the header states.

    Parameters
    ----------
    path : Path
        A NIfTI file, compressed or not.
    grid : Grid
        As the library reads it.

    Returns
    -------
    str
        A sentence, if the header states a second place; empty if not.

    Raises
    ------
    HeaderError
        If it states two places and nothing tells which of them is the patient's.
    """
    header = _header(path)
    order = "<" if header[:4] == struct.pack("<i", _HEADER_BYTES) else ">"
    if struct.unpack_from(f"{order}i", header)[0] != _HEADER_BYTES:
        return ""
    codes = dict(zip(("qform", "sform"), struct.unpack_from(f"{order}2h", header, 252), strict=True))
    if min(codes.values()) <= 0:
        return ""
    unit = _MM_OF_UNIT.get(header[123] & 7, 1.0)
    affines = {"qform": _qform(order, header, unit), "sform": _sform(order, header, unit)}
    apart = _apart(grid, *affines.values())
    if not np.isfinite(apart):
        raise HeaderError("The NIfTI header's qform or sform holds values that are no numbers: it is damaged.")
    if apart <= _SAME_PLACE_MM:
        return ""
    text = f"The NIfTI header places the volume twice, up to {apart:.1f} mm apart (qform and sform)"
    of_scanner = [name for name, code in codes.items() if code == _SCANNER]
    if len(of_scanner) != 1 or _apart(grid, affines[of_scanner[0]], grid.affine_lps) > _SAME_PLACE_MM:
        raise HeaderError(f"{text}, and nothing tells which is right; write the file again with one of them.")
    return f"{text}; the {of_scanner[0]} was taken, which is in coordinates of the scanner."


def _header(path: Path) -> bytes:
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise HeaderError("The file is damaged or cut short.") from error
    if len(header) < _HEADER_BYTES:
        raise HeaderError("The file is damaged or cut short.")
    return header


def _qform(order: str, header: bytes, unit: float) -> NDArray[np.float64]:
    """By the quaternion of the NIfTI-1 standard, in LPS mm."""
    sign, *steps = struct.unpack_from(f"{order}4f", header, 76)
    b, c, d, *origin = struct.unpack_from(f"{order}6f", header, 256)
    a = max(0.0, 1.0 - b * b - c * c - d * d) ** 0.5
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn * np.array([steps[0], steps[1], -steps[2] if sign < 0 else steps[2]])
    affine[:3, 3] = origin
    return _lps_mm(affine, unit)


def _sform(order: str, header: bytes, unit: float) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3] = np.reshape(struct.unpack_from(f"{order}12f", header, 280), (3, 4))
    return _lps_mm(affine, unit)


def _lps_mm(ras: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
    return np.asarray(np.diag([-unit, -unit, unit, 1.0]) @ ras)


def _apart(grid: Grid, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Largest distance that two affines put between a corner voxel of the grid and itself."""
    slices, rows, columns = grid.shape
    corners = np.array([(*corner, 1.0) for corner in product((0, columns - 1), (0, rows - 1), (0, slices - 1))])
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())
