"""A synthetic lumbar segment with a known truth: CT, T1, T2, fat-suppressed T2, DWI and ADC of a compressed vertebra."""

from __future__ import annotations

from napari_vcf.phantom.case import PhantomCase, make_case
from napari_vcf.phantom.spec import PhantomSpec, SpecError, random_spec
from napari_vcf.phantom.truth import PhantomTruth, write_truth
from napari_vcf.phantom.vertebra import LANDMARKS

__all__ = [
    "LANDMARKS",
    "PhantomCase",
    "PhantomSpec",
    "PhantomTruth",
    "SpecError",
    "make_case",
    "random_spec",
    "write_truth",
]
