"""A whole reading by the scripted reader, panel by panel, as a person would do it.

It knows where things are, as a person sees them; everything it does goes through mouse and keys.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QLineEdit, QWidget

from napari_vcf.dicom import Role
from napari_vcf.measure import POSITIONS
from napari_vcf.phantom import PhantomTruth
from napari_vcf.reading import ITEMS, Stage
from napari_vcf.widgets.common.shortcuts_in_force import key_of
from napari_vcf.widgets.instruments.findings.row import FindingRow
from napari_vcf.widgets.scripted.hands import Hands, HandsError
from napari_vcf.widgets.scripted.painter import Painter

if TYPE_CHECKING:
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["ScriptedReader"]

#: Answers of the form; the case is synthetic, so they only have to be answers.
_ANSWERS: dict[str, str | int] = {
    "lesion_pattern": "uniform_infiltration",
    "lesion_location": "adjacent_to_endplate",
    "post_compression_contour": "normal_or_depressed",
    "paravertebral_soft_tissue_invasion": "no",
    "pedicle_invasion": "not_invaded",
    "pedicle_signal": "t1_low_signal",
    "signal_dwi": "high",
    "signal_t1_low": "yes",
    "signal_t2_low": "no",
    "cortical_destruction": "no",
    "posterior_cortex_fracture_line": "no",
    "pedicle_osteolysis": "no",
    "verdict": "benign",
    "confidence": 2,
}
_REASONS = {
    "enhancement": "no contrast medium given",
}


class ScriptedReader:
    """Reads the sample case.

    Parameters
    ----------
    arrangement : Arrangement
        The desk in its window.
    truth : PhantomTruth
        Where things are.
    say : callable
        Told what is being done.
    shoot : callable
        Called with a name at each stage of the work worth a picture.
    proposed : bool
        Whether the body is proposed and corrected, instead of outlined.
    corners : bool
        Whether heights are measured by corners, instead of each by its two ends.
    """

    def __init__(
        self,
        arrangement: Arrangement,
        truth: PhantomTruth,
        *,
        say: Callable[[str], None] = lambda _text: None,
        shoot: Callable[[str], None] = lambda _name: None,
        proposed: bool = True,
        corners: bool = False,
    ) -> None:
        self._arrangement = arrangement
        self._viewport, self._desk = arrangement.viewport, arrangement.desk
        self._truth = truth
        self._say = say
        self._shoot = shoot
        self._proposed = proposed
        self._corners = corners
        self.hands = Hands(arrangement)
        self._begun: list[tuple[str, dict[str, int]]] = []

    @property
    def parts(self) -> list[tuple[str, dict[str, int]]]:
        """Each part of the work and what it took, by kind."""
        ends = [counts for _, counts in self._begun[1:]] + [self.hands.counts]
        return [
            (text, {what: after[what] - count for what, count in before.items()})
            for (text, before), after in zip(self._begun, ends, strict=True)
        ]

    def _begin(self, text: str) -> None:
        self._begun.append((text, dict(self.hands.counts)))
        self._say(text)

    # -- finding things on the screen -------------------------------------------------------------------------------
    def _panel(self, name: str) -> QWidget:
        """Go to a panel by its key."""
        number = list(self._arrangement.docks).index(name) + 1
        self.hands.key(key_of(f"panels.go_to_{number}"))
        self.hands.wait_until(self._arrangement.panels[name].isVisible, f"the panel {name}", seconds=5)
        self.hands.wait(60)
        return self._arrangement.panels[name]

    def _button(self, owner: QWidget, name: str) -> QAbstractButton:
        return self._find(owner, QAbstractButton, name)

    def _box(self, owner: QWidget, name: str) -> QComboBox:
        return self._find(owner, QComboBox, name)

    @staticmethod
    def _find(owner: QWidget, kind: type[Any], name: str) -> Any:
        found = owner.findChild(kind, name)
        if found is None:
            raise HandsError(f"There is no '{name}' in '{owner.objectName()}'.")
        return found

    def _show(self, label: str) -> None:
        """Click an image in the bar."""
        self.hands.press(self._button(self._arrangement.bar, f"image_{label}"))

    def _stage(self, stage: Stage) -> None:
        self.hands.key(key_of(f"image.stage_{stage}"))
        if self._desk.stage != stage:
            raise HandsError(f"The key for the stage {stage} did nothing.")

    def _marks(self) -> Any:
        """Landmarks in the space of the image in front."""
        image = self._desk.image
        assert image is not None
        return self._truth.landmarks_ct if image.series.role is Role.CT else self._truth.landmarks_mr

    def open(self, folder: Path) -> None:
        """Open the folder of the case (the dialog of the operating system is spared)."""
        self._begin("opening the case")
        panel = self._arrangement.case_panel
        panel.open_folder(folder)
        self.hands.wait_until(lambda: self._desk.reading is not None, "the case to open", seconds=180)
        self.hands.wait(200)
        self._shoot("opened")

    # -- the work ---------------------------------------------------------------------------------------------------
    def read(self, export: Path) -> None:
        """Read all three stages and export."""
        self._stage("ct")
        self._calipers("CT")
        self._findings("ct", "findings-ct")
        self._stage("mri")
        self._calipers("T2")
        self._begin(f"lesion extent, {self._desk.stage}")
        self._show("T2FS")
        Painter(self._arrangement, self._truth, self.hands, self._panel, self._shoot).paint(proposed=self._proposed)
        self._adc()
        self._findings("mri", "findings-mri")
        self._stage("combined")
        self._register()
        self._findings("combined", "findings-combined")
        self._export(export)

    def _calipers(self, label: str) -> None:
        self._begin(f"heights on {label}, {self._desk.stage}")
        truth = self._truth
        panel = self._panel("Calipers")
        self._show(label)
        level_box = self._box(panel, "fractured")
        if level_box.currentText() != truth.level:
            self.hands.name_by_key(key_of("calipers.name"), truth.level, lambda: level_box.currentText() == truth.level)
        marks = self._marks()
        center = self._viewport.to_world(marks[truth.level]["body_center"])
        self.hands.look_at(center, millimetres=115.0)
        if self._button(panel, "corners").isChecked() != self._corners:
            self.hands.key(key_of("calipers.corners"))
        (self._by_corners if self._corners else self._nine_heights)(panel, marks)
        for which in ("above", "below"):
            key = key_of(f"calipers.status_{which}")
            self.hands.key(key)
            said = self._box(panel, f"status_{which}").currentText()
            if said != "intact":
                raise HandsError(f"The key {key} says '{said}' of the vertebra {which}.")
        self._shoot("desk" if self._desk.stage == "mri" else f"calipers-{self._desk.stage}")

    def _nine_heights(self, panel: Any, marks: Any) -> None:
        truth = self._truth
        for which, level in (
            ("fractured", truth.level),
            ("above", truth.level_above),
            ("below", truth.level_below),
        ):
            for position in POSITIONS:
                # The guide goes on by itself; a height is chosen only where it leads elsewhere.
                if panel.target() != (level, position):
                    self.hands.key(key_of(f"calipers.{which}_{position}"))
                ends = [self._viewport.to_world(marks[level][f"{position}_{end}"]) for end in ("superior", "inferior")]
                if position == "middle":
                    self.hands.drag(ends)
                else:
                    for end in ends:
                        self.hands.click_at(end)

    def _by_corners(self, panel: Any, marks: Any) -> None:
        """The corners, one key for what is proposed on edges, and by hand what is not."""
        truth, pending = self._truth, panel.calipers.pending
        levels = (truth.level_above, truth.level, truth.level_below)

        def place(level: str, position: str, end: str) -> Any:
            return self._viewport.to_world(marks[level][f"{position}_{end}"])

        for level in levels:
            for position in ("anterior", "posterior"):
                for end in ("superior", "inferior"):
                    self.hands.click_at(place(level, position, end))
        self._shoot(f"corners-{self._desk.stage}")
        if any(not each.guessed for each in pending.all()):
            self.hands.key(key_of("calipers.accept"))
        for level in levels:
            waits = pending.of(level)
            if waits is None:
                continue
            if len(waits.guessed) == 1:
                end = "superior" if waits.guessed == ("start",) else "inferior"
                at = waits.caliper.start_lps if end == "superior" else waits.caliper.end_lps
                self.hands.drag([self._viewport.to_world(at, waits.caliper.image), place(level, "middle", end)])
            else:
                for end in ("superior", "inferior"):
                    self.hands.click_at(place(level, "middle", end))

    def _register(self) -> None:
        self._begin("registration of CT to MRI")
        truth = self._truth
        panel = self._panel("Registration")
        for space in ("mr", "ct"):
            key = key_of(f"registration.name_{space}")
            box = self._box(panel, f"level_{space}")
            if box.currentText() != truth.level:
                self.hands.name_by_key(key, truth.level, lambda b=box: b.currentText() == truth.level)
        for space, marks in (("mr", truth.landmarks_mr), ("ct", truth.landmarks_ct)):
            mark = self._button(panel, f"mark_{space}")
            if not mark.isChecked():
                self.hands.key(key_of(f"registration.mark_{space}"))
            center = self._viewport.to_world(marks[truth.level]["body_center"])
            self.hands.go_to(center)
            self.hands.click_at(center)
        self.hands.key(key_of("registration.register"))
        reading = self._desk.reading
        assert reading is not None
        self.hands.wait_until(self._button(panel, "register").isEnabled, "the registration", seconds=300)
        if truth.level not in reading.state.registrations:
            raise HandsError(f"There is no registration: {self._arrangement.bar.message.text()}")
        self.hands.wait(300)
        self._shoot("registration")
        self.hands.key(key_of("image.flicker"))
        self.hands.wait(100)
        self.hands.key(key_of("image.flicker"))
        self.hands.key(key_of("registration.accept"))

    def _adc(self) -> None:
        self._begin(f"ADC rectangles, {self._desk.stage}")
        truth = self._truth
        panel = self._panel("ADC ROI")
        self.hands.wait(100)
        spots = (("lesion", truth.lesion_point_lps), ("normal", truth.marrow_point_lps))
        for tissue, spot in spots:
            if not self._button(panel, f"tissue_{tissue}").isChecked():
                self.hands.key(key_of("adc.tissue"))
            for _ in range(2):
                if tissue == "normal" and self._box(panel, "normal_level").currentText() != truth.marrow_level:
                    self.hands.key(key_of("adc.level"))
            center = self._viewport.to_world(spot)
            self.hands.look_at(center, millimetres=90.0)
            for down, right in ((0.0, 0.0), (0.6, -0.8), (-0.5, 0.9)):
                self.hands.click_at(center + np.array([0.0, down, right]))
                self.hands.key(key_of("adc.next"))
        self._shoot(f"adc-{self._desk.stage}")

    def _findings(self, stage: Stage, name: str) -> None:
        self._begin(f"findings, {stage}")
        reading = self._desk.reading
        assert reading is not None
        self._panel("Findings")
        for _ in range(3 * len(ITEMS)):
            if not reading.unanswered(stage):
                break
            if not isinstance(QApplication.focusWidget(), FindingRow) or self._answered(stage):
                self.hands.key(key_of("findings.next"))
            row = QApplication.focusWidget()
            if not isinstance(row, FindingRow):
                raise HandsError("The key for the next item led nowhere.")
            self._answer(row.item.key, stage)
        self._shoot(name)

    def _answered(self, stage: Stage) -> bool:
        row, reading = QApplication.focusWidget(), self._desk.reading
        assert reading is not None
        return isinstance(row, FindingRow) and row.item.key not in reading.unanswered(stage)

    def _answer(self, item: str, stage: Stage) -> None:
        if item in _ANSWERS:
            values = ITEMS[item].values
            self.hands.key(key_of(f"findings.answer_{values.index(_ANSWERS[item]) + 1}"))
            return
        if item not in _REASONS:
            raise HandsError(f"The scripted reader was not told what to answer to {item} in the stage {stage}.")
        self.hands.key(key_of("findings.not_assessable"))
        field = QApplication.focusWidget()
        if not isinstance(field, QComboBox):
            raise HandsError(f"No field for the reason of {item} appeared.")
        if field.currentText() != _REASONS[item]:
            QTest.keyClicks(field, _REASONS[item])
            self.hands.counts["keys"] += len(_REASONS[item])
        self.hands.key("Return")

    def _export(self, path: Path) -> None:
        self._begin(f"export to {path.name}")
        self._panel("Case")
        self.hands.key(key_of("reading.export"))
        dialogs: list[QDialog] = []

        def opened() -> bool:
            dialogs[:] = [d for d in self._arrangement.main.findChildren(QDialog, "export_dialog") if d.isVisible()]
            return bool(dialogs)

        self.hands.wait_until(opened, "the dialog for the file", seconds=10)
        field: QLineEdit = self._find(dialogs[0], QLineEdit, "fileNameEdit")
        field.selectAll()
        QTest.keyClicks(field, str(path))
        QTest.keyClick(field, Qt.Key.Key_Return)
        self.hands.wait_until(path.exists, "the exported file", seconds=120)
        self._shoot("exported")
