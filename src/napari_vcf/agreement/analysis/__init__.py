"""The analyses: which statistics for which items, between whom."""

from __future__ import annotations

from napari_vcf.agreement.analysis.collect import Pairing, Place, Quantity
from napari_vcf.agreement.analysis.pipeline import Analysed, analyse, make_settings

__all__ = ["Analysed", "Pairing", "Place", "Quantity", "analyse", "make_settings"]
