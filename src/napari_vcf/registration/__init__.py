"""CT to MRI registration of single vertebrae, its quality, and reslicing. No files, no windows."""

from __future__ import annotations

from napari_vcf.registration.errors import RegistrationError
from napari_vcf.registration.neighbours import register_levels
from napari_vcf.registration.reslicing import reslice, reslice_slice
from napari_vcf.registration.result import LEVEL_OPEN, RegistrationResult
from napari_vcf.registration.same_modality import register_frames
from napari_vcf.registration.vertebra import register_vertebra

__all__ = [
    "LEVEL_OPEN",
    "RegistrationError",
    "RegistrationResult",
    "register_frames",
    "register_levels",
    "register_vertebra",
    "reslice",
    "reslice_slice",
]
