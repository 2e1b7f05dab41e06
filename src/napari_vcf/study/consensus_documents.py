"""The documents of a consensus: the signed readings that it starts from, and the one that it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from napari_vcf.language import say
from napari_vcf.reading import ITEMS, ReadingExport
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import AdcExport, ConsensusExport, SealExport, SettledExport, StageExport
from napari_vcf.reading.findings import value_words
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import Answer, Registration, Spine
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage
from napari_vcf.records.sealing import check_seal
from napari_vcf.study.decisions import read_decisions
from napari_vcf.study.errors import DamagedError, NotYetError
from napari_vcf.study.reader_study import Study
from napari_vcf.study.reading_order import tasks_of_study
from napari_vcf.study.set_aside import SetAside
from napari_vcf.study.stage_files import seal_path, versions_of
from napari_vcf.study.study_folder import CONSENSUS

__all__ = [
    "SPINE",
    "ConsensusOrigin",
    "Settlement",
    "answer_words",
    "answers_of",
    "item_label",
    "joined_by",
    "settled_document",
    "signed_document",
]

#: The name under which readers who named different vertebrae settle which is the fractured one.
SPINE: Final = "fractured_level"


def item_label(item: str) -> str:
    """Name of an item on the screen and in messages; what no form asks keeps its own."""
    return say("Fractured vertebra") if item == SPINE else ITEMS[item].label if item in ITEMS else item


def answer_words(item: str, answer: Answer) -> str:
    """What was answered to an item, as it is read."""
    if answer.value is None:
        return say("not assessable ({reason})", reason=answer.not_assessable)
    return ITEMS[item].words(answer.value) if item in ITEMS else value_words(answer.value)


class ConsensusOrigin(FrozenModel):
    """The first entry of a consensus' journal."""

    schema_id: Literal["napari-vcf/consensus"] = "napari-vcf/consensus"
    schema_version: Literal["1.1.0"] = "1.1.0"
    study: Pseudonym
    case: Pseudonym
    stage: Stage
    protocol_sha256: str
    shown_as: dict[str, Pseudonym]
    seals: dict[Pseudonym, str]


class Settlement(FrozenModel):
    """What an entry of a consensus' journal settles, with the time at work by then."""

    item: str
    answer: Answer
    why: str
    active_s: float = 0.0
    idle_s: float = 0.0
    clock_behind_s: float = 0.0


def answers_of(document: ReadingExport, stage: Stage) -> dict[str, Answer]:
    """What a document says, measured grades included."""
    part = document.stages[stage]
    at = document.exported_at
    found: dict[str, Answer] = {}
    if document.spine is not None:
        found[SPINE] = Answer(value=document.spine.fractured, at=at)
    for key, item in ITEMS.items():
        grade = item.measurement.value(part) if item.measurement is not None and item.outcomes else None
        if grade is not None:
            found[key] = Answer(value=grade, at=at)
    # Means of measurements differ always, and are averaged rather than settled.
    found.update({key: answer for key, answer in part.findings.items() if key not in ITEMS or ITEMS[key].outcomes})
    return found


def _stage(answers: dict[str, Answer], not_asked: tuple[Issue, ...]) -> StageExport:
    return StageExport(
        complete=True,
        missing=(),
        conflicts=(),
        warnings=(),
        references={},
        calipers=(),
        height_losses=(),
        masks=None,
        extent=None,
        rois=(),
        adc=AdcExport(lesion=None, normal=None, ratio=None),
        findings=answers,
        unanswered=(),
        not_asked=not_asked,
    )


def joined_by(document: ReadingExport, stage: Stage) -> Registration | None:
    """The registration by which a reader saw CT and MRI as one: accepted, of the fractured vertebra before others."""
    level = None if document.spine is None else document.spine.fractured
    accepted = [r for r in document.registrations.values() if r.acceptance == "accepted" and r.ct_to_mr is not None]
    accepted.sort(key=lambda entry: entry.level != level)
    return accepted[0] if accepted and stage == "combined" else None


def settled_document(
    origin: ConsensusOrigin,
    first: ReadingExport,
    answers: Mapping[str, Answer],
    settled: Mapping[str, SettledExport],
    present: tuple[str, ...],
    seal: SealExport,
) -> ReadingExport:
    """The document of a consensus.

    Parameters
    ----------
    origin : ConsensusOrigin
        Which readings are settled.
    first : ReadingExport
        One of them, for what the readings share: images, protocol, names.
    answers : mapping of str to Answer
        What holds now, item by item, agreed or settled.
    settled : mapping of str to SettledExport
        Items on which the readers differed.
    present : tuple of str
        Who was there.
    seal : SealExport
        With an empty hash.
    """
    found = dict(answers)
    # The readers had the same images, so what one was not asked, none was.
    not_asked = tuple(issue for issue in first.stages[origin.stage].not_asked if issue.item not in found)
    level = found.pop(SPINE, None)
    spine = first.spine
    if level is not None and spine is not None and level.value != spine.fractured:
        spine = Spine(fractured=str(level.value), has_t13=level.value == "T13", has_l6=level.value == "L6")
    return first.model_copy(
        update={
            "reader": CONSENSUS,
            "kind": "consensus",
            "status": "sealed",
            "complete": True,
            "spine": spine,
            "registrations": {},
            "stages": {origin.stage: _stage(found, not_asked)},
            "exported_at": seal.sealed_at,
            "consensus": ConsensusExport(readings=origin.seals, present=present, settled=dict(settled)),
            "seal": seal,
        }
    )


def signed_document(study: Study, reader: str, case: str, stage: Stage) -> ReadingExport:
    """The latest signed version of a reading, if this reader is through with the case."""
    latest: Path | None = None
    decisions, out = read_decisions(study.folder), SetAside(study.folder, study.protocol)
    for task in tasks_of_study(study.protocol, study.record, reader):
        if task.case != case:
            continue
        aside = out.of(decisions, case, task.stage)
        if aside is not None and task.stage != stage:
            continue
        if aside is not None and aside.by_protocol:
            raise NotYetError(
                say(
                    "Case {case} has no images for the {stage} stage, and the protocol skips it.",
                    case=case,
                    stage=STAGE_NAMES[stage],
                )
            )
        if aside is not None:
            raise NotYetError(
                say("The coordinator has set this stage of case {case} aside: {reason}", case=case, reason=aside.reason)
            )
        versions = versions_of(study.folder.stage(reader, case, task.stage, task.occasion))
        # Who goes on reading a case after its consensus is not blinded any more.
        if not versions or not seal_path(versions[-1]).exists():
            raise NotYetError(
                say(
                    "Case {case} is not signed in every stage by every reader; a consensus comes after that.", case=case
                )
            )
        if (task.stage, task.occasion) == (stage, 1):
            latest = seal_path(versions[-1])
    if latest is None:
        raise NotYetError(say("Case {case} has no signed {stage} stage.", case=case, stage=STAGE_NAMES[stage]))
    if check_seal(latest.read_bytes().decode("utf-8", "replace")):
        raise DamagedError(say("A signed reading is damaged; run 'napari-vcf check'."))
    return read_reading(latest)
