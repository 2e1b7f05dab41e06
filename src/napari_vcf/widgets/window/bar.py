"""The bar above the image: stage, image, plane, window, fusion, undo; and below it the line for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import STAGES, CaseImage
from napari_vcf.widgets.common.controls import BLUE, ORANGE, SKY, STAGE_NAMES, clear_layout, mark
from napari_vcf.widgets.common.shortcuts_in_force import with_key
from napari_vcf.widgets.desk.canvas import CanvasDressing, Readout
from napari_vcf.widgets.desk.image_windows import AS_BEFORE, BY_HAND
from napari_vcf.widgets.desk.space import position_text
from napari_vcf.widgets.desk.vertebra import middle_of_vertebra
from napari_vcf.widgets.desk.window_level import window_around
from napari_vcf.widgets.instruments.scratch.tools import KINDS, ScratchTools
from napari_vcf.widgets.linked_views.panes import Panes
from napari_vcf.widgets.window.bar_controls import SteadyLabel, bar_box, bar_gap, bar_tool, fill_box
from napari_vcf.widgets.window.fusion_controls import FusionControls
from napari_vcf.widgets.window.message_line import MessageLine
from napari_vcf.widgets.window.window_row import WindowRow

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["DeskBar"]

#: The window of the values around the fractured vertebra.
_VERTEBRA = say("Vertebra")
#: An image's button is never narrower.
_NARROWEST_PX = 36

# napari draws tool buttons without a frame, and the one that is down like the others.
_STYLE = f"""
QToolButton {{ padding: 3px 7px; border: 1px solid rgba(128, 128, 128, 90); border-radius: 3px; }}
QToolButton:hover {{ border-color: rgba(128, 128, 128, 220); }}
QToolButton:checked {{ background: {BLUE}; color: white; font-weight: bold; border-color: {SKY}; }}
QToolButton:disabled {{ color: rgba(128, 128, 128, 130); }}
"""


def button_text(image: CaseImage) -> str:
    """What stands on the button of an image: its label, and what tells it from others of its role, where known.

    That is how long after an injection it was taken, and the b-value of a series that has one alone.
    """
    seconds, volumes = image.series.seconds_after_injection, image.series.volumes
    text = image.label if seconds is None else f"{image.label} +{_duration(seconds)}"
    if image.series.role is Role.DWI and len(volumes) == 1 and volumes[0].b_value is not None:
        text = f"{text} b {volumes[0].b_value:g}"
    return text


def after_injection(image: CaseImage) -> str:
    """The same in words, for the tooltip."""
    seconds = image.series.seconds_after_injection
    if seconds is None:
        return ""
    return tr("; taken {duration} after the injection of the contrast agent", duration=_duration(seconds))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class DeskBar(QWidget):
    """Controls over the canvas.

    Parameters
    ----------
    viewport : Viewport
        What they act on.
    dressing : CanvasDressing
        Tells what lies under the pointer.
    """

    def __init__(self, viewport: Viewport, dressing: CanvasDressing) -> None:
        super().__init__()
        self.setObjectName("desk_bar")
        self._viewport, self._desk = viewport, viewport.desk
        desk = viewport.desk
        self.setStyleSheet(_STYLE)
        self._stages = QButtonGroup(self)
        self._images = QButtonGroup(self)
        self._build()
        dressing.readout.connect(self._on_readout)
        viewport.slice_changed.connect(self._on_slice)
        for signal in (desk.opened, desk.closed, desk.stage_changed, desk.image_changed, viewport.frame_changed):
            signal.connect(self.refresh)
        desk.reading_changed.connect(self.refresh)
        desk.window_changed.connect(lambda _image: self._refresh_presets())
        self.refresh()

    # -- building ---------------------------------------------------------------------------------------------------
    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(3)
        for stage in STAGES:
            tip = with_key(tr("Read the {stage} stage", stage=STAGE_NAMES[stage]), f"image.stage_{stage}")
            widget = bar_tool(f"stage_{stage}", STAGE_NAMES[stage], tip)
            widget.setCheckable(True)
            widget.clicked.connect(lambda _checked=False, s=stage: self._desk.set_stage(s))
            self._stages.addButton(widget)
            top.addWidget(widget)
        top.addWidget(bar_gap())
        self._image_row = QHBoxLayout()
        self._image_row.setSpacing(2)
        top.addLayout(self._image_row)
        top.addWidget(bar_gap())
        self.volume = bar_box("volume", with_key(tr("Which of the image's volumes (b-values, echoes)"), "image.volume"))
        self.volume.activated.connect(self._on_volume)
        top.addWidget(self.volume)
        self.plane = bar_box(
            "plane", with_key(tr("Plane on the screen: sagittal, or an image's own slices"), "image.plane")
        )
        self.plane.activated.connect(lambda _index: self._desk.show_plane(self.plane.currentData()))
        top.addWidget(self.plane)
        self.window_preset = bar_box(
            "window_preset",
            with_key(
                tr("Window; Vertebra: by its own values; a right drag on the image sets it by hand"), "image.window"
            ),
        )
        self.window_preset.activated.connect(self._on_preset)
        top.addWidget(self.window_preset)
        self.layout_box = bar_box(
            "layout",
            with_key(
                tr("Linked panes beside the image; | puts one image beside it, as large"),
                "image.layout",
                "image.beside",
            ),
        )
        top.addWidget(self.layout_box)
        top.addWidget(bar_gap())
        self.fusion = FusionControls(self._viewport)
        top.addWidget(self.fusion)
        top.addStretch(1)
        self.undo = bar_tool("undo", tr("Undo"), with_key(tr("Take the last change back"), "reading.undo"))
        self.undo.clicked.connect(self._desk.undo)
        self.redo = bar_tool("redo", tr("Redo"), with_key(tr("Make it again"), "reading.redo"))
        self.redo.clicked.connect(self._desk.redo)
        self.panels = bar_tool(
            "panels", tr("Layers"), with_key(tr("Show or hide napari's own layer list and controls"), "panels.layers")
        )
        self.help = bar_tool("help", "?", with_key(tr("All keys"), "panels.keys"))
        for widget in (self.undo, self.redo, self.panels, self.help):
            top.addWidget(widget)
        self.message = MessageLine(self._desk)
        self.readout = SteadyLabel()
        self.readout.setObjectName("readout")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight)
        notice = QLabel(shown(Sentence(INTENDED_USE.split(":")[0])))
        notice.setToolTip(shown(Sentence(INTENDED_USE)))
        mark(notice, ORANGE)
        bottom = QHBoxLayout()
        bottom.addWidget(notice)
        bottom.addStretch(1)
        bottom.addWidget(self.readout)
        self.scratch = bar_box(
            "scratch",
            with_key(
                tr("Measure something that enters no record: distance, angle, region"),
                *(f"image.scratch_{kind}" for kind in ("distance", "cobb", "region")),
            ),
        )
        self.scratch_clear = bar_tool(
            "scratch_clear", tr("Clear"), with_key(tr("Take the scratch measurements off"), "image.scratch_clear")
        )
        self.scratch_clear.setMinimumHeight(20)
        self.scratch.setMaximumHeight(22)
        bottom.addWidget(self.scratch)
        bottom.addWidget(self.scratch_clear)
        self.window_row = WindowRow(self._viewport)
        bottom.addWidget(self.window_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 0)
        layout.setSpacing(1)
        layout.addLayout(top)
        layout.addLayout(bottom)
        # A row of its own, always there: beside the rest a sentence was cut before the key that it tells of, and a row
        # that comes and goes would move the image under the pointer.
        layout.addWidget(self.message)

    def follow_scratch(self, scratch: ScratchTools) -> None:
        """Let a box take the scratch tools into hand, and show which is there."""
        fill_box(self.scratch, [(tr("Scratch…"), ""), *((shown(text), name) for name, text in KINDS.items())])
        self.scratch.activated.connect(lambda _index: scratch.choose(self.scratch.currentData() or None))
        self.scratch_clear.clicked.connect(scratch.clear)
        scratch.changed.connect(lambda kind: self.scratch.setCurrentIndex(self.scratch.findData(kind or "")))

    def follow_panes(self, panes: Panes) -> None:
        """Let the box choose the linked panes, and show which are chosen."""

        def show(*_: object) -> None:
            fill_box(self.layout_box, panes.choices())
            self.layout_box.setCurrentIndex(self.layout_box.findData(panes.arrangement))

        show()
        for signal in (self._desk.opened, self._desk.closed, self._desk.stage_changed, self._desk.image_changed):
            signal.connect(show)
        self._desk.reading_changed.connect(show)
        self.layout_box.activated.connect(lambda _index: panes.set_layout(self.layout_box.currentData()))
        panes.layout_changed.connect(show)

    # -- following the desk -----------------------------------------------------------------------------------------
    def refresh(self, *_: object) -> None:
        """Show what the desk shows."""
        desk = self._desk
        is_open = desk.reading is not None
        stages = desk.stages
        for widget in self._stages.buttons():
            stage = widget.objectName().removeprefix("stage_")
            widget.setEnabled(stage in stages)
            widget.setChecked(is_open and stage == desk.stage)
        self._refresh_images()
        self._refresh_volumes()
        self._refresh_planes()
        self._refresh_presets()
        self.fusion.refresh()
        if desk.image_id is None and not desk.replacing:
            # Where the last image was cut is nowhere now.
            self.readout.setText("")
        self.undo.setEnabled(desk.reading is not None and desk.reading.can_undo)
        self.redo.setEnabled(desk.reading is not None and desk.reading.can_redo)

    def _refresh_images(self) -> None:
        images = self._desk.images()
        wanted = [(image.id, button_text(image)) for image in images]
        have = [(button.property("image"), button.text()) for button in self._images.buttons()]
        if wanted != have:
            for widget in self._images.buttons():
                self._images.removeButton(widget)
            clear_layout(self._image_row)
            for number, image in enumerate(images, start=1):
                tip = tr("Bring {image} to the front", image=image.label) + after_injection(image)
                tip = with_key(tip, f"image.show_{number}") if number < 10 else tip
                widget = bar_tool(f"image_{image.label}", button_text(image), tip)
                widget.setCheckable(True)
                # With many images on a narrow screen they give way, so that the window stays inside it.
                widget.setMinimumWidth(_NARROWEST_PX)
                widget.setProperty("image", image.id)
                widget.clicked.connect(lambda _checked=False, i=image.id: self._desk.show(i))
                self._images.addButton(widget)
                self._image_row.addWidget(widget)
        for widget in self._images.buttons():
            widget.setChecked(widget.property("image") == self._desk.image_id)

    def _refresh_volumes(self) -> None:
        image = self._desk.image
        volumes = () if image is None else image.series.volumes
        self.volume.setVisible(len(volumes) > 1)
        fill_box(self.volume, [(info.label, index) for index, info in enumerate(volumes)])
        if image is not None:
            self.volume.setCurrentIndex(self._desk.index_of(image.id))

    def _refresh_planes(self) -> None:
        entries = [(tr("Sagittal"), "sagittal")]
        entries += [
            (f"{image.label} {shown(Sentence(image.series.grid.plane))}", f"native:{image.id}")
            for image in self._desk.images()
            if image.series.grid.plane != "sagittal"
        ]
        self.plane.setVisible(len(entries) > 1)
        fill_box(self.plane, entries)
        self.plane.setCurrentIndex(max(0, self.plane.findData(self._desk.plane)))

    def _refresh_presets(self) -> None:
        image = self._desk.image
        names = [] if image is None else list(self._desk.windows.presets(image.id))
        if image is not None and image.series.role is not Role.CT:
            names.append(_VERTEBRA)
        self.window_preset.setEnabled(bool(names))
        named = "" if image is None else self._desk.windows.name_of(image.id)
        if named and named not in names:
            # What is no preset is said, and is left by choosing one.
            names.append(named)
        fill_box(self.window_preset, [(shown(name), name) for name in names])
        self.window_preset.setCurrentIndex(self.window_preset.findData(named))

    # -- what the controls do ---------------------------------------------------------------------------------------
    def _on_volume(self, index: int) -> None:
        if self._desk.image_id is not None:
            self._desk.show(self._desk.image_id, index=index)

    def _on_preset(self, _index: int) -> None:
        image, name = self._desk.image_id, self.window_preset.currentData()
        if image is None:
            return
        if name == _VERTEBRA:
            window = window_around(self._desk.volume(image), middle_of_vertebra(self._viewport, image))
        elif name == self._desk.windows.name_of(image):
            return
        else:
            window = self._desk.windows.presets(image).get(name)
        if window is None:
            self._desk.message.emit(say("There is too little of the image around the middle of the screen."), "info")
        else:
            self._desk.set_window(window, name=_VERTEBRA if name == _VERTEBRA else None)

    def next_window(self) -> None:
        """Go to the next preset; from a window that is none, to the first."""
        offered = [self.window_preset.itemData(index) for index in range(self.window_preset.count())]
        presets = [name for name in offered if name not in (AS_BEFORE, BY_HAND)]
        if presets:
            named = self.window_preset.currentData()
            chosen = presets[(presets.index(named) + 1) % len(presets)] if named in presets else presets[0]
            self.window_preset.setCurrentIndex(self.window_preset.findData(chosen))
            self._on_preset(0)

    def next_plane(self) -> None:
        """Go to the next plane."""
        if self.plane.count() > 1:
            self.plane.setCurrentIndex((self.plane.currentIndex() + 1) % self.plane.count())
            self._desk.show_plane(self.plane.currentData())

    def next_volume(self) -> None:
        """Go to the next of the image's volumes."""
        if self.volume.count() > 1:
            self._on_volume((self.volume.currentIndex() + 1) % self.volume.count())

    def _on_slice(self, position: float) -> None:
        view = self._viewport.view
        self.readout.setText("" if view is None else position_text(view, position))

    def _on_readout(self, readout: Readout | None) -> None:
        view = self._viewport.view
        if readout is None or view is None:
            self.readout.setText("")
            return
        self.readout.setText(f"{position_text(view, self._viewport.current_slice_mm)}    {readout.text}")
