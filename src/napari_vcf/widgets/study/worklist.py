"""The worklist of a study: what is to be read, how far it is, and the signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.notice import INTENDED_USE
from napari_vcf.study import ReaderStudy, WorkItem
from napari_vcf.widgets.case.image_table import ImageTable
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import (
    GREEN,
    ORANGE,
    STAGE_NAMES,
    Banner,
    button,
    fill_with,
    heading,
    keep_keys,
    mark,
    note,
    rule,
    scrolled,
)
from napari_vcf.widgets.study.last_signature import LastSignature
from napari_vcf.widgets.study.study_desk import StudyDesk

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["WorklistPanel"]

_COLUMNS = (say("No."), say("Case"), say("Stage"), say("State"))
_STATES = {
    "unread": say("to read"),
    "open": say("begun"),
    "sealed": say("signed"),
    "amending": say("amendment begun"),
    "unreadable": say("set aside"),
    "withdrawn": say("withdrawn"),
}


class WorklistPanel(QWidget):
    """One reader's worklist on a desk.

    Parameters
    ----------
    viewport : Viewport
        Where the cases are shown.
    study : ReaderStudy
        The reader's part of the study.
    """

    def __init__(self, viewport: Viewport, study: ReaderStudy) -> None:
        super().__init__()
        self.setObjectName("worklist")
        desk = self._desk = viewport.desk
        self._listed: object = None
        #: The panel whose place this one has taken.
        self.instead_of: QWidget | None = None
        self.study_desk = StudyDesk(viewport, study)
        self._build()
        self.study_desk.changed.connect(self.refresh)
        self.study_desk.ticked.connect(self._show_time)
        self.study_desk.progressed.connect(self.opening.report)
        for signal in (desk.opened, desk.image_changed, desk.reading_changed, desk.stage_changed):
            signal.connect(self.refresh)
        desk.disposed.connect(self.study_desk.dispose)
        self.refresh()

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What this panel does for actions of the register."""
        return {"reading.next_case": self.next_button.click, "reading.sign": self.sign_button.click}

    def _build(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        self.done = QProgressBar()
        self.done.setObjectName("study_progress")
        self.done.setToolTip(tr("Stages that you have signed, of all on your worklist"))
        layout.addWidget(self.done)
        self.guide = Banner("study_guide")
        layout.addWidget(self.guide)
        self.next_button = button(
            "next_case",
            tr("Open next"),
            tr("Open what is to be read next, where it was left"),
            self.study_desk.open_next,
            action="reading.next_case",
        )
        self.sign_button = button(
            "sign",
            tr("Sign stage…"),
            tr("Sign the stage: from then on it is read-only"),
            self.ask_signature,
            action="reading.sign",
        )
        self.leave_button = button(
            "leave_case",
            tr("Leave"),
            tr("Close the case; everything is kept, and the next opening goes on from here"),
            self.study_desk.leave,
        )
        row = QHBoxLayout()
        for widget in (self.next_button, self.sign_button, self.leave_button):
            row.addWidget(widget)
        layout.addLayout(row)
        self.opening = SteadyBar("opening_progress", tr("The images of the case are being loaded"))
        layout.addWidget(self.opening)
        self.signature = LastSignature()
        layout.addWidget(self.signature)
        self.clinical = note(name="clinical_text")
        self.clinical.setTextFormat(Qt.TextFormat.PlainText)
        self.clinical.setToolTip(tr("What the coordinator says of the patient; the same for all readers"))
        layout.addWidget(self.clinical)
        self.missing_heading = heading(tr("Missing before you can sign"))
        self.missing = note(name="study_missing")
        self.conflicts = note(name="study_conflicts")
        for widget in (self.missing_heading, self.missing, self.conflicts):
            layout.addWidget(widget)
        self.time = QLabel()
        self.time.setObjectName("time_at_work")
        self.time.setToolTip(tr("Time at work on this stage in minutes and seconds; longer pauses do not count"))
        layout.addWidget(self.time)
        self.images = ImageTable(self._desk)
        layout.addWidget(self.images)
        layout.addWidget(rule())
        layout.addWidget(heading(tr("Worklist of {reader}", reader=self.study_desk.study.reader)))
        layout.addWidget(self._build_table(), 1)
        layout.addWidget(self._build_amendment())
        layout.addWidget(note(shown(Sentence(INTENDED_USE))))
        fill_with(self, scrolled(inside, sideways=False))

    def _build_table(self) -> QTableWidget:
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("worklist_table")
        self.table.setToolTip(tr("Your order of reading; double-click a stage that was begun to go on with it"))
        self.table.setHorizontalHeaderLabels([shown(text) for text in _COLUMNS])
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setMinimumHeight(160)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.table.itemSelectionChanged.connect(self._show_amendment)
        self.table.itemDoubleClicked.connect(self._on_double_click)
        return self.table

    def _build_amendment(self) -> QWidget:
        self.amendment = QWidget()
        layout = QVBoxLayout(self.amendment)
        layout.setContentsMargins(0, 0, 0, 0)
        self.amendment_text = note()
        layout.addWidget(self.amendment_text)
        row = QHBoxLayout()
        self.reason = QLineEdit()
        self.reason.setObjectName("amendment_reason")
        self.reason.setPlaceholderText(tr("Why is it changed?"))
        self.reason.setToolTip(tr("The reason goes into the record, with the new version"))
        self.reason.setMaxLength(500)
        keep_keys(self.reason)
        self.reason.textChanged.connect(lambda _text: self._show_amendment())
        self.amend_button = button(
            "amend",
            tr("Amend"),
            tr("Open the signed stage as a new version; the signed one stays as it is"),
            self._amend,
        )
        row.addWidget(self.reason, 1)
        row.addWidget(self.amend_button)
        layout.addLayout(row)
        return self.amendment

    # -- what the reader does -----------------------------------------------------------------------------------------
    def begin(self) -> None:
        """Open the first case."""
        self.study_desk.open_next()

    def ask_signature(self) -> None:
        """Ask whether the stage is to be signed; where something is missing, name it instead."""
        session = self.study_desk.session
        if session is None:
            self._desk.message.emit(say("No stage is open."), "info")
            return
        missing = session.missing()
        if missing:
            first = missing[0].text
            sentence = say("The stage is not complete: {first}", first=first)
            if len(missing) > 1:
                sentence = say(
                    "The stage is not complete: {first} ({count} missing in all)", first=first, count=len(missing)
                )
            self._desk.message.emit(sentence, "warning")
            self.refresh()
            return
        box = QMessageBox(self)
        box.setObjectName("signature")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(tr("Sign"))
        box.setText(tr("Sign the {stage} stage of case {case}?", stage=STAGE_NAMES[session.stage], case=session.case))
        lines = [tr("From then on it is read-only; a change is an amendment with a reason.")]
        lines += [shown(conflict.text) for conflict in session.conflicts()]
        box.setInformativeText("\n".join(lines))
        yes = box.addButton(tr("Sign"), QMessageBox.ButtonRole.AcceptRole)
        yes.setObjectName("signature_yes")
        box.addButton(tr("Not yet"), QMessageBox.ButtonRole.RejectRole).setObjectName("signature_no")
        box.setDefaultButton(yes)
        box.buttonClicked.connect(lambda clicked: clicked is yes and self.study_desk.sign())
        box.open()

    def _amend(self) -> None:
        item = self._selected()
        if item is not None and item.status == "sealed":
            reason = self.reason.text().strip()
            self.reason.clear()
            self.study_desk.amend(item.task, reason)

    def _on_double_click(self, _item: object) -> None:
        item = self._selected()
        if item is not None and item.status in ("open", "amending"):
            self.study_desk.open(item.task)

    def _selected(self) -> WorkItem | None:
        row = self.table.currentRow()
        return self.study_desk.items[row] if 0 <= row < len(self.study_desk.items) else None

    # -- what is shown ------------------------------------------------------------------------------------------------
    def refresh(self, *_: object) -> None:
        """Show what is open, what is missing, and the list."""
        session, busy = self.study_desk.session, self.study_desk.busy
        is_open = session is not None
        self.next_button.setVisible(not is_open)
        self.next_button.setEnabled(not busy)
        self.sign_button.setVisible(is_open)
        self.leave_button.setVisible(is_open)
        self.opening.setVisible(busy)
        self.images.setVisible(is_open)
        self.images.refresh()
        told = session.clinical if session is not None else ""
        self.clinical.setText(tr("Clinical: {told}", told=told) if told else "")
        self.clinical.setVisible(bool(told))
        self.signature.show_signed(self.study_desk.last_signed)
        self._show_guide()
        self._show_time()
        self._list()
        self._show_amendment()
        # Working out what is missing costs more than the rest, and nobody sees it behind another panel.
        if is_open and self.visibleRegion().isEmpty():
            return
        missing = session.missing() if session is not None else ()
        conflicts = session.conflicts() if session is not None else ()
        for label, lines, sign in ((self.missing, missing, "•"), (self.conflicts, conflicts, "⚠")):
            label.setText("\n".join(f"{sign} {shown(issue.text)}" for issue in lines))
            label.setVisible(bool(lines))
        self.missing_heading.setVisible(bool(missing))

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Catch up with what happened while another panel was in front."""
        super().showEvent(event)
        self.refresh()

    def _show_guide(self) -> None:
        session = self.study_desk.session
        if session is not None:
            again = tr(", once more") if session.occasion > 1 else ""
            version = tr(", amendment {number}", number=session.version - 1) if session.version > 1 else ""
            self.guide.setText(
                tr(
                    "<b>Case {case}, {stage}</b>{again}{version}. Every change is kept as you make it.",
                    case=session.case,
                    stage=STAGE_NAMES[session.stage],
                    again=again,
                    version=version,
                )
            )
        elif self.study_desk.busy:
            self.guide.setText(tr("The case is being opened…"))
        else:
            self.guide.setText(shown(self.study_desk.sentence) or tr("Open the next case."))

    def _show_time(self) -> None:
        session = self.study_desk.session
        self.time.setVisible(session is not None)
        if session is None:
            return
        minutes, seconds = divmod(int(session.active_s), 60)
        self.time.setText(
            tr("Time at work: {minutes} min {seconds:02d} s", minutes=minutes, seconds=seconds)
            + (tr("  ·  paused, until you go on") if session.is_idle else "")
        )
        mark(self.time, ORANGE if session.is_idle else "")

    def _list(self) -> None:
        items = self.study_desk.items
        session = self.study_desk.session
        present = session.task if session is not None else None
        signed = sum(item.status == "sealed" for item in items)
        self.done.setRange(0, max(1, len(items)))
        self.done.setValue(signed)
        self.done.setFormat(tr("{signed} of {count} stages signed", signed=signed, count=len(items)) if items else "")
        if (items, present) == self._listed:
            return
        self._listed = (items, present)
        self.table.setRowCount(len(items))
        for row, item in enumerate(items):
            here = item.task == present
            for column, text in enumerate(_cells(item, here=here)):
                cell = QTableWidgetItem(text)
                if item.status == "sealed":
                    cell.setForeground(QColor(GREEN))
                font = cell.font()
                font.setBold(here)
                cell.setFont(font)
                self.table.setItem(row, column, cell)
            if here:
                self.table.scrollToItem(self.table.item(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _show_amendment(self) -> None:
        item = self._selected()
        signed = item is not None and item.status == "sealed" and not self.study_desk.busy
        self.amendment.setVisible(signed)
        self.amend_button.setEnabled(len(self.reason.text().strip()) >= 3)
        if item is not None and signed:
            self.amendment_text.setText(
                tr(
                    "Case {case}, {stage}, is signed. To change it, say why; the change becomes a new "
                    "version beside it.",
                    case=item.task.case,
                    stage=STAGE_NAMES[item.task.stage],
                )
            )


def _cells(item: WorkItem, *, here: bool) -> tuple[str, ...]:
    state = shown(_STATES[item.status])
    if here:
        state = tr("on the desk")
    elif item.status == "unread" and not item.prepared:
        state = tr("not prepared")
    elif item.not_before is not None:
        state = tr("from {not_before:%Y-%m-%d %H:%M} UTC", not_before=item.not_before)
    again = tr(" (again)") if item.task.occasion > 1 else ""
    return (str(item.task.position), item.task.case, f"{STAGE_NAMES[item.task.stage]}{again}", state)
