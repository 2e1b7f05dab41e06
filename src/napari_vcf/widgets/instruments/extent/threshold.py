"""Lesion by threshold: point at a reference tissue, move the limit, see what it would take, take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QLabel, QWidget

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.measure import (
    REFERENCE_RADIUS_MM,
    ReferenceSignal,
    ReferenceTissue,
    Side,
    reference_signal,
    start_factor,
    voxels_beyond,
)
from napari_vcf.widgets.common.controls import GREEN, button, note, toggle
from napari_vcf.widgets.common.forms import ModelForm
from napari_vcf.widgets.common.locked_layer import FRAME_MS, LockedDrawing, Picture, rgba
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.instruments.extent.model import ExtentModel
from napari_vcf.widgets.instruments.instrument import Tool, World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["ReferenceTool", "ThresholdTool"]

TISSUES: dict[ReferenceTissue, str] = {
    "muscle": say("Muscle"),
    "disc": say("Disc"),
    "normal_vertebra": say("Normal vertebra"),
}
#: Where a lesion is bright; elsewhere marrow that is replaced is dark.
_BRIGHT = (Role.T2FS, Role.T1FSC, Role.DWI, Role.ADC)
#: Percent of the reference.
_RANGE = (10, 400)
_STEP = 5


class ThresholdSettings(BaseModel):
    """How far the threshold reaches.

    Attributes
    ----------
    factor : int
        The limit, in percent of the reference
    this_slice : bool
        Take lesion on the slice on the screen alone, not on all slices of the body
    """

    factor: Annotated[
        int, {"widget_type": "Slider", "min": _RANGE[0], "max": _RANGE[1], "step": _STEP, "readout": False}
    ] = Field(100, title="Limit")
    this_slice: bool = Field(False, title="this slice only")


class ReferenceTool(Tool):
    """Puts the reference where the mouse is pressed, and lets it follow."""

    def __init__(self, pick: Callable[[World], None]) -> None:
        self._pick = pick

    def press(self, point: World) -> bool:
        """Put it there."""
        self._pick(point)
        return True

    def drag(self, point: World) -> None:
        """Move it."""
        self._pick(point)


class ThresholdTool(QWidget):
    """The box of controls below the painter's tools, shown while the threshold is in tool.

    Parameters
    ----------
    viewport : Viewport
        Where the reference is picked.
    model : ExtentModel
        Body and lesion.
    changed : callable
        Called when its `guidance` says something else.
    may_draw : callable
        Whether the image that is painted on is the one that is seen; says so where it is not.
    """

    def __init__(
        self, viewport: Viewport, model: ExtentModel, changed: Callable[[], None], may_draw: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._viewport, self._desk = viewport, viewport.desk
        self._model = model
        self._changed = changed
        self._may_draw = may_draw
        self.tissue: ReferenceTissue = "muscle"
        self.signal: ReferenceSignal | None = None
        self._sides: dict[Role, Side] = {}
        self._center_lps: NDArray[np.float64] | None = None
        self._image: str | None = None
        self._active = False
        self.tool = ReferenceTool(self._pick)
        self._build()
        self._drawing = LockedDrawing(viewport, tr("Reference tissue"), self._compose)
        self.layer = self._drawing.layer
        viewport.slice_changed.connect(self._drawing.redraw)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._preview)
        viewport.slice_changed.connect(self._soon)
        self.setVisible(False)

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        self._tissues = {}
        group = QButtonGroup(self)
        for column, (tissue, name) in enumerate(TISSUES.items()):
            widget = toggle(
                f"tissue_{tissue}",
                shown(name),
                tr("What you point at: {tissue}", tissue=Sentence(name.lower())),
                action="extent.tissue",
            )
            widget.clicked.connect(lambda _=False, t=tissue: self.choose(t))
            group.addButton(widget)
            grid.addWidget(widget, 0, 2 * column, 1, 2)
            self._tissues[tissue] = widget
        self._side = button(
            "side", "", tr("Darker or brighter than the reference"), self.swap_side, action="extent.side"
        )
        self.settings = ModelForm(ThresholdSettings())
        self._factor, self._here = self.settings.control("factor"), self.settings.control("this_slice")
        self._factor.setToolTip(with_key(self._factor.toolTip(), "extent.smaller", "extent.bigger"))
        self._here.setToolTip(with_key(self._here.toolTip(), "extent.this_slice"))
        self._factor.valueChanged.connect(self._on_factor)
        self._here.toggled.connect(self._soon)
        grid.addWidget(self._side, 1, 0, 1, 2)
        self._percent = QLabel()
        self._percent.setMinimumWidth(48)
        grid.addWidget(self.settings.native, 1, 2, 2, 3)
        grid.addWidget(self._percent, 1, 5)
        self._says = note(name="threshold_says")
        grid.addWidget(self._says, 3, 0, 1, 6)
        self._take = button(
            "take",
            tr("Take as lesion"),
            tr("Make what is yellow lesion; {key} undoes it", key=key_text("reading.undo")),
            self.take,
            action="extent.finish",
        )
        grid.addWidget(self._take, 4, 3, 1, 3)

    # -- state ------------------------------------------------------------------------------------------------------
    @property
    def side(self) -> Side:
        """Which voxels are taken, for the image that is painted on."""
        image = self._model.image
        role = image.series.role if image is not None else Role.OTHER
        return self._sides.get(role, "brighter" if role in _BRIGHT else "darker")

    @property
    def factor(self) -> float:
        """The limit as a multiple of the reference."""
        return self._factor.value() / 100

    def activate(self, active: bool) -> None:
        """Come into hand, or leave it: nothing of it is seen then."""
        self._active = active
        self.setVisible(active)
        self.refresh()

    def forget(self) -> None:
        """Begin anew, with another case or another stage."""
        self.tissue = "muscle"
        self._center_lps = self.signal = self._image = None
        self._sides.clear()
        self._factor.setValue(100)
        self._here.setChecked(False)

    def guidance(self) -> str:
        """What to do next."""
        name = Sentence(TISSUES[self.tissue].lower())
        if self.signal is None:
            return tr(
                "Click <b>{tissue}</b> in the image: a circle of {diameter:g} mm is measured.",
                tissue=name,
                diameter=2 * REFERENCE_RADIUS_MM,
            )
        return tr(
            "Yellow is {side} than {percent} % of {tissue}. {key} takes it as lesion.",
            side=Sentence(self.side),
            percent=self._factor.value(),
            tissue=name,
            key=key_text("extent.finish"),
        )

    def refresh(self) -> None:
        """Show what is compared now."""
        image = self._model.image
        if self._image is not None and (image is None or image.id != self._image):
            # Another image has other values at that place.
            self._center_lps = self.signal = self._image = None
        self._tissues[self.tissue].setChecked(True)
        self._side.setText(shown(Sentence(self.side)))
        self._percent.setText(f"{self._factor.value()} %")
        unit = "" if self.signal is None or self.signal.unit == "signal" else f" {_unit(self.signal.unit)}"
        self._says.setText("" if self.signal is None else self._measured(self.signal, unit))
        self._take.setEnabled(self.signal is not None)
        self._drawing.redraw_soon()
        self._soon()

    def _measured(self, signal: ReferenceSignal, unit: str) -> str:
        """The reference, and where the limit lies."""
        values = {
            "tissue": TISSUES[self.tissue],
            "mean": signal.mean,
            "sd": signal.sd,
            "unit": unit,
            "count": signal.voxels,
            "limit": self.factor * signal.mean,
        }
        if self.side == "darker":
            return tr(
                "{tissue} {mean:.4g} ± {sd:.2g}{unit} ({count} voxels); darker is below {limit:.4g}{unit}", **values
            )
        return tr(
            "{tissue} {mean:.4g} ± {sd:.2g}{unit} ({count} voxels); brighter is above {limit:.4g}{unit}", **values
        )

    # -- what the reader does ---------------------------------------------------------------------------------------
    def choose(self, tissue: ReferenceTissue) -> None:
        """Say what the reference is; one of another tissue is forgotten."""
        if tissue != self.tissue:
            self.tissue = tissue
            self._center_lps = self.signal = self._image = None
        self._tell()

    def next_tissue(self) -> None:
        """Go to the next kind of reference."""
        names = list(TISSUES)
        self.choose(names[(names.index(self.tissue) + 1) % len(names)])

    def swap_side(self) -> None:
        """Take the other side of the limit."""
        image = self._model.image
        if image is not None:
            self._sides[image.series.role] = "brighter" if self.side == "darker" else "darker"
            self._start()
        self._tell()

    def swap_scope(self) -> None:
        """Change between this slice and all slices of the body."""
        self._here.toggle()

    def step(self, steps: int) -> None:
        """Move the limit a little."""
        self._factor.setValue(self._factor.value() + steps * _STEP)

    def drop(self) -> None:
        """Forget the reference."""
        self._center_lps = self.signal = self._image = None
        self._tell()

    def take(self) -> None:
        """Make what is marked lesion: one change of the record."""
        reading, center, image = self._desk.reading, self._center_lps, self._model.image
        if reading is None or image is None or center is None:
            self._desk.message.emit(
                say("Click {tissue} in the image first.", tissue=Sentence(TISSUES[self.tissue].lower())), "info"
            )
            return
        if not self._may_draw():
            return
        slices = self._slices()
        self._desk.guard(
            lambda: reading.threshold_lesion(
                self._desk.stage,
                tissue=self.tissue,
                center_lps=center,
                side=self.side,
                factor=self.factor,
                slices=slices,
                volume=self._desk.index_of(image.id),
            )
        )

    def _pick(self, point: World) -> None:
        image = self._model.image
        if image is None or self._model.layers is None or not self._may_draw():
            return
        center = self._viewport.to_lps(point, image.id)
        signal = self._desk.guard(lambda: reference_signal(self._desk.volume(image.id), center))
        if signal is not None:
            fresh = self.signal is None
            self._center_lps, self.signal, self._image = center, signal, image.id
            if fresh:
                self._start()
        self._tell()

    def _start(self) -> None:
        if self.signal is not None:
            self._factor.setValue(round(100 * start_factor(self.signal, self.tissue, self.side)))

    def _on_factor(self, _value: int) -> None:
        self._tell()

    def _tell(self) -> None:
        self.refresh()
        self._changed()

    # -- what is seen -----------------------------------------------------------------------------------------------
    def _slices(self) -> list[int] | None:
        """Slices on which lesion is taken; None for all."""
        if not self._here.isChecked():
            return None
        index = self._model.current_index()
        return [] if index is None else [index]

    def _soon(self, *_: object) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _preview(self) -> None:
        layers, image = self._model.layers, self._model.image
        if layers is None or image is None:
            return
        if not self._active or self.signal is None or not self._model.is_in_front:
            layers.preview(None)
            return
        body, _ = layers.masks()
        volume = self._desk.volume(image.id)
        layers.preview(voxels_beyond(volume, body, self.factor * self.signal.mean, self.side, slices=self._slices()))

    def _compose(self) -> Picture:
        picture, viewport = Picture(), self._viewport
        if not self._active or self._center_lps is None or self._image is None:
            return picture
        if self._image != self._desk.image_id or not viewport.can_show(self._image):
            return picture
        center = viewport.to_world(self._center_lps, self._image)
        if viewport.on_current_slice(center):
            zoom = max(float(viewport.viewer.scene.camera.zoom), 1e-6)
            angle = np.linspace(0, 2 * np.pi, 33)
            ring = center[1:] + REFERENCE_RADIUS_MM * np.stack([np.sin(angle), np.cos(angle)], axis=1)
            picture.line(ring, 2.0 / zoom, rgba(GREEN))
            below = center[1:] + np.array([REFERENCE_RADIUS_MM + 9.0 / zoom, 0.0])
            picture.text(below, TISSUES[self.tissue], rgba(GREEN), pixel=1 / zoom)
        return picture


def _unit(unit: str) -> str:
    return "µm²/s" if unit == "um2/s" else unit
