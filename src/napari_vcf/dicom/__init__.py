"""A folder of image files to series whose roles, units and geometry can be trusted, or refused with the reason."""

from __future__ import annotations

from napari_vcf.dicom.errors import (
    DicomError,
    FolderError,
    HeaderError,
    LabelMapError,
    PixelError,
    RoleError,
    UnitError,
)
from napari_vcf.dicom.files.folder import Refusal, folder_of
from napari_vcf.dicom.series.model import Scan, Series, VolumeInfo
from napari_vcf.dicom.series.role import Role
from napari_vcf.dicom.series.scan import nothing_found, scan_folder, with_adc_unit, with_b_values, with_role
from napari_vcf.dicom.series.units import ADC_UNITS
from napari_vcf.dicom.volumes.adc_map import adc_from_signals, geometric_mean
from napari_vcf.dicom.volumes.cache import cache_folder, load_prepared, prefer_cache_folder
from napari_vcf.dicom.volumes.computed import compute_adc
from napari_vcf.dicom.volumes.derived import check_adc_units, with_computed_adc
from napari_vcf.dicom.volumes.loading import load_volume
from napari_vcf.dicom.volumes.stored import check_decodable, native_mean

__all__ = [
    "ADC_UNITS",
    "DicomError",
    "FolderError",
    "HeaderError",
    "LabelMapError",
    "PixelError",
    "Refusal",
    "Role",
    "RoleError",
    "Scan",
    "Series",
    "UnitError",
    "VolumeInfo",
    "adc_from_signals",
    "cache_folder",
    "check_adc_units",
    "check_decodable",
    "compute_adc",
    "folder_of",
    "geometric_mean",
    "load_prepared",
    "load_volume",
    "native_mean",
    "nothing_found",
    "prefer_cache_folder",
    "scan_folder",
    "with_adc_unit",
    "with_b_values",
    "with_computed_adc",
    "with_role",
]
