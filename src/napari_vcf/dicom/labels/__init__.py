"""Label maps of other programs: NIfTI, NRRD and DICOM segmentations, with the names of their labels."""

from __future__ import annotations

from napari_vcf.dicom.files.labelmarks import is_label_map, may_be_label_map
from napari_vcf.dicom.labels.label_map import LabelMap, read_label_map
from napari_vcf.dicom.labels.naming import NAMINGS, LabelClass, Naming, Structure

__all__ = [
    "NAMINGS",
    "LabelClass",
    "LabelMap",
    "Naming",
    "Structure",
    "is_label_map",
    "may_be_label_map",
    "read_label_map",
]
