"""A study on the desk: opens what is next off the main thread, loads the one after it, and counts the time at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal
from qtpy.QtCore import QPoint, QTimer
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication

from napari_vcf.errors import CancelledError, NapariVcfError
from napari_vcf.language import joined, said, say, shown
from napari_vcf.study import NotYetError, ReaderStudy, StageSession, Task, WorkItem
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.widgets.case.opening import load_voxels
from napari_vcf.widgets.common.activity import Activity
from napari_vcf.widgets.common.relay import ProgressRelay
from napari_vcf.widgets.common.worker import named_worker

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["Signed", "StudyDesk"]

_TITLE = say("Opening a case")

_TICK_MS = 1000


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature, as it is told until the next one: what opens next would wipe it from the message line.

    Attributes
    ----------
    task : Task
        What was signed.
    receipt : str
        Its line.
    troubles : tuple of str
        What could not be written beside the seal, as sentences.
    feedback : tuple of str
        In a training round, each number and grade beside its truth.
    """

    task: Task
    receipt: str
    troubles: tuple[str, ...]
    feedback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the thread hands over; a session is None where nothing is to be opened."""

    items: tuple[WorkItem, ...]
    session: StageSession | None
    troubles: tuple[str, ...]
    #: Why nothing is open; empty where everything is signed.
    sentence: str = ""
    #: Whether that is something to be put right, and not just the end of the list or a washout interval.
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Preloaded:
    images: PreparedCase | None


class StudyDesk:
    """One reader's study on one desk.

    Parameters
    ----------
    viewport : Viewport
        Where the cases are shown.
    study : ReaderStudy
        The reader's part of the study.

    Attributes
    ----------
    session : StageSession or None
        The stage that is open.
    items : tuple of WorkItem
        The worklist as it was when it was last looked at.
    last_signed : Signed or None
        The last signature made in this window.
    """

    #: Anything that the worklist shows has changed.
    changed = Signal()
    #: done, total, what
    progressed = Signal(int, int, str)
    #: The time at work has gone on, or stands still.
    ticked = Signal()
    #: A stage was signed.
    signed = Signal(Signed)

    def __init__(self, viewport: Viewport, study: ReaderStudy) -> None:
        desk = self.desk = viewport.desk
        self.study = study
        self.session: StageSession | None = None
        self.items: tuple[WorkItem, ...] = ()
        self.last_signed: Signed | None = None
        self.sentence = ""
        self._worker: Any = None
        self._stop = False
        self._left = False
        self._waiting: Callable[[], object] | None = None
        self._ahead: PreparedCase | None = None
        self._pointer = QPoint()
        self._relay = ProgressRelay()
        self._relay.stepped.connect(self.progressed.emit)
        self._activity = Activity(shown(_TITLE), self._cancel_opening)
        self.progressed.connect(self._activity.report)
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        desk.closed.connect(self._on_desk_closed)
        for signal in (viewport.slice_changed, desk.image_changed, desk.reading_changed):
            signal.connect(self._on_sign_of_life)

    # -- opening ----------------------------------------------------------------------------------------------------
    @property
    def busy(self) -> bool:
        """Whether a case is being opened."""
        return self._waiting is not None or (self._worker is not None and self._worker.opens)

    def open_next(self) -> None:
        """Open what is to be read next, where it was left; what is open is closed, and stays as it is."""
        self._open(lambda: self.study.next_case(self._take_ahead()))

    def open(self, task: Task) -> None:
        """Open a stage that was begun, or the next one."""
        self._open(lambda: self.study.open(task.case, task.stage, occasion=task.occasion))

    def amend(self, task: Task, reason: str) -> None:
        """Open a signed stage as a new version, with a reason."""
        self._open(lambda: self.study.amend(task.case, task.stage, reason, occasion=task.occasion))

    def _open(self, opening: Callable[[], StageSession | None]) -> None:
        if self.busy:
            return
        self.leave()
        self._waiting = lambda: self._run(lambda: self._work(opening), self._on_opened, opens=True)
        if self._worker is None:
            self._go_on()
        self.changed.emit()

    def _work(self, opening: Callable[[], StageSession | None]) -> _Opened:
        report, session = self._relay.report, None
        report(0, 0, say("opening"))
        try:
            session = opening()
        except NapariVcfError as error:
            return _Opened(self._look(), None, (), said(error), refused=not isinstance(error, NotYetError))
        troubles: tuple[str, ...] = ()
        if session is not None:
            try:
                troubles = load_voxels(session.reading.case, progress=report, cancelled=lambda: self._stop)
            except CancelledError:
                return self._stopped(session)
            if self._left:
                # Nobody takes what comes back from a window that has closed.
                return self._stopped(session)
        return _Opened(self._look(), session, troubles)

    def _stopped(self, session: StageSession) -> _Opened:
        try:
            session.close()
        except NapariVcfError as error:
            return _Opened(self._look(), None, (), said(error), refused=True)
        return _Opened(self._look(), None, (), say("Opening the case was stopped; nothing of it is lost."))

    def _cancel_opening(self) -> None:
        self._stop = True

    def _look(self) -> tuple[WorkItem, ...]:
        """The worklist; as it was last seen, where the study cannot be reached."""
        try:
            return self.study.worklist()
        except NapariVcfError:
            # What keeps the study away has been said, or is with the next change.
            return self.items

    def _take_ahead(self) -> PreparedCase | None:
        ahead, self._ahead = self._ahead, None
        return ahead

    def _on_opened(self, opened: _Opened) -> None:
        session = opened.session
        self.items, self.sentence = opened.items, opened.sentence
        if session is None:
            if not self.sentence:
                self.sentence = say("Everything on this worklist is signed. Thank you.")
            self.desk.message.emit(self.sentence, "error" if opened.refused else "info")
        elif self._left:
            self._quietly(session.close)
        else:
            self._show(session)
            for text in opened.troubles:
                self.desk.message.emit(text, "error")
        self.changed.emit()

    def _show(self, session: StageSession) -> None:
        self.session = session
        self.desk.start(session.reading, study_stage=session.stage)
        self._timer.start(_TICK_MS)
        if session.recovered_bytes:
            self.desk.message.emit(
                say("The program ended in the middle of a change; that change was not confirmed and was taken away."),
                "info",
            )
        self._preload(session)

    # -- loading ahead ----------------------------------------------------------------------------------------------
    def _preload(self, session: StageSession) -> None:
        """Load the images of what comes next; never another stage of the case that is open."""
        present, self._ahead = session.task, None

        def work() -> _Preloaded:
            try:
                task = self.study.next_task(after=present)
                if task is None or task.case == present.case:
                    return _Preloaded(None)
                images = self.study.images_of(task)
                load_voxels(images, cancelled=lambda: self._stop)
            except NapariVcfError:
                # Whatever it is, it is said when that case is opened.
                return _Preloaded(None)
            return _Preloaded(images)

        self._run(work, self._on_preloaded, opens=False)

    def _on_preloaded(self, preloaded: _Preloaded) -> None:
        self._ahead = preloaded.images

    # -- the thread -------------------------------------------------------------------------------------------------
    def _run(self, work: Callable[[], Any], then: Callable[[Any], object], *, opens: bool) -> None:
        worker = named_worker(_TITLE, work)
        worker.opens = opens
        self._worker, self._stop = worker, False
        if opens:
            self._activity.begin()
        worker.returned.connect(lambda result: self._on_returned(result, then))
        worker.errored.connect(self._on_errored)
        worker.start()

    def _on_returned(self, result: Any, then: Callable[[Any], object]) -> None:
        self._worker = None
        self._relay.stop()
        self._activity.end()
        then(result)
        self._go_on()

    def _on_errored(self, _error: BaseException) -> None:
        # A defect: napari shows its traceback; the desk must not stay locked.
        self._worker = None
        self._relay.stop()
        self._activity.end()
        self.sentence = say("Opening the case stopped at a defect of the program; see the notification.")
        self._go_on()
        self.changed.emit()

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not self._left:
            waiting()

    # -- leaving and signing ----------------------------------------------------------------------------------------
    def sign(self) -> bool:
        """Sign the stage and open the next; where something is missing, say what."""
        session = self.session
        if session is None:
            return False
        try:
            session.seal()
        except NapariVcfError as error:
            self.desk.message.emit(said(error), "error")
            self.changed.emit()
            return False
        self.session = None
        self.desk.close()
        troubles = [self.study.receipt_problem] if self.study.receipt_problem else []
        if session.register_is_behind:
            troubles.append(
                say("The list of what was signed could not be written yet; the next opening makes up for it.")
            )
        self.last_signed = Signed(session.task, str(session.receipt), tuple(troubles), session.feedback)
        self.desk.message.emit(joined(" ", (say("Signed."), *troubles)), "warning" if troubles else "info")
        self.signed.emit(self.last_signed)
        self.open_next()
        return True

    def leave(self) -> None:
        """Close the stage; what was done stays, and the next opening goes on from here."""
        if self.session is not None:
            self.desk.close()

    def _on_desk_closed(self) -> None:
        session, self.session = self.session, None
        self._timer.stop()
        if session is not None:
            self._quietly(session.close)
            begun: Literal["open", "amending"] = "open" if session.version == 1 else "amending"
            self.items = tuple(
                replace(item, status=begun, not_before=None) if item.task == session.task else item
                for item in self.items
            )
        self.changed.emit()

    def dispose(self) -> None:
        """Leave for good, with the window."""
        self._left = self._stop = True
        self._waiting = None
        self.leave()

    def _quietly(self, close: Callable[[], object]) -> None:
        try:
            close()
        except NapariVcfError as error:
            self.desk.message.emit(said(error), "warning")

    # -- time at work -----------------------------------------------------------------------------------------------
    def _on_sign_of_life(self, *_: object) -> None:
        if self.session is not None:
            self.session.activity()

    def _tick(self) -> None:
        """Take a pointer that moves over our window for a sign of life."""
        place = QCursor.pos()
        if place != self._pointer and QApplication.activeWindow() is not None:
            self._on_sign_of_life()
        self._pointer = place
        self.ticked.emit()
