"""What surrounds the image on the canvas: letters, scale bar, readout, windowing by drag, slices by wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.geometry import Volume
from napari_vcf.language import say, shown, tr
from napari_vcf.widgets.desk.space import letters, position_text
from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["UNIT_TEXT", "CanvasDressing", "Readout", "voxel_value"]

UNIT_TEXT = {"um2/s": "µm²/s", "HU": "HU", "signal": say("signal")}


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """What lies under the mouse pointer.

    Attributes
    ----------
    point_lps : ndarray, shape (3,)
        In the image's own patient space, mm.
    value : float or None
        Of the nearest native voxel; None outside the image or where nothing was measured.
    unit : str
        Unit of the value.
    """

    point_lps: NDArray[np.float64]
    value: float | None
    unit: str

    @property
    def text(self) -> str:
        """For the status line."""
        x, y, z = self.point_lps
        value = (
            tr("no value") if self.value is None else f"{self.value:.0f} {shown(UNIT_TEXT.get(self.unit, self.unit))}"
        )
        return f"{value}    LPS {x:.1f}, {y:.1f}, {z:.1f} mm"


def voxel_value(volume: Volume, point_lps: NDArray[np.float64]) -> float | None:
    """Value of the native voxel that holds a point; None outside or in padding."""
    column, row, slice_ = (int(i) for i in np.floor(volume.grid.to_index(point_lps) + 0.5))
    index = (slice_, row, column)
    if any(not 0 <= i < n for i, n in zip(index, volume.grid.shape, strict=True)):
        return None
    if volume.padding is not None and volume.padding[index]:
        return None
    value = float(volume.data[index])
    return value if np.isfinite(value) else None


class CanvasDressing:
    """Overlays and mouse habits of the desk's canvas.

    Left drag moves the image (or works the instrument in hand), middle drag always moves it, right drag sets the
    window, the wheel goes through the slices, Ctrl and the wheel zoom.
    """

    #: The pointer moved; carries a `Readout`, or None off the image.
    readout = Signal(object)
    #: What the image is called, and where the slice lies, changed; carries the lines.
    titled = Signal(str)
    #: Which way the patient lies changed; carries the letters of top, bottom, left and right, or empty texts.
    lettered = Signal(tuple)

    def __init__(self, viewport: Viewport) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        viewer = viewport.viewer
        viewer.mouse_drag_callbacks.append(self._on_drag)
        # napari's own habits of the wheel (Ctrl for slices, Alt for layers) would act beside the desk's.
        viewer.mouse_wheel_callbacks.clear()
        viewer.mouse_wheel_callbacks.append(self._on_wheel)
        viewer.mouse_move_callbacks.append(self._on_move)
        # A double click must not zoom: it is how a polygon is closed, and easily made between two caliper points.
        viewer.mouse_double_click_callbacks.clear()
        # Grey levels are judged against black, whatever the theme.
        viewer.canvas.background_color_override = "black"
        viewport.slice_changed.connect(lambda _position: self._say_title())
        viewport.desk.image_changed.connect(lambda _image: self.refresh())
        for signal in (viewport.frame_changed, viewport.overlay_changed, viewport.drawings_hidden_changed):
            signal.connect(lambda *_: self.refresh())

    def refresh(self) -> None:
        """Draw letters and scale bar, and say the title of what is shown now."""
        viewport, overlays = self._viewport, self._viewport.viewer.canvas.overlays
        shown = viewport.view is not None and self._desk.image is not None
        axes = viewport.frame.axes
        ways = (-axes[1], axes[1], -axes[2], axes[2])
        self.lettered.emit(tuple(letters(way) if shown else "" for way in ways))
        self._say_title()
        overlays.scale_bar.visible = shown
        overlays.scale_bar.position = "bottom_right"

    def _say_title(self) -> None:
        self.titled.emit(self._title())

    def _title(self) -> str:
        viewport, desk = self._viewport, self._desk
        if viewport.view is None or desk.image is None:
            return ""
        layer = viewport.image_layer
        lines = [viewport.layers.title_of(layer) if layer is not None else desk.image.label]
        if desk.case is not None:
            lines.append(desk.case.pseudonym)
        if viewport.overlaid is not None and desk.case is not None:
            other, opacity = viewport.overlaid
            lines.append(f"+ {desk.case.image(other).label} {opacity:.0%}")
        if viewport.shown_on is not None:
            lines.append(tr("registered to MRI") if desk.registered else tr("registration proposed"))
        space = viewport.view.space
        if desk.modality_of(desk.image.id) == "mr" and space not in ("ct", "mr") and not desk.joined(space, "mr"):
            lines.append(tr("another frame of reference: not joined to the other MR images"))
        if viewport.drawings_hidden:
            lines.append(tr("drawings are hidden"))
        lines.append(f"{viewport.slice_text}, {position_text(viewport.view, viewport.current_slice_mm)}")
        return "\n".join(lines)

    # -- mouse ------------------------------------------------------------------------------------------------------
    def _on_drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        # What is pressed lies on the slice to which the wheel was turned before.
        self._viewport.slices.end_turn()
        if self._viewport.view is None or event.button not in (2, 3):
            return
        event.handled = True
        act = self._windowing(event) if event.button == 2 else self._moving(event)
        yield
        while event.type == "mouse_move":
            event.handled = True
            act(np.array(event.pos, dtype=np.float64))
            yield
        event.handled = True

    def _windowing(self, event: Any) -> Callable[[NDArray[np.float64]], None]:
        start = np.array(event.pos, dtype=np.float64)
        layer = self._viewport.image_layer
        low, high = (0.0, 1.0) if layer is None else layer.contrast_limits
        center, width = (low + high) / 2, high - low

        def act(position: NDArray[np.float64]) -> None:
            across, down = position - start
            # 400 pixels double the width, or move the centre by the width.
            new_width = width * 2.0 ** (across / 400)
            new_center = center + down / 400 * width
            self._desk.set_window((new_center - new_width / 2, new_center + new_width / 2))

        return act

    def _moving(self, event: Any) -> Callable[[NDArray[np.float64]], None]:
        camera = self._viewport.viewer.scene.camera
        start = np.array(event.pos, dtype=np.float64)
        center = np.array(camera.center, dtype=np.float64)

        def act(position: NDArray[np.float64]) -> None:
            across, down = (position - start) / camera.zoom
            camera.center = (center[0], center[1] - down, center[2] - across)

        return act

    def _on_wheel(self, _viewer: Any, event: Any) -> None:
        if self._viewport.view is None:
            return
        event.handled = True
        turn = float(np.clip(event.delta[1], -1, 1))
        if "Control" not in event.modifiers:
            if turn:
                self._viewport.turn_wheel(-1 if turn > 0 else 1)
            return
        camera = self._viewport.viewer.scene.camera
        factor = 1.15**turn
        pointer, center = np.array(event.position)[-2:], np.array(camera.center)[-2:]
        # What lies under the pointer stays there.
        camera.center = (0.0, *(pointer + (center - pointer) / factor))
        camera.zoom *= factor

    def _on_move(self, _viewer: Any, event: Any) -> None:
        self.readout.emit(self.read(np.array(event.position, dtype=np.float64)))

    def read(self, point_world: NDArray[np.float64]) -> Readout | None:
        """What lies at a world point in the image in front."""
        viewport, desk = self._viewport, self._desk
        if desk.image_id is None or desk.case is None or len(point_world) != 3:
            return None
        volume = desk.volume(desk.image_id)
        point = viewport.to_lps(point_world)
        return Readout(point, voxel_value(volume, point), volume.unit)
