"""The report and its tables."""

from __future__ import annotations

from napari_vcf.agreement.report.build import report_html
from napari_vcf.agreement.report.index import Index

__all__ = ["Index", "report_html"]
