"""Errors of the geometry layer."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["GeometryError"]


class GeometryError(NapariVcfError, ValueError):
    """A grid, transform or rectangle that cannot exist, or a point that is not where it must be."""
