"""The ADC panel: rectangles of locked size, three fresh placements, values only once the third is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QButtonGroup, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel

from napari_vcf.dicom import Role
from napari_vcf.geometry import Rectangle
from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.reading.carrying import CarriedItem
from napari_vcf.reading.map_resolution import map_effective_n
from napari_vcf.reading.results import roi_angle_deg
from napari_vcf.reading.state import Roi, Tissue
from napari_vcf.widgets.common.controls import Banner, button, heading, keep_keys, note, rule, toggle
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.instruments.adc_roi.drawing import RoiDrawing
from napari_vcf.widgets.instruments.adc_roi.model import TISSUE_NAMES, AdcModel
from napari_vcf.widgets.instruments.adc_roi.table import AdcTable
from napari_vcf.widgets.instruments.adc_roi.tool import RoiTool
from napari_vcf.widgets.instruments.carried.box import CarriedBox
from napari_vcf.widgets.instruments.instrument import Instrument, ToolManager

if TYPE_CHECKING:
    from napari_vcf.reading import CaseImage, Protocol

__all__ = ["AdcWidget"]

#: Shown until calipers, body or the reader tell the level.
ASK_LEVEL = say("level…")
STEP_MM = 0.5
STEP_DEG = 1.0
#: Steps to the right and down.
_ARROWS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


def _map_text(image: CaseImage, protocol: Protocol) -> str:
    # Evidence is written in ASCII, as exports are.
    evidence = shown(image.series.unit_evidence).replace("um2/s", "µm²/s").replace("mm2/s", "mm²/s")
    if image.series.unit is None:
        return tr(
            "Map: <b>{label}</b>. Its unit is not known yet: say it in the panel Case ({evidence}).",
            label=image.label,
            evidence=evidence,
        )
    return tr(
        "Map: <b>{label}</b>, unit from {evidence}; about {voxels:.0f} effective voxels in each rectangle",
        label=image.label,
        evidence=evidence,
        voxels=map_effective_n(image.series, protocol),
    )


class AdcWidget(Instrument):
    """ADC of lesion and normal marrow.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    name = "adc"
    title = say("ADC ROI")
    item = "adc"
    hides_masks = True

    def __init__(self, tools: ToolManager) -> None:
        super().__init__(tools)
        desk, viewport = self.desk, self.viewport
        self.model = AdcModel(self.desk)
        self._before: tuple[str, str | None] | None = None
        self.roi_tool = RoiTool(
            viewport,
            current=self.model.movable,
            place=self._place,
            may_place=self._may_place,
            endplates=self._endplates,
        )
        self.tool = self.roi_tool
        self._build()
        self.drawing = RoiDrawing(viewport, self.roi_tool, self.model.shown, lambda roi: roi is self.model.drafted)
        desk.opened.connect(self._forget)
        viewport.slice_changed.connect(self._on_slice)
        self.roi_tool.changed.connect(self._show_guide)
        for name, (right, down) in _ARROWS.items():
            self.share(
                f"adc.move_{name}",
                lambda r=right, d=down: self.roi_tool.nudge(r * STEP_MM, d * STEP_MM),
                detail=say("by {step:g} mm", step=STEP_MM),
            )
        for name, side in (("left", -1), ("right", 1)):
            self.share(
                f"adc.turn_{name}",
                lambda s=side: self.roi_tool.turn(s * STEP_DEG),
                detail=say("by {step:g}°", step=STEP_DEG),
            )
        for name, run in {
            "align": self._align,
            "next": self.next_placement,
            "delete": self.delete,
            "afresh": self.place_afresh,
            "stop": self.roi_tool.cancel,
            "tissue": self._swap_tissue,
            "level": self._next_level,
        }.items():
            self.share(f"adc.{name}", run)
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
        for tissue, text in TISSUE_NAMES.items():
            widget = toggle(
                f"tissue_{tissue}",
                shown(text),
                tr("Place the ROIs of the {tissue}", tissue=Sentence(text.lower())),
                action="adc.tissue",
            )
            widget.clicked.connect(lambda _=False, t=tissue: self.set_tissue(t))
            group.addButton(widget)
            tissues.addWidget(widget)
            self._tissues[tissue] = widget
        self.carried = self._carried_box = CarriedBox(
            self.viewport,
            self.model.carried,
            confirm="adc.next",
            delete="adc.delete",
            how=say("Dragging or turning changes it."),
            prepare=self._prepare_carried,
        )
        self.column.addWidget(self.carried)
        self.column.addLayout(tissues)
        self._level = QComboBox()
        self._level.setObjectName("normal_level")
        keep_keys(self._level)
        self._level.setToolTip(
            with_key(tr("The adjacent normal vertebra in which the normal ROIs are placed"), "adc.level")
        )
        level_row = QHBoxLayout()
        self._level_name = QLabel(tr("in vertebra"))
        level_row.addWidget(self._level_name)
        level_row.addWidget(self._level, 1)
        self.column.addLayout(level_row)
        self._dots = note(name="placements")
        self.column.addWidget(self._dots)
        self.column.addLayout(self._build_turning())
        row = QHBoxLayout()
        self._next = button(
            "next", tr("Next placement"), tr("Keep it and hide it"), self.next_placement, action="adc.next"
        )
        self._delete = button(
            "delete", tr("Delete"), tr("Delete this placement; it can be undone"), self.delete, action="adc.delete"
        )
        self._again = button(
            "again",
            tr("Place afresh"),
            tr("Delete all placements of this tissue"),
            self.place_afresh,
            action="adc.afresh",
        )
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
        row.addWidget(
            button(
                "turn_left",
                "⟲ 1°",
                tr("Turn to the left"),
                lambda: self.roi_tool.turn(-STEP_DEG),
                action="adc.turn_left",
            )
        )
        row.addWidget(
            button(
                "turn_right",
                "⟳ 1°",
                tr("Turn to the right"),
                lambda: self.roi_tool.turn(STEP_DEG),
                action="adc.turn_right",
            )
        )
        self._angle = QDoubleSpinBox()
        self._angle.setObjectName("angle")
        self._angle.setRange(-180.0, 180.0)
        self._angle.setDecimals(1)
        self._angle.setSuffix(" °")
        self._angle.setWrapping(True)
        self._angle.setKeyboardTracking(False)
        tip = tr("Angle of the long side on the screen; clockwise from level")
        self._angle.setToolTip(with_key(tip, "adc.turn_left", "adc.turn_right"))
        self._angle.valueChanged.connect(self._on_angle)
        keep_keys(self._angle)
        # Once it is typed, Enter, arrows and letters mean the rectangle again.
        self._angle.editingFinished.connect(self._angle.clearFocus)
        row.addWidget(self._angle)
        self._parallel = button(
            "align", "∥", tr("Parallel to the endplates that the calipers show"), self._align, action="adc.align"
        )
        row.addWidget(self._parallel)
        self._size = QLabel()
        self._size.setObjectName("size")
        self._size.setToolTip(tr("The size is the protocol's. No gesture changes it."))
        row.addWidget(self._size, 1)
        return row

    # -- what the reader does ---------------------------------------------------------------------------------------
    def _may_place(self) -> bool:
        if self.desk.image is None or self.desk.image.series.role is not Role.ADC:
            self.desk.message.emit(say("The ROI is placed on the ADC map."), "info")
            return False
        if self.model.revealed():
            self.desk.message.emit(say("Its values have been seen, so it stays. 'Place afresh' begins anew."), "info")
            return False
        return self.model.tissue == "normal" or self._level_of_tissue() is not None

    def _level_of_tissue(self) -> str | None:
        reading = self.desk.reading
        if reading is None or reading.state.spine is None:
            return None
        if self.model.tissue == "lesion":
            return reading.state.spine.fractured
        if self.model.drafted is not None:
            return self.model.drafted.level
        return self._level.currentText() if self._level.currentIndex() > 0 else None

    def _level_at(self, rectangle: Rectangle) -> str | None:
        """The vertebra in which a rectangle lies by calipers or body; else the one that is named."""
        reading, image, named = self.desk.reading, self.desk.image, self._level_of_tissue()
        if reading is None or image is None:
            return None
        lies_in = reading.level_at(self.desk.stage, image.id, rectangle.center_lps)
        if lies_in is None:
            if named is None:
                ask = say("Say in which vertebra the normal marrow lies: no calipers and no body tell it here.")
                self.desk.message.emit(ask, "warning")
            return named
        if named is not None and lies_in != named:
            self.desk.message.emit(
                say("By what was drawn the rectangle lies in {lies_in}, not in {named}.", lies_in=lies_in, named=named),
                "warning",
            )
        # The lesion is in the fractured vertebra by definition; elsewhere the drawing tells.
        return named if self.model.tissue == "lesion" else lies_in

    def set_tissue(self, tissue: Tissue) -> None:
        """Place the ROIs of the other tissue."""
        self.tools.take(self)
        self.model.tissue = tissue
        self.refresh()

    def _swap_tissue(self) -> None:
        self.set_tissue("normal" if self.model.tissue == "lesion" else "lesion")

    def _next_level(self) -> None:
        if self._level.isEnabled() and self._level.isVisible() and self._level.count() > 1:
            # The first entry asks; it is no answer.
            self._level.setCurrentIndex(self._level.currentIndex() % (self._level.count() - 1) + 1)
            self.refresh()

    def _endplates(self, point_lps: NDArray[np.float64]) -> NDArray[np.float64] | None:
        reading, level, image = self.desk.reading, self._level_of_tissue(), self.model.image
        if reading is None or image is None:
            return None
        if self.model.tissue == "normal":
            level = reading.level_at(self.desk.stage, image.id, point_lps) or level
        if level is None:
            return None
        return reading.endplates(self.desk.stage, level, image.id)

    def _align(self) -> None:
        if self.model.movable() is not None and not self.roi_tool.align():
            self.desk.message.emit(
                say("Measure two heights of this vertebra on MRI, or on a CT joined to it; they tell its endplates."),
                "info",
            )

    def _on_slice(self, _position: float) -> None:
        if self.isVisible():
            self._show_guide()

    def next_placement(self) -> None:
        """Keep the placement and hide it, or confirm the one that was carried; after the last one show all."""
        if self.model.current is None and self._carried_box.waits:
            tissue = self.model.tissue
            self._carried_box.confirm()
            after, self.model.tissue = self.model.tissue, tissue
            self.model.finish()
            self.model.tissue = after
        else:
            self.model.keep()
        self.refresh()

    def _prepare_carried(self, item: CarriedItem) -> None:
        if item.tissue is not None:
            self.model.tissue = item.tissue

    def delete(self) -> None:
        """Delete the placement in the making, or the one that was carried."""
        if self.model.current is None and self._carried_box.waits:
            self._carried_box.delete()
            self.refresh()
        else:
            self.model.delete()

    def place_afresh(self) -> None:
        """Delete all placements of the tissue, so that they can be made anew."""
        self.model.place_afresh()
        self.refresh()

    def _place(self, rectangle: Rectangle) -> None:
        level = self._level_at(rectangle)
        if level is not None:
            self.model.place(rectangle, level)
            self.refresh()

    def _on_angle(self, angle_deg: float) -> None:
        rectangle = self.model.movable()
        if rectangle is not None:
            self.roi_tool.turn(angle_deg - self._screen_angle(rectangle))

    def _screen_angle(self, rectangle: Rectangle) -> float:
        axes = self.viewport.frame.axes
        return float(np.degrees(np.arctan2(rectangle.axis_long @ axes[1], rectangle.axis_long @ axes[2])))

    def _forget(self) -> None:
        self._before = None
        self.model.tissue = "lesion"
        self.model.forget()
        self.refresh()

    def begin_stage(self) -> None:
        """Begin with the lesion, and go back to no image of the stage before."""
        super().begin_stage()
        self._before = None
        self.model.tissue = "lesion"

    def taken(self) -> None:
        """Show the ADC map on its own slices."""
        image = self.model.image
        if image is None or self.desk.reading is None or self.desk.image_id == image.id:
            return
        self._before = (self.desk.plane, self.desk.image_id)
        self.desk.show_plane(f"native:{image.id}")

    def laid_down(self) -> None:
        """Forget a drag, and bring back the plane and the image that were there before."""
        self.roi_tool.cancel()
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
        self.setEnabled(reading is not None and self.model.image is not None)
        for tissue, widget in self._tissues.items():
            widget.setChecked(tissue == self.model.tissue)
        self._show_levels()
        self._show_state()
        self._show_guide()
        if reading is None:
            return
        results = reading.results(self.desk.stage).adc
        revealed = {tissue: self.model.revealed(tissue) for tissue in TISSUE_NAMES}
        placed = {tissue: len(self.model.placed(tissue)) for tissue in TISSUE_NAMES}
        self._table.show_results(results, revealed, placed, self.model.wanted)
        self._warnings.setText("<br>".join(self._visible_warnings()))

    def _show_levels(self) -> None:
        reading = self.desk.reading
        spine = reading.state.spine if reading is not None else None
        self._level_name.setVisible(spine is not None)
        self._level.setVisible(self.model.tissue == "normal" and spine is not None)
        if reading is None or spine is None:
            return
        if self.model.tissue == "lesion":
            self._level_name.setText(tr("in the fractured vertebra <b>{fractured}</b>", fractured=spine.fractured))
            return
        self._level_name.setText(tr("in vertebra"))
        levels = [shown(ASK_LEVEL), *(level for level in reading.references() if level is not None)]
        if [self._level.itemText(i) for i in range(self._level.count())] != levels:
            self._level.clear()
            self._level.addItems(levels)
        placed = self.model.placed("normal")
        if placed:
            if self._level.findText(placed[0].level) < 0:
                self._level.addItem(placed[0].level)
            self._level.setCurrentText(placed[0].level)
        self._level.setEnabled(not placed)

    def _show_state(self) -> None:
        reading, image = self.desk.reading, self.model.image
        roi, rectangle = self.model.current, self.model.movable()
        self._dots.setText("")
        if reading is None:
            return
        protocol = reading.protocol
        count = len(self.model.placed())
        marks = [
            "●" if n < count or (n == count and roi is None) else "◉" if n == count else "○"
            for n in range(1, protocol.roi_placements + 1)
        ]
        if roi is None:
            state = (
                tr("done")
                if self.model.revealed()
                else tr("{count} of {wanted} placed and hidden", count=count, wanted=protocol.roi_placements)
            )
        else:
            state = tr(
                "placement {number} of {wanted}, {angle}",
                number=roi.placement,
                wanted=protocol.roi_placements,
                angle=self._angle_text(roi),
            )
        self._dots.setText(f'<span style="font-size: large;">{" ".join(marks)}</span> &nbsp;{state}')
        area = protocol.roi_long_mm * protocol.roi_short_mm
        self._size.setText(f"{protocol.roi_long_mm:g} × {protocol.roi_short_mm:g} mm = {area:g} mm²")
        last = count >= protocol.roi_placements
        self._next.setText(tr("Finish and show") if last else tr("Next placement"))
        self._next.setEnabled(roi is not None)
        self._delete.setEnabled(roi is not None)
        self._carried_box.refresh()
        self._again.setEnabled(count > 0)
        for name in ("turn_left", "turn_right"):
            self.button(name).setEnabled(rectangle is not None)
        self._parallel.setEnabled(rectangle is not None and self._endplates(rectangle.center_lps) is not None)
        self._angle.setEnabled(rectangle is not None)
        self._angle.blockSignals(True)
        self._angle.setValue(self._screen_angle(rectangle) if rectangle is not None else 0.0)
        self._angle.blockSignals(False)
        self._map.setText("" if image is None else _map_text(image, protocol))

    def _angle_text(self, roi: Roi) -> str:
        reading = self.desk.reading
        found = {} if reading is None else reading.results(self.desk.stage).adc.endplate_deviation_deg
        deviation = found.get((roi.tissue, roi.placement))
        return (
            tr("{angle:.1f}° to axial", angle=abs(roi_angle_deg(roi)))
            if deviation is None
            else tr("{deviation:.1f}° to the endplates", deviation=deviation)
        )

    def _show_guide(self) -> None:
        self._guide.setText(self.guide_text(self._guidance()))

    def _guidance(self) -> str:
        reading, image = self.desk.reading, self.model.image
        if reading is None:
            return tr("No case is open.")
        if image is None:
            return tr("This stage has no ADC map that can be measured.")
        if reading.state.spine is None:
            return tr("Name the fractured vertebra first (Calipers).")
        if image.series.unit is None:
            return tr("The unit of {label} is not known: say it in the Case panel first.", label=image.label)
        if self.model.revealed():
            return tr("All placements are made. 'Place afresh' begins anew.")
        if self.desk.image_id != image.id:
            return tr("Show {label} to place the ROI.", label=image.label)
        rectangle = self.model.movable()
        if rectangle is not None and not self.roi_tool.on_screen(rectangle):
            return tr(
                "The rectangle lies on another slice. Click to bring it to this one; an arrow key shows it there."
            )
        if self.model.drafted is not None:
            return tr(
                "Is this where you want ROI <b>{number}</b>, as you signed it?", number=self.model.drafted.placement
            )
        if self.model.current is not None:
            return tr(
                "Drag it to move, drag its knob to turn; {turn} turn it by {step:g}°. {keep} keeps and hides it.",
                turn=key_text("adc.turn_left", "adc.turn_right"),
                step=STEP_DEG,
                keep=key_text("adc.next"),
            )
        return tr(
            "Click on the map to place ROI <b>{next_number} of {wanted}</b>, {tissue}: in the centre "
            "of the body, away from cortex, vessels and artefact.",
            next_number=self.model.next_number,
            wanted=self.model.wanted,
            tissue=Sentence(TISSUE_NAMES[self.model.tissue].lower()),
        )

    def _visible_warnings(self) -> list[str]:
        reading = self.desk.reading
        warnings = () if reading is None else reading.results(self.desk.stage).warnings
        return [shown(warning.text) for warning in warnings if warning.item == "adc"]
