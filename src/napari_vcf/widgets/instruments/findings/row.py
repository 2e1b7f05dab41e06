"""One item of the form: its answers as buttons, 'not assessable' with a reason, and the way back to unanswered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QKeyCombination, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import say, shown, tr
from napari_vcf.reading import Item
from napari_vcf.reading.findings import REASONS
from napari_vcf.reading.state import Answer
from napari_vcf.widgets.common.controls import BLUE, ORANGE, button, keep_keys, note, toggle
from napari_vcf.widgets.common.shortcuts_in_force import key_text, keys_of

__all__ = ["FindingRow", "RowCalls"]


@dataclass(frozen=True)
class RowCalls:
    """What a row asks for.

    Attributes
    ----------
    present : callable
        The answer that is recorded, by the item's key; None where there is none.
    answer, not_assessable, withdraw : callable
        Change the record; None where that was refused.
    say : callable
        Says a sentence and its kind.
    """

    present: Callable[[str], Answer | None]
    answer: Callable[[str, str | int], object]
    not_assessable: Callable[[str, str], object]
    withdraw: Callable[[str], object]
    say: Callable[[str, str], object]


class FindingRow(QFrame):
    """An item of the form. Nothing is chosen until the reader chooses it.

    With the focus on the row, 1 to 9 choose an answer, 0 says 'not assessable', Backspace takes the answer back. A key
    never replaces an answer: pressed a moment late, it was meant for another item. Nor does it act on a row that is
    scrolled out of sight.

    Parameters
    ----------
    item : Item
        The item.
    calls : RowCalls
        What to call.
    assessable_only : bool
        Whether 'not assessable' is not offered.
    likely_reason : str
        Why the item is not assessable on the images that there are; stands there when the reader says so. Empty where
        an image shows the item.
    """

    #: An answer was given by a key; the form goes on to the next item.
    answered = Signal()
    #: A key was pressed for this row while it was out of sight.
    sought = Signal()

    def __init__(self, item: Item, calls: RowCalls, *, assessable_only: bool = False, likely_reason: str = "") -> None:
        super().__init__()
        self.item = item
        self._calls = calls
        self._assessable_only = assessable_only
        self._likely_reason = likely_reason
        self._values: dict[str | int, QToolButton] = {}
        self.setObjectName(f"row_{item.key}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(shown(item.help))
        self.setStyleSheet(
            f"FindingRow {{ border: none; border-left: 3px solid transparent; }}"
            f"FindingRow:focus {{ border-left: 3px solid {ORANGE}; background: rgba(128, 128, 128, 60); }}"
        )
        self._name = QLabel(shown(item.label))
        self._name.setObjectName("name")
        self._name.setWordWrap(True)
        self._state = note(name="state")
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._withdraw = toggle(
            f"{item.key}__withdraw",
            "×",
            tr("Take the answer back; the item is unanswered again"),
            action="findings.withdraw",
        )
        self._withdraw.setCheckable(False)
        self._withdraw.setFixedWidth(24)
        self._withdraw.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._withdraw.clicked.connect(lambda: self._calls.withdraw(self.item.key))
        # A button that comes and goes must not move the others.
        policy = self._withdraw.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._withdraw.setSizePolicy(policy)
        top = QHBoxLayout()
        top.addWidget(self._name, 5)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 0, 2)
        layout.setSpacing(2)
        layout.addLayout(top)
        # Long words do not fit beside the name.
        wide = sum(len(item.words(value)) for value in item.values) > 20
        answers = self._build_answers(columns=2 if wide else 9)
        if wide:
            top.addWidget(self._na)
            layout.addLayout(answers)
        else:
            answers.addWidget(self._na, 0, 9)
            top.addLayout(answers, 6)
        top.addWidget(self._withdraw)
        layout.addWidget(self._state)
        layout.addWidget(self._build_reason())

    def _build_answers(self, columns: int) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        values: tuple[str | int, ...] = self.item.values
        for index, value in enumerate(values):
            text = self.item.words(value)
            tip = tr("{item}: {answer}", item=self.item.label, answer=text)
            action = f"findings.answer_{index + 1}"
            widget = toggle(f"{self.item.key}__{value}", shown(text), tip, action=action)
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            widget.clicked.connect(lambda _=False, v=value: self._choose(v))
            self._values[value] = widget
            grid.addWidget(widget, index // columns, index % columns)
        self._na = toggle(
            f"{self.item.key}__not_assessable",
            tr("n/a"),
            tr("Not assessable; a reason is needed"),
            action="findings.not_assessable",
        )
        self._na.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._na.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._na.setFixedWidth(38)
        self._na.setVisible(not self._assessable_only)
        self._na.clicked.connect(lambda: self.ask_reason())
        return grid

    def _build_reason(self) -> QWidget:
        self._reason_box = QWidget()
        layout = QHBoxLayout(self._reason_box)
        layout.setContentsMargins(0, 0, 0, 0)
        self._reason = QComboBox()
        self._reason.setObjectName(f"{self.item.key}__reason")
        # One of our own: PySide may take the one that a box makes for itself for that of a row before, and for deleted.
        self._line = line = QLineEdit()
        self._reason.setLineEdit(line)
        self._reason.addItems([shown(reason) for reason in REASONS])
        self._reason.setToolTip(
            tr("Why the item is not assessable: choose, or type at least three letters, then Enter")
        )
        line.setPlaceholderText(tr("why? (needed)"))
        line.returnPressed.connect(lambda: self._save_reason(by_key=True))
        keep_keys(line)
        layout.addWidget(self._reason, 1)
        layout.addWidget(
            button(f"{self.item.key}__save", tr("Save"), tr("Keep the reason  [Enter]"), self._save_reason)
        )
        layout.addWidget(
            button(f"{self.item.key}__cancel", tr("Cancel"), tr("Leave the item as it was"), self.cancel_reason)
        )
        self._reason_box.hide()
        return self._reason_box

    # -- what the reader does ---------------------------------------------------------------------------------------
    def ask_reason(self) -> None:
        """Ask why the item is not assessable; nothing is stored before there is a reason."""
        self._reason.setCurrentIndex(-1)
        self._reason.setEditText(shown(self._likely_reason))
        self._reason_box.show()
        self._reason.setFocus()
        # Enter keeps what stands there, and whatever is typed replaces it.
        self._line.selectAll()
        self._na.setChecked(True)

    def cancel_reason(self) -> None:
        """Leave the item as it was."""
        self._reason_box.hide()
        self._na.setChecked(False)
        self.setFocus()

    def _save_reason(self, *, by_key: bool = False) -> None:
        # What is offered is recorded in English, what is typed as it was typed.
        typed = self._reason.currentText()
        reason = next((offered for offered in REASONS if shown(offered) == typed), typed)
        if self._calls.not_assessable(self.item.key, str(reason)) is not None:
            self._reason_box.hide()
            self.setFocus()
            if by_key:
                self.answered.emit()

    def _choose(self, value: str | int) -> None:
        # The row that was clicked is the one that the next key belongs to.
        self.setFocus()
        self._record(value)

    def _record(self, value: str | int) -> bool:
        """Record an answer; False where that was refused, and the buttons show what is recorded."""
        self._reason_box.hide()
        before = self._calls.present(self.item.key)
        done = self._calls.answer(self.item.key, value) is not None
        present = self._calls.present(self.item.key)
        for known, widget in self._values.items():
            widget.setChecked(present is not None and present.value == known)
        if done and before is not None and before != present:
            self._calls.say(
                say(
                    "{item}: {answer} instead of {before}. {key} brings that back.",
                    item=self.item.label,
                    answer=self.item.words(value),
                    before=self._words(before),
                    key=key_text("reading.undo"),
                ),
                "info",
            )
        return done

    def _words(self, answer: Answer) -> str:
        return say("not assessable") if answer.value is None else self.item.words(answer.value)

    def event(self, event: Any) -> bool:
        """Claim the number keys before the window's shortcuts see them."""
        if event.type() == QEvent.Type.ShortcutOverride and self._key_action(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Answer by number."""
        action = self._key_action(event)
        if action is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() or _is(event, "findings.item_before") or _is(event, "findings.item_next"):
            # After an answer the next item has the focus: a key that is held down would answer the whole form.
            action()

    def _key_action(self, event: QKeyEvent) -> Callable[[], object] | None:
        for number, value in enumerate(self._values, start=1):
            if _is(event, f"findings.answer_{number}"):
                return partial(self._by_key, partial(self._answer_by_key, value), value)
        if _is(event, "findings.not_assessable") and not self._assessable_only:
            return lambda: self._by_key(self.ask_reason)
        if _is(event, "findings.withdraw") and self._withdraw.isEnabled():
            return lambda: self._if_seen(lambda: self._calls.withdraw(self.item.key))
        if _is(event, "findings.item_next"):
            return self.focusNextChild
        return self.focusPreviousChild if _is(event, "findings.item_before") else None

    def _if_seen(self, action: Callable[[], object]) -> None:
        """Act on a row that is wholly in sight; another one is shown first, and the key pressed once more."""
        if self.visibleRegion().boundingRect().contains(self._name.geometry()):
            action()
        else:
            self.sought.emit()

    def _by_key(self, action: Callable[[], object], value: str | int | None = None) -> None:
        present = self._calls.present(self.item.key)
        if present is None:
            self._if_seen(action)
        elif value is None or present.value != value:
            self._calls.say(
                say(
                    "{item} is answered already: {answer}. {key} takes it back; or click another answer.",
                    item=self.item.label,
                    answer=self._words(present),
                    key=key_text("findings.withdraw"),
                ),
                "warning",
            )

    def _answer_by_key(self, value: str | int) -> None:
        if self._record(value):
            self._calls.say(say("{item}: {answer}.", item=self.item.label, answer=self.item.words(value)), "info")
            self.answered.emit()

    # -- what is shown ----------------------------------------------------------------------------------------------
    def show_answer(self, answer: Answer | None, measured: str | None) -> None:
        """Show what is recorded.

        Parameters
        ----------
        answer : Answer or None
            The answer; None where there is none.
        measured : str or None
            For a measured item, what it has been measured to be, in words.
        """
        for value, widget in self._values.items():
            widget.setChecked(answer is not None and answer.value == value)
        refused = answer is not None and answer.not_assessable is not None
        self._na.setChecked(refused or self._reason_box.isVisible())
        self._withdraw.setEnabled(answer is not None)
        self._withdraw.setVisible(answer is not None)
        done = answer is not None or measured is not None
        if refused and answer is not None:
            self._state.setText(tr("not assessable: {reason}", reason=_reason_words(answer.not_assessable)))
        elif self.item.measured:
            self._state.setText(f"<b>{measured}</b>" if measured else tr("not measured yet"))
        else:
            self._state.setText("")
        self._state.setVisible(bool(self._state.text()))
        mark = f'<span style="color:{BLUE}">●</span>' if done else f'<span style="color:{ORANGE}">○</span>'
        self._name.setText(f"{mark} {shown(self.item.label)}")


def _reason_words(reason: str | None) -> str:
    """A recorded reason, with its template where it is one of those that are offered."""
    return next((offered for offered in REASONS if offered == reason), reason or "")


def _is(event: QKeyEvent, action: str) -> bool:
    """Whether the key that is pressed is one of an action's, on the number pad as well."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    pressed = QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))).toString(
        QKeySequence.SequenceFormat.PortableText
    )
    # On some keyboards a digit is typed with Shift.
    typed = "" if modifiers & ~Qt.KeyboardModifier.ShiftModifier else event.text()
    return pressed in keys_of(action) or (typed.isdigit() and typed in keys_of(action))
