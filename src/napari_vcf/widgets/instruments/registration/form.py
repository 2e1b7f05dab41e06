"""The controls of the registration panel, from naming the vertebra to accepting; each says what the reader wants."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import say, tr
from napari_vcf.reading.levels import LEVELS
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import Banner, button, heading, note, rule
from napari_vcf.widgets.common.forms import ModelForm
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.desk.space import Modality

__all__ = ["COUNT_FROM", "SPACE_NAMES", "STEP_DEG", "STEP_MM", "RegistrationForm"]

STEP_MM = 0.5
STEP_DEG = 0.5
SPACE_NAMES: dict[Modality, str] = {"mr": "MRI", "ct": "CT"}
#: What vertebrae are counted from, as a rule.
COUNT_FROM = ("C2", say("first rib"), say("last rib"), say("sacrum"))


#: Before the vertebra is named.
_UNNAMED = say("level…")


def _level(space: Modality) -> Any:
    return Field(
        _UNNAMED,
        title=say("On {space}", space=SPACE_NAMES[space]),
        description=say("Name of the fractured vertebra, counted on the {space}", space=SPACE_NAMES[space]),
    )


Level = Annotated[str, {"choices": [_UNNAMED, *LEVELS]}]


class FracturedVertebra(BaseModel):
    """The fractured vertebra's name, counted on each examination by itself."""

    mr: Level = _level("mr")
    ct: Level = _level("ct")


#: Before the reader says where the count began.
_UNCOUNTED = say("counted from…")


def _count(space: Modality) -> Any:
    return Field(
        _UNCOUNTED,
        title=say("On {space}", space=SPACE_NAMES[space]),
        description=say("Where you began to count the vertebrae on the {space}", space=SPACE_NAMES[space]),
    )


Count = Annotated[str, {"choices": [_UNCOUNTED, *COUNT_FROM]}]


class LevelsCounted(BaseModel):
    """Where the reader's own count of the levels began, on each examination by itself."""

    mr: Count = _count("mr")
    ct: Count = _count("ct")


class RegistrationForm(QWidget):
    """Controls from naming the vertebra to accepting; they change nothing themselves."""

    #: The level was chosen on ``"mr"`` or ``"ct"``.
    level_named = Signal(str)
    #: The centre is to be marked on ``"mr"`` or ``"ct"``, or, with None, not any more.
    marking_wanted = Signal(object)
    register_wanted = Signal()
    cancel_wanted = Signal()
    edges_wanted = Signal(bool)
    checkerboard_wanted = Signal(bool)
    #: A step of the CT along (slice, row, column) of the screen.
    nudged = Signal(tuple)
    #: A step of the CT in the plane of the screen, clockwise for 1.
    turned = Signal(int)
    #: The levels were counted on both.
    counted = Signal()
    accepted = Signal()
    refused = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.banner = Banner("registration_next")
        column.addWidget(self.banner)
        self.levels = ModelForm(FracturedVertebra(), {space: f"level_{space}" for space in SPACE_NAMES})
        self.level: dict[Modality, QComboBox] = {}
        self.mark_buttons: dict[Modality, QPushButton] = {}
        marks = QVBoxLayout()
        for space in SPACE_NAMES:
            box = self.level[space] = self.levels.control(space)
            box.setToolTip(with_key(box.toolTip(), f"registration.name_{space}"))
            box.activated.connect(lambda _index, s=space: self.level_named.emit(s))
            mark = button(
                f"mark_{space}",
                "",
                tr(
                    "Brings the {space} to the front; then click the centre of the fractured vertebral body",
                    space=SPACE_NAMES[space],
                ),
                lambda s=space: self.marking_wanted.emit(s if self.mark_buttons[s].isChecked() else None),
                action=f"registration.mark_{space}",
            )
            mark.setCheckable(True)
            self.mark_buttons[space] = mark
            marks.addWidget(mark)
        named = QHBoxLayout()
        named.addWidget(self.levels.native)
        named.addLayout(marks, 1)
        column.addWidget(heading(tr("The fractured vertebra")))
        column.addLayout(named)
        self.register_button = button(
            "register",
            tr("Register CT to MRI"),
            tr("Finds the rigid motion that joins the two at this vertebra"),
            self.register_wanted.emit,
            action="registration.register",
        )
        self.cancel_button = button(
            "cancel_register", tr("Cancel"), tr("Stop the registration"), self.cancel_wanted.emit
        )
        row_layout = QHBoxLayout()
        row_layout.addWidget(self.register_button, 1)
        row_layout.addWidget(self.cancel_button)
        column.addLayout(row_layout)
        self.progress = SteadyBar("register_progress", tr("CT and MRI are being registered"))
        column.addWidget(self.progress)
        self.verdict = note(name="registration_result")
        column.addWidget(self.verdict)
        column.addWidget(self._build_count())
        column.addWidget(rule())
        column.addWidget(heading(tr("Look at it, then decide")))
        self.edges = QCheckBox(tr("Edges of the CT over the MRI"))
        self.edges.setObjectName("edges")
        self.edges.setToolTip(with_key(tr("Draws the outlines of the CT's bone over the MRI"), "registration.edges"))
        self.edges.toggled.connect(self.edges_wanted)
        self.checkerboard = QCheckBox(tr("CT in every other square"))
        self.checkerboard.setObjectName("checkerboard")
        tip = tr("A checkerboard: outlines must run on from a square of CT into one of MRI")
        self.checkerboard.setToolTip(with_key(tip, "registration.checkerboard"))
        self.checkerboard.toggled.connect(self.checkerboard_wanted)
        column.addWidget(self.edges)
        column.addWidget(self.checkerboard)
        column.addWidget(
            note(
                tr(
                    "Scroll through the slices. The slider above the image blends CT and MRI; {key} "
                    "flickers between them.",
                    key=key_text("image.flicker"),
                )
            )
        )
        self.nudges = self._build_nudges()
        column.addLayout(self.nudges)
        decide = QHBoxLayout()
        self.accept_button = button(
            "accept",
            tr("Accept"),
            tr("The CT lies right on the MRI here"),
            self.accepted.emit,
            action="registration.accept",
        )
        self.refuse_button = button(
            "refuse",
            tr("Refuse"),
            tr("It does not fit; say why in the field beside"),
            self.refused.emit,
            action="registration.refuse",
        )
        self.reason = QLineEdit()
        self.reason.setObjectName("refusal_reason")
        self.reason.setPlaceholderText(tr("why it is refused"))
        self.reason.setToolTip(with_key(tr("Why it is refused; Enter refuses"), "registration.refuse"))
        self.reason.returnPressed.connect(self.refused)
        for widget in (self.accept_button, self.refuse_button, self.reason):
            decide.addWidget(widget)
        column.addLayout(decide)
        self.progress.setVisible(False)
        self.cancel_button.setVisible(False)

    def _build_count(self) -> QWidget:
        """Where the images leave the level open: the reader's own count on both of them."""
        self.count_box = QWidget()
        self.count_box.setObjectName("level_count")
        row = QHBoxLayout(self.count_box)
        row.setContentsMargins(0, 0, 0, 0)
        self.counts = ModelForm(LevelsCounted(), {space: f"counted_{space}" for space in SPACE_NAMES})
        self.counted_from: dict[Modality, QComboBox] = {}
        for space in SPACE_NAMES:
            box = self.counted_from[space] = self.counts.control(space)
            box.setToolTip(with_key(box.toolTip(), f"registration.count_{space}"))
        row.addWidget(self.counts.native)
        self.count_button = button(
            "count_levels",
            tr("Same vertebra"),
            tr(
                "You counted on both images and came to the same vertebra; this lifts the doubt about "
                "its level, no other"
            ),
            self.counted.emit,
            action="registration.counted",
        )
        self.count_button.setEnabled(False)
        for box in self.counted_from.values():
            box.activated.connect(lambda _index: self.count_button.setEnabled(self.count_begun))
        row.addWidget(self.count_button)
        self.count_box.setVisible(False)
        return self.count_box

    @property
    def count_begun(self) -> bool:
        """Whether it is said for both examinations where the count began."""
        return all(box.currentIndex() > 0 for box in self.counted_from.values())

    def uncount(self) -> None:
        """Ask anew where the count began."""
        for box in self.counted_from.values():
            box.setCurrentIndex(0)
        self.count_button.setEnabled(False)

    def _build_nudges(self) -> QGridLayout:
        grid = QGridLayout()
        grid.addWidget(
            QLabel(tr("By hand, {step_mm:g} mm or {step_deg:g}°", step_mm=STEP_MM, step_deg=STEP_DEG)), 0, 0, 1, 4
        )
        moves = (
            ("nudge_left", "←", "move_left", lambda: self.nudged.emit((0, 0, -1))),
            ("nudge_right", "→", "move_right", lambda: self.nudged.emit((0, 0, 1))),
            ("nudge_up", "↑", "move_up", lambda: self.nudged.emit((0, -1, 0))),
            ("nudge_down", "↓", "move_down", lambda: self.nudged.emit((0, 1, 0))),
            ("turn_left", "⟲", "turn_left", lambda: self.turned.emit(-1)),
            ("turn_right", "⟳", "turn_right", lambda: self.turned.emit(1)),
            ("nudge_back", tr("slice −"), "move_back", lambda: self.nudged.emit((-1, 0, 0))),
            ("nudge_forth", tr("slice +"), "move_forth", lambda: self.nudged.emit((1, 0, 0))),
        )
        for index, (name, text, action, run) in enumerate(moves):
            widget = button(name, text, tr("Move the CT on the MRI a little"), run, action=f"registration.{action}")
            grid.addWidget(widget, 1 + index // 4, index % 4)
        return grid
