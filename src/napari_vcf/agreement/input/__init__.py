"""Input: exported readings and tidy tables, as columns of numbers."""

from __future__ import annotations

from napari_vcf.agreement.input.files import COLUMNS, OPTIONAL_COLUMNS
from napari_vcf.agreement.input.load import Loaded, find_files, load_readings
from napari_vcf.agreement.input.readings import ItemTable, ReadingFacts, Readings
from napari_vcf.agreement.input.reference import Baseline, Reference, read_reference

__all__ = [
    "COLUMNS",
    "OPTIONAL_COLUMNS",
    "Baseline",
    "ItemTable",
    "Loaded",
    "ReadingFacts",
    "Readings",
    "Reference",
    "find_files",
    "load_readings",
    "read_reference",
]
