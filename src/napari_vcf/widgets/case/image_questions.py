"""One dialog for everything that only a person can say of a case's images: roles, units, b-values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import Sentence, shown, tr
from napari_vcf.reading import CaseImage
from napari_vcf.widgets.case.image_statement import StatementForm, asks, file_name, record, stated
from napari_vcf.widgets.common.controls import VERMILLION, heading, mark, note, scrolled

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["ImageQuestions"]


class ImageQuestions(QDialog):
    """Asks what images are, and records the answers.

    Parameters
    ----------
    desk : Desk
        Whose reading records them.
    parent : QWidget
        Over which it appears.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("image_questions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("What are these images?"))
        self._desk = desk
        case = desk.case
        assert case is not None
        images = list(case.images.values())
        asked = [image for image in images if asks(image)]
        self.forms: dict[str, StatementForm] = {}
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        for image in asked or images:
            column.addWidget(heading(_about(image)))
            form = self.forms[image.id] = StatementForm()
            form.take(image, stated(desk.reading, image))
            column.addWidget(form.native)
        column.addStretch(1)
        self.trouble = note(name="questions_trouble")
        self.trouble.setVisible(False)
        area = scrolled(inside)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        text = QLabel(
            tr(
                "The files do not say what these images are. What stays OTHER is not shown, and without "
                "unit or b-values there is no ADC."
            )
            if asked
            else tr("The files say what each image is. Correct them where they are wrong.")
        )
        text.setWordWrap(True)
        layout.addWidget(text)
        layout.addWidget(area, 1)
        layout.addWidget(self.trouble)
        layout.addWidget(self.buttons)
        room = self.screen().availableGeometry()
        self.resize(min(560, room.width()), min(inside.sizeHint().height() + 160, int(0.9 * room.height())))

    def _accept(self) -> None:
        reading = self._desk.reading
        if reading is None:
            self.reject()
            return
        nothing_shown = self._desk.image_id is None
        sentence = ""
        for image_id, form in self.forms.items():
            try:
                record(reading, image_id, form.read())
            except NapariVcfError as error:
                sentence = f"{_about(reading.case.image(image_id))}: {shown(error)}"
                break
        if nothing_shown:
            self._desk.show_what_is_there()
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))
        mark(self.trouble, VERMILLION if sentence else "")
        if not sentence:
            self.accept()


def _about(image: CaseImage) -> str:
    grid, volumes = image.series.grid, len(image.series.volumes)
    size = tr("{count} {plane} slices", count=grid.shape[0], plane=Sentence(grid.plane))
    if volumes > 1:
        size += tr(", {count} volumes", count=volumes)
    return f"{file_name(image) or image.label}: {size}"
