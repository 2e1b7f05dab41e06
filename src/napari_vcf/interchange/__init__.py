"""Readings for other programs: DICOM SR, SEG and REG, tables, and DICOM servers. Needs the extra ``dicom``."""

from __future__ import annotations

from napari_vcf.interchange.errors import InterchangeError, ServerError

__all__ = ["InterchangeError", "ServerError"]
