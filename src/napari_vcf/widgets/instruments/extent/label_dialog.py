"""The dialog in which a label map of another program becomes a proposed body."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

from magicgui.widgets import CheckBox, ComboBox, FileEdit
from pydantic import BaseModel, Field
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_vcf.dicom.labels import LabelMap
from napari_vcf.language import say, shown, tr
from napari_vcf.reading.state import ProposedBody
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import ORANGE, VERMILLION, button, mark, note
from napari_vcf.widgets.common.errand import Errand, Progress
from napari_vcf.widgets.common.forms import ModelForm
from napari_vcf.widgets.instruments.extent.label_choice import LabelChoice, LabelsSeen

__all__ = ["LabelDialog", "LabelsAsked"]

_FILES = say("Label maps (*.nii *.nii.gz *.nrrd *.nhdr *.dcm);;All files (*)")


class LabelsAsked(BaseModel):
    """What a label map is asked.

    Attributes
    ----------
    file : Path
        NIfTI, NRRD (Slicer's segmentations too) or a DICOM segmentation
    naming : str
        How the labels are named: proposed from the file and its name
    label : str
        Which label is the vertebral body
    levels_file : Path
        Only where one label holds the bodies of several vertebrae that touch: a file with a label for each vertebra
    lies_in : str
        The image in whose patient space the label map lies: the one that it was made on
    belongs : bool
        The file does not say to which patient and images it belongs; you do
    level : bool
        The name of the vertebra is yours; that of the label is only shown
    """

    file: Annotated[Path, {"mode": "r", "filter": _FILES}] = Field(Path(), title="File")
    naming: Annotated[str, {"choices": [""]}] = Field("", title="Labels are named by")
    label: Annotated[str, {"choices": [""]}] = Field("", title="Vertebral body")
    levels_file: Annotated[Path, {"mode": "r", "filter": _FILES}] = Field(Path(), title="File of the levels")
    lies_in: Annotated[str, {"choices": [""]}] = Field("", title="Lies in the space of")
    belongs: bool = Field(False, title="Belongs here")
    level: bool = Field(False, title="Vertebra")


class LabelDialog(QDialog):
    """Asks which label of which file is the body, whose vertebra it is, and where it lies.

    Parameters
    ----------
    parent : QWidget
        Over which it appears.
    choice : LabelChoice
        What is chosen.
    then : callable
        Takes the proposal that the reader confirmed, and whether its level differs from the label's own.
    """

    def __init__(self, parent: QWidget, choice: LabelChoice, then: Callable[[ProposedBody, bool], object]) -> None:
        super().__init__(parent)
        self.setObjectName("label_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Body from a label map"))
        self.choice, self._then = choice, then
        self.proposed: ProposedBody | None = None
        self.errand = Errand(say("Reading the label map"))
        self._waiting: Callable[[], None] | None = None
        self._filling = False
        self._build()
        self.errand.progressed.connect(self._bar.report)
        self.errand.finished.connect(self._on_finished)
        self.errand.failed.connect(self._on_failed)
        self._fill()

    def _build(self) -> None:
        self.form = ModelForm(LabelsAsked(), {name: f"label_{name}" for name in LabelsAsked.model_fields})
        for name in ("file", "levels_file"):
            edit = self._edit(name)
            line = edit.line_edit.native
            line.setObjectName(f"label_{name}_line")
            # An empty path is shown as the folder that the program runs in.
            line.clear()
            edit.choose_btn.tooltip = tr("Look for the file")
        self._edit("file").changed.connect(self.read_file)
        self._edit("levels_file").changed.connect(self.read_levels)
        self._box("naming").changed.connect(self._on_naming)
        self._box("label").changed.connect(self._on_label)
        self._box("lies_in").changed.connect(self._on_place)
        for name in ("belongs", "level"):
            self._check(name).changed.connect(lambda _: self._show())
        self._bar = SteadyBar("label_progress", tr("How far the label map is"))
        self._stop = button("label_stop", tr("Stop"), tr("Stop reading the label map"), self.errand.cancel)
        self._stop.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self._bar, 1)
        row.addWidget(self._stop)
        self.told = note(name="label_told")
        self.trouble = note(name="label_trouble")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = button(
            "label_propose",
            tr("Propose"),
            tr("Put the label before you as a proposed body; none of it counts before you accept it"),
            self._accept,
        )
        self.buttons.addButton(self.ok, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(
            note(
                tr(
                    "A label map of another program becomes a proposal for the body of <b>{level}</b>, "
                    "which you go through slice by slice.",
                    level=self.choice.level,
                )
            )
        )
        layout.addWidget(self.form.native)
        layout.addLayout(row)
        layout.addWidget(self.told)
        layout.addWidget(self.trouble)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.resize(680, self.sizeHint().height() + 60)
        self._edit("file").line_edit.native.setFocus()

    def _edit(self, name: str) -> FileEdit:
        return cast(FileEdit, self.form.container[name])

    def _box(self, name: str) -> ComboBox:
        return cast(ComboBox, self.form.container[name])

    def _check(self, name: str) -> CheckBox:
        return cast(CheckBox, self.form.container[name])

    # -- work beside the window ---------------------------------------------------------------------------------------
    def _do(self, what: Callable[[], None]) -> None:
        """Do something beside the window, after what is under way there, which is stopped."""
        if self.errand.running:
            self._waiting = what
            self.errand.cancel()
        else:
            what()
        self._show()

    def _go_on(self) -> bool:
        following, self._waiting = self._waiting, None
        if following is not None:
            following()
        return following is not None

    def read_file(self, path: Path) -> None:
        """Read the label map."""
        if self._filling or not path.name:
            return
        self.proposed, self.choice.labels, self.choice.label = None, None, None
        self._fill()

        def work(progress: Progress) -> object:
            return "labels", self.choice.look_at(self.choice.read(path, progress))

        self._do(lambda: self.errand.start(work))

    def read_levels(self, path: Path) -> None:
        """Read the file of the levels, or do without one."""
        self.proposed = None
        self.choice.take_levels(None)
        if not path.name:
            self._place()
            return
        self._do(lambda: self.errand.start(lambda progress: ("levels", self.choice.read(path, progress))))

    def _place(self) -> None:
        """Put what is chosen on the image, anew."""
        self.proposed = None
        self._check("level").value = False
        chosen = self.choice.chosen()
        if chosen is None:
            self.trouble.setText(shown(self.choice.trouble))
            self._show()
            return

        def work(progress: Progress) -> object:
            return "proposed", self.choice.propose(chosen, progress)

        self._do(lambda: self.errand.start(work))

    def _on_finished(self, result: Any) -> None:
        kind, found = result
        if self._go_on():
            return
        self.trouble.setText("")
        if kind == "proposed":
            self.proposed = found
            self._show()
        elif kind == "labels":
            assert isinstance(found, LabelsSeen)
            self.choice.take(found)
            self._fill()
            self._place()
        else:
            assert isinstance(found, LabelMap)
            self.choice.take_levels(found)
            self._place()

    def _on_failed(self, sentence: str) -> None:
        if not self._go_on():
            self.trouble.setText(shown(sentence) or tr("Stopped."))
            self._show()

    # -- what the reader chooses --------------------------------------------------------------------------------------
    def _on_naming(self, value: str) -> None:
        if not self._filling and self.choice.labels is not None:
            self.choice.rename(cast(Any, value))
            self._fill()
            self._place()

    def _on_label(self, value: str) -> None:
        labels = self.choice.labels
        if not self._filling and labels is not None and value:
            self.choice.label = labels.classes[int(value)]
            self._place()

    def _on_place(self, value: str) -> None:
        if not self._filling and value:
            self.choice.lies_in = value
            self._check("belongs").value = False
            self._place()

    def _fill(self) -> None:
        """Show what can be chosen of the file that was read."""
        choice, labels = self.choice, self.choice.labels
        self._filling = True
        try:
            classes = () if labels is None else labels.classes
            self._choose("naming", [(shown(title), each) for title, each in choice.namings()],
                         "" if labels is None else labels.naming)  # fmt: skip
            self._choose("label", [(_title(each), str(number)) for number, each in enumerate(classes)],
                         str(classes.index(choice.label)) if choice.label in classes else "")  # fmt: skip
            places = [(choice.label_of_image(each), each) for each in choice.places]
            self._choose("lies_in", places if labels is not None else [], choice.lies_in)
            self._box("lies_in").enabled = not choice.framed and len(places) > 1
            self._check("belongs").value = self._check("level").value = False
            self._check("belongs").visible = not choice.framed
        finally:
            self._filling = False

    def _choose(self, name: str, choices: list[tuple[str, str]], value: str) -> None:
        box = self._box(name)
        box.choices = choices or [("", "")]
        values = [each for _, each in choices]
        box.value = value if value in values else (values or [""])[0]
        box.enabled = bool(choices)

    def _show(self) -> None:
        choice, proposed, running = self.choice, self.proposed, self.errand.running
        for widget in (self._bar, self._stop):
            widget.setVisible(running)
        self._check("belongs").text = tr(
            "The label map belongs to this patient and was made on {label}", label=choice.label_of_image(choice.lies_in)
        )
        self._check("level").text = tr("It is the body of {level}", level=choice.level)
        self._check("level").enabled = proposed is not None
        lines = [] if choice.labels is None or not choice.labels.note else [choice.labels.note]
        if proposed is not None:
            lines += [shown(choice.size(proposed)), shown(choice.told(proposed))]
        self.told.setText(" ".join(lines))
        mark(self.told, ORANGE if proposed is not None and choice.differs(proposed) else "")
        mark(self.trouble, VERMILLION if self.trouble.text() else "")
        self.trouble.setVisible(bool(self.trouble.text()))
        self.ok.setEnabled(self._ready())

    def _ready(self) -> bool:
        confirmed = self.choice.framed or bool(self._check("belongs").value)
        return self.proposed is not None and not self.errand.running and confirmed and bool(self._check("level").value)

    def _accept(self) -> None:
        if self._ready() and self.proposed is not None:
            proposed, differs = self.proposed, self.choice.differs(self.proposed)
            self.accept()
            self._then(proposed, differs)

    def done(self, result: int) -> None:
        """Stop what is under way when the dialog closes."""
        self._waiting = None
        for signal in (self.errand.finished, self.errand.failed, self.errand.progressed):
            signal.disconnect()
        self.errand.cancel()
        super().done(result)


def _title(label: Any) -> str:
    numbers = ", ".join(str(value) for value in label.values)
    return str(label.name) if label.name == f"label {numbers}" else f"{label.name} ({numbers})"
