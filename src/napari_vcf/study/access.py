"""A study as one reader may see it: their own worklist, their own readings, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from napari_vcf.reading.base import Stage, utc_now
from napari_vcf.reading.document import AmendmentExport, SealExport
from napari_vcf.reading.export import read_reading
from napari_vcf.study.errors import DamagedError, NotYetError, StudyError
from napari_vcf.study.folder import StudyFolder, StudyRecord
from napari_vcf.study.journal import Journal
from napari_vcf.study.lock import CaseLock, break_lock
from napari_vcf.study.order import Task, WorkItem, tasks_of
from napari_vcf.study.prepared import PreparedCase
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.register import Register
from napari_vcf.study.session import Origin, Place, StageSession, seal_path, versions_of

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

    def as_reader(self, reader: str) -> ReaderStudy:
        """Open the study as one reader.

        Raises
        ------
        StudyError
            If the study has no such reader.
        """
        if reader not in self.record.readers:
            raise StudyError(f"The study has no reader '{reader}'.")
        return ReaderStudy(self.folder, self.record, self.protocol, reader, clock=self._clock)


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
    """One reader's part of a study. It knows where this reader's readings and the images are, and no other reading."""

    def __init__(
        self, folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol, reader: str, *, clock: Clock
    ) -> None:
        self.reader = reader
        self.protocol = protocol
        self.study = record.study
        self.tasks = tasks_of(protocol, record.seed, record.cases, reader)
        self._folder = folder
        self._clock = clock
        self._register = Register(folder.reader(reader), clock)
        self._caught_up = False
        self._signed_at: dict[Path, datetime] = {}

    # -- the worklist --------------------------------------------------------------------------------------------------

    def worklist(self) -> tuple[WorkItem, ...]:
        """Everything that this reader reads, in order, with its state.

        Raises
        ------
        StudyError
            If the study folder cannot be reached.
        """
        self._folder.check_reachable()
        return tuple(self._item(task) for task in self.tasks)

    def progress(self) -> tuple[int, int]:
        """Stages signed, and stages in all."""
        return sum(self._status(task) == "sealed" for task in self.tasks), len(self.tasks)

    def _item(self, task: Task) -> WorkItem:
        return WorkItem(
            task,
            self._status(task),
            (self._folder.case(task.case) / "case.json").is_file(),
            self._not_before(task),
        )

    def _versions(self, task: Task) -> list[Path]:
        return versions_of(self._folder.stage(self.reader, task.case, task.stage, task.occasion))

    def _status(self, task: Task) -> Literal["unread", "open", "sealed", "amending"]:
        versions = self._versions(task)
        if not versions:
            return "unread"
        if seal_path(versions[-1]).exists():
            return "sealed"
        return "open" if len(versions) == 1 else "amending"

    def _others(self, task: Task) -> list[Task]:
        return [other for other in self.tasks if other.case == task.case and other.position < task.position]

    def _signatures(self, tasks: Sequence[Task]) -> list[datetime]:
        """When stages were first signed."""
        found = []
        for task in tasks:
            versions = self._versions(task)
            if versions and seal_path(versions[0]).exists():
                path = seal_path(versions[0])
                # A seal never changes, and reading all of them for every look at the worklist takes seconds on a share.
                if path not in self._signed_at:
                    seal = read_reading(path).seal
                    if seal is None:
                        continue
                    self._signed_at[path] = seal.sealed_at
                found.append(self._signed_at[path])
        return found

    def _not_before(self, task: Task) -> datetime | None:
        washout = timedelta(days=self.protocol.study.washout_days)
        if not washout or self._status(task) != "unread":
            return None
        signed = self._signatures(self._others(task))
        until = max(signed) + washout if signed else None
        return until if until is not None and until > self._clock() else None

    # -- opening -------------------------------------------------------------------------------------------------------

    def next_task(self, *, after: Task | None = None) -> Task | None:
        """What `next_case` would open: begun, or unread and not in its washout interval, first in order.

        Parameters
        ----------
        after : Task, optional
            Taken as signed already: what comes once the reader is through with it.

        Returns
        -------
        Task or None
            None when everything is signed.

        Raises
        ------
        NotYetError
            If all that is left must wait.
        StudyError
            If the study folder cannot be reached.
        """
        self._folder.check_reachable()
        waiting: list[str] = []
        for task in self.tasks:
            status = self._status(task)
            if status == "sealed" or task == after:
                continue
            if status in ("open", "amending"):
                return task
            if not (self._folder.case(task.case) / "case.json").is_file():
                waiting.append(f"case {task.case} is not prepared")
                continue
            if any(other != after and self._status(other) in ("unread", "open") for other in self._others(task)):
                waiting.append(f"an earlier stage of case {task.case} is not signed")
                continue
            until = self._not_before(task)
            if until is None:
                return task
            waiting.append(f"case {task.case} may be read again from {until:%Y-%m-%d %H:%M} UTC")
        if waiting:
            raise NotYetError(f"Nothing can be read now: {waiting[0]}.")
        return None

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
        raise StudyError(f"There is no stage '{stage}' of case '{case}' (occasion {occasion}) on the worklist.")

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
            If it was not begun and is not the next, or is signed.
        LockedError, DamagedError, StudyError
            If it is open elsewhere, damaged, or not there.
        """
        task = self._task(case, stage, occasion)
        self._folder.check_reachable()
        status = self._status(task)
        if status == "sealed":
            raise NotYetError("This stage is signed. Change it by an amendment, with a reason.")
        if status == "unread" and self.next_task() != task:
            raise NotYetError(f"Case {case} is not the next; open the cases in the order of the worklist.")
        lock = self._lock(task)
        try:
            versions = self._versions(task)
            if not versions:
                self._begin(task, 1, None)
                versions = self._versions(task)
            # Somebody may have signed between the look and the lock.
            if seal_path(versions[-1]).exists():
                raise NotYetError("This stage is signed. Change it by an amendment, with a reason.")
            return self._session(task, versions, lock, images)
        except BaseException:
            lock.release()
            raise

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
            If the stage is not signed, or no reason is given.
        """
        task = self._task(case, stage, occasion)
        if len(reason.strip()) < 3:
            raise StudyError("Say why the signed stage is amended.")
        if self._status(task) != "sealed":
            raise StudyError("Only a signed stage is amended; this one is still open.")
        lock = self._lock(task)
        try:
            versions = self._versions(task)
            signed = read_reading(seal_path(versions[-1])).seal
            if signed is None:
                raise DamagedError("The seal of this stage is not whole; have the study checked.")
            others = [t for t in self.tasks if t.case == case and t.occasion == occasion]
            amends = AmendmentExport(
                version=signed.version,
                sha256=signed.sha256,
                reason=reason,
                sealed_by_then=tuple(t.stage for t in others if self._signatures([t])),
            )
            self._begin(task, signed.version + 1, amends)
            return self._session(task, self._versions(task), lock)
        except BaseException:
            lock.release()
            raise

    def unlock(self, case: str) -> bool:
        """Free a case whose holder is known to be gone; see `break_lock`."""
        return break_lock(self._folder.reader(self.reader) / case)

    def _lock(self, task: Task) -> CaseLock:
        if not self._caught_up:
            folders = [(t, self._folder.stage(self.reader, t.case, t.stage, t.occasion)) for t in self.tasks]
            self._register.catch_up(folders)
            self._caught_up = True
        return CaseLock(self._folder.reader(self.reader) / task.case, f"Case {task.case}")

    def _begin(self, task: Task, version: int, amends: AmendmentExport | None) -> None:
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
        )
        folder = self._folder.stage(self.reader, task.case, task.stage, task.occasion)
        Journal.create(folder / f"v{version}", "opened", origin.model_dump(mode="json"), clock=self._clock)
        self._register.note("opened", task, version)

    def _session(
        self, task: Task, versions: list[Path], lock: CaseLock, images: PreparedCase | None = None
    ) -> StageSession:
        journals = [Journal.open(path, clock=self._clock) for path in versions]
        previous = self._signatures(self._others(task))
        since = (journals[0].entries[0].at - max(previous)).total_seconds() / 86400 if previous else None
        place = Place(
            study=self.study,
            reader=self.reader,
            task=task,
            folder=versions[-1],
            case_folder=self._folder.case(task.case),
            protocol=self.protocol,
            clock=self._clock,
            days_since_previous=since,
        )

        def signed(seal: SealExport) -> None:
            self._register.note("sealed", task, seal.version, sha256=seal.sha256)

        if images is not None and not images.is_current(place.case_folder, task.stage):
            images = None
        return StageSession(place, journals[-1], journals[:-1], lock, signed, images)
