"""Patient space in millimetres: grids, volumes, rigid transforms, rectangles and exact pixel coverage.

Everything here is in DICOM patient coordinates (LPS, mm). Nothing here reads files or draws.
"""

from __future__ import annotations

from napari_vcf.geometry.coverage import Coverage, coverage_on_slice, polygon_coverage
from napari_vcf.geometry.errors import GeometryError
from napari_vcf.geometry.frame import ReadingFrame
from napari_vcf.geometry.grid import Grid
from napari_vcf.geometry.rigid import RigidTransform
from napari_vcf.geometry.roi_rectangle import Rectangle
from napari_vcf.geometry.volume import Volume

__all__ = [
    "Coverage",
    "GeometryError",
    "Grid",
    "ReadingFrame",
    "Rectangle",
    "RigidTransform",
    "Volume",
    "coverage_on_slice",
    "polygon_coverage",
]
