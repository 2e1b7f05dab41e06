"""Whether everything that the registers know is still there: readings and consensus that were begun or signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from napari_vcf.study.audit_log import Event, events_of
from napari_vcf.study.damage import Found
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.signature_check import SignedKey
from napari_vcf.study.stage_files import seal_path
from napari_vcf.study.study_folder import StudyFolder

__all__ = ["consensus_gone", "readings_gone"]


def consensus_gone(folder: StudyFolder, events: Sequence[Event], seal_of: Mapping[Path, str]) -> Iterator[Found]:
    """Every consensus that the register knows, and that is gone or is not the one that was signed.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    events : sequence of Event
        What the register of the consensus says.
    seal_of : mapping of Path to str
        File of a seal that holds -> its hash.

    Yields
    ------
    Found
    """
    for (case, stage), count in Counter((e.case, e.stage) for e in events if e.kind == "opened").items():
        place = folder.consensus(case, stage)
        if count > place.is_dir() + sum(1 for _ in place.parent.glob(f"{stage}-stopped-*")):
            yield Found(place, "this consensus was begun, and is gone.")
    for event in events:
        path = seal_path(folder.consensus(event.case, event.stage))
        if event.kind == "sealed" and path.parent.is_dir():
            if not path.exists():
                yield Found(path, "this consensus was signed, and its seal is gone.")
            elif seal_of.get(path, event.sha256) != event.sha256:
                yield Found(path, "this is not the seal that was signed.")


def readings_gone(
    folder: StudyFolder,
    reader: str,
    events: Sequence[Event],
    there: Set[tuple[Any, ...]],
    signed: Mapping[SignedKey, str],
) -> Iterator[Found]:
    """Where a reader's register and the readings that are there do not agree.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    reader : str
        Whose register it is.
    events : sequence of Event
        What it says.
    there : set of tuple
        Keys of events: what the reader's folder holds, in the words of the register.
    signed : mapping of SignedKey to str
        What is signed -> the hash of its seal.

    Yields
    ------
    Found
    """
    # A reader who is at work may have signed and begun something since the register was read.
    now = inspect_journal(folder.reader(reader) / "register")
    known = {event.key for event in (*events, *(events_of(now.entries) if not now.problem else ()))}
    unknown = len(there - known)
    # One may be missing: a power cut came between the event and its entry, and the next opening makes up for it.
    if unknown > 1:
        what = "is an older copy of itself" if events else "is missing"
        place = folder.reader(reader) / "register"
        yield Found(place, f"the reader's register {what}: it does not know {unknown} openings and signatures.")
    for event in events:
        place = folder.stage(reader, event.case, event.stage, event.occasion) / f"v{event.version}"
        if event.kind == "left":
            continue
        if not place.is_dir():
            yield Found(place, "this reading was begun, and is gone.")
        elif event.kind == "sealed":
            key = (reader, event.case, event.stage, event.occasion, event.version)
            if not seal_path(place).exists():
                yield Found(seal_path(place), "this stage was signed, and its seal is gone.")
            elif signed.get(key, event.sha256) != event.sha256:
                yield Found(seal_path(place), "this is not the seal that the reader signed.")
