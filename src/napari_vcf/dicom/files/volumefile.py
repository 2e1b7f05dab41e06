"""NIfTI and NRRD volumes: a grid and values, but no word on what they are; the person gives the role."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.dicom.files.niftiplace import settled_place
from napari_vcf.geometry import GeometryError, Grid

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - the name that its users know

__all__ = ["VolumeFile", "is_volume_file", "open_volume_file"]

_SUFFIXES: Final = (".nii", ".nii.gz", ".nrrd", ".nhdr")
_HASHED: Final = 1 << 20
_NIFTI2_BYTES: Final = 540
_MOST_VOXELS: Final = 1 << 31
#: Codes of NIfTI's floating-point types that a volume may have.
_FLOATS: Final = {16: "f4", 64: "f8"}
#: Single precision numbers and rounding by converters differ by less.
_SPACING_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class VolumeFile:
    """One file of volumes on a grid.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its path relative to the scanned folder, for sentences.
    key : str
        Hash of its content.
    grid : Grid
        Of each of its volumes.
    count : int
        Number of volumes.
    note : str
        What one should know of its place; empty where nothing is unusual.
    """

    path: Path
    name: str
    key: str
    grid: Grid
    count: int
    note: str = ""

    def read(self, index: int) -> NDArray[np.float32]:
        """One volume.

        Raises
        ------
        PixelError
            If the voxels cannot be read; names the file.

        Notes
        -----
        What is no number in the file is none here either (the library makes zeros of it in NIfTI files).
        """
        voids = _voids(self, index) if _is_nifti(self.path) else None
        reader = _reader(self.path)
        try:
            reader.ReadImageInformation()
            if reader.GetDimension() == 4:
                size = list(reader.GetSize())
                reader.SetExtractIndex([0, 0, 0, index])
                reader.SetExtractSize([*size[:3], 0])
            data: NDArray[Any] = _itk().GetArrayFromImage(reader.Execute())
        except RuntimeError as error:
            raise PixelError(self.name, "the voxels cannot be read: the file is damaged or cut short.") from error
        values = np.asarray(data, dtype=np.float32)
        if values.shape != self.grid.shape:
            raise PixelError(self.name, f"the file holds {values.shape} voxels instead of {self.grid.shape}.")
        if voids is not None:
            values = np.where(voids, np.float32(np.nan), values)
        return values


def is_volume_file(name: str) -> bool:
    """Whether a file's name is that of a NIfTI or NRRD volume."""
    return name.lower().endswith(_SUFFIXES)


def open_volume_file(path: Path, name: str) -> VolumeFile:
    """Read the header of a NIfTI or NRRD volume.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name in sentences.

    Returns
    -------
    VolumeFile

    Raises
    ------
    HeaderError
        If it cannot be read, or says nothing of its place in the patient.
    """
    reader = _reader(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        raise HeaderError(
            "This is no NIfTI or NRRD volume that can be read, or its axes are not at right angles."
        ) from None
    if reader.GetNumberOfComponents() != 1:
        raise HeaderError("The voxels are vectors or colours, not single values.")
    dimension = reader.GetDimension()
    if dimension not in (3, 4):
        raise HeaderError(
            f"The file holds a {dimension}-dimensional image; volumes have 3 dimensions, series of them 4."
        )
    _check_place(reader, path)
    size, spacing = reader.GetSize(), reader.GetSpacing()
    if int(np.prod([int(n) for n in size], dtype=object)) > _MOST_VOXELS:
        raise HeaderError(f"The header states {' x '.join(map(str, size))} voxels, which is damaged or too large.")
    direction = np.reshape(reader.GetDirection(), (dimension, dimension))[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = direction * np.asarray(spacing[:3])
    affine[:3, 3] = reader.GetOrigin()[:3]
    try:
        grid = Grid((size[2], size[1], size[0]), affine)
    except GeometryError as error:
        raise HeaderError(f"The header's geometry cannot be: {error}") from error
    if not grid.is_orthogonal:
        raise HeaderError("The axes of the volume are not at right angles; resample it before.")
    note = settled_place(path, grid) if _is_nifti(path) else ""
    return VolumeFile(path, name, _content_hash(path), grid, size[3] if dimension == 4 else 1, note)


def _itk() -> Any:
    import SimpleITK as sitk  # noqa: N813 - the name that its users know

    return sitk


def _reader(path: Path) -> sitk.ImageFileReader:
    reader = _itk().ImageFileReader()
    reader.SetFileName(str(path))
    return reader


def _check_place(reader: sitk.ImageFileReader, path: Path) -> None:
    """Refuse a header that does not say where its voxels are, or states two sizes of them."""
    if not _is_nifti(path):
        lines = {line.partition(b":")[0].strip().lower() for line in _nrrd_header(path)}
        if not {b"space", b"space directions", b"space origin"} <= lines:
            raise HeaderError(
                "The NRRD header lacks space, space directions or space origin, so that its place in the patient is "
                "unknown."
            )
        return
    codes = [reader.GetMetaData(key) for key in ("qform_code", "sform_code") if reader.HasMetaDataKey(key)]
    if codes and all(code.strip() in ("", "0") for code in codes):
        raise HeaderError("The NIfTI header has neither qform nor sform, so that its place in the patient is unknown.")
    if codes[-1:] == ["0"] or not all(reader.HasMetaDataKey(f"srow_{axis}") for axis in "xyz"):
        return
    rows = [[float(number) for number in reader.GetMetaData(f"srow_{axis}").split()[:3]] for axis in "xyz"]
    stated = np.array([float(reader.GetMetaData(f"pixdim[{axis}]")) for axis in (1, 2, 3)])
    steps = np.linalg.norm(rows, axis=0)
    if not np.allclose(steps, stated, rtol=_SPACING_TOLERANCE, atol=0):
        text = [" x ".join(f"{step:g}" for step in some) for some in (steps, stated)]
        raise HeaderError(
            f"The NIfTI header contradicts itself: voxels of {text[0]} mm by its sform, of {text[1]} mm by its pixdim."
        )


def _is_nifti(path: Path) -> bool:
    return ".nii" in path.name.lower()


def _nrrd_header(path: Path) -> list[bytes]:
    with path.open("rb") as stream:
        return stream.read(_HASHED).partition(b"\n\n")[0].replace(b"\r", b"").split(b"\n")


def _nifti_layout(header: bytes) -> tuple[str, int, int, int]:
    """Byte order, code of the data type, bits of a voxel, and where the voxels begin."""
    order = "<" if header[:2] in (b"\x5c\x01", b"\x1c\x02") else ">"
    if struct.unpack_from(f"{order}i", header)[0] == _NIFTI2_BYTES:
        kind, bits = struct.unpack_from(f"{order}hh", header, 12)
        return order, kind, bits, struct.unpack_from(f"{order}q", header, 168)[0]
    kind, bits = struct.unpack_from(f"{order}hh", header, 70)
    return order, kind, bits, int(struct.unpack_from(f"{order}f", header, 108)[0])


def _voids(file: VolumeFile, index: int) -> NDArray[np.bool_] | None:
    """Voxels of one volume of a NIfTI file that are no numbers; None where there are none.

    Raises
    ------
    PixelError
        If the file is cut short: the library fills what is missing without a word.
    """
    opened = gzip.open if file.path.name.lower().endswith(".gz") else open
    try:
        with opened(file.path, "rb") as stream:
            header = stream.read(_NIFTI2_BYTES)
            order, kind, bits, offset = _nifti_layout(header)
            bytes_of_one = (int(np.prod(file.grid.shape)) * bits + 7) // 8
            begin = offset + index * bytes_of_one
            stream.seek(begin)
            volume = stream.read(bytes_of_one) if kind in _FLOATS else b""
            # What follows is unpacked as well, so that a file that is cut or damaged further on is noticed.
            size = stream.tell()
            while block := stream.read(_HASHED):
                size += len(block)
    except (OSError, EOFError, zlib.error, struct.error, ValueError, OverflowError) as error:
        raise PixelError(file.name, "the voxels cannot be read: the file is damaged or cut short.") from error
    if size < offset + file.count * bytes_of_one:
        raise PixelError(file.name, "the voxels cannot be read: the file is cut short.")
    if not volume:
        return None
    voids: NDArray[np.bool_] = ~np.isfinite(np.frombuffer(volume, dtype=np.dtype(order + _FLOATS[kind])))
    return voids.reshape(file.grid.shape) if voids.any() else None


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_HASHED):
                digest.update(block)
    except OSError as error:
        raise HeaderError(f"The file cannot be opened: {error.strerror or 'unreadable'}.") from error
    return digest.hexdigest()
