"""Errors of the DICOM layer."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say

__all__ = ["DicomError", "FolderError", "HeaderError", "LabelMapError", "PixelError", "RoleError", "UnitError"]


class DicomError(NapariVcfError):
    """Something in the image files, or asked of them, that cannot be."""


class FolderError(DicomError):
    """The folder to read is missing, is no folder, or cannot be listed."""


class HeaderError(DicomError):
    """A file's header cannot be read, or describes no image that can be placed in the patient."""


class PixelError(DicomError):
    """A file's pixels are missing, damaged, or in an encoding that cannot be read.

    Parameters
    ----------
    name : str
        The file, relative to the scanned folder.
    reason : str
        What is wrong with it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(say("{name}: {reason}", name=name, reason=reason))
        self.name = name
        self.reason = reason


class LabelMapError(DicomError):
    """A label map cannot be read, or its values are no labels."""


class UnitError(DicomError):
    """A unit was asked for or given that does not fit the series."""


class RoleError(DicomError):
    """A role was given that does not exist."""
