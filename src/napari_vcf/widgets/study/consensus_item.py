"""One item of a consensus: what the readers had said, what is settled, and why."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QComboBox, QGridLayout, QLabel, QLineEdit, QToolButton, QWidget

from napari_vcf.reading import ITEMS
from napari_vcf.reading.state import Answer
from napari_vcf.study.consensus import SPINE
from napari_vcf.widgets.common.controls import GREEN, button, heading, keep_keys, mark, toggle
from napari_vcf.widgets.instruments.findings.row import answer_text, value_text

__all__ = ["NOT_ASSESSABLE", "ItemBox", "choice_box", "label_of"]

NOT_ASSESSABLE = "not assessable"
#: Grades that are measured have no place among the items of the form.
_LABELS = {SPINE: "Fractured vertebra"}


class ItemBox(QWidget):
    """One item on which the readers differ."""

    def __init__(
        self, item: str, answers: dict[str, Answer], choices: tuple[str | int, ...], *, assessable: bool
    ) -> None:
        super().__init__()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setHorizontalSpacing(4)
        layout.addWidget(heading(label_of(item)), 0, 0, 1, 4)
        said = QLabel("    ".join(f"<b>{name}</b>: {_words(answer)}" for name, answer in sorted(answers.items())))
        said.setObjectName(f"said_{item}")
        said.setWordWrap(True)
        layout.addWidget(said, 1, 0, 1, 4)
        self._values: list[tuple[str | int, QToolButton]] = []
        self._list: QComboBox | None = None
        offered = [*choices, *([NOT_ASSESSABLE] if assessable else [])]
        if len(offered) > 6:
            self._list = choice_box(f"settle_{item}", "What is settled")
            self._list.addItem("choose…", None)
            for value in offered:
                self._list.addItem(str(value), value)
            layout.addWidget(self._list, 2, 0, 1, 4)
        else:
            group = QButtonGroup(self)
            for number, value in enumerate(offered):
                text = answer_text(ITEMS[item], value) if item in ITEMS else value_text(value)
                choice = toggle(f"settle_{item}__{value}", text, f"Settle as {text}")
                group.addButton(choice)
                self._values.append((value, choice))
                layout.addWidget(choice, 2 + number // 2, number % 2 * 2, 1, 2)
        self.why = QLineEdit()
        self.why.setObjectName(f"why_{item}")
        self.why.setPlaceholderText("Why?")
        self.why.setToolTip("The reason goes into the record")
        self.why.setMaxLength(500)
        keep_keys(self.why)
        self.settle_button = button(f"settle_button_{item}", "Settle", "Write down what is settled", lambda: None)
        self.done = QLabel()
        self.done.setObjectName(f"settled_{item}")
        mark(self.done, GREEN)
        layout.addWidget(self.why, 6, 0, 1, 3)
        layout.addWidget(self.settle_button, 6, 3)
        layout.addWidget(self.done, 7, 0, 1, 4)

    def chosen(self) -> str | int | None:
        """What was chosen; None for nothing."""
        if self._list is not None:
            value: str | int | None = self._list.currentData()
            return value
        return next((value for value, choice in self._values if choice.isChecked()), None)

    def show_settled(self, answer: Answer | None, why: str) -> None:
        """Show what is settled."""
        self.done.setVisible(answer is not None)
        if answer is not None:
            self.done.setText(f"✓ settled: {_words(answer)} ({why})")


def label_of(item: str) -> str:
    """An item's name on the screen."""
    return _LABELS.get(item) or ITEMS[item].label


def _words(answer: Answer) -> str:
    if answer.value is None:
        return f"not assessable ({answer.not_assessable})"
    return str(answer.value).replace("_", " ")


def choice_box(name: str, tooltip: str) -> QComboBox:
    """A list to choose from."""
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tooltip)
    keep_keys(box)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box
