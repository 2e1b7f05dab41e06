"""NIfTI files of both versions: header and place by nibabel, voxels in one pass that notices a file that is cut.

A NIfTI header may state its place twice, as a quaternion (qform) and as a matrix (sform). By the standard
(nifti1.h, https://nifti.nimh.nih.gov) both are right, for different coordinates; here they must be those of the
patient.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.geometry import GeometryError, Grid
from napari_vcf.language import say

__all__ = ["Nifti", "nifti_header", "open_nifti"]

#: The code of coordinates of the scanner; others are those of an atlas, or of another scan.
_SCANNER: Final = 1
#: Two places this near to each other are one, written with rounding.
_SAME_PLACE_MM: Final = 0.05
_MM_OF_UNIT: Final = {1: 1000.0, 2: 1.0, 3: 0.001}
#: Below this square the real part of a quaternion is nothing but rounding: the standard takes it for 0.
_REAL_PART_LOST: Final = 1e-7
#: What rounding to single precision may change in the sum of the squares of the other three.
_SQUARES_ROUNDED: Final = 2.4e-7
#: The squares of a rotation's quaternion add up to 1; by more than this, and they are none of one.
_SQUARES_DAMAGED: Final = 0.01
#: Single precision numbers and rounding by converters differ by less.
_SPACING_TOLERANCE: Final = 1e-3
_FARTHEST_MM: Final = 1e5
_MOST_VOXELS: Final = 1 << 31
_BLOCK: Final = 1 << 20
_DAMAGED: Final = say("The file is damaged or cut short, or is not a NIfTI file.")


@dataclass(frozen=True, slots=True, eq=False)
class Nifti:
    """What the header of a NIfTI file says.

    Attributes
    ----------
    grid : Grid
        Of each of its volumes, LPS mm.
    count : int
        Number of volumes.
    note : str
        What one should know of its place; empty where nothing is unusual.
    stored_type : dtype
        Of the voxels in the file.
    offset : int
        Bytes before the first voxel (of the uncompressed file).
    slope, intercept : float
        Value = slope x stored value + intercept.
    """

    grid: Grid
    count: int
    note: str
    stored_type: np.dtype[Any]
    offset: int
    slope: float
    intercept: float

    def read(self, path: Path, name: str, index: int) -> NDArray[np.float32]:
        """One volume, shape of the grid; what is no number in the file is none here either.

        Raises
        ------
        PixelError
            If the voxels cannot be read, or the file is cut short anywhere; names the file.
        """
        size = int(np.prod(self.grid.shape)) * self.stored_type.itemsize
        end = self.offset + self.count * size
        try:
            with _opened(path) as stream:
                stream.seek(self.offset + index * size)
                content = stream.read(size)
                # What follows is unpacked as well, so that a file that is cut or damaged further on is noticed.
                there = stream.tell()
                while block := stream.read(_BLOCK):
                    there += len(block)
        except (OSError, EOFError, zlib.error) as error:
            raise PixelError(name, say("the voxels cannot be read: the file is damaged or cut short.")) from error
        if there < end or len(content) < size:
            raise PixelError(name, say("the voxels cannot be read: the file is cut short."))
        stored = np.frombuffer(content, dtype=self.stored_type).reshape(self.grid.shape)
        with np.errstate(over="ignore", invalid="ignore"):  # what no single can hold is treated as no number
            if self.slope == 1 and self.intercept == 0:
                return stored.astype(np.float32)
            return (stored.astype(np.float64) * self.slope + self.intercept).astype(np.float32)


def open_nifti(path: Path) -> Nifti:
    """Read the header of a NIfTI file, compressed or not.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Nifti

    Raises
    ------
    HeaderError
        If it cannot be read, says nothing of its place in the patient, or states two places and nothing tells which of
        them is the patient's.
    """
    header = nifti_header(path)
    shape = tuple(int(length) for length in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    stored_type = np.dtype(header.get_data_dtype())
    if stored_type.kind not in "iuf":
        raise HeaderError(say("The voxels are vectors or colours, not single values."))
    if len(shape) not in (3, 4):
        raise HeaderError(
            say(
                "The file holds a {dimension}-dimensional image; volumes have 3 dimensions, series of them 4.",
                dimension=len(shape),
            )
        )
    if min(shape) < 1 or int(np.prod(shape, dtype=object)) > _MOST_VOXELS:
        raise HeaderError(
            say("The header states {size} voxels, which is damaged or too large.", size=" x ".join(map(str, shape)))
        )
    offset = int(header.get_data_offset())
    if not 0 <= offset <= _MOST_VOXELS:
        raise HeaderError(say("The header states no place of the voxels in the file that can be: it is damaged."))
    affine, note = _place(header, (shape[2], shape[1], shape[0]))
    try:
        grid = Grid((shape[2], shape[1], shape[0]), affine)
    except GeometryError as error:
        raise HeaderError(say("The header's geometry cannot be: {error}", error=error)) from error
    slope, intercept = header.get_slope_inter()
    return Nifti(
        grid=grid,
        count=shape[3] if len(shape) == 4 else 1,
        note=note,
        stored_type=stored_type,
        offset=offset,
        slope=1.0 if slope is None else slope,
        intercept=0.0 if slope is None else intercept,
    )


def _opened(path: Path) -> Any:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the library mends in a header (a voxel size below zero) from being printed: nobody reads it there."""
    from nibabel.imageglobals import logger

    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def nifti_header(path: Path) -> Any:
    """The header of a NIfTI file with its extensions, by nibabel; raises `HeaderError` where it is damaged."""
    import nibabel

    try:
        with _opened(path) as stream, _quiet():
            sizes = {int.from_bytes(stream.read(4), order) for order in ("little", "big")}
            stream.seek(0)
            version = nibabel.Nifti2Header if nibabel.Nifti2Header.sizeof_hdr in sizes else nibabel.Nifti1Header
            header: Any = version.from_fileobj(stream)
            header.get_slope_inter()
            header.get_data_dtype()
            header.get_data_offset()
    except Exception as error:  # the library raises many kinds on damaged headers; none of them gives an image
        raise HeaderError(_DAMAGED) from error
    if header["magic"] not in (b"n+1", b"n+2"):
        raise HeaderError(_DAMAGED)
    return header


def _place(header: Any, shape: tuple[int, int, int]) -> tuple[NDArray[np.float64], str]:
    """The affine, LPS mm, and a sentence if the header states a second one."""
    unit = _MM_OF_UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    to_lps = np.diag([-unit, -unit, unit, 1.0])
    codes = {name: int(header[f"{name}_code"]) for name in ("qform", "sform")}
    if max(codes.values()) <= 0:
        raise HeaderError(
            say("The NIfTI header has neither qform nor sform, so that its place in the patient is unknown.")
        )
    affines: dict[str, NDArray[np.float64]] = {}
    rounding = 0.0
    if codes["qform"] > 0:
        turn, rounding = _turn(header)
        affines["qform"] = to_lps @ turn
    if codes["sform"] > 0:
        affines["sform"] = to_lps @ np.asarray(header.get_sform(), dtype=np.float64)
    if not all(np.isfinite(affine).all() for affine in affines.values()):
        raise HeaderError(say("The NIfTI header's qform or sform holds values that are not numbers: it is damaged."))
    if max(float(np.abs(affine).max()) for affine in affines.values()) > _FARTHEST_MM:
        raise HeaderError(say("The volume lies more than 100 m from the patient: its header is damaged."))
    if codes["sform"] > 0:
        _check_steps(header)
    note = ""
    # The quaternion is rounded far more coarsely than the matrix.
    taken = "sform" if codes["sform"] > 0 else "qform"
    if len(affines) == 2:
        apart, reach = _apart(shape, *affines.values())
        if apart > _SAME_PLACE_MM + rounding * reach:
            taken, note = _of_scanner(codes, apart)
    return affines[taken], note


def _of_scanner(codes: dict[str, int], apart: float) -> tuple[str, str]:
    text = say("The NIfTI header places the volume twice, up to {apart:.1f} mm apart (qform and sform)", apart=apart)
    found = [name for name, code in codes.items() if code == _SCANNER]
    if len(found) != 1:
        raise HeaderError(
            say("{text}, and nothing tells which is right; write the file again with one of them.", text=text)
        )
    note = say("{text}; the {form} was taken, which is in coordinates of the scanner.", text=text, form=found[0])
    return found[0], note


def _turn(header: Any) -> tuple[NDArray[np.float64], float]:
    """The qform by the standard's rule, RAS in the header's unit, and the angle that rounding leaves open, in rad."""
    from nibabel.quaternions import quat2mat

    b, c, d = (float(header[f"quatern_{name}"]) for name in "bcd")
    squared = 1.0 - (b * b + c * c + d * d)
    if not squared >= -_SQUARES_DAMAGED:
        raise HeaderError(say("The NIfTI header's qform is not a rotation: it is damaged."))
    real = 0.0 if squared < _REAL_PART_LOST else squared**0.5
    steps = np.asarray(header["pixdim"], dtype=np.float64)
    affine = np.eye(4)
    affine[:3, :3] = quat2mat([real, b, c, d]) * np.array([steps[1], steps[2], steps[3] * (-1 if steps[0] < 0 else 1)])
    affine[:3, 3] = [float(header[f"qoffset_{name}"]) for name in "xyz"]
    lost = _SQUARES_ROUNDED**0.5
    return affine, 2 * (min(lost, _SQUARES_ROUNDED / (2 * real)) if real else lost)


def _check_steps(header: Any) -> None:
    """Refuse a header that states two sizes of its voxels."""
    steps = np.linalg.norm(np.asarray(header.get_sform(), dtype=np.float64)[:3, :3], axis=0)
    stated = np.abs(np.asarray(header["pixdim"], dtype=np.float64)[1:4])
    if not np.allclose(steps, stated, rtol=_SPACING_TOLERANCE, atol=0):
        text = [" x ".join(f"{step:g}" for step in some) for some in (steps, stated)]
        raise HeaderError(
            say(
                "The NIfTI header contradicts itself: voxels of {sform} mm by its sform, of {pixdim} mm by its pixdim.",
                sform=text[0],
                pixdim=text[1],
            )
        )


def _apart(shape: tuple[int, int, int], first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Largest distance that two affines put between a corner voxel and itself, and of a corner from the first voxel."""
    slices, rows, columns = shape
    corners = np.array([(*corner, 1.0) for corner in product((0, columns - 1), (0, rows - 1), (0, slices - 1))])
    placed = [(corners @ affine.T)[:, :3] for affine in (first, second)]
    apart = float(np.linalg.norm(placed[0] - placed[1], axis=1).max())
    return apart, float(np.linalg.norm(placed[0] - placed[0][0], axis=1).max())
