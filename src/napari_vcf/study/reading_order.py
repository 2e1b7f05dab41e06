"""Orders drawn with the study's seed: the same everywhere, in any version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from napari_vcf.records.base import Stage
from napari_vcf.study.protocol import StudyProtocol

if TYPE_CHECKING:
    from napari_vcf.study.study_folder import StudyRecord

__all__ = ["Status", "Task", "WorkItem", "drawn", "stages_of_case", "tasks_of", "tasks_of_study"]


Status = Literal["unread", "open", "sealed", "amending", "unreadable", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Task:
    """One stage of one case, to be read once.

    Attributes
    ----------
    position : int
        Place in the reader's order, from 1.
    case : str
        Pseudonym.
    stage : str
        The stage.
    occasion : int
        1, or 2 for a reading once more.
    """

    position: int
    case: str
    stage: Stage
    occasion: int


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One line of a worklist.

    Attributes
    ----------
    task : Task
        What is to be read.
    status : str
        ``unread``, ``open`` (begun), ``sealed``, ``amending``, or set aside: ``unreadable`` or ``withdrawn``.
    prepared : bool
        Whether the images are there.
    not_before : datetime or None
        When the washout interval ends; None where nothing stands in the way.
    """

    task: Task
    status: Status
    prepared: bool
    not_before: datetime | None


def drawn(names: Sequence[str], *key: object) -> list[str]:
    """Shuffle names by a hash of the key, so that an order needs no stored state and no library's generator."""
    prefix = "\n".join(str(part) for part in key)
    return sorted(names, key=lambda name: hashlib.sha256(f"{prefix}\n{name}".encode()).digest())


def stages_of_case(protocol: StudyProtocol, seed: int, cases: Sequence[str], case: str) -> tuple[Stage, ...]:
    """Stages of a case in the order in which they are read.

    Counterbalanced, CT and MRI change places in every second case of a drawn order: in half of them, exactly.
    """
    stages = protocol.protocol.stages
    if protocol.study.stage_order == "fixed" or drawn(cases, seed, "stages").index(case) % 2 == 0:
        return stages
    change: dict[Stage, Stage] = {"ct": "mri", "mri": "ct"}
    if not set(change) <= set(stages):
        return stages
    return tuple(change.get(stage, stage) for stage in stages)


def tasks_of(protocol: StudyProtocol, seed: int, cases: Sequence[str], reader: str) -> tuple[Task, ...]:
    """Everything that a reader reads, in order.

    Parameters
    ----------
    protocol : StudyProtocol
        Stages, order, re-readings.
    seed : int
        The study's seed.
    cases : sequence of str
        Pseudonyms.
    reader : str
        Each reader has an order of their own.
    """
    again = drawn(cases, seed, "again")[: protocol.study.rereads]
    found: list[tuple[str, Stage, int]] = []
    for occasion, chosen in ((1, list(cases)), (2, again)):
        order = {case: stages_of_case(protocol, seed, cases, case) for case in chosen}
        if protocol.study.worklist == "by_case":
            for case in drawn(chosen, seed, reader, occasion):
                found += [(case, stage, occasion) for stage in order[case]]
        else:
            for number in range(len(protocol.protocol.stages)):
                shuffled = drawn(chosen, seed, reader, occasion, number)
                found += [(case, order[case][number], occasion) for case in shuffled]
    return tuple(Task(position, *task) for position, task in enumerate(found, start=1))


def tasks_of_study(protocol: StudyProtocol, record: StudyRecord, reader: str) -> tuple[Task, ...]:
    """Everything that a reader reads, in order; cases that were added later come behind all that was there.

    Each addition is drawn by itself, so that nothing that was begun changes its place; nobody reads added cases twice.

    Parameters
    ----------
    protocol : StudyProtocol
        Stages, order, re-readings.
    record : StudyRecord
        Seed and cases.
    reader : str
        Each reader has an order of their own.
    """
    first = record.cases[: len(record.cases) - sum(map(len, record.added))]
    found = list(tasks_of(protocol, record.seed, first, reader))
    once = protocol.model_copy(update={"study": protocol.study.model_copy(update={"rereads": 0})})
    for cases in record.added:
        for task in tasks_of(once, record.seed, cases, reader):
            found.append(Task(len(found) + 1, task.case, task.stage, task.occasion))
    return tuple(found)
