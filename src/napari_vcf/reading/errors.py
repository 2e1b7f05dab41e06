"""Errors of the record."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["ExportError", "ReadingError", "RefusedActionError", "UnknownImageError"]


class ReadingError(NapariVcfError):
    """Something is wrong with a reading, its files or its images."""


class RefusedActionError(ReadingError, ValueError):
    """A change that the protocol or the geometry does not allow; the reading is as it was."""


class UnknownImageError(ReadingError, KeyError):
    """An image that the case does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


class ExportError(ReadingError):
    """An export that could not be written or read; the reading itself is untouched."""
