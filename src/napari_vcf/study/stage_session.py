"""One stage of one case, open for reading: the record, its journal, its signature."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from napari_vcf.language import say
from napari_vcf.reading import LoggedAction, Reading, ReadingExport, build_export
from napari_vcf.reading.actions import CarryDrafts
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.export_document import SealExport
from napari_vcf.reading.export_migrations import migrate
from napari_vcf.reading.issues import Issue, visible
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import CarriedDraft
from napari_vcf.records.base import Stage
from napari_vcf.records.errors import WriteError
from napari_vcf.records.sealing import seal_text
from napari_vcf.study.activity import ActiveTime
from napari_vcf.study.case_lock import CaseLock
from napari_vcf.study.errors import (
    DamagedError,
    JournalError,
    LockedError,
    StudyError,
    UnfinishedError,
    says_what_is_out_of_reach,
)
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import Entry
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import Task
from napari_vcf.study.receipts import Receipt
from napari_vcf.study.stage_files import SNAPSHOT, Origin, Snapshot, gestures_of, write_seal, written_seal
from napari_vcf.study.versions import model_of

__all__ = ["Place", "StageSession", "receipt_of"]

#: Changes between two snapshots.
SNAPSHOT_EVERY: Final = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session is: what its reader handed it."""

    study: str
    reader: str
    task: Task
    folder: Path
    protocol: StudyProtocol
    clock: Callable[[], datetime]
    days_since_previous: float | None
    #: Refuses where the coordinator has taken the stage out of the study since it was opened.
    check_to_be_read: Callable[[], None]


def receipt_of(place: Place, seal: SealExport) -> Receipt:
    """What the reader keeps of a signature."""
    return Receipt(
        study=place.study,
        reader=place.reader,
        case=place.task.case,
        stage=place.task.stage,
        occasion=place.task.occasion,
        version=seal.version,
        sha256=seal.sha256,
        sealed_at=seal.sealed_at,
    )


class StageSession:
    """One stage of one case.

    Opened by `ReaderStudy`. Changes are made through `reading`; each is on the disk before the call returns. Use it in
    a ``with`` block, or call `close`.

    Attributes
    ----------
    reading : Reading
        The record; only this stage can be changed.
    stage, case, occasion : str, str, int
        What is read.
    version : int
        1, or more for an amendment.
    register_is_behind : bool
        Whether the stage was signed, but could not be entered in the reader's register yet.
    clinical : str
        What the reader is told of the patient; empty where the protocol or the coordinator says nothing.
    feedback : tuple of str
        In a training round, how far each number was from the truth; empty before the signature, and in a study.
    receipt : Receipt or None
        What the reader keeps of the signature; None before it.
    recovered_bytes : int
        Bytes of an unconfirmed change that a power cut left and that were taken away on opening.
    """

    def __init__(
        self,
        place: Place,
        journal: Journal,
        earlier: Sequence[Sequence[Entry]],
        lock: CaseLock,
        ended: Callable[[SealExport | None], None],
        images: PreparedCase,
    ) -> None:
        self._place = place
        self._journal = journal
        self._lock = lock
        self._ended = ended
        self._open = True
        self.register_is_behind = False
        self.clinical = ""
        self.feedback: tuple[str, ...] = ()
        self.receipt: Receipt | None = None
        self._origin = model_of(journal.entries[0].body, Origin, say("The journal"))
        if self._origin.images not in (None, images.hashes):
            raise DamagedError(
                say(
                    "The images of case {case} are not those on which this reading was begun. Restore the "
                    "case from a backup, or have it prepared again from the same files.",
                    case=place.task.case,
                )
            )
        self._images = images
        self.case = place.task.case
        self.stage: Stage = place.task.stage
        self.occasion = place.task.occasion
        self.version = self._origin.version
        self.recovered_bytes = journal.recovered_bytes
        self.reading = Reading(
            images,
            study=place.study,
            reader=place.reader,
            protocol=place.protocol.protocol,
            clock=journal.now,
            recorder=self._record,
        )
        self.reading.started_at = journal.entries[0].at
        for past in earlier:
            self.reading.restore(gestures_of(past))
        self._restore()
        counted: dict[str, Any] = next((e.body for e in reversed(journal.entries) if "active_s" in e.body), {})
        self._time = ActiveTime(
            place.protocol.study.idle_after_s,
            active_s=counted.get("active_s", 0.0),
            idle_s=counted.get("idle_s", 0.0),
        )
        self.reading.changed.connect(self._after_change)

    def _restore(self) -> None:
        entries = gestures_of(self._journal.entries)
        path = self._journal.folder / SNAPSHOT
        snapshot = read_record(path, Snapshot, say("The snapshot")) if path.exists() else None
        if snapshot is not None:
            if snapshot.journal_sha256 not in self._journal.hashes:
                raise DamagedError(
                    say(
                        "The journal does not reach the last snapshot, or is not that of this reading: it is an "
                        "older copy of itself. Restore it from a newer backup."
                    ),
                    entry=len(self._journal.entries) + 1,
                )
            before = [entry for entry in entries if entry.number <= snapshot.number]
            self.reading.restore(before)
            if self.reading.state != snapshot.state or len(self.reading.log) != snapshot.number:
                raise DamagedError(
                    say(
                        "Replaying the journal gives another state than there was after change {number}. Open "
                        "the study with the version of the program that it was begun with.",
                        number=snapshot.number,
                    )
                )
            entries = entries[len(before) :]
        self.reading.restore(entries)

    # -- the reader's work ---------------------------------------------------------------------------------------------

    @says_what_is_out_of_reach
    def _record(self, logged: LoggedAction) -> None:
        self._check_open()
        stage = getattr(logged.action, "stage", self.stage)
        if stage != self.stage:
            raise RefusedActionError(
                say(
                    "The {stage} stage is open; the {stage2} stage is not.",
                    stage=STAGE_NAMES[self.stage],
                    stage2=STAGE_NAMES[stage],
                )
            )
        self._lock.check()
        self._time.touch()
        self._journal.append("gesture", {"logged": logged.model_dump(mode="json"), **self._time.counted()})

    def _after_change(self, logged: LoggedAction) -> None:
        if logged.number % SNAPSHOT_EVERY == 0:
            self._snapshot()

    def _snapshot(self) -> None:
        snapshot = Snapshot(number=len(self.reading.log), journal_sha256=self._journal.sha256, state=self.reading.state)
        try:
            write_record(self._journal.folder / SNAPSHOT, snapshot, overwrite=True, check=self._lock.check)
        except (WriteError, LockedError, JournalError):
            # The journal holds the change already; the next snapshot makes up for this one.
            return

    def _check_open(self) -> None:
        if not self._open:
            raise RefusedActionError(
                say("This stage is closed; a signed stage is changed by an amendment with a reason.")
            )

    def begin_with(self, drafts: Sequence[CarriedDraft]) -> None:
        """Put before the reader what was carried from earlier stages, as the first change of this one.

        Parameters
        ----------
        drafts : sequence of CarriedDraft
            Where there is none, nothing is done.
        """
        if drafts:
            self.reading.apply(CarryDrafts(stage=self.stage, drafts=tuple(drafts)))

    def activity(self) -> None:
        """Say that the reader is at work: a key, a move of the mouse. Written with the next change."""
        self._time.touch()

    @property
    def active_s(self) -> float:
        """Seconds at work so far, pauses left out."""
        return self._time.active_s

    @property
    def is_idle(self) -> bool:
        """Whether the reader has been away so long that the time since does not count."""
        return self._time.is_idle

    @property
    def task(self) -> Task:
        """The place on the worklist."""
        return self._place.task

    @property
    def is_open(self) -> bool:
        """Whether changes can be made."""
        return self._open

    def missing(self) -> tuple[Issue, ...]:
        """What the protocol asks for and has not got."""
        return self.reading.missing(self.stage)

    def conflicts(self) -> tuple[Issue, ...]:
        """Answers that contradict each other; they do not keep anyone from signing.

        What would tell a value that is hidden from the reader until an estimate is given is left out.
        """
        return visible(self.reading.conflicts(self.stage), self.reading.hidden(self.stage))

    def draft(self) -> ReadingExport:
        """The document as it stands, marked as a draft."""
        document = build_export(self.reading, stages=[self.stage])
        return document.model_copy(update={"occasion": self.occasion})

    @says_what_is_out_of_reach
    def seal(self) -> SealExport:
        """Sign the stage: from here on it is read-only.

        Returns
        -------
        SealExport
            What was signed.

        Raises
        ------
        UnfinishedError
            If something is missing; says what.
        NotYetError
            If the coordinator has set the stage aside meanwhile.
        WriteError, JournalError
            If it cannot be written; the stage is still open then.
        DamagedError
            If the journal on the disk is no longer the one that was written, or the images are others.
        """
        self._check_open()
        self._lock.check()
        text = written_seal(self._journal)
        if text is None:
            # Before what is missing: who cannot read a stage need not be asked for more of it.
            self._place.check_to_be_read()
        missing = self.missing()
        if missing:
            raise UnfinishedError(missing)
        self._images.check_same()
        text = text or self._write_seal()
        sealed = ReadingExport.model_validate_json(migrate(text)).seal
        if sealed is None:
            raise StudyError(say("The seal was not written."))
        self._open = False
        self.receipt = receipt_of(self._place, sealed)
        self._snapshot()
        try:
            self._ended(sealed)
        except StudyError:
            # The stage is signed; the register catches up when the reader opens the next case.
            self.register_is_behind = True
        finally:
            self._lock.release()
        return sealed

    def _write_seal(self) -> str:
        self._time.touch()
        self._journal.append("signing", self._time.counted())
        view = inspect_journal(self._journal.folder)
        if view.problem or view.sha256 != self._journal.sha256:
            raise DamagedError(
                say("The journal was changed on the disk: {value}", value=view.problem or "another end."),
                entry=view.entry,
            )
        seal = SealExport(
            version=self.version,
            amends=self._origin.amends,
            position=self._place.task.position,
            sealed_at=self.reading.now(),
            days_since_previous_stage=self._place.days_since_previous,
            journal_sha256=self._journal.sha256,
            sha256="",
            **self._time.counted(),
        )
        document = self.draft().model_copy(update={"status": "sealed", "seal": seal})
        return write_seal(self._journal, seal_text(document))

    @says_what_is_out_of_reach
    def close(self) -> None:
        """Leave the stage; what was done stays, and the next opening goes on from here.

        Raises
        ------
        JournalError
            If the time at work since the last change could not be written; every change is safe, and the case is
            closed nevertheless.
        """
        if not self._open:
            return
        self._open = False
        self._time.touch()
        try:
            self._lock.check()
            self._journal.append("closed", self._time.counted())
            self._snapshot()
            # Where this cannot be written, an older copy would not be missed; nothing is lost by it.
            with contextlib.suppress(StudyError):
                self._ended(None)
        finally:
            self._lock.release()

    def __enter__(self) -> StageSession:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.close()
        except (JournalError, StudyError):
            if kind is None:
                raise
