"""One item of a consensus: what the readers had said, what is settled, and why."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QComboBox, QGridLayout, QLabel, QLineEdit, QToolButton, QWidget

from napari_vcf.language import say, shown, tr
from napari_vcf.reading import ITEMS
from napari_vcf.reading.findings import value_words
from napari_vcf.reading.state import Answer
from napari_vcf.study.consensus_documents import answer_words, item_label
from napari_vcf.widgets.common.controls import GREEN, button, heading, keep_keys, mark, toggle

__all__ = ["NOT_ASSESSABLE", "ItemBox", "choice_box"]

NOT_ASSESSABLE = say("not assessable")


class ItemBox(QWidget):
    """One item on which the readers differ."""

    def __init__(
        self, item: str, answers: dict[str, Answer], choices: tuple[str | int, ...], *, assessable: bool
    ) -> None:
        super().__init__()
        self.item = item
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setHorizontalSpacing(4)
        layout.addWidget(heading(shown(item_label(item))), 0, 0, 1, 4)
        words = {name: answer_words(item, answer) for name, answer in sorted(answers.items())}
        said = QLabel(" &nbsp; ".join(f"<b>{name}</b>: {shown(answered)}" for name, answered in words.items()))
        said.setObjectName(f"said_{item}")
        said.setWordWrap(True)
        layout.addWidget(said, 1, 0, 1, 4)
        self._values: list[tuple[str | int, QToolButton]] = []
        self._list: QComboBox | None = None
        offered = [*choices, *([NOT_ASSESSABLE] if assessable else [])]
        if len(offered) > 6:
            self._list = choice_box(f"settle_{item}", tr("What is settled"))
            self._list.addItem(tr("choose…"), None)
            for value in offered:
                self._list.addItem(shown(value), value)
            layout.addWidget(self._list, 2, 0, 1, 4)
        else:
            group = QButtonGroup(self)
            for number, value in enumerate(offered):
                text = ITEMS[item].words(value) if item in ITEMS else value_words(value)
                choice = toggle(f"settle_{item}__{value}", shown(text), tr("Settle as {text}", text=text))
                group.addButton(choice)
                self._values.append((value, choice))
                layout.addWidget(choice, 2 + number // 2, number % 2 * 2, 1, 2)
        self.why = QLineEdit()
        self.why.setObjectName(f"why_{item}")
        self.why.setPlaceholderText(tr("Why?"))
        self.why.setToolTip(tr("The reason goes into the record"))
        self.why.setMaxLength(500)
        keep_keys(self.why)
        self.settle_button = button(
            f"settle_button_{item}", tr("Settle"), tr("Write down what is settled"), lambda: None
        )
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
            self.done.setText(tr("✓ settled: {answer} ({why})", answer=answer_words(self.item, answer), why=why))


def choice_box(name: str, tooltip: str) -> QComboBox:
    """A list to choose from."""
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tooltip)
    keep_keys(box)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box
