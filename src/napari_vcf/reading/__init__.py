"""The record: protocol, form, actions, results and the JSON export, without a window.

Examples
--------
>>> from napari_vcf.reading import Case, Reading
>>> case = Case.open("folder", pseudonym="C001")  # doctest: +SKIP
>>> reading = Reading(case, study="S1", reader="R1")  # doctest: +SKIP
>>> reading.set_spine("L1")  # doctest: +SKIP

The page "Reading without a window" of the documentation goes through a whole case.
"""

from __future__ import annotations

from napari_vcf.reading.actions import ACTION_ADAPTER, Action, LoggedAction
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.errors import ExportError, ReadingError, RefusedActionError, UnknownImageError
from napari_vcf.reading.evaluation import StageEvaluation, evaluate_stage
from napari_vcf.reading.export import build_export, export_reading, read_reading
from napari_vcf.reading.export_document import ReadingExport, json_schema
from napari_vcf.reading.export_table import readings_frame
from napari_vcf.reading.findings import ITEMS, NOT_ASSESSABLE, Item
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.reading import Reading
from napari_vcf.reading.reopening import reopen
from napari_vcf.reading.results import StageResults
from napari_vcf.reading.state import ReadingState
from napari_vcf.reading.verify import VerifyReport, verify_export
from napari_vcf.records.base import STAGES, Stage

__all__ = [
    "ACTION_ADAPTER",
    "ITEMS",
    "NOT_ASSESSABLE",
    "STAGES",
    "Action",
    "Case",
    "CaseImage",
    "ExportError",
    "Issue",
    "Item",
    "LoggedAction",
    "Protocol",
    "Reading",
    "ReadingError",
    "ReadingExport",
    "ReadingState",
    "RefusedActionError",
    "Stage",
    "StageEvaluation",
    "StageResults",
    "UnknownImageError",
    "VerifyReport",
    "build_export",
    "evaluate_stage",
    "export_reading",
    "json_schema",
    "read_reading",
    "readings_frame",
    "reopen",
    "verify_export",
]
