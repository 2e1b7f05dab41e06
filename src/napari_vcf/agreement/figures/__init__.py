"""Figures for a paper, by matplotlib: PNG at 300 dpi and PDF, with the numbers of each legend as CSV."""

from __future__ import annotations

from napari_vcf.agreement.figures.charts import charts_of
from napari_vcf.agreement.figures.chosen import FromImages, pictures_of_readings
from napari_vcf.agreement.figures.drawn import Drawn, write_figures
from napari_vcf.agreement.figures.panels import Panel, grading_panels, roi_scheme
from napari_vcf.agreement.figures.views import CaseImages

__all__ = [
    "CaseImages",
    "Drawn",
    "FromImages",
    "Panel",
    "charts_of",
    "grading_panels",
    "pictures_of_readings",
    "roi_scheme",
    "write_figures",
]
