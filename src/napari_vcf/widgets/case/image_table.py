"""The images of a case in a table: what each is, how that was found, and what was changed about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.reading import CaseImage
from napari_vcf.widgets.case.image_statement import StatementForm, file_name, record, stated
from napari_vcf.widgets.common.controls import ORANGE, heading, mark, note, toggle

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["ImageTable"]

_COLUMNS = (say("Image"), say("Slices"), say("Size"), say("Spacing mm"), say("Unit"))
UNIT_TEXT = {"um2/s": "µm²/s"}
#: So much of a file's name finds room.
_NAME_LETTERS = 22


class ImageTable(QWidget):
    """Images found in the folder, with the corrections that the person may make.

    Parameters
    ----------
    desk : Desk
        Whose case is listed.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._ids: list[str] = []
        self._in_front: str | None = None
        self._listed: object = None
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("images")
        self.table.setHorizontalHeaderLabels([shown(text) for text in _COLUMNS])
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.table.itemSelectionChanged.connect(self._on_selected)
        self.table.itemDoubleClicked.connect(self._on_double_click)
        self.detail = note(name="image_detail")
        self.describe = toggle(
            "describe",
            tr("Description"),
            tr("Show how the scanner's operator named the series; it may say what the examination was asked for"),
            action="reading.describe",
        )
        self.describe.toggled.connect(lambda _on: self._on_selected())
        self.statement = StatementForm()
        self.role, self.unit = self.statement.control("role"), self.statement.control("unit")
        for box in (self.role, self.unit):
            box.activated.connect(self._on_stated)
        self.b_values = self.statement.control("b_values")
        self.b_values.returnPressed.connect(self._on_stated)
        self.question = QLabel()
        self.question.setWordWrap(True)
        mark(self.question, ORANGE)
        self.refused = note(name="refused")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._heading = heading(tr("Images"))
        layout.addWidget(self._heading)
        layout.addWidget(self.table)
        layout.addWidget(self.detail)
        layout.addWidget(self.describe)
        layout.addWidget(self.question)
        layout.addWidget(self.statement.native)
        self._refused_heading = heading(tr("Not read"))
        layout.addWidget(self._refused_heading)
        layout.addWidget(self.refused)
        layout.addStretch(1)

    def refresh(self) -> None:
        """List the case that is open now."""
        case = self._desk.case
        images = [] if case is None else list(case.images.values())
        state = [(image.id, image.label, image.series.unit, image.series.volumes) for image in images]
        if state == self._listed and self._desk.image_id == self._in_front:
            return
        self._listed = state
        selected = self._selected_id()
        if self._desk.image_id != self._in_front:
            selected = self._in_front = self._desk.image_id
        # A question that holds up the work is in view until it is answered.
        unknown = [image.id for image in images if _question(image)]
        selected = next(iter(unknown), selected)
        self.table.blockSignals(True)
        self.table.setRowCount(len(images))
        self._ids = [image.id for image in images]
        for row, image in enumerate(images):
            for column, text in enumerate(self._cells(image)):
                item = QTableWidgetItem(text)
                item.setToolTip(self._detail(image))
                self.table.setItem(row, column, item)
        self.table.blockSignals(False)
        row_height = self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(
            self.table.horizontalHeader().sizeHint().height() + row_height * max(len(images), 1) + 6
        )
        if images:
            self.table.selectRow(self._ids.index(selected) if selected in self._ids else 0)
        self._on_selected()
        self._list_refused()

    def _list_refused(self) -> None:
        refused = () if self._desk.case is None else self._desk.case.refused
        reasons = Counter(refusal.reason for refusal in refused)
        lines = [
            tr("1 file: {reason}", reason=reason)
            if count == 1
            else tr("{count} files: {reason}", count=count, reason=reason)
            for reason, count in reasons.most_common()
        ]
        self.refused.setText("\n".join(lines))
        self.refused.setVisible(bool(lines))
        self._refused_heading.setVisible(bool(lines))

    def _selected_id(self) -> str | None:
        row = self.table.currentRow()
        return self._ids[row] if 0 <= row < len(self._ids) and self.table.rowCount() else None

    def _image(self) -> CaseImage | None:
        chosen = self._selected_id()
        case = self._desk.case
        return None if chosen is None or case is None or chosen not in case.images else case.image(chosen)

    def _on_selected(self) -> None:
        image = self._image()
        self.detail.setEnabled(image is not None)
        # In a study the roles are settled with the preparation.
        self.role.setEnabled(image is not None and self._desk.study_stage is None)
        self.b_values.setEnabled(self._desk.study_stage is None)
        self.detail.setText("" if image is None else self._detail(image) + self._description(image))
        # In a study nobody may learn from it what the images were made for.
        self.describe.setVisible(image is not None and self._desk.study_stage is None)
        question = "" if image is None else _question(image)
        self.question.setText(question)
        self.question.setVisible(bool(question))
        self.statement.native.setVisible(image is not None)
        if image is not None:
            self.statement.take(image, stated(self._desk.reading, image))

    def _on_double_click(self, _item: object) -> None:
        image = self._image()
        if image is not None and image in self._desk.images():
            self._desk.show(image.id)

    def _on_stated(self) -> None:
        image, reading = self._image(), self._desk.reading
        if image is not None and reading is not None:
            self._desk.guard(lambda: record(reading, image.id, self.statement.read()))
        self.refresh()

    def _detail(self, image: CaseImage) -> str:
        name = "" if self._desk.study_stage is not None else file_name(image)
        return (tr("File {name}.", name=name) + "\n" if name else "") + _detail(image)

    def _description(self, image: CaseImage) -> str:
        """How the series was named, where that is asked for."""
        if self._desk.study_stage is not None or not self.describe.isChecked():
            return ""
        return "\n" + tr("Description: {text}", text=image.series.description or say("none"))

    def _cells(self, image: CaseImage) -> tuple[str, ...]:
        first, *rest = _cells(image)
        name = "" if self._desk.study_stage is not None else file_name(image)
        return (f"{first}  {_shortened(name)}" if name else first, *rest)


def _shortened(name: str) -> str:
    """A long name without its middle."""
    half = _NAME_LETTERS // 2
    return name if len(name) <= _NAME_LETTERS else f"{name[:half]}…{name[1 - half :]}"


def _question(image: CaseImage) -> str:
    """What only a person can say of an image; empty where that is nothing."""
    series = image.series
    if series.role is Role.ADC and series.unit is None:
        return tr("In which unit is this ADC map stored? Until you say it, nothing is measured on it.")
    if series.role is Role.DWI and any(volume.b_value is None for volume in series.volumes):
        return tr("With which b-values were these volumes taken? Until you say it, no ADC is computed from them.")
    return ""


def _cells(image: CaseImage) -> tuple[str, ...]:
    series = image.series
    slices, rows, columns = series.grid.shape
    spacing = series.grid.spacing_mm
    unit = tr("unit?") if series.unit is None else shown(UNIT_TEXT.get(series.unit, series.unit))
    volumes = f" · {len(series.volumes)}" if len(series.volumes) > 1 else ""
    return (
        image.label + ("" if series.measurable else " *"),
        shown(Sentence(series.grid.plane)),
        f"{slices}×{rows}×{columns}{volumes}",
        f"{spacing[0]:.2f} · {spacing[1]:.2f}×{spacing[2]:.2f}",
        unit,
    )


def _detail(image: CaseImage) -> str:
    series = image.series
    lines = [
        tr("{image}: {evidence}.", image=image.label, evidence=series.role_evidence),
        tr("Unit: {evidence}.", evidence=series.unit_evidence),
    ]
    if not series.measurable:
        lines.append(tr("* Shown, but not measured on: {reason}", reason=series.not_measurable_reason))
    lines += [shown(remark) if remark.endswith(".") else tr("{remark}.", remark=remark) for remark in series.remarks]
    return "\n".join(lines)
