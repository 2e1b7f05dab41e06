"""A study as one reader may see it: their own worklist, their own readings, and nothing of anybody else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from napari_vcf.language import said, say
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import AmendmentExport, SealExport
from napari_vcf.reading.state import CarriedDraft
from napari_vcf.records.base import Stage, utc_now
from napari_vcf.records.sealing import check_seal
from napari_vcf.study.audit_log import AuditLog
from napari_vcf.study.carried import carried_drafts
from napari_vcf.study.case_lock import CaseLock, break_lock
from napari_vcf.study.clinical_text import ClinicalRecord, clinical_text_of
from napari_vcf.study.clocks import written_at
from napari_vcf.study.confirmations import Confirmations
from napari_vcf.study.errors import ClockError, DamagedError, NotYetError, StudyError, says_what_is_out_of_reach
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_view import read_journal
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import Task, WorkItem
from napari_vcf.study.reasons import checked_reason
from napari_vcf.study.signing_keys import ReaderKey
from napari_vcf.study.stage_files import Origin, seal_path
from napari_vcf.study.stage_session import Place, StageSession, receipt_of
from napari_vcf.study.study_folder import CONSENSUS, StudyFolder, StudyRecord
from napari_vcf.study.training import check_training, feedback_on
from napari_vcf.study.versions import model_of
from napari_vcf.study.worklist import Worklist

__all__ = ["ReaderStudy", "Study", "WorkItem", "open_study"]

Clock = Callable[[], datetime]


class Study:
    """A study folder.

    Attributes
    ----------
    record : StudyRecord
        What was decided at its creation.
    protocol : StudyProtocol
        Its protocol.
    """

    def __init__(self, root: Path | str, *, clock: Clock = utc_now) -> None:
        self.folder = StudyFolder(Path(root))
        self.record, self.protocol = self.folder.read()
        self._clock = clock

    def consensus_register(self) -> AuditLog:
        """What was begun and signed in consensus meetings."""
        return AuditLog(self.folder.root / CONSENSUS, self._clock)

    def as_reader(
        self,
        reader: str,
        *,
        receipts: Path | str | None = None,
        key: ReaderKey | None = None,
        clock_is_right: bool = False,
    ) -> ReaderStudy:
        """Open the study as one reader.

        Parameters
        ----------
        reader : str
            Pseudonym.
        receipts : path, optional
            File outside of the study that gets a line for each signature; see `napari_vcf.study.receipts`.
        key : ReaderKey, optional
            With which each signature is signed as well.
        clock_is_right : bool
            Whether the reader says that this machine's clock is right, however it looks.

        Raises
        ------
        StudyError
            If the study has no such reader.
        """
        if reader not in self.record.readers:
            raise StudyError(say("The study has no reader '{reader}'.", reader=reader))
        study = ReaderStudy(self.folder, self.record, self.protocol, reader, clock=self._clock)
        study.confirmations = Confirmations(None if receipts is None else Path(receipts), key)
        study.clock_is_right = clock_is_right
        return study


@says_what_is_out_of_reach
def open_study(root: Path | str, *, clock: Clock = utc_now) -> Study:
    """Open a study folder.

    Parameters
    ----------
    root : path
        The folder.
    clock : callable, optional
        Gives the time in UTC; for tests.

    Returns
    -------
    Study

    Raises
    ------
    StudyError, DamagedError
        If it is no study, or was changed.

    Examples
    --------
    >>> from napari_vcf.study import open_study
    >>> with open_study("study").as_reader("R1").next_case() as session:  # doctest: +SKIP
    ...     session.reading.answer(session.stage, "verdict", "benign")
    ...     session.seal()
    """
    return Study(root, clock=clock)


class ReaderStudy:
    """One reader's part of a study. It knows where this reader's readings and the images are, and no other reading.

    Attributes
    ----------
    reader, study : str
        Pseudonyms.
    protocol : StudyProtocol
        The study's protocol.
    confirmations : Confirmations
        File of receipts and key that confirm each signature.
    clock_is_right : bool
        Whether the reader has said that this machine's clock is right, however it looks.
    receipt_problem : str
        What kept the last receipt or key signature from being written, as a sentence; empty where nothing did.
    """

    def __init__(
        self, folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol, reader: str, *, clock: Clock
    ) -> None:
        self.reader = reader
        self.study = record.study
        self.protocol = protocol
        self._folder = folder
        self._clock = clock
        self._list = Worklist(folder, record, protocol, reader, clock=clock)
        self._caught_up = False
        self._is_trained = False
        self.confirmations = Confirmations()
        self.receipt_problem = ""
        self.clock_is_right = False
        #: What spoke against the clock when it was confirmed last.
        self._doubt = ""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Everything that this reader reads, in order."""
        return self._list.tasks

    @says_what_is_out_of_reach
    def worklist(self) -> tuple[WorkItem, ...]:
        """Everything that this reader reads, in order, with its state; see `Worklist.items`."""
        return self._list.items()

    @says_what_is_out_of_reach
    def progress(self) -> tuple[int, int]:
        """Stages signed, and stages in all."""
        return self._list.progress()

    @says_what_is_out_of_reach
    def next_task(self, *, after: Task | None = None) -> Task | None:
        """What `next_case` would open; see `Worklist.next_task`."""
        return self._list.next_task(after=after)

    @says_what_is_out_of_reach
    def images_of(self, task: Task) -> PreparedCase:
        """The images of a stage, without opening it: to load them while the reader is still at another case.

        Parameters
        ----------
        task : Task
            From the worklist.

        Raises
        ------
        StudyError, DamagedError
            If the case is not prepared, or its files are not as they were prepared.
        """
        return PreparedCase(self._folder.case(task.case), task.stage)

    def next_case(self, images: PreparedCase | None = None) -> StageSession | None:
        """Open what is to be read next, where it was left.

        Parameters
        ----------
        images : PreparedCase, optional
            From `images_of`; used where it is what the stage needs, and not to be used again.

        Returns
        -------
        StageSession or None
            None when everything is signed.

        Raises
        ------
        NotYetError
            If all that is left must wait.
        LockedError
            If this reader has the case open elsewhere.
        """
        task = self.next_task()
        return None if task is None else self.open(task.case, task.stage, occasion=task.occasion, images=images)

    def _task(self, case: str, stage: Stage, occasion: int) -> Task:
        for task in self.tasks:
            if (task.case, task.stage, task.occasion) == (case, stage, occasion):
                return task
        raise StudyError(
            say(
                "There is no stage '{stage}' of case '{case}' (occasion {occasion}) on the worklist.",
                stage=stage,
                case=case,
                occasion=occasion,
            )
        )

    @says_what_is_out_of_reach
    def open(self, case: str, stage: Stage, *, occasion: int = 1, images: PreparedCase | None = None) -> StageSession:
        """Open a stage that was begun, or the next one.

        Parameters
        ----------
        case, stage, occasion
            The stage.
        images : PreparedCase, optional
            As for `next_case`.

        Raises
        ------
        NotYetError
            If it was not begun and is not the next, or is signed; or the protocol asks for training first.
        LockedError, DamagedError, StudyError
            If it is open elsewhere, damaged, or not there.
        ClockError
            If this machine's clock cannot be right and the reader has not said that it is.
        """
        task = self._task(case, stage, occasion)
        self._list.check_reachable()
        if not self._is_trained:
            check_training(self._folder.root, self.reader, self.protocol)
            self._is_trained = True
        self._list.forget(task)
        status = self._list.status(task)
        if status in ("unreadable", "withdrawn"):
            raise NotYetError(
                say(
                    "The coordinator has set this stage of case {case} aside ({status}); it is not read.",
                    case=case,
                    status=status,
                )
            )
        if status == "sealed":
            raise NotYetError(say("This stage is signed. Change it by an amendment, with a reason."))
        if status == "unread" and self.next_task() != task:
            raise NotYetError(
                say("Case {case} is not the next; open the cases in the order of the worklist.", case=case)
            )
        self._check_clock()
        lock = self._lock(task)
        try:
            versions = self._list.versions(task)
            current = self._current(task, images)
            if not versions:
                self._begin(task, 1, None, lock, current)
                versions = self._list.versions(task)
            # Somebody may have signed between the look and the lock.
            if seal_path(versions[-1]).exists():
                raise NotYetError(say("This stage is signed. Change it by an amendment, with a reason."))
            return self._session(task, versions, lock, current)
        except BaseException:
            lock.release()
            raise

    @says_what_is_out_of_reach
    def amend(self, case: str, stage: Stage, reason: str, *, occasion: int = 1) -> StageSession:
        """Open a signed stage as a new version; the signed one stays as it is.

        Parameters
        ----------
        case, stage, occasion
            The stage.
        reason : str
            Why; goes into the record.

        Returns
        -------
        StageSession
            With everything that was signed, to be changed and signed again.

        Raises
        ------
        StudyError
            If the stage is not signed, or no reason of 3 to 500 characters is given.
        DamagedError
            If what was signed is damaged.
        """
        task = self._task(case, stage, occasion)
        self._list.check_reachable()
        self._list.forget(task)
        said = checked_reason(reason, say("Say why the signed stage is amended"), StudyError)
        if self._list.status(task) != "sealed":
            raise StudyError(say("Only a signed stage is amended; this one is still open."))
        self._check_clock()
        lock = self._lock(task)
        try:
            path = seal_path(self._list.versions(task)[-1])
            signed = read_reading(path).seal
            if signed is None or check_seal(path.read_text(encoding="utf-8")):
                raise DamagedError(say("The seal of this stage is not whole; have the study checked."))
            others = [t for t in self.tasks if t.case == case and t.occasion == occasion]
            amends = AmendmentExport(
                version=signed.version,
                sha256=signed.sha256,
                reason=said,
                sealed_by_then=tuple(t.stage for t in others if self._list.signatures([t])),
            )
            images = self._current(task, None)
            self._begin(task, signed.version + 1, amends, lock, images)
            return self._session(task, self._list.versions(task), lock, images)
        except BaseException:
            lock.release()
            raise

    def _check_clock(self) -> None:
        self._doubt = ""
        try:
            self._list.check_clock()
        except ClockError as error:
            if not self.clock_is_right:
                raise
            self._doubt = said(error)

    @says_what_is_out_of_reach
    def unlock(self, case: str) -> bool:
        """Free a case, and this reader's register, whose holder is known to be gone; see `break_lock`.

        What is begun there is moved out of the holder's reach at once.
        """
        place = self._folder.reader(self.reader) / case
        freed = break_lock(place)
        for task in self.tasks:
            versions = self._list.versions(task) if task.case == case else []
            if versions and not seal_path(versions[-1]).exists():
                # Where this cannot be done now, or it is damaged, the next opening does it, or says so.
                with contextlib.suppress(StudyError), CaseLock(place, say("Case {case}", case=case)) as lock:
                    Journal.open(
                        versions[-1], clock=self._clock, guard=lock.check, progress=self._progress(versions[-1])
                    )
        return self._list.register.unlock() or freed

    def _lock(self, task: Task) -> CaseLock:
        if not self._caught_up:
            folders = [(t, self._folder.stage(self.reader, t.case, t.stage, t.occasion)) for t in self.tasks]
            self._list.register.catch_up(folders)
            self._caught_up = True
        return CaseLock(self._folder.reader(self.reader) / task.case, say("Case {case}", case=task.case))

    def _note(self, event: str, task: Task, version: int, **more: Any) -> None:
        try:
            before, after = self._list.register.note(event, task, version, **more)
        except StudyError:
            self._caught_up = False
            raise
        self._list.noted(before, after)

    def _current(self, task: Task, images: PreparedCase | None) -> PreparedCase:
        if images is not None and images.is_current(self._folder.case(task.case), task.stage):
            return images
        return self.images_of(task)

    def _begin(
        self, task: Task, version: int, amends: AmendmentExport | None, lock: CaseLock, images: PreparedCase
    ) -> None:
        told = self._told(task)
        origin = Origin(
            study=self.study,
            reader=self.reader,
            case=task.case,
            stage=task.stage,
            occasion=task.occasion,
            position=task.position,
            version=version,
            protocol_sha256=self.protocol.sha256,
            amends=amends,
            images=images.hashes,
            clinical_sha256=told.sha256 if told is not None else "",
            decisions_sha256=self._list.decisions.sha256,
        )
        folder = self._folder.stage(self.reader, task.case, task.stage, task.occasion) / f"v{version}"
        # Whatever fails from here on, there may be a version that is not signed.
        self._list.forget(task)
        Journal.create(
            folder,
            "opened",
            origin.model_dump(mode="json"),
            clock=self._clock,
            guard=lock.check,
            progress=self._progress(folder),
        )
        self._note("opened", task, version)

    def _told(self, task: Task) -> ClinicalRecord | None:
        """What the reader is told of a patient."""
        return clinical_text_of(self._folder, task.case) if self.protocol.study.clinical_text == "shown" else None

    def _progress(self, folder: Path) -> Path:
        return self._folder.progress(self._folder.reader(self.reader), folder)

    def _session(self, task: Task, versions: list[Path], lock: CaseLock, images: PreparedCase) -> StageSession:
        earlier = [read_journal(path).entries for path in versions[:-1]]
        journal = Journal.open(versions[-1], clock=self._clock, guard=lock.check, progress=self._progress(versions[-1]))
        # Who held the case before may have signed it while this one took it over.
        if seal_path(versions[-1]).exists():
            raise NotYetError(say("This stage is signed. Change it by an amendment, with a reason."))
        opened = written_at((*earlier, tuple(journal.entries))[0][0])
        previous = self._list.signatures(self._list.earlier(task))
        # An earlier stage may have been amended after this one was begun.
        previous = [at for at in previous if at <= opened] or previous
        since = (opened - max(previous)).total_seconds() / 86400 if previous else None
        place = Place(
            study=self.study,
            reader=self.reader,
            task=task,
            folder=versions[-1],
            protocol=self.protocol,
            clock=self._clock,
            days_since_previous=since,
            check_to_be_read=lambda: self._list.check_to_be_read(task),
        )
        left = self._list.register.left(task, len(versions))
        if left is not None and left.sha256 not in journal.hashes:
            raise DamagedError(
                say(
                    "This reading is an older copy of itself: {entries} entries were written when it was "
                    "left, and {count} are there. Restore it from a newer backup.",
                    entries=left.entries,
                    count=len(journal.entries),
                ),
                entry=len(journal.entries) + 1,
            )

        if self._doubt:
            journal.append("clock_confirmed", {"doubt": self._doubt})

        def ended(seal: SealExport | None) -> None:
            if seal is not None:
                self.receipt_problem = self.confirmations.write(
                    versions[-1], receipt_of(place, seal), self._folder.root
                )
                session.feedback = feedback_on(self._folder, seal_path(versions[-1]), task.case, task.stage)
                self._note("sealed", task, seal.version, sha256=seal.sha256)
            else:
                self._note("left", task, len(versions), sha256=journal.sha256, entries=len(journal.entries))

        told = self._told(task)
        origin = model_of(journal.entries[0].body, Origin, say("The journal"))
        if origin.clinical_sha256 != (told.sha256 if told is not None else ""):
            raise DamagedError(
                say(
                    "The clinical text on case {case} is not the one with which this reading was begun. "
                    "Restore the folder 'clinical' from a backup.",
                    case=task.case,
                )
            )
        session = StageSession(place, journal, earlier, lock, ended, images)
        session.clinical = "" if told is None else told.text
        if not session.reading.log:
            session.begin_with(self._carried(task))
        return session

    def _carried(self, task: Task) -> tuple[CarriedDraft, ...]:
        """What this reader signed of the case before, where the protocol has it carried."""
        earlier = [
            (other, self._list.versions(other)) for other in self._list.earlier(task) if self._list.aside(other) is None
        ]
        return carried_drafts(task, self.reader, earlier, self.protocol.protocol)
