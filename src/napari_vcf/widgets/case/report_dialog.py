"""What a structured report of this program says, as a table over the images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.notice import INTENDED_USE
from napari_vcf.widgets.common.controls import note

if TYPE_CHECKING:
    from napari_vcf.interchange.groups import Group

__all__ = ["ReportDialog"]

_HEADINGS = (say("Group"), say("Level"), say("What"), say("Value"), say("Unit"))
_VALUE = 3


class ReportDialog(QDialog):
    """Shows a report; it can only be looked at.

    Parameters
    ----------
    parent : QWidget
        Over which it appears.
    name : str
        The file's.
    groups : sequence of Group
        What it says.
    sentence : str
        How it belongs to the images on the desk.
    """

    def __init__(self, parent: QWidget, name: str, groups: Sequence[Group], sentence: str) -> None:
        super().__init__(parent)
        self.setObjectName("report_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("DICOM report: {name}", name=name))
        lines = [line for group in groups for line in _lines(group)]
        self.table = QTableWidget(len(lines), len(_HEADINGS))
        self.table.setObjectName("report_table")
        self.table.setToolTip(tr("Numbers exactly as they were written into the report"))
        self.table.setHorizontalHeaderLabels([shown(text) for text in _HEADINGS])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setVisible(False)
        for row, line in enumerate(lines):
            for column, text in enumerate(line):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        # A number is never shown without its unit beside it.
        self.table.horizontalHeader().setSectionResizeMode(_VALUE, QHeaderView.ResizeMode.Stretch)
        self.belonging = note(shown(sentence), name="report_belonging")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.belonging)
        layout.addWidget(self.table, 1)
        layout.addWidget(note(shown(Sentence(INTENDED_USE))))
        layout.addWidget(buttons)
        self.resize(720, 520)


def _lines(group: Group) -> Iterator[tuple[str, str, str, str, str]]:
    where = (group.name, group.level or "")
    for number in group.numbers:
        yield (*where, number.name, repr(number.value), "" if number.unit == "1" else number.unit)
    for statement in group.statements:
        value = f"{statement.value}: {statement.reason}" if statement.reason else statement.value
        yield (*where, statement.item, value, "")
    for key, text in group.texts:
        yield (*where, key, text, "")
