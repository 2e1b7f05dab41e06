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

from napari_vcf.study.access import ReaderStudy, Study, WorkItem, open_study
from napari_vcf.study.errors import (
    DamagedError,
    JournalError,
    LockedError,
    NotYetError,
    StudyError,
    UnfinishedError,
)
from napari_vcf.study.folder import StudyRecord, create_study
from napari_vcf.study.order import Task
from napari_vcf.study.protocol import StudyProtocol, StudyRules, protocol_template, read_protocol
from napari_vcf.study.session import StageSession

__all__ = [
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
    "WorkItem",
    "create_study",
    "open_study",
    "protocol_template",
    "read_protocol",
]
