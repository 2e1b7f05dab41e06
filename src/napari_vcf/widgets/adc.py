"""The ADC panel: rectangles of locked size, three fresh placements, values only once the third is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QButtonGroup, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel

from napari_vcf.dicom import Role
from napari_vcf.geometry import Rectangle
from napari_vcf.reading import CaseImage
from napari_vcf.reading.results import rectangle_of, roi_angle_deg
from napari_vcf.reading.state import Roi, Tissue
from napari_vcf.widgets.adc_table import AdcTable
from napari_vcf.widgets.instrument import Instrument
from napari_vcf.widgets.parts import Banner, button, heading, note, rule, toggle
from napari_vcf.widgets.roi_drawing import RoiDrawing
from napari_vcf.widgets.roi_hand import RoiHand

if TYPE_CHECKING:
    from napari_vcf.widgets.desk import Desk

__all__ = ["AdcWidget"]

STEP_MM = 0.5
STEP_DEG = 1.0
_TISSUE_NAMES: dict[Tissue, str] = {"lesion": "Lesion", "normal": "Normal vertebra"}
_ARROWS = (("Up", 0, -1), ("Down", 0, 1), ("Left", -1, 0), ("Right", 1, 0))


class AdcWidget(Instrument):
    """ADC of lesion and normal marrow.

    Parameters
    ----------
    desk : Desk
        The desk on which it measures.
    """

    name = "adc"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.tissue: Tissue = "lesion"
        #: Tissues whose last placement was finished, so that nothing is hidden any more.
        self._finished: set[tuple[str, Tissue]] = set()
        self._current: dict[tuple[str, Tissue], int] = {}
        self._before: tuple[str, str | None] | None = None
        self.roi_hand = RoiHand(desk, current=self.movable, place=self._place, may_place=self._may_place)
        self.hand = self.roi_hand
        self._build()
        self.drawing = RoiDrawing(desk, self.roi_hand, self.shown_rectangles)
        desk.opened.connect(self._forget)
        self.roi_hand.changed.connect(self._show_guide)
        for key, right, down in _ARROWS:
            self.share(
                key,
                lambda r=right, d=down: self.roi_hand.nudge(r * STEP_MM, d * STEP_MM),
                f"Move what is chosen {key.lower()} a little",
            )
        self.share("[", lambda: self.roi_hand.turn(-STEP_DEG), "Turn what is chosen a little to the left")
        self.share("]", lambda: self.roi_hand.turn(STEP_DEG), "Turn what is chosen a little to the right")
        self.share("Return", self.next_placement, "Finish what is being drawn or placed")
        self.share("Del", self.delete, "Delete what is chosen (can be undone)")
        self.share("Esc", self.roi_hand.cancel, "Stop what is being drawn or chosen")
        self.share("T", self._swap_tissue, "Change between lesion and normal vertebra (ADC ROI)")
        self.follow_desk()

    # -- building ---------------------------------------------------------------------------------------------------
    def _build(self) -> None:
        self._guide = Banner("guide")
        self._map = note(name="map")
        self.column.addWidget(self._guide)
        self.column.addWidget(self._map)
        tissues = QHBoxLayout()
        group = QButtonGroup(self)
        self._tissues = {}
        for tissue, text in _TISSUE_NAMES.items():
            widget = toggle(f"tissue_{tissue}", text, f"Place the ROIs of the {text.lower()}", key="T")
            widget.clicked.connect(lambda _=False, t=tissue: self.set_tissue(t))
            group.addButton(widget)
            tissues.addWidget(widget)
            self._tissues[tissue] = widget
        self.column.addLayout(tissues)
        self._level = QComboBox()
        self._level.setObjectName("normal_level")
        self._level.setToolTip("The adjacent normal vertebra in which the three normal ROIs are placed")
        level_row = QHBoxLayout()
        self._level_name = QLabel("in vertebra")
        level_row.addWidget(self._level_name)
        level_row.addWidget(self._level, 1)
        self.column.addLayout(level_row)
        self._dots = note(name="placements")
        self.column.addWidget(self._dots)
        self.column.addLayout(self._build_turning())
        row = QHBoxLayout()
        self._next = button("next", "Next placement", "Keep it and hide it", self.next_placement, key="Enter")
        self._delete = button("delete", "Delete", "Delete this placement; it can be undone", self.delete, key="Del")
        self._again = button("again", "Place afresh", "Delete all placements of this tissue", self.place_afresh)
        for widget in (self._next, self._delete, self._again):
            row.addWidget(widget)
        self.column.addLayout(row)
        self.column.addWidget(rule())
        self.column.addWidget(heading("ADC, µm²/s"))
        self._table = AdcTable()
        self.column.addWidget(self._table)
        self._warnings = note(name="warnings")
        self.column.addWidget(self._warnings)
        self.column.addStretch(1)

    def _build_turning(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(button("turn_left", "⟲ 1°", "Turn to the left", lambda: self.roi_hand.turn(-STEP_DEG), key="["))
        row.addWidget(button("turn_right", "⟳ 1°", "Turn to the right", lambda: self.roi_hand.turn(STEP_DEG), key="]"))
        self._angle = QDoubleSpinBox()
        self._angle.setObjectName("angle")
        self._angle.setRange(-180.0, 180.0)
        self._angle.setDecimals(1)
        self._angle.setSuffix(" °")
        self._angle.setWrapping(True)
        self._angle.setKeyboardTracking(False)
        self._angle.setToolTip("Angle of the long side on the screen; clockwise from level")
        self._angle.valueChanged.connect(self._on_angle)
        row.addWidget(self._angle)
        self._size = QLabel()
        self._size.setObjectName("size")
        self._size.setToolTip("The size is the protocol's. No gesture changes it.")
        row.addWidget(self._size, 1)
        return row

    # -- where things stand -----------------------------------------------------------------------------------------
    @property
    def image(self) -> CaseImage | None:
        """The ADC map: the one in front, else the first of the stage."""
        maps = [i for i in self.desk.images() if i.series.role is Role.ADC and i.series.measurable]
        return next((i for i in maps if i.id == self.desk.image_id), maps[0] if maps else None)

    @property
    def placements(self) -> int:
        """How many placements the protocol asks for."""
        return self.desk.reading.protocol.roi_placements if self.desk.reading is not None else 3

    def placed(self, tissue: Tissue | None = None) -> list[Roi]:
        """Placements of a tissue, in order."""
        wanted = tissue or self.tissue
        rois = self.stage.rois if self.stage is not None else ()
        return sorted((roi for roi in rois if roi.tissue == wanted), key=lambda roi: roi.placement)

    def revealed(self, tissue: Tissue) -> bool:
        """Whether all placements of a tissue are placed and finished, so that they and their values are shown."""
        return len(self.placed(tissue)) >= self.placements and (self.desk.stage, tissue) in self._finished

    @property
    def placement(self) -> int:
        """Number of the next placement."""
        taken = {roi.placement for roi in self.placed()}
        return next((n for n in range(1, self.placements + 1) if n not in taken), self.placements)

    def current_roi(self) -> Roi | None:
        """The placement that may still be moved."""
        if self.stage is None or self.revealed(self.tissue):
            return None
        number = self._current.get((self.desk.stage, self.tissue))
        return None if number is None else self.stage.roi(self.tissue, number)

    def movable(self) -> Rectangle | None:
        """The rectangle that may be moved now, while its map is on the screen."""
        roi, reading = self.current_roi(), self.desk.reading
        if roi is None or reading is None or self.desk.image_id != roi.image:
            return None
        return rectangle_of(roi, reading.protocol)

    def shown_rectangles(self) -> list[tuple[Rectangle, Roi, bool]]:
        """Rectangles to draw: the one in the making, and all of a tissue once its values are shown."""
        reading = self.desk.reading
        if reading is None or self.stage is None:
            return []
        current = self.current_roi()
        return [
            (rectangle_of(roi, reading.protocol), roi, roi is current)
            for roi in self.stage.rois
            if roi is current or self.revealed(roi.tissue)
        ]

    def _may_place(self) -> bool:
        if self.desk.image is None or self.desk.image.series.role is not Role.ADC:
            self.desk.message.emit("The ROI is placed on the ADC map.", "info")
            return False
        if self.revealed(self.tissue):
            self.desk.message.emit("Its values have been seen, so it stays. 'Place afresh' begins anew.", "info")
            return False
        return self._level_of_tissue() is not None

    def _level_of_tissue(self) -> str | None:
        reading = self.desk.reading
        if reading is None or reading.state.spine is None:
            return None
        return reading.state.spine.fractured if self.tissue == "lesion" else self._level.currentText() or None

    # -- what the reader does ---------------------------------------------------------------------------------------
    def set_tissue(self, tissue: Tissue) -> None:
        """Place the ROIs of the other tissue."""
        self.board.take(self)
        self.tissue = tissue
        self.refresh()

    def _swap_tissue(self) -> None:
        self.set_tissue("normal" if self.tissue == "lesion" else "lesion")

    def next_placement(self) -> None:
        """Keep the placement and hide it; after the last one show all and their values."""
        roi = self.current_roi()
        if roi is None:
            return
        self._current.pop((self.desk.stage, self.tissue))
        if len(self.placed()) >= self.placements:
            self._finished.add((self.desk.stage, self.tissue))
        self.refresh()

    def delete(self) -> None:
        """Delete the placement in the making."""
        roi, reading = self.current_roi(), self.desk.reading
        if roi is not None and reading is not None:
            self.desk.guard(lambda: reading.remove_roi(self.desk.stage, roi.tissue, roi.placement))

    def place_afresh(self) -> None:
        """Delete all placements of the tissue, so that they can be made anew."""
        reading, stage = self.desk.reading, self.desk.stage
        self._finished.discard((stage, self.tissue))
        self._current.pop((stage, self.tissue), None)
        if reading is not None:
            for roi in self.placed():
                self.desk.guard(lambda r=roi: reading.remove_roi(stage, r.tissue, r.placement))
        self.refresh()

    def _place(self, rectangle: Rectangle) -> None:
        reading, stage, image = self.desk.reading, self.desk.stage, self.desk.image
        level, roi = self._level_of_tissue(), self.current_roi()
        if reading is None or image is None or level is None:
            return
        number = roi.placement if roi is not None else self.placement
        key = (stage, self.tissue)
        before = self._current.get(key)
        self._current[key] = number
        placed = self.desk.guard(
            lambda: reading.place_roi(
                stage=stage,
                tissue=self.tissue,
                placement=number,
                level=roi.level if roi is not None else level,
                image=image.id,
                rectangle=rectangle,
            )
        )
        if placed is None and before is None:
            self._current.pop(key, None)
        self.refresh()

    def _on_angle(self, angle_deg: float) -> None:
        rectangle = self.movable()
        if rectangle is not None:
            self.roi_hand.turn(angle_deg - self._screen_angle(rectangle))

    def _screen_angle(self, rectangle: Rectangle) -> float:
        axes = self.desk.frame.axes
        return float(np.degrees(np.arctan2(rectangle.axis_long @ axes[1], rectangle.axis_long @ axes[2])))

    def _forget(self) -> None:
        """Take up the placements of a case; those that are complete have been seen."""
        self._current.clear()
        self._before = None
        self._finished = {
            (stage, tissue)
            for stage, state in (self.desk.reading.state.stages.items() if self.desk.reading is not None else ())
            for tissue in _TISSUE_NAMES
            if sum(roi.tissue == tissue for roi in state.rois) >= self.placements
        }
        self.refresh()

    def taken(self) -> None:
        """Show the ADC map on its own slices."""
        image = self.image
        if image is None or self.desk.reading is None or self.desk.image_id == image.id:
            return
        self._before = (self.desk.display.plane, self.desk.image_id)
        self.desk.show_plane(f"native:{image.id}")

    def laid_down(self) -> None:
        """Forget a drag, and bring back the plane and the image that were there before."""
        self.roi_hand.cancel()
        before, self._before = self._before, None
        if before is None or self.desk.reading is None:
            return
        plane, image_id = before
        self.desk.show_plane(plane)
        if image_id in {image.id for image in self.desk.images()} and image_id is not None:
            self.desk.show(image_id)

    # -- what is shown ----------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Redraw the panel and the rectangles from the reading."""
        self.drawing.redraw()
        reading = self.desk.reading
        self.setEnabled(reading is not None and self.image is not None)
        for tissue, widget in self._tissues.items():
            widget.setChecked(tissue == self.tissue)
        self._show_levels()
        self._show_state()
        self._show_guide()
        if reading is None:
            return
        results = reading.results(self.desk.stage).adc
        shown = {tissue: self.revealed(tissue) for tissue in _TISSUE_NAMES}
        self._table.show_results(results, shown, {t: len(self.placed(t)) for t in _TISSUE_NAMES}, self.placements)
        self._warnings.setText("<br>".join(self._visible_warnings()))

    def _show_levels(self) -> None:
        reading = self.desk.reading
        spine = reading.state.spine if reading is not None else None
        self._level_name.setVisible(spine is not None)
        self._level.setVisible(self.tissue == "normal" and spine is not None)
        if reading is None or spine is None:
            return
        if self.tissue == "lesion":
            self._level_name.setText(f"in the fractured vertebra <b>{spine.fractured}</b>")
            return
        self._level_name.setText("in vertebra")
        levels = [level for level in reading.references() if level is not None]
        if [self._level.itemText(i) for i in range(self._level.count())] != levels:
            self._level.clear()
            self._level.addItems(levels)
        placed = self.placed("normal")
        if placed:
            self._level.setCurrentText(placed[0].level)
        self._level.setEnabled(not placed)

    def _show_state(self) -> None:
        reading, image = self.desk.reading, self.image
        roi, rectangle = self.current_roi(), self.movable()
        self._dots.setText("")
        if reading is None:
            return
        protocol = reading.protocol
        count = len(self.placed())
        marks = [
            "●" if n < count or (n == count and roi is None) else "◉" if n == count else "○"
            for n in range(1, protocol.roi_placements + 1)
        ]
        if roi is None:
            state = "done" if self.revealed(self.tissue) else f"{count} of {protocol.roi_placements} placed and hidden"
        else:
            state = f"placement {roi.placement} of {protocol.roi_placements}, {roi_angle_deg(roi):.1f}° to axial"
        self._dots.setText(f'<span style="font-size: large;">{" ".join(marks)}</span> &nbsp;{state}')
        area = protocol.roi_long_mm * protocol.roi_short_mm
        self._size.setText(f"{protocol.roi_long_mm:g} × {protocol.roi_short_mm:g} mm = {area:g} mm²")
        last = count >= protocol.roi_placements
        self._next.setText("Finish and show" if last else "Next placement")
        self._next.setEnabled(roi is not None)
        self._delete.setEnabled(roi is not None)
        self._again.setEnabled(count > 0)
        for name in ("turn_left", "turn_right"):
            self.button(name).setEnabled(rectangle is not None)
        self._angle.setEnabled(rectangle is not None)
        self._angle.blockSignals(True)
        self._angle.setValue(self._screen_angle(rectangle) if rectangle is not None else 0.0)
        self._angle.blockSignals(False)
        self._map.setText("" if image is None else f"Map: <b>{image.label}</b>, unit from {image.series.unit_evidence}")

    def _show_guide(self) -> None:
        self._guide.setText(self._guidance())

    def _guidance(self) -> str:
        reading, image = self.desk.reading, self.image
        if reading is None:
            return "No case is open."
        if image is None:
            return "This stage has no ADC map that can be measured."
        if reading.state.spine is None:
            return "Name the fractured vertebra first (Calipers)."
        if image.series.unit is None:
            return f"The unit of {image.label} is not known: say it in the Case panel first."
        if self.revealed(self.tissue):
            return "All placements are made. 'Place afresh' begins anew."
        if self.desk.image_id != image.id:
            return f"Show {image.label} to place the ROI."
        if self.current_roi() is not None:
            return "Drag it to move, drag its knob to turn; arrows 0.5 mm, [ and ] 1°. Enter keeps and hides it."
        return (
            f"Click on the map to place ROI <b>{self.placement} of {self.placements}</b>, "
            f"{_TISSUE_NAMES[self.tissue].lower()}: in the centre of the body, away from cortex, vessels and artefact."
        )

    def _visible_warnings(self) -> list[str]:
        reading = self.desk.reading
        return [] if reading is None else [text for text in reading.results(self.desk.stage).warnings if "ROI" in text]
