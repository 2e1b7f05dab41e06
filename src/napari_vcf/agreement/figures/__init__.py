"""Figures for a paper, by matplotlib: PNG at 300 dpi and PDF, with the numbers of each legend as CSV."""

from __future__ import annotations

from napari_vcf.agreement.figures.charts import charts_of
from napari_vcf.agreement.figures.drawn import Drawn, write_figures
from napari_vcf.agreement.figures.panels import grading_panels, roi_scheme

__all__ = ["Drawn", "charts_of", "grading_panels", "roi_scheme", "write_figures"]
