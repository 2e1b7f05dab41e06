"""The dock of a consensus: what differs, settled item by item, with a reason each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import Sentence, said, say, shown, tr
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import Stage
from napari_vcf.reading.state import Registration
from napari_vcf.study import ConsensusSession, open_consensus
from napari_vcf.study.confirmations import Confirmations
from napari_vcf.study.consensus import Drawing
from napari_vcf.study.consensus_documents import item_label
from napari_vcf.widgets.common.controls import (
    GREEN,
    STAGE_NAMES,
    VERMILLION,
    Banner,
    button,
    clear_layout,
    fill_with,
    heading,
    keep_keys,
    mark,
    moved_by_hand,
    note,
    rule,
    scrolled,
)
from napari_vcf.widgets.common.notifying import notify
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.desk.shortcut_binding import Shortcuts
from napari_vcf.widgets.study.consensus_canvas import ConsensusCanvas
from napari_vcf.widgets.study.consensus_item import NOT_ASSESSABLE, ItemBox, choice_box

__all__ = ["ConsensusDock"]


class ConsensusDock(QWidget):
    """Settles the stages of one case.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows the drawings; it holds nothing else.
    root : Path
        The study folder.
    case : str
        Pseudonym of the case.
    stages : tuple of str
        Stages of the study.
    """

    def __init__(
        self,
        viewer: Any,
        root: Path,
        case: str,
        stages: tuple[Stage, ...],
        confirmations: Confirmations | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("consensus")
        self._root, self._case = root, case
        self._confirmations = confirmations
        self.session: ConsensusSession | None = None
        self.canvas = ConsensusCanvas(viewer)
        self.boxes: dict[str, ItemBox] = {}
        self._build(stages)
        self.keys = Shortcuts()
        for action, run in {
            "consensus.to_drawings": self._look,
            "consensus.image": self._next_image,
            "consensus.flicker": self._flicker,
            "consensus.next": self.next_open,
            "consensus.sign": self.sign,
        }.items():
            self.keys.bind_action(action, run)

    def _build(self, stages: tuple[Stage, ...]) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(8, 6, 8, 6)
        self.guide = Banner("consensus_guide")
        layout.addWidget(heading(tr("Consensus on case {case}", case=self._case)))
        layout.addWidget(self.guide)
        row = QHBoxLayout()
        self.stage = choice_box("consensus_stage", tr("Which stage is settled"))
        for name in stages:
            self.stage.addItem(STAGE_NAMES[name], name)
        self.stage.activated.connect(lambda _index: self.open(self.stage.currentData()))
        self.image = choice_box(
            "consensus_image", with_key(tr("On which image the drawings are shown"), "consensus.image")
        )
        self.image.activated.connect(lambda _index: self._show_image())
        for label, widget in ((tr("Stage"), self.stage), (tr("Image"), self.image)):
            row.addWidget(QLabel(label))
            row.addWidget(widget)
        row.addWidget(
            button(
                "to_drawings",
                tr("To the drawings"),
                tr("Show the slice and place of what was drawn"),
                self._look,
                action="consensus.to_drawings",
            )
        )
        row.addStretch(1)
        layout.addLayout(row)
        layout.addLayout(self._build_fusion())
        layout.addWidget(rule())
        self._items = QVBoxLayout()
        layout.addLayout(self._items)
        layout.addWidget(rule())
        layout.addWidget(QLabel(tr("Present (pseudonyms, with commas between)")))
        self.present = QLineEdit()
        self.present.setObjectName("present")
        self.present.setToolTip(tr("Who settled this together; goes into the record"))
        keep_keys(self.present)
        layout.addWidget(self.present)
        self.sign_button = button(
            "sign_consensus",
            tr("Sign the consensus"),
            tr("Sign what was settled: from then on it is read-only"),
            self.sign,
            action="consensus.sign",
        )
        layout.addWidget(self.sign_button)
        self.message = note(name="consensus_message")
        layout.addWidget(self.message)
        layout.addStretch(1)
        layout.addWidget(note(shown(Sentence(INTENDED_USE))))
        self.area = scrolled(inside, sideways=False)
        fill_with(self, self.area)
        self.setMinimumWidth(500)

    def _build_fusion(self) -> QVBoxLayout:
        column, row = QVBoxLayout(), QHBoxLayout()
        self.fusion_label = QLabel(tr("CT over the MRI"))
        self.fusion = QSlider(Qt.Orientation.Horizontal)
        self.fusion.setObjectName("consensus_fusion")
        self.fusion.setRange(0, 100)
        self.fusion.setValue(round(100 * self.canvas.opacity))
        self.fusion.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fusion.setToolTip(
            tr(
                "How much of the CT is seen, where its reader had joined it to the MRI; {key} flickers",
                key=key_text("consensus.flicker"),
            )
        )
        self.fusion.valueChanged.connect(lambda value: self.canvas.set_opacity(value / 100))
        row.addWidget(self.fusion_label)
        row.addWidget(self.fusion, 1)
        self.joined = note(name="consensus_joined")
        column.addLayout(row)
        column.addWidget(self.joined)
        return column

    # -- opening ------------------------------------------------------------------------------------------------------
    def open(self, stage: Stage) -> None:
        """Open the consensus on a stage; what keeps it closed is said."""
        self.close_session()
        self.stage.setCurrentIndex(self.stage.findData(stage))
        try:
            self.session = open_consensus(self._root, self._case, stage, confirmations=self._confirmations)
            images = self.session.images()
            self.canvas.open(images, self.session.drawings, self.session.protocol)
        except NapariVcfError as error:
            self.close_session()
            self._say(said(error), bad=True)
        else:
            for image in images.images.values():
                self.image.addItem(image.label, image.id)
            self.image.setCurrentIndex(self.image.findData(self.canvas.image_id))
            self._say("")
        self._build_items()
        self._refresh()

    def close_session(self) -> None:
        """Leave the stage; what was settled stays."""
        if self.session is not None:
            self.session.close()
        self.session = None
        self.canvas.close()
        self.image.clear()

    def _show_image(self) -> None:
        self.canvas.show(self.image.currentData())
        self._refresh_fusion()

    def _flicker(self) -> None:
        if self.fusion.isEnabled():
            self.fusion.setValue(0 if self.fusion.value() > 50 else 100)

    def _refresh_fusion(self) -> None:
        self.fusion.setEnabled(self.canvas.fuses)
        self.fusion_label.setEnabled(self.canvas.fuses)
        lines = [_joined(name, drawing.registration) for name, drawing in sorted(self._drawings().items())]
        self.joined.setText("\n".join(lines))
        self.joined.setVisible(bool(lines))

    def _drawings(self) -> dict[str, Drawing]:
        """What was drawn where CT and MRI are read together; elsewhere nothing is joined."""
        return self.session.drawings if self.session is not None and self.session.stage == "combined" else {}

    def _look(self) -> None:
        self.canvas.look_at_drawings()

    def _next_image(self) -> None:
        if self.image.count():
            self.image.setCurrentIndex((self.image.currentIndex() + 1) % self.image.count())
            self._show_image()

    def next_open(self) -> None:
        """Bring the next item that is not settled into view."""
        missing = self.session.missing() if self.session is not None else ()
        if missing:
            self.area.ensureWidgetVisible(self.boxes[missing[0]])
            self.boxes[missing[0]].why.setFocus()

    # -- settling -----------------------------------------------------------------------------------------------------
    def settle(self, item: str) -> None:
        """Write down what was chosen for an item."""
        session, box = self.session, self.boxes[item]
        if session is None:
            return
        value, why = box.chosen(), box.why.text().strip()
        if value is None:
            self._say(say("{item}: choose a value first.", item=item_label(item)), bad=True)
            return
        try:
            if value == NOT_ASSESSABLE:
                session.settle(item, why=why, not_assessable=why)
            else:
                session.settle(item, value, why=why)
        except NapariVcfError as error:
            self._say(said(error), bad=True)
            return
        self._say("")
        self._refresh()

    def sign(self) -> None:
        """Sign the stage and go on to the next one."""
        session = self.session
        if session is None:
            return
        names = [name.strip() for name in self.present.text().split(",") if name.strip()]
        try:
            session.sign(names)
        except NapariVcfError as error:
            self._say(said(error), bad=True)
            return
        receipt = session.receipt_problem or say("Receipt: {receipt}", receipt=session.receipt)
        done = say("{stage}: signed. {receipt}", stage=STAGE_NAMES[session.stage], receipt=receipt)
        self.close_session()
        self._build_items()
        following = self.stage.currentIndex() + 1
        if following < self.stage.count():
            self.open(self.stage.itemData(following))
            if self.session is not None:
                self._say(done)
        else:
            self._refresh()
            self._say(say("The consensus is signed. {done}", done=done))

    # -- what is shown ------------------------------------------------------------------------------------------------
    def _build_items(self) -> None:
        clear_layout(self._items)
        self.boxes = {}
        for item, answers in self.session.differing.items() if self.session is not None else ():
            assert self.session is not None
            box = ItemBox(item, answers, self.session.choices(item), assessable=self.session.may_be_left_open(item))
            box.settle_button.clicked.connect(lambda _checked=False, i=item: self.settle(i))
            self.boxes[item] = box
            self._items.addWidget(box)

    def _refresh(self) -> None:
        session = self.session
        self._refresh_fusion()
        self.sign_button.setEnabled(session is not None)
        self.image.setEnabled(session is not None)
        if session is None:
            self.guide.setText(tr("Nothing is open. Choose a stage."))
            return
        missing = session.missing()
        for item, box in self.boxes.items():
            box.show_settled(session.settled.get(item), session.reasons().get(item, ""))
        done = len(self.boxes) - len(missing)
        if not self.boxes:
            self.guide.setText(tr("The readers agree on every item. Say who is present, and sign."))
        else:
            self.guide.setText(
                tr(
                    "{done} of {count} differing items are settled. A is on the left, B on the right.",
                    done=done,
                    count=len(self.boxes),
                )
            )

    def _say(self, text: str, *, bad: bool = False) -> None:
        notify(text, "error" if bad else "info")
        self.message.setText(shown(text))
        mark(self.message, "" if not text else VERMILLION if bad else GREEN)

    def hideEvent(self, event: Any) -> None:  # noqa: N802
        """Give the case free when the window closes."""
        super().hideEvent(event)
        if not event.spontaneous() and not self.window().isVisible():
            self.close_session()


def _joined(name: str, registration: Registration | None) -> str:
    if registration is None:
        return tr("{name}: CT and MRI stayed apart.", name=name)
    return tr(
        "{name}: CT joined to the MRI at {level}, {shift_mm:.1f} mm and {angle_deg:.1f}° from the clicks, {moved}.",
        name=name,
        level=registration.level,
        shift_mm=registration.shift_mm,
        angle_deg=registration.angle_deg,
        moved=moved_by_hand(registration.nudges),
    )
