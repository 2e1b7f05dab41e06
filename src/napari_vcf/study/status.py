"""How far a study is: counts, and not a single finding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_vcf.records.base import utc_now
from napari_vcf.study.errors import says_what_is_out_of_reach
from napari_vcf.study.reader_study import open_study

__all__ = ["ReaderStatus", "StudyStatus", "study_status"]


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """Counts of one reader's stages."""

    reader: str
    sealed: int
    open: int
    waiting: int
    #: Unreadable, or of a case that was withdrawn; not among the total.
    aside: int
    total: int


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Counts of a study."""

    study: str
    cases: int
    prepared: int
    readers: tuple[ReaderStatus, ...]


@says_what_is_out_of_reach
def study_status(root: Path | str) -> StudyStatus:
    """Count what is prepared and signed, from which files exist; no reading is opened but for the time of its seal.

    Raises
    ------
    StudyError
        If it is no study.
    """
    study = open_study(root, clock=utc_now)
    readers = []
    for reader in study.record.readers:
        items = study.as_reader(reader).worklist()
        readers.append(
            ReaderStatus(
                reader,
                sealed=sum(item.status in ("sealed", "amending") for item in items),
                open=sum(item.status in ("open", "amending") for item in items),
                waiting=sum(item.not_before is not None for item in items),
                aside=sum(item.status in ("unreadable", "withdrawn") for item in items),
                total=sum(item.status not in ("unreadable", "withdrawn") for item in items),
            )
        )
    prepared = sum((study.folder.case(case) / "case.json").is_file() for case in study.record.cases)
    return StudyStatus(study.record.study, len(study.record.cases), prepared, tuple(readers))
