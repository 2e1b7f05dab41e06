"""From readings to the paper's tables: agreement, accuracy, and a report.

Statistics are pure functions of arrays (`napari_vcf.agreement.statistics`); an analysis of readings is three calls.

Examples
--------
>>> from napari_vcf.agreement import analyse, load_readings, write_analysis
>>> loaded = load_readings(["readings/"])  # doctest: +SKIP
>>> analysed = analyse(loaded.readings)  # doctest: +SKIP
>>> write_analysis(analysed, "agreement/")  # doctest: +SKIP
"""

from __future__ import annotations

from napari_vcf.agreement.analysis import Analysed, analyse, make_settings
from napari_vcf.agreement.document import AgreementDocument, Row, Settings, json_schema
from napari_vcf.agreement.errors import AgreementError, MixedReadingsError, OutputError, StatisticError, TableError
from napari_vcf.agreement.frames import readings_from_frame, rows_frame
from napari_vcf.agreement.input import Loaded, Readings, Reference, load_readings, read_reference
from napari_vcf.agreement.output import write_analysis, write_parquet
from napari_vcf.agreement.report import report_html

__all__ = [
    "AgreementDocument",
    "AgreementError",
    "Analysed",
    "Loaded",
    "MixedReadingsError",
    "OutputError",
    "Readings",
    "Reference",
    "Row",
    "Settings",
    "StatisticError",
    "TableError",
    "analyse",
    "json_schema",
    "load_readings",
    "make_settings",
    "read_reference",
    "readings_from_frame",
    "report_html",
    "rows_frame",
    "write_analysis",
    "write_parquet",
]
