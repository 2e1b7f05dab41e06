"""Consensus: what readers who have all signed settle between them, item by item, with the reason.

Readers appear as A, B, ... in an order drawn at random. Measured grades are settled as grades; the drawings and numbers
of each reader stay in their own documents, which the consensus names by their seals.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from napari_vcf.language import say
from napari_vcf.reading import ITEMS, Protocol, ReadingExport
from napari_vcf.reading.case import check_pseudonym
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.export_document import SealExport, SettledExport
from napari_vcf.reading.export_migrations import migrate
from napari_vcf.reading.levels import LEVELS
from napari_vcf.reading.state import Answer, FrameJoin, Registration, Spine, StageState
from napari_vcf.records.base import AnswerValue, FrozenModel, Stage, utc_now
from napari_vcf.records.errors import system_says
from napari_vcf.records.sealing import seal_text
from napari_vcf.study.activity import ActiveTime
from napari_vcf.study.case_lock import CaseLock, break_lock
from napari_vcf.study.confirmations import Confirmations
from napari_vcf.study.consensus_documents import (
    SPINE,
    ConsensusOrigin,
    Settlement,
    answers_of,
    item_label,
    joined_by,
    settled_document,
    signed_document,
)
from napari_vcf.study.errors import JournalError, NotYetError, StudyError, UnfinishedError, says_what_is_out_of_reach
from napari_vcf.study.journal import Journal
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.reader_study import Study
from napari_vcf.study.reading_order import Task
from napari_vcf.study.reasons import checked_reason
from napari_vcf.study.receipts import Receipt
from napari_vcf.study.stage_files import SEAL, write_seal, written_seal
from napari_vcf.study.study_folder import CONSENSUS
from napari_vcf.study.versions import model_of

__all__ = ["SPINE", "ConsensusSession", "Drawing", "open_consensus", "unlock_consensus"]


_Dated = TypeVar("_Dated", bound=FrozenModel | None)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What one reader drew, to be shown beside the other's."""

    spine: Spine | None
    stage: StageState
    #: By which this reader saw the CT over the MRI; None where they stayed apart.
    registration: Registration | None = None
    #: By which this reader saw MR images of another frame of reference; without one they stay apart.
    frame_joins: tuple[FrameJoin, ...] = ()


class ConsensusSession:
    """A consensus on one stage of one case.

    Attributes
    ----------
    differing : dict
        Item to what A, B, ... had signed; only items that differ.
    drawings : dict
        A, B, ... to their drawings.
    receipt : Receipt or None
        What those present keep of the signature; None before it.
    receipt_problem : str
        What kept it or the key's signature from being written, as a sentence; empty where nothing did.
    """

    def __init__(
        self,
        study: Study,
        origin: ConsensusOrigin,
        documents: dict[str, ReadingExport],
        journal: Journal,
        lock: CaseLock,
    ) -> None:
        self.case = origin.case
        self.stage: Stage = origin.stage
        self._study = study
        self._origin = origin
        self._documents = {shown: documents[reader] for shown, reader in origin.shown_as.items()}
        self._journal = journal
        self._lock = lock
        self.confirmations = Confirmations()
        self.receipt: Receipt | None = None
        self.receipt_problem = ""
        self._open = True
        counted: dict[str, Any] = next((e.body for e in reversed(journal.entries) if "active_s" in e.body), {})
        self._time = ActiveTime(
            study.protocol.study.idle_after_s,
            active_s=counted.get("active_s", 0.0),
            idle_s=counted.get("idle_s", 0.0),
        )
        signed = {shown: answers_of(document, self.stage) for shown, document in self._documents.items()}
        self._signed = signed
        # Who knows when each of them read would know from the times who is A.
        begun = journal.entries[0].at
        # In the order of the form, behind what is asked before it.
        order = [SPINE, *ITEMS]
        names = sorted({item for answers in signed.values() for item in answers}, key=order.index)
        self.differing: dict[str, dict[str, Answer]] = {
            item: {shown: _undated(answers[item], begun) for shown, answers in signed.items() if item in answers}
            for item in names
            if len({_said(answers.get(item)) for answers in signed.values()}) > 1
        }
        self.drawings = {
            shown: Drawing(
                document.spine,
                _undated(document.stages[self.stage].state(), begun),
                _undated(joined_by(document, self.stage), begun),
                tuple(_undated(join, begun) for join in document.frame_joins),
            )
            for shown, document in self._documents.items()
        }
        self._settled: dict[str, tuple[Answer, str]] = {}
        for entry in journal.entries:
            if entry.kind == "settled":
                settled = model_of(entry.body, Settlement, say("Entry {number} of the consensus", number=entry.number))
                self._settled[settled.item] = (settled.answer, settled.why)

    @property
    def settled(self) -> dict[str, Answer]:
        """What has been settled so far."""
        return {item: answer for item, (answer, _) in self._settled.items()}

    def missing(self) -> tuple[str, ...]:
        """Items that are still to be settled."""
        return tuple(item for item in self.differing if item not in self._settled)

    def choices(self, item: str) -> tuple[str | int, ...]:
        """What an item may be settled as."""
        if item == SPINE:
            return LEVELS
        return self.protocol.form[item].outcomes

    def may_be_left_open(self, item: str) -> bool:
        """Whether an item may be settled as not assessable."""
        return item != SPINE and self.protocol.form[item].may_be_left_open

    def reasons(self) -> dict[str, str]:
        """Why each item was settled the way it was."""
        return {item: why for item, (_, why) in self._settled.items()}

    @says_what_is_out_of_reach
    def images(self) -> PreparedCase:
        """The images of this stage."""
        return PreparedCase(self._study.folder.case(self.case), self.stage)

    @property
    def protocol(self) -> Protocol:
        """What the study measures and grades."""
        return self._study.protocol.protocol

    @says_what_is_out_of_reach
    def settle(
        self, item: str, value: AnswerValue | None = None, *, why: str, not_assessable: str | None = None
    ) -> None:
        """Settle one item; written down before the call returns.

        Parameters
        ----------
        item : str
            One of `differing`.
        value : str or int, optional
            The value; left out where ``not_assessable`` gives the reason why there is none.
        why : str
            Why this one.

        Raises
        ------
        RefusedActionError
            If the item does not differ, the value is none of its values, or the reason is missing.
        StudyError
            If a reading was amended since.
        """
        self._check_open()
        label = item_label(item)
        if item not in self.differing:
            raise RefusedActionError(
                say("The readers agree on '{label}', or it is not asked; there is nothing to settle.", label=label)
            )
        if value is not None and not any(type(v) is type(value) and v == value for v in self.choices(item)):
            raise RefusedActionError(say("'{value}' is not an answer to '{label}'.", value=value, label=label))
        if value is None and not self.may_be_left_open(item):
            raise RefusedActionError(say("'{label}' is always given a value.", label=label))
        why = checked_reason(why, say("Say why '{label}' is settled this way", label=label))
        try:
            answer = Answer(value=value, not_assessable=not_assessable, at=self._journal.now())
        except ValidationError as error:
            raise RefusedActionError(
                say("'{label}': give a value, or a reason why it is not assessable.", label=label)
            ) from error
        self._lock.check()
        self._check_readings()
        self._time.touch()
        body = {"item": item, "answer": answer.model_dump(mode="json"), "why": why, **self._time.counted()}
        self._journal.append("settled", body)
        self._settled[item] = (answer, why)

    @says_what_is_out_of_reach
    def sign(self, present: Sequence[str]) -> SealExport:
        """Sign the consensus.

        Parameters
        ----------
        present : sequence of str
            Pseudonyms of who was there.

        Raises
        ------
        UnfinishedError
            If an item is not settled.
        StudyError
            If a reading was amended since.
        """
        self._check_open()
        self._lock.check()
        if not present or isinstance(present, str):
            raise StudyError(say("Say who was present: a list of pseudonyms."))
        if self.missing():
            raise UnfinishedError(
                tuple(say("Not settled: {item_label}.", item_label=item_label(item)) for item in self.missing())
            )
        names = tuple(check_pseudonym(name, "person") for name in present)
        text = written_seal(self._journal)
        if text is None:
            self._check_readings()
            text = self._write_seal(names)
        self._open = False
        self._lock.release()
        seal = ReadingExport.model_validate_json(migrate(text)).seal
        if seal is None:
            raise StudyError(say("The seal was not written."))
        self.receipt = Receipt(
            study=self._study.record.study,
            reader=CONSENSUS,
            case=self.case,
            stage=self.stage,
            occasion=1,
            version=1,
            sha256=seal.sha256,
            sealed_at=seal.sealed_at,
        )
        self.receipt_problem = self.confirmations.write(self._journal.folder, self.receipt, self._study.folder.root)
        _note(self._study, "sealed", self.case, self.stage, sha256=seal.sha256)
        return seal

    def _write_seal(self, present: tuple[str, ...]) -> str:
        self._time.touch()
        self._journal.append("signing", {"present": present, **self._time.counted()})
        return write_seal(self._journal, seal_text(self._document(present)))

    def _document(self, present: tuple[str, ...]) -> ReadingExport:
        settled = {
            item: SettledExport(
                values={self._origin.shown_as[shown]: self._signed[shown][item] for shown in self.differing[item]},
                settled=answer,
                why=why,
            )
            for item, (answer, why) in self._settled.items()
        }
        seal = SealExport(
            version=1,
            position=1,
            sealed_at=self._journal.now(),
            journal_sha256=self._journal.sha256,
            sha256="",
            **self._time.counted(),
        )
        first = next(iter(self._documents.values()))
        answers = {**next(iter(self._signed.values())), **self.settled}
        document = settled_document(self._origin, first, answers, settled, present, seal)
        entries = self._journal.entries
        return document.model_copy(update={"started_at": entries[0].at, "actions": len(entries)})

    def _check_open(self) -> None:
        if not self._open:
            raise RefusedActionError(say("This consensus is closed."))

    def _check_readings(self) -> None:
        """Refuse where a reader has amended since this was opened: what is shown is not what is signed any more."""
        _check_rests_on(self._origin, _signed_documents(self._study, self.case, self.stage))

    def close(self) -> None:
        """Leave it; what was settled stays."""
        if self._open:
            self._open = False
            self._lock.release()

    def __enter__(self) -> ConsensusSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _undated(model: _Dated, at: datetime) -> _Dated:
    """The same with one time in the place of every time at which something was done."""

    def replaced(content: Any) -> Any:
        if isinstance(content, dict):
            return {key: at if key == "at" else replaced(value) for key, value in content.items()}
        return [replaced(value) for value in content] if isinstance(content, list | tuple) else content

    return model if model is None else type(model).model_validate(replaced(model.model_dump()))


def _said(answer: Answer | None) -> tuple[Any, ...]:
    return (None, None) if answer is None else (type(answer.value), answer.value)


@says_what_is_out_of_reach
def open_consensus(
    root: Path | str,
    case: str,
    stage: Stage,
    *,
    anew: bool = False,
    confirmations: Confirmations | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ConsensusSession:
    """Open the consensus on one stage of a case.

    Parameters
    ----------
    root : path
        The study folder.
    case, stage : str
        What is settled.
    anew : bool
        Whether one that was begun and not signed is set aside, because a reading was amended since.
    confirmations : Confirmations, optional
        File of receipts and key that confirm the signature, as those of a reader do.

    Returns
    -------
    ConsensusSession
        Where it was left, if it was begun before.

    Raises
    ------
    NotYetError
        If a reader has not signed everything of this case yet, or the consensus is signed already.
    LockedError, DamagedError, StudyError
        If it is open elsewhere, a reading is damaged, or there is no such case.
    """
    study = Study(root, clock=clock)
    if case not in study.record.cases or stage not in study.protocol.protocol.stages:
        raise StudyError(say("The study has no stage '{stage}' of a case '{case}'.", stage=stage, case=case))
    if len(study.record.readers) < 2:
        raise StudyError(say("A consensus needs two readers."))
    documents = _signed_documents(study, case, stage)
    folder = study.folder.consensus(case, stage)
    progress = _progress(study, folder)
    lock = CaseLock(folder.parent, say("The consensus on case {case}", case=case))
    try:
        if (folder / SEAL).exists():
            raise NotYetError(say("This consensus is signed."))
        if anew and folder.is_dir():
            _set_aside(study, folder)
        if not folder.is_dir():
            names = list(documents)
            secrets.SystemRandom().shuffle(names)
            origin = ConsensusOrigin(
                study=study.record.study,
                case=case,
                stage=stage,
                protocol_sha256=study.protocol.sha256,
                shown_as={chr(ord("A") + number): name for number, name in enumerate(names)},
                seals=_seals(documents),
            )
            Journal.create(
                folder, "opened", origin.model_dump(mode="json"), clock=clock, guard=lock.check, progress=progress
            )
            _note(study, "opened", case, stage)
        journal = Journal.open(folder, clock=clock, guard=lock.check, progress=progress)
        origin = model_of(journal.entries[0].body, ConsensusOrigin, say("The consensus"))
        _check_rests_on(origin, documents)
        session = ConsensusSession(study, origin, documents, journal, lock)
        session.confirmations = confirmations or session.confirmations
        return session
    except BaseException:
        lock.release()
        raise


def _signed_documents(study: Study, case: str, stage: Stage) -> dict[str, ReadingExport]:
    """Reader to what holds of them now."""
    return {reader: signed_document(study, reader, case, stage) for reader in study.record.readers}


def _seals(documents: dict[str, ReadingExport]) -> dict[str, str]:
    return {name: document.seal.sha256 for name, document in documents.items() if document.seal}


def _check_rests_on(origin: ConsensusOrigin, documents: dict[str, ReadingExport]) -> None:
    if _seals(documents) != origin.seals:
        raise StudyError(
            say(
                "A reading was amended after this consensus was begun; it cannot go on. Begin anew with "
                "'napari-vcf consensus --anew'; what was settled is kept beside it."
            )
        )


def _note(study: Study, event: str, case: str, stage: Stage, **more: Any) -> None:
    """Write into the register of consensus meetings, so that one that vanishes whole is missed.

    Where that cannot be written, the meeting goes on: what it settles lies in its own journal.
    """
    with contextlib.suppress(StudyError):
        study.consensus_register().note(event, Task(1, case, stage, 1), 1, **more)


def _progress(study: Study, folder: Path) -> Path:
    return study.folder.progress(study.folder.root / CONSENSUS, folder)


def _set_aside(study: Study, folder: Path) -> None:
    """Keep a consensus that was not signed under another name, and make room for a new one."""
    number = 1 + sum(1 for _ in folder.parent.glob(f"{folder.name}-stopped-*"))
    aside = folder.with_name(f"{folder.name}-stopped-{number}")
    try:
        folder.rename(aside)
        with contextlib.suppress(FileNotFoundError):
            _progress(study, folder).rename(_progress(study, aside))
    except OSError as error:
        raise JournalError(say("The consensus cannot be set aside: {value}.", value=system_says(error))) from error


@says_what_is_out_of_reach
def unlock_consensus(root: Path | str, case: str) -> bool:
    """Free the consensus on a case whose holder is known to be gone; see `break_lock`."""
    study = Study(root)
    if case not in study.record.cases:
        raise StudyError(say("The study has no case '{case}'.", case=case))
    freed = break_lock(study.folder.consensus(case, "ct").parent)
    return study.consensus_register().unlock() or freed
