"""A synthetic lumbar segment with one compressed vertebra and a known truth: CT, T1, T2, T2FS, DWI and ADC."""

from __future__ import annotations

from napari_vcf.phantom.case import PhantomCase, make_case, make_truth
from napari_vcf.phantom.dicom_files import FolderNotEmptyError, write_dicom
from napari_vcf.phantom.spec import PhantomSpec, SpecError, random_spec
from napari_vcf.phantom.truth import PhantomTruth, write_truth
from napari_vcf.phantom.vertebra import LANDMARKS

__all__ = [
    "LANDMARKS",
    "FolderNotEmptyError",
    "PhantomCase",
    "PhantomSpec",
    "PhantomTruth",
    "SpecError",
    "make_case",
    "make_truth",
    "random_spec",
    "write_dicom",
    "write_truth",
]
