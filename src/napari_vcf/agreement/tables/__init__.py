"""Input: exported readings and tidy tables, as columns of numbers."""

from __future__ import annotations

from napari_vcf.agreement.tables.files import COLUMNS, OPTIONAL_COLUMNS
from napari_vcf.agreement.tables.load import Loaded, find_files, load_readings
from napari_vcf.agreement.tables.readings import ItemTable, ReadingFacts, Readings
from napari_vcf.agreement.tables.reference import Baseline, Reference, read_reference

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
