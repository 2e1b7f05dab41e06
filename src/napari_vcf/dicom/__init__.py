"""A folder of image files to series with roles, units and geometry that can be trusted, or refused with their reason."""

from __future__ import annotations

from napari_vcf.dicom.errors import DicomError, FolderError, HeaderError, PixelError, RoleError, UnitError
from napari_vcf.dicom.loading import load_volume, native_mean
from napari_vcf.dicom.model import Refusal, Role, Scan, Series, VolumeInfo
from napari_vcf.dicom.scan import scan_folder, with_adc_unit, with_role
from napari_vcf.dicom.units import ADC_UNITS

__all__ = [
    "ADC_UNITS",
    "DicomError",
    "FolderError",
    "HeaderError",
    "PixelError",
    "Refusal",
    "Role",
    "RoleError",
    "Scan",
    "Series",
    "UnitError",
    "VolumeInfo",
    "load_volume",
    "native_mean",
    "scan_folder",
    "with_adc_unit",
    "with_role",
]
