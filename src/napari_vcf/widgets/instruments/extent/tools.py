"""The painter's tools: what each is called, does, and is reached by; the brush; the result in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider, QWidget

from napari_vcf.language import say, tr
from napari_vcf.measure import Extent
from napari_vcf.widgets.common.controls import keep_keys, percent, points
from napari_vcf.widgets.common.shortcuts_in_force import with_key
from napari_vcf.widgets.instruments.extent.layers import Part

__all__ = ["BRUSHES", "MODES", "OUTLINES", "BrushBox", "Mode", "extent_texts"]

Mode = Literal[
    "outline", "body_add", "body_erase", "lesion_add", "lesion_erase", "lesion_outline", "threshold", "look", "check"
]
#: Name of each tool on a button of its own; its sentence and its key stand in the register of actions.
MODES: dict[Mode, str] = {
    "outline": say("Outline body"),
    "body_add": say("Body +"),
    "body_erase": say("Body −"),
    "lesion_add": say("Lesion +"),
    "lesion_erase": say("Lesion −"),
    "lesion_outline": say("Outline lesion"),
    "threshold": say("Threshold"),
    "look": say("Look"),
}
OUTLINES: tuple[Mode, ...] = ("outline", "lesion_outline")
BRUSHES: dict[Mode, tuple[Part, Literal["paint", "erase"]]] = {
    "body_add": ("body", "paint"),
    "body_erase": ("body", "erase"),
    "lesion_add": ("lesion", "paint"),
    "lesion_erase": ("lesion", "erase"),
}


class BrushBox(QWidget):
    """Size of the brush, whether it paints through the slices, and whether outlines are filled between slices.

    Parameters
    ----------
    changed : callable
        Called when the brush is another.
    fill : callable
        Called with whether slices between outlined ones are filled.
    """

    def __init__(self, changed: Callable[[], None], fill: Callable[[bool], None]) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self._brush = QSlider(Qt.Orientation.Horizontal)
        self._brush.setObjectName("brush")
        self._brush.setRange(1, 40)
        self._brush.setValue(9)
        tip = tr("Diameter of the brush, in pixels of the image")
        self._brush.setToolTip(with_key(tip, "extent.smaller", "extent.bigger"))
        keep_keys(self._brush)
        self._mm = QLabel()
        self._mm.setMinimumWidth(60)
        self.through = QCheckBox(tr("through slices"))
        self.through.setObjectName("in_3d")
        tip = tr("The brush is a ball and paints on the neighbouring slices as well")
        self.through.setToolTip(with_key(tip, "extent.through"))
        self.fill = QCheckBox(tr("fill between outlined slices"))
        self.fill.setObjectName("fill_between")
        self.fill.setChecked(True)
        tip = tr("Slices between two outlined ones follow from their shapes; correct them with the brush")
        self.fill.setToolTip(with_key(tip, "extent.fill"))
        self._brush.valueChanged.connect(lambda _value: changed())
        self.through.toggled.connect(lambda _on: changed())
        self.fill.toggled.connect(fill)
        grid.addWidget(QLabel(tr("Brush")), 0, 0)
        grid.addWidget(self._brush, 0, 1)
        grid.addWidget(self._mm, 0, 2)
        grid.addWidget(self.through, 1, 2)
        grid.addWidget(self.fill, 1, 0, 1, 2)

    @property
    def pixels(self) -> int:
        """Diameter in pixels of the image."""
        return int(self._brush.value())

    @property
    def in_3d(self) -> bool:
        """Whether it paints through the slices."""
        return bool(self.through.isChecked())

    def step(self, pixels: int) -> None:
        """Make the brush bigger or smaller."""
        self._brush.setValue(self._brush.value() + pixels)

    def show_size(self, pixel_mm: float) -> None:
        """Say how big it is; 0 where there is no image."""
        self._mm.setText(f"{self.pixels * pixel_mm:.1f} mm" if pixel_mm else "")


def extent_texts(extent: Extent, *, counted: bool = True) -> tuple[str, str]:
    """Grade and share, and the volumes, in words; ``counted`` is whether a body without lesion is G1."""
    mark = tr(" · <b>◐ borderline</b>") if extent.borderline else ""
    entire = tr(" · entire") if extent.entire else ""
    if not extent.lesion_cm3:
        said = (
            tr("No lesion painted: 0.0 % of the body, which is {grade}.", grade=extent.grade)
            if counted
            else tr(
                "No lesion painted, so the body is not graded yet. Where there is none, answer its pattern with "
                "<b>none</b>."
            )
        )
        return said, tr("body {body_cm3:.2f} cm³", body_cm3=extent.body_cm3)
    return (
        tr(
            '<span style="font-size: large;"><b>{grade}</b></span> &nbsp;{share} of the body{entire}<br>'
            "{distance} from the cut {cut}{mark}",
            grade=extent.grade,
            share=percent(extent.fraction),
            entire=entire,
            distance=points(extent.distance_to_cut),
            cut=extent.nearest_cut,
            mark=mark,
        ),
        tr(
            "body {body_cm3:.2f} cm³, lesion {lesion_cm3:.2f} cm³<br>{share} of its area on the mid-sagittal slice",
            body_cm3=extent.body_cm3,
            lesion_cm3=extent.lesion_cm3,
            share=percent(extent.mid_slice_fraction),
        ),
    )
