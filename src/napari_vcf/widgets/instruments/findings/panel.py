"""The form: every item of the stage, its verdict and confidence, and what is still missing."""

from __future__ import annotations

from typing import Any

from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_vcf.language import say, shown, tr
from napari_vcf.reading import ITEMS, STAGES, Stage, StageResults
from napari_vcf.reading.asking import shown_by_any
from napari_vcf.reading.findings import value_words
from napari_vcf.reading.issues import visible
from napari_vcf.reading.state import Answer
from napari_vcf.widgets.common.controls import (
    ORANGE,
    QUIET_STYLE,
    STAGE_NAMES,
    Banner,
    button,
    clear_layout,
    heading,
    mark,
    note,
    rule,
)
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, SCOPES
from napari_vcf.widgets.common.shortcuts_in_force import key_text, keys_of
from napari_vcf.widgets.instruments.findings.row import FindingRow, RowCalls
from napari_vcf.widgets.instruments.instrument import Instrument, ToolManager

__all__ = ["FindingsWidget"]

_DECISIONS = ("verdict", "confidence")


class FindingsWidget(Instrument):
    """Answers of the stage on the desk.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    name = "findings"

    def __init__(self, tools: ToolManager) -> None:
        super().__init__(tools)
        self.rows: dict[str, FindingRow] = {}
        self._shown_for: object = None
        self._stale = False
        self._guide = Banner("guide")
        self._form = QVBoxLayout()
        self._form.setSpacing(2)
        self._conflicts = note(name="conflicts")
        self._missing = note(name="missing")
        self._not_asked = note(name="not_asked")
        self._not_asked.hide()
        self.column.addWidget(self._guide)
        self.column.addWidget(self._build_overview())
        self.column.addWidget(rule())
        self.column.addLayout(self._form)
        self.column.addWidget(rule())
        self.column.addWidget(heading(tr("Still missing in this stage")))
        self.column.addWidget(self._missing)
        self.column.addWidget(self._not_asked)
        self.column.addWidget(self._conflicts)
        self.column.addStretch(1)
        self.share("findings.next", self.next_unanswered)
        # The item in focus has the others itself, because what they do depends on it.
        for name in (*(f"findings.answer_{number}" for number in range(1, 10)), "findings.not_assessable"):
            self.share(name, self._say_no_answer)
        sheet = self.tools.sheets.setdefault(SCOPES["findings"], {})
        for action in ACTIONS.values():
            if action.scope == "findings":
                sheet.update(dict.fromkeys(keys_of(action.id), action.text))
        self.follow_desk()

    def _build_overview(self) -> QWidget:
        """Verdict and confidence of this stage, and whether those of the others are given."""
        box = QWidget()
        self._overview = QGridLayout(box)
        self._overview.setContentsMargins(0, 0, 0, 0)
        self._overview.setHorizontalSpacing(12)
        self._overview.setVerticalSpacing(1)
        self._overview_cells: dict[Stage, tuple[QLabel, ...]] = {}
        for column, text in enumerate((tr("stage"), tr("verdict"), tr("confidence"), tr("still missing"))):
            head = QLabel(text)
            head.setStyleSheet(QUIET_STYLE)
            self._overview.addWidget(head, 0, column)
        for row, stage in enumerate(STAGES, start=1):
            cells = tuple(QLabel() for _ in range(4))
            for column, cell in enumerate(cells):
                cell.setObjectName(f"overview_{stage}_{column}")
                cell.setToolTip(
                    tr(
                        "Stage {stage}; what was answered there is shown only while it is open",
                        stage=STAGE_NAMES[stage],
                    )
                )
                self._overview.addWidget(cell, row, column)
            self._overview_cells[stage] = cells
        self._next = button(
            "next_item",
            tr("Next unanswered"),
            tr("Go to the next item without an answer"),
            self.next_unanswered,
            action="findings.next",
        )
        self._overview.addWidget(self._next, 4, 0, 1, 4)
        return box

    # -- what the reader does ---------------------------------------------------------------------------------------
    def _answer(self, item: str, value: str | int) -> object:
        reading, stage = self.desk.reading, self.desk.stage
        return None if reading is None else self.desk.guard(lambda: reading.answer(stage, item, value))

    def _not_assessable(self, item: str, reason: str) -> object:
        reading, stage = self.desk.reading, self.desk.stage
        return None if reading is None else self.desk.guard(lambda: reading.mark_not_assessable(stage, item, reason))

    def _withdraw(self, item: str) -> object:
        reading, stage = self.desk.reading, self.desk.stage
        return None if reading is None else self.desk.guard(lambda: reading.withdraw_answer(stage, item))

    def _present(self, item: str) -> Answer | None:
        return None if self.stage is None else self.stage.answers.get(item)

    def _say_no_answer(self) -> None:
        """Say why a key that answers did not: it came to no item, or to one that has no such answer."""
        focused = self.window().focusWidget()
        name = next((row.item.label for row in self.rows.values() if row is focused), "")
        why = (
            say("{name} has no such answer", name=name) if name else say("No item is in focus, so nothing was answered")
        )
        self.desk.message.emit(
            say("{why}. {key} goes to the next item.", why=why, key=key_text("findings.next")), "info"
        )

    def _go_on(self) -> None:
        """After an answer by a key, go to the next item; the form does not move under a pointer that lies on it."""
        viewport = self.area.viewport()
        on_form = viewport.rect().contains(viewport.mapFromGlobal(QCursor.pos()))
        self.next_unanswered(scroll=not on_form)

    def _show(self, row: FindingRow) -> None:
        self.area.ensureWidgetVisible(row)
        self.desk.message.emit(
            say("{label} is the item in focus. Press the key again to answer it.", label=row.item.label), "info"
        )

    def next_unanswered(self, *, scroll: bool = True) -> None:
        """Put the focus on the next item without an answer, after the one that has it.

        Parameters
        ----------
        scroll : bool
            Whether the form may move to show it; if not, an item out of sight is only named.
        """
        stage, reading = self.stage, self.desk.reading
        if stage is None or reading is None:
            return
        if self._stale:
            self.refresh()
        unanswered = reading.unanswered(self.desk.stage)
        keys = list(self.rows)
        focused = self.window().focusWidget()
        start = next((i for i, key in enumerate(keys) if self.rows[key] is focused), -1)
        for key in (*keys[start + 1 :], *keys[: start + 1]):
            if key in unanswered:
                row = self.rows[key]
                if scroll or row.visibleRegion().boundingRect() == row.rect():
                    row.setFocus()
                    self.area.ensureWidgetVisible(row)
                else:
                    self.desk.message.emit(
                        say("Next: {label}. {key} goes there.", label=row.item.label, key=key_text("findings.next")),
                        "info",
                    )
                return
        self.desk.message.emit(say("Every item of this stage is answered."), "info")

    # -- what is shown ----------------------------------------------------------------------------------------------
    def _on_desk(self, *_: object) -> None:
        # The form is long; behind another panel it waits until it is looked at.
        if self.visibleRegion().isEmpty():
            self._stale = True
        else:
            self.refresh()

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Catch up with the reading."""
        if self._stale:
            self.refresh()
        super().showEvent(event)

    def taken(self) -> None:
        """Catch up with the reading; behind another tab a panel counts as shown."""
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Redraw the form from the reading."""
        self._stale = False
        reading = self.desk.reading
        self.setEnabled(reading is not None)
        wanted = None if reading is None else (self.desk.stage, reading.protocol.sha256, reading.asked(self.desk.stage))
        if wanted != self._shown_for:
            self._shown_for = wanted
            self._build_rows()
        if reading is None:
            self._guide.setText(tr("No case is open."))
            return
        stage = reading.state.stages[self.desk.stage]
        results = reading.results(self.desk.stage)
        for key, row in self.rows.items():
            row.show_answer(stage.answers.get(key), self._measured(key, results))
        self._show_overview()
        missing, conflicts = reading.missing(self.desk.stage), reading.conflicts(self.desk.stage)
        conflicts = visible(conflicts, reading.hidden(self.desk.stage))
        self._missing.setText(
            "<br>".join(f"· {shown(issue.text)}" for issue in missing) or tr("Nothing: the stage is complete.")
        )
        self._not_asked.setText("<br>".join(shown(issue.text) for issue in reading.not_asked(self.desk.stage)))
        self._not_asked.setVisible(bool(self._not_asked.text()))
        self._conflicts.setText("<br>".join(f"⚠ {shown(issue.text)}" for issue in conflicts))
        first, second, na, back = map(
            key_text,
            ("findings.answer_1", "findings.answer_2", "findings.not_assessable", "findings.withdraw"),
        )
        self._guide.setText(
            tr(
                "<b>{stage}</b>: {count} to do. Tab goes from item to item; {first}, {second}, … answer, {na} is not "
                "assessable, {back} takes back.",
                stage=STAGE_NAMES[self.desk.stage],
                count=len(missing),
                first=first,
                second=second,
                na=na,
                back=back,
            )
        )

    def _build_rows(self) -> None:
        clear_layout(self._form)
        self.rows.clear()
        reading = self.desk.reading
        if reading is None or self.desk.stage not in reading.protocol.stages:
            return
        calls = RowCalls(self._present, self._answer, self._not_assessable, self._withdraw, self.desk.message.emit)
        images = [image.series for image in reading.case.images.values()]
        for key in reading.asked(self.desk.stage):
            item = reading.protocol.form[key]
            # Where it is not certain that no image shows it, no reason is suggested.
            certain = shown_by_any(item, self.desk.stage, images) is False
            reason = item.reason_without if certain else ""
            row = FindingRow(item, calls, assessable_only=key in _DECISIONS, likely_reason=reason)
            row.answered.connect(self._go_on)
            row.sought.connect(lambda r=row: self._show(r))
            self.rows[key] = row
            self._form.addWidget(row)

    def _measured(self, key: str, results: StageResults) -> str | None:
        measurement, reading = ITEMS[key].measurement, self.desk.reading
        if measurement is None or reading is None or measurement.value(results) is None:
            return None
        if key in reading.hidden(self.desk.stage):
            return tr("hidden until your own estimate")
        return shown(measurement.shown(results))

    def _show_overview(self) -> None:
        reading = self.desk.reading
        if reading is None:
            return
        for stage, cells in self._overview_cells.items():
            asked = stage in self.desk.stages
            for cell in cells:
                cell.setVisible(asked)
            if not asked:
                continue
            answers = reading.state.stages[stage].answers
            here = stage == self.desk.stage
            cells[0].setText(f"<b>▸ {STAGE_NAMES[stage]}</b>" if here else STAGE_NAMES[stage])
            for cell, key in zip(cells[1:3], _DECISIONS, strict=True):
                answer = answers.get(key)
                value = None if answer is None else answer.value
                # What was said in another stage would lead the one that is being read.
                # The row of the form says what a number stands for; here the words would make the panel too wide.
                said = value_words(value) if here and value is not None else say("given")
                cell.setText("–" if value is None else f"<b>{shown(said)}</b>")
            missing = len(reading.missing(stage))
            cells[3].setText(str(missing) if missing else tr("complete"))
            mark(cells[3], ORANGE if missing else "")
