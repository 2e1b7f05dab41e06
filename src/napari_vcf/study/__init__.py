"""A reader study in a folder: blinded, staged, sealed; each gesture on the disk before it is confirmed.

Examples
--------
>>> from napari_vcf.study import open_study
>>> reader = open_study("study").as_reader("R1")  # doctest: +SKIP
>>> with reader.next_case() as session:  # doctest: +SKIP
...     session.reading.set_spine("L1")
...     session.reading.answer(session.stage, "verdict", "benign")
...     session.seal()
"""

from __future__ import annotations

from napari_vcf.study.consensus import ConsensusSession, open_consensus
from napari_vcf.study.damage import Damage, WayOut
from napari_vcf.study.errors import (
    ClockError,
    DamagedError,
    JournalError,
    LockedError,
    NotYetError,
    StudyError,
    UnfinishedError,
)
from napari_vcf.study.prepare_study import prepare_study
from napari_vcf.study.protocol import StudyProtocol, StudyRules, protocol_template, read_protocol
from napari_vcf.study.reader_study import ReaderStudy, Study, open_study
from napari_vcf.study.reading_order import Task, WorkItem
from napari_vcf.study.signed_exports import export_study
from napari_vcf.study.stage_session import StageSession
from napari_vcf.study.status import study_status
from napari_vcf.study.study_check import CheckReport, check_study
from napari_vcf.study.study_folder import StudyRecord, create_study

__all__ = [
    "CheckReport",
    "ClockError",
    "ConsensusSession",
    "Damage",
    "DamagedError",
    "JournalError",
    "LockedError",
    "NotYetError",
    "ReaderStudy",
    "StageSession",
    "Study",
    "StudyError",
    "StudyProtocol",
    "StudyRecord",
    "StudyRules",
    "Task",
    "UnfinishedError",
    "WayOut",
    "WorkItem",
    "check_study",
    "create_study",
    "export_study",
    "open_consensus",
    "open_study",
    "prepare_study",
    "protocol_template",
    "read_protocol",
    "study_status",
]
