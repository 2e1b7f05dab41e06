"""Proposing the registration of a prepared case, for the coordinator's `prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.image_pairs import Pair, pair_of
from napari_vcf.study.errors import DamagedError
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.points import CasePoints
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.proposal import (
    PROPOSAL,
    ProposalRecord,
    Proposed,
    computed,
    framed,
    proposed_with,
    read_proposal,
)

__all__ = ["COMPUTED", "Proposing", "propose"]

#: What the report says of a case with a registration for the coordinator's points.
COMPUTED: Final = "computed from points"


@dataclass(frozen=True, slots=True)
class Proposing:
    """What is known for the proposal of one case.

    Attributes
    ----------
    points : CasePoints or None
        The coordinator's.
    begun : bool
        Whether a reader has begun on the combined stage, so that all readers must get what that one got.
    """

    points: CasePoints | None
    begun: bool


def propose(target: Path, wanted: Proposing) -> tuple[str, str]:
    """Propose a registration, or keep the one that is there.

    Parameters
    ----------
    target : Path
        Folder of the prepared case.
    wanted : Proposing
        What is known.

    Returns
    -------
    state : str
        What there is now, or what it lacks; says nothing of where the points lie.
    advice : str
        For the coordinator alone: what the program thinks of the registration for the points. It may speak of places.
    """
    try:
        return _propose(target, wanted)
    except ReadingError:
        return "none: there is no image", ""
    except NapariVcfError as error:
        return "none: it cannot be computed or written", str(error)


def _propose(target: Path, wanted: Proposing) -> tuple[str, str]:
    case = PreparedCase(target, "combined")
    ct, mr = pair_of(case.images.values())
    if ct is None or not mr:
        return f"none: there is no {'CT' if ct is None else 'MRI'}", ""
    pair = Pair(ct, mr)
    existing = _existing(target)
    points = wanted.points
    if points is None:
        if existing is None and pair.same_frame and not wanted.begun:
            existing = framed(case.pseudonym)
            write_record(target / PROPOSAL, existing, overwrite=True)
        return (_state(existing) if existing is not None else "none: no points were given"), ""
    found = None if existing is None else proposed_with(existing, case.salt, points.mr, points.ct)
    if (
        existing is not None
        and found is not None
        and (found.mr_point_lps, found.ct_point_lps) == (points.mr, points.ct)
    ):
        return _state(existing), _advice(found)
    if wanted.begun:
        state = "none" if existing is None else _state(existing)
        return f"{state}: these points came after the combined stage was begun, and are not used", ""
    record, made = computed(case, pair, points.mr, points.ct)
    write_record(target / PROPOSAL, record, overwrite=True)
    return _state(record), _advice(made)


def _existing(target: Path) -> ProposalRecord | None:
    try:
        return read_proposal(target)
    except DamagedError:
        # It is made anew; readers who began before a damage are told of it by `check`.
        return None


def _state(record: ProposalRecord) -> str:
    if record.kind == "frame":
        return "the frame of reference that CT and MRI share"
    return COMPUTED


def _advice(found: Proposed) -> str:
    return f"{found.status}: {found.reason}"
