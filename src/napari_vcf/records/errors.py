"""Errors of records on disk."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["WriteError"]


class WriteError(NapariVcfError):
    """A file that could not be written; an earlier file under its name is untouched."""
