"""Errors of the measuring functions."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["MeasureError"]


class MeasureError(NapariVcfError, ValueError):
    """A measurement that cannot be taken from what was given."""
