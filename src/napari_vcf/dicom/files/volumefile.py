"""NIfTI and NRRD volumes: a grid and values, but no word on what they are; the person gives the role."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.dicom.files.nifti import Nifti, open_nifti
from napari_vcf.geometry import GeometryError, Grid
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - the name that its users know

__all__ = ["VolumeFile", "check_place", "content_hash", "is_volume_file", "open_volume_file"]

_SUFFIXES: Final = (".nii", ".nii.gz", ".nrrd", ".nhdr")
_HASHED: Final = 1 << 20
_MOST_VOXELS: Final = 1 << 31


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
    nifti : Nifti or None
        Its header, of a NIfTI file.
    """

    path: Path
    name: str
    key: str
    grid: Grid
    count: int
    note: str = ""
    nifti: Nifti | None = None

    def read(self, index: int) -> NDArray[np.float32]:
        """One volume.

        Raises
        ------
        PixelError
            If the voxels cannot be read; names the file.
        """
        if self.nifti is not None:
            return self.nifti.read(self.path, self.name, index)
        reader = _reader(self.path)
        try:
            reader.ReadImageInformation()
            if reader.GetDimension() == 4:
                size = list(reader.GetSize())
                reader.SetExtractIndex([0, 0, 0, index])
                reader.SetExtractSize([*size[:3], 0])
            data: NDArray[Any] = _itk().GetArrayFromImage(reader.Execute())
        except RuntimeError as error:
            raise PixelError(self.name, say("the voxels cannot be read: the file is damaged or cut short.")) from error
        values = np.asarray(data, dtype=np.float32)
        if values.shape != self.grid.shape:
            raise PixelError(
                self.name,
                say(
                    "the file holds {shape} voxels instead of {expected}.", shape=values.shape, expected=self.grid.shape
                ),
            )
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
    if ".nii" in path.name.lower():
        nifti = open_nifti(path)
        file = VolumeFile(path, name, content_hash(path), nifti.grid, nifti.count, nifti.note, nifti)
    else:
        file = _nrrd(path, name)
    if not file.grid.is_orthogonal:
        raise HeaderError(say("The axes of the volume are not at right angles; resample it before."))
    return file


def _nrrd(path: Path, name: str) -> VolumeFile:
    reader = _reader(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        raise HeaderError(
            say("This is not an NRRD volume that can be read, or its axes are not at right angles.")
        ) from None
    if reader.GetNumberOfComponents() != 1:
        raise HeaderError(say("The voxels are vectors or colours, not single values."))
    dimension = reader.GetDimension()
    if dimension not in (3, 4):
        raise HeaderError(
            say(
                "The file holds a {dimension}-dimensional image; volumes have 3 dimensions, series of them 4.",
                dimension=dimension,
            )
        )
    check_place(path)
    size, spacing = reader.GetSize(), reader.GetSpacing()
    if int(np.prod([int(n) for n in size], dtype=object)) > _MOST_VOXELS:
        raise HeaderError(
            say("The header states {size} voxels, which is damaged or too large.", size=" x ".join(map(str, size)))
        )
    direction = np.reshape(reader.GetDirection(), (dimension, dimension))[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = direction * np.asarray(spacing[:3])
    affine[:3, 3] = reader.GetOrigin()[:3]
    try:
        grid = Grid((size[2], size[1], size[0]), affine)
    except GeometryError as error:
        raise HeaderError(say("The header's geometry cannot be: {error}", error=error)) from error
    return VolumeFile(path, name, content_hash(path), grid, size[3] if dimension == 4 else 1)


def _itk() -> Any:
    import SimpleITK as sitk  # noqa: N813 - the name that its users know

    return sitk


def _reader(path: Path) -> sitk.ImageFileReader:
    reader = _itk().ImageFileReader()
    reader.SetFileName(str(path))
    return reader


def check_place(path: Path) -> None:
    """Refuse a header that does not say where its voxels are."""
    lines = {line.partition(b":")[0].strip().lower() for line in _nrrd_header(path)}
    if not {b"space", b"space directions", b"space origin"} <= lines:
        raise HeaderError(
            say(
                "The NRRD header lacks space, space directions or space origin, so that its place in the patient "
                "is unknown."
            )
        )


def _nrrd_header(path: Path) -> list[bytes]:
    with path.open("rb") as stream:
        return stream.read(_HASHED).partition(b"\n\n")[0].replace(b"\r", b"").split(b"\n")


def content_hash(path: Path) -> str:
    """SHA-256 of a file; raises `HeaderError` where it cannot be opened."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_HASHED):
                digest.update(block)
    except OSError as error:
        raise HeaderError(say("The file cannot be opened: {reason}.", reason=system_says(error))) from error
    return digest.hexdigest()
