"""Which image is in front, on which plane, and through which registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.reading import CaseImage, LoggedAction
from napari_vcf.reading.image_pairs import shown_index
from napari_vcf.reading.state import Registration
from napari_vcf.widgets.desk.checkerboard import CheckerSquares
from napari_vcf.widgets.desk.ct_edges import EdgeLines
from napari_vcf.widgets.desk.layers import ImageLayers, LazyReslice, PlacedImage, place_image
from napari_vcf.widgets.desk.planes import plane_image
from napari_vcf.widgets.desk.space import PatientSpace, View, native_view, sagittal_view
from napari_vcf.widgets.desk.window_level import Window, presets

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["Display"]

Key = tuple[str, int]


class Display:
    """The images of a desk on the canvas.

    Parameters
    ----------
    desk : Desk
        Whose case is shown.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.layers = ImageLayers(desk.viewer)
        self.layers.on_restored = self._refresh
        self.view: View | None = None
        self.image_id: str | None = None
        self._plane = "sagittal"
        self._indices: dict[str, int] = {}
        self._windows: dict[Key, Window] = {}
        self._presets: dict[Key, dict[str, Window]] = {}
        self._overlaid: tuple[str, float] | None = None
        self._drawn_for: object = None
        self._edges_wanted = False
        self._checkerboard_wanted = False
        self._fresh = False

    # -- what is shown ----------------------------------------------------------------------------------------------
    def show(self, image_id: str, *, index: int | None = None) -> None:
        """Bring an image to the front, on the plane that is chosen."""
        case = self._desk.case
        if case is None:
            return
        if index is not None:
            self._indices[image_id] = index
        # Refused loading changes nothing on the screen.
        case.volume(image_id, self.index_of(image_id))
        self._set_view(self._view_for(image_id))
        before, self.image_id = self.image_id, image_id
        if self._overlaid is not None and self._overlaid[0] == image_id:
            self._overlaid = None
        self._refresh()
        if before != image_id or index is not None:
            self._desk.image_changed.emit(image_id)

    def show_plane(self, plane: str) -> None:
        """Choose the plane."""
        self._plane = plane
        target = plane.removeprefix("native:") if plane.startswith("native:") else self.image_id
        if target is not None:
            self.show(target)

    @property
    def plane(self) -> str:
        """``"sagittal"`` or ``"native:"`` and an image's id."""
        return self._plane

    def index_of(self, image_id: str) -> int:
        """Which of an image's volumes is shown; of several b-values the highest."""
        if image_id not in self._indices:
            assert self._desk.case is not None
            self._indices[image_id] = shown_index(self._desk.case.image(image_id).series.volumes)
        return self._indices[image_id]

    def clear(self, *, at_once: bool = True) -> None:
        """Take everything off; or, where another image follows right away, as soon as that is there."""
        self.layers.retire_images()
        if at_once:
            self.layers.drop_retired()
        self.view, self.image_id, self._overlaid = None, None, None
        self._plane = "sagittal"
        if self._desk.reading is None:
            self._indices.clear()
            self._windows.clear()
            self._presets.clear()
        self._desk.image_changed.emit(None)

    @property
    def front_layer(self) -> Image | None:
        """The layer of the image in front."""
        return None if self.image_id is None else self.layers.image(self._key(self.image_id))

    def volume(self, image_id: str) -> Volume:
        """Native voxels of the volume of an image that is shown."""
        assert self._desk.case is not None
        return self._desk.case.volume(image_id, self.index_of(image_id))

    # -- registration -----------------------------------------------------------------------------------------------
    @property
    def registration(self) -> Registration | None:
        """The registration that is accepted, or else the one that is proposed."""
        reading = self._desk.reading
        if reading is None or self._desk.stage != "combined":
            return None
        state = reading.state
        level = state.spine.fractured if state.spine is not None else None
        usable = [
            entry
            for entry in state.registrations.values()
            if entry.ct_to_mr is not None and entry.acceptance != "refused"
        ]
        usable.sort(key=lambda entry: (entry.level != level, entry.acceptance != "accepted"))
        return usable[0] if usable else None

    @property
    def accepted(self) -> bool:
        """Whether the reader has accepted a registration, so that CT belongs to MR space."""
        registration = self.registration
        return registration is not None and registration.acceptance == "accepted"

    def transform_of(self, image_id: str) -> RigidTransform | None:
        """From an image's own LPS to the LPS of the space on the canvas; None where they are the same."""
        registration = self.registration
        if self.view is None or self.view.space == self._desk.space_of(image_id) or registration is None:
            return None
        matrix = RigidTransform(np.array(registration.ct_to_mr))
        return matrix if self.view.space == "mr" else matrix.inverse()

    def can_place(self, image_id: str) -> bool:
        """Whether an image has a place on the canvas."""
        return self.view is not None and (
            self.view.space == self._desk.space_of(image_id) or self.registration is not None
        )

    def shown_on(self, image_id: str) -> str | None:
        """The MR image in whose space a CT is shown."""
        if self.view is None or self._desk.space_of(image_id) == "mr" or self.view.space == "ct":
            return None
        return plane_image(self._desk.images())

    # -- fusion -----------------------------------------------------------------------------------------------------
    def overlay(self, image_id: str | None, opacity: float = 0.5) -> None:
        """Lay another image over the one in front; None takes it off."""
        self._overlaid = None if image_id is None else (image_id, opacity)
        self._refresh()

    @property
    def overlaid(self) -> tuple[str, float] | None:
        """The image laid over, and its opacity."""
        return self._overlaid

    def show_edges(self, wanted: bool) -> None:
        """Draw the CT's edges over the MR, or not."""
        self._edges_wanted = wanted
        self._refresh()

    @property
    def edges_shown(self) -> bool:
        """Whether the CT's edges are drawn over the MR."""
        return self._edges_wanted

    def show_checkerboard(self, wanted: bool) -> None:
        """Show the CT in every other square over the MR, or not."""
        self._checkerboard_wanted = wanted
        self._refresh()

    @property
    def checkerboard_shown(self) -> bool:
        """Whether the CT stands in every other square over the MR."""
        return self._checkerboard_wanted

    # -- windows ----------------------------------------------------------------------------------------------------
    def presets(self, image_id: str) -> dict[str, Window]:
        """Windows offered for an image."""
        assert self._desk.case is not None
        key = self._key(image_id)
        if key not in self._presets:
            self._presets[key] = presets(self._desk.case.image(image_id).series.role, self.volume(image_id))
        return self._presets[key]

    def window_of(self, image_id: str) -> Window:
        """The window in which an image is shown."""
        key = self._key(image_id)
        if key not in self._windows:
            assert self._desk.case is not None
            role, automatic = self._desk.case.image(image_id).series.role.value, self.automatic(image_id)
            kept = self._desk.settings.window(role, automatic, self.volume(image_id).unit)
            self._windows[key] = kept or next(iter(self.presets(image_id).values()))
        return self._windows[key]

    def automatic(self, image_id: str) -> Window:
        """The window that follows from an image's own values; the first preset where that does not depend on them."""
        offered = self.presets(image_id)
        return offered.get("Automatic", next(iter(offered.values())))

    def set_window(self, window: Window) -> None:
        """Set the window of the image in front."""
        layer = self.front_layer
        if layer is not None and self.image_id is not None:
            low, high = window
            layer.contrast_limits_range = (
                min(low, layer.contrast_limits_range[0]),
                max(high, layer.contrast_limits_range[1]),
            )
            layer.contrast_limits = (low, high)
            self._windows[self._key(self.image_id)] = (low, high)
            self._desk.window_changed.emit(self.image_id)

    # -- slices -----------------------------------------------------------------------------------------------------
    def nearest_slice(self, position_mm: float) -> int:
        """Number of the slice nearest to a world position."""
        if self.view is None:
            return 0
        return int(np.abs(self.view.positions_mm - position_mm).argmin())

    def go_to_slice(self, position_mm: float) -> None:
        """Show the slice nearest to a world position."""
        if self.view is not None:
            position = float(self.view.positions_mm[self.nearest_slice(position_mm)])
            self._desk.viewer.dims.set_point(self._desk.slice_axis, position)

    def step_slice(self, steps: int) -> None:
        """Go on by slices; a finely cut reformat goes by at least a millimetre."""
        if self.view is None:
            return
        stride = max(1, round(1.0 / self.view.grid.spacing_mm[0]))
        positions = self.view.positions_mm
        index = int(np.clip(self.nearest_slice(self._desk.current_slice_mm) + steps * stride, 0, len(positions) - 1))
        self._desk.viewer.dims.set_point(self._desk.slice_axis, float(positions[index]))

    # -- changes of the record --------------------------------------------------------------------------------------
    def on_reading_changed(self, _logged: LoggedAction) -> None:
        """Follow a correction of a role or unit, or a registration that moved."""
        case, image_id = self._desk.case, self.image_id
        if case is None:
            return
        reachable = {image.id for image in self._desk.images()}
        if self._drawn_state() == self._drawn_for:
            return
        self._presets.clear()
        self.layers.retire_images()
        if image_id is None or image_id not in reachable:
            self.clear()
            if reachable:
                self.show(self._desk.images()[0].id)
            return
        if self._overlaid is not None and self._overlaid[0] not in reachable:
            self._overlaid = None
        self.show(image_id)
        self._desk.image_changed.emit(image_id)

    # -- inside -----------------------------------------------------------------------------------------------------
    def _drawn_state(self) -> object:
        """What of the record the layers depend on."""
        registration = self.registration
        return (
            tuple((image.id, image.label, image.series.unit) for image in self._desk.images()),
            None if registration is None else (registration.level, registration.ct_to_mr, registration.acceptance),
        )

    def _key(self, image_id: str) -> Key:
        return image_id, self.index_of(image_id)

    def _view_for(self, image_id: str) -> View:
        assert self._desk.case is not None
        case, desk = self._desk.case, self._desk
        space: PatientSpace = desk.space_of(image_id)
        if self._plane.startswith("native:"):
            owner = self._plane.removeprefix("native:")
            if owner in {image.id for image in desk.images()} and (
                desk.space_of(owner) == space or self.registration is not None
            ):
                return native_view(desk.space_of(owner), owner, case.image(owner).series.grid)
            self._plane = "sagittal"
        if space == "ct" and self.accepted:
            space = "mr"
        setter = image_id if space == "ct" else plane_image(self._desk.images())
        assert setter is not None
        return sagittal_view(space, case.image(setter).series.grid)

    def _set_view(self, view: View) -> None:
        if view.same_as(self.view):
            return
        self.layers.retire_images()
        if self._overlaid is not None:
            self._overlaid = None
        self.view = view
        self._fresh = True

    def _ensure(self, image_id: str) -> Image:
        assert self._desk.case is not None
        assert self.view is not None
        key = self._key(image_id)
        layer = self.layers.image(key)
        if layer is None:
            image: CaseImage = self._desk.case.image(image_id)
            volume = self.volume(image_id)
            window = self.window_of(image_id)
            placed = place_image(volume, self.view, self.transform_of(image_id), fill=min(window[0], 0.0))
            layer = self.layers.add_image(
                key, placed, name=self.title(image, resliced=placed.resliced), window=window, role=image.series.role
            )
        return layer

    def _joined_ct(self) -> str | None:
        """The CT whose fit on the MR in front can be judged."""
        registration = self.registration
        if registration is None or self.view is None or self.view.space != "mr":
            return None
        ct = registration.ct_image
        return ct if ct in {image.id for image in self._desk.images()} else None

    def _edges(self) -> Image | None:
        """The layer of edges, where they are wanted and have a place."""
        ct = self._joined_ct()
        if not self._edges_wanted or ct is None:
            return None
        layer = self.layers.image("edges")
        if layer is None:
            layer = self.layers.add_edges("edges", self._judged(ct, EdgeLines))
        self.layers.bring_forward(layer)
        return layer

    def _checkerboard(self) -> Image | None:
        """The layer of squares, where they are wanted and have a place."""
        ct = self._joined_ct()
        if not self._checkerboard_wanted or ct is None:
            return None
        layer = self.layers.image("checkerboard")
        if layer is None:
            placed, window = self._judged(ct, CheckerSquares), self.window_of(ct)
            layer = self.layers.add_image("checkerboard", placed, name="CT checkerboard", window=window, role=Role.CT)
        layer.contrast_limits = self.window_of(ct)
        self.layers.bring_forward(layer)
        return layer

    def _judged(self, ct: str, lazily: type[LazyReslice]) -> PlacedImage:
        assert self.view is not None
        return place_image(self.volume(ct), self.view, self.transform_of(ct), fill=-1024.0, lazily=lazily)

    def title(self, image: CaseImage, *, resliced: bool) -> str:
        """What an image is called on the canvas; it says whether its pixels are interpolated."""
        info = image.series.volumes[self.index_of(image.id)] if image.series.volumes else None
        b_value = (
            f" b {info.b_value:g}"
            if info is not None and info.b_value is not None and image.series.role is Role.DWI
            else ""
        )
        return f"{image.label}{b_value}{' (resliced)' if resliced else ''}"

    def _refresh(self) -> None:
        """Make the canvas show exactly the image in front and what is laid over it."""
        if self.image_id is None or self._desk.case is None:
            return
        viewer = self._desk.viewer
        self._drawn_for = self._drawn_state()
        front = self._ensure(self.image_id)
        over = None
        if self._overlaid is not None and self._overlaid[0] != self.image_id and self.can_place(self._overlaid[0]):
            over = self._ensure(self._overlaid[0])
        for layer in self.layers.images.values():
            layer.visible = layer is front or layer is over
            layer.opacity = 1.0
        if over is not None and self._overlaid is not None:
            over.opacity = self._overlaid[1]
            self.layers.bring_forward(over)
        self.layers.drop_retired()
        # Only now is the name free: napari numbers a second layer of the same name.
        self.layers.restore_titles()
        for aid in (self._checkerboard(), self._edges()):
            if aid is not None:
                aid.visible = True
        if self._fresh:
            self._fresh = False
            self._desk.dressing.fit()
            self._desk.frame_changed.emit()
        active = viewer.layers.selection.active
        # A layer that is being painted on keeps the mouse; a drawing has no use for it.
        if active is None or str(active.mode) == "pan_zoom":
            viewer.layers.selection.active = front
