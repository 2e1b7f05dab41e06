"""What a napari window shows of a desk: the plane, the slice, where each image lies on it, and the layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_vcf.dicom import Role
from napari_vcf.geometry import ReadingFrame, RigidTransform
from napari_vcf.language import say, tr
from napari_vcf.reading import CaseImage
from napari_vcf.reading.stations import covers
from napari_vcf.widgets.common.locked_layer import LockedDrawing
from napari_vcf.widgets.desk.desk import Desk, plane_owner
from napari_vcf.widgets.desk.judging_aids import JudgingAids
from napari_vcf.widgets.desk.layers import ImageLayers
from napari_vcf.widgets.desk.placed_image import LazyReslice, PlacedImage, place_image
from napari_vcf.widgets.desk.planes import is_sagittal, plane_image
from napari_vcf.widgets.desk.section import Section
from napari_vcf.widgets.desk.shortcut_binding import Shortcuts
from napari_vcf.widgets.desk.slices import Slices
from napari_vcf.widgets.desk.space import (
    AxisOrder,
    PatientSpace,
    View,
    native_view,
    own_order,
    sagittal_view,
    slice_number,
    slice_text,
)

__all__ = ["Viewport"]

#: Colours of an image that is laid over another one, dark to bright: even steps are seen as even.
_FUSION = "magma"


class Viewport:
    """The window of a desk.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    desk : Desk
        What is shown.

    Attributes
    ----------
    slices : Slices
        Its slices, of which one is drawn: what title, tools and counts follow.
    keys : Shortcuts
        The registry of keys.
    """

    #: The plane or the patient space changed: world coordinates mean something else now.
    frame_changed = Signal()
    #: The slice position changed; carries mm.
    slice_changed = Signal(float)
    #: What an instrument draws or paints looks different now.
    drawing_changed = Signal()
    #: Another image is laid over the one in front, or another share of it is seen.
    overlay_changed = Signal()
    #: An image is to be laid side by side with the one in front for a while, or, with None, not any more.
    comparison_changed = Signal(object)
    #: All drawings were hidden, or are shown again; carries which.
    drawings_hidden_changed = Signal(bool)

    def __init__(self, viewer: Any, desk: Desk) -> None:
        self.viewer = viewer
        self.desk = desk
        self.keys = Shortcuts()
        #: What the instruments draw on the plane, for the linked panes.
        self.drawings: list[LockedDrawing] = []
        #: Each gives the vertebrae that were marked and are in no record yet: name, image, LPS mm of that image.
        self.level_marks: list[Callable[[], Sequence[tuple[str, str, NDArray[np.float64]]]]] = []
        #: Each gives the masks that are painted now.
        self.sections: list[Callable[[], Sequence[Section]]] = []
        #: Each gives a place of the canvas that something lies over: left, top, width and height in pixels.
        self.covered: list[Callable[[], tuple[float, float, float, float]]] = []
        self.layers = ImageLayers(viewer)
        self.layers.on_restored = self._on_restored
        self.layers.on_taken_off = self._say_taken_off
        self.slices = Slices(viewer)
        self.slices.changed.connect(self.slice_changed.emit)
        #: Point in the middle of the canvas (LPS) and zoom, when a plane of a space was last left; the newest last.
        self._left_at: dict[tuple[PatientSpace, str], tuple[PatientSpace, NDArray[np.float64], float]] = {}
        #: Puts the canvas with its title on the screen before anything else is done.
        self.draw_now: Callable[[], object] = lambda: None
        #: Middle and zoom with which the whole image was last shown.
        self._fitted: tuple[float, ...] | None = None
        self._generation = desk.generation
        self._overlaid: tuple[str, float] | None = None
        #: Whether the image that is laid over is in colour.
        self.fused_in_color = False
        self.aids = JudgingAids(desk, self.layers, self._joined_ct, self._place_ct)
        desk.fronted.connect(self._on_fronted)
        desk.stage_changed.connect(lambda _stage: self._clear())
        desk.image_changed.connect(self._on_image)
        desk.window_changed.connect(self._on_window)
        desk.disposed.connect(self.layers.let_go)

    def bind_action(self, action: str, run: Callable[[], object], *, text: str = "") -> None:
        """Bind the keys of an action of the register."""
        self.keys.bind_action(action, run, text=text)

    # -- geometry ---------------------------------------------------------------------------------------------------
    @property
    def frame(self) -> ReadingFrame:
        """The frame of the plane on the canvas."""
        return ReadingFrame.sagittal() if self.view is None else self.view.frame

    def transform_of(self, image_id: str) -> RigidTransform | None:
        """From an image's own LPS to the LPS of the space on the canvas; None where they are the same."""
        return None if self.view is None else self.desk.between(self.desk.space_of(image_id), self.view.space)

    def to_world(self, points_lps: ArrayLike, image_id: str | None = None) -> NDArray[np.float64]:
        """An image's own LPS mm to napari's world (slice, row, column) mm, shape (..., 3).

        Through the registration where the image is a CT shown in MR space.
        """
        transform = self._transform(image_id)
        points = np.asarray(points_lps, dtype=np.float64)
        return self.frame.to_world(points if transform is None else transform.apply(points))

    def to_lps(self, points_world: ArrayLike, image_id: str | None = None) -> NDArray[np.float64]:
        """Napari's world mm to an image's own LPS mm, shape (..., 3)."""
        transform = self._transform(image_id)
        points = self.frame.to_lps(points_world)
        return points if transform is None else transform.inverse().apply(points)

    def _transform(self, image_id: str | None) -> RigidTransform | None:
        image = self.desk.image_id if image_id is None else image_id
        return None if image is None else self.transform_of(image)

    def can_show(self, image_id: str) -> bool:
        """Whether an image's points have a place in the world on the canvas (same space, or registered into it)."""
        return self.view is not None and self.desk.joined(self.desk.space_of(image_id), self.view.space)

    @property
    def shown_on(self) -> str | None:
        """The MR image in whose space a registered CT is shown; None where the image is seen as it is."""
        image_id = self.desk.image_id
        if image_id is None or self.view is None or self.desk.modality_of(image_id) == "mr":
            return None
        return plane_image(image for image in self.desk.images() if self.desk.space_of(image.id) == self.view.space)

    def _make_view(self, image_id: str) -> View:
        """The plane for an image: the one that is chosen, in the space in which the image is seen.

        A sagittal image is cut by its own slices, so that each of them is seen and none between them; what has to be
        resliced takes those of the image that sets the plane.
        """
        desk, case = self.desk, self.desk.case
        assert case is not None
        owner = plane_owner(desk.plane)
        if owner is not None:
            return native_view(desk.space_of(owner), owner, case.image(owner).series.grid)
        space = desk.seen_in(image_id)
        image = case.image(image_id)
        there = [other for other in desk.leading_images() if desk.space_of(other.id) == space]
        if desk.space_of(image_id) == space:
            # Of several stations only those on which this image can be seen.
            there = [other for other in there if covers(other, image)]
        in_own_space = desk.space_of(image_id) == space
        own = is_sagittal(image) or desk.modality_of(image_id) == "ct"
        setter = image_id if in_own_space and own else None
        setter = setter or plane_image(there) or image_id
        return sagittal_view(space, case.image(setter).series.grid)

    # -- slices -----------------------------------------------------------------------------------------------------
    @property
    def view(self) -> View | None:
        """The plane on the canvas, cut into the slices that the wheel and napari's slider go through."""
        return self.slices.view

    @property
    def slice_axis(self) -> int:
        """Number of napari's axis through the slices."""
        return self.slices.axis

    @property
    def current_slice_mm(self) -> float:
        """World position of the slice on the canvas."""
        return self.slices.current_mm

    @property
    def slice_number(self) -> tuple[int, int]:
        """Number of the slice and how many there are, counted from 1 as the image in front is stored."""
        image, view = self.desk.image, self.view
        if image is None or view is None:
            return 0, 0
        return slice_number(view, self.slices.index, self._own_order(image))

    @property
    def slice_text(self) -> str:
        """Which of how many slices is shown, in words."""
        image, view = self.desk.image, self.view
        return "" if image is None or view is None else slice_text(view, self.slices.index, self._own_order(image))

    def go_to_number(self, number: int) -> None:
        """Show a slice by its number, counted as `slice_number` does."""
        shown, _ = self.slice_number
        image = self.desk.image
        order = None if image is None else self._own_order(image)
        backwards = order is not None and order.flips[0]
        self.slices.go_to(self.slices.index + (shown - number if backwards else number - shown))

    def _own_order(self, image: CaseImage) -> AxisOrder | None:
        """How an image's array lies on the view, where the view goes through its own slices."""
        if self.view is None or self.transform_of(image.id) is not None:
            return None
        return own_order(image.series.grid, self.view)

    def nearest_slice(self, position_mm: float) -> int:
        """Number of the slice nearest to a world position."""
        return self.slices.nearest(position_mm)

    def on_current_slice(self, point_world: ArrayLike) -> bool:
        """Whether a world point belongs to the slice on the canvas: no other is nearer, nor does it lie beyond all."""
        return self.slices.is_on_current(point_world)

    def go_to_slice(self, position_mm: float) -> None:
        """Show the slice nearest to a world position."""
        self.slices.go_to(self.nearest_slice(position_mm))

    def step_slice(self, steps: int) -> None:
        """Go some slices on (towards the patient's left in a sagittal plane) or back.

        An image's own slices are all gone through; a finely cut reformat goes by at least a millimetre.
        """
        self.slices.end_turn()
        self.slices.go_to(self.slices.index + steps * self._stride())

    def turn_wheel(self, steps: int) -> None:
        """Go as many steps by the wheel; see `Slices.turn`."""
        self.slices.turn(steps * self._stride())

    def _stride(self) -> int:
        if self.view is None or self.desk.image is None or self._own_order(self.desk.image) is not None:
            return 1
        return max(1, round(1.0 / self.view.grid.spacing_mm[0]))

    # -- camera -----------------------------------------------------------------------------------------------------
    def fit(self) -> None:
        """Show the whole image, upright, with the slice in the middle of it."""
        if self.view is not None:
            self._show_whole()
            self.slices.go_to(len(self.view.positions_mm) // 2)

    def refit(self) -> None:
        """Go on showing the whole image in a canvas of another size; what was zoomed or moved stays as it is."""
        if self.view is not None and self._fitted is not None and self._fitted == self._looked_at():
            self._show_whole()

    def _looked_at(self) -> tuple[float, ...]:
        camera = self.viewer.scene.camera
        return (*(float(value) for value in camera.center[-2:]), float(camera.zoom))

    def _show_whole(self) -> None:
        viewer, view = self.viewer, self.view
        assert view is not None
        _, rows, columns = view.grid.shape
        _, row_mm, column_mm = view.grid.spacing_mm
        # napari's own reset would make room for drawings as well, which may lie in the other patient space.
        middle = view.frame.to_world(view.grid.center_lps)
        viewer.scene.camera.center = (0.0, float(middle[1]), float(middle[2]))
        height, width = viewer.canvas.size
        viewer.scene.camera.zoom = 0.95 * min(height / (rows * row_mm), width / (columns * column_mm))
        self._fitted = self._looked_at()

    def _place(self) -> tuple[PatientSpace, NDArray[np.float64], float] | None:
        """The point that is looked at, LPS mm of its space, and the zoom."""
        if self.view is None:
            return None
        camera = self.viewer.scene.camera
        center = np.asarray(camera.center, dtype=np.float64)[-2:]
        return self.view.space, self.view.frame.to_lps([self.slices.wanted_mm, *center]), float(camera.zoom)

    def _return_to(self, place: tuple[PatientSpace, NDArray[np.float64], float]) -> None:
        """Show a point of the patient again on another image's slices: the nearest of them, at the same zoom."""
        assert self.view is not None
        space, point, zoom = place
        between = self.desk.between(space, self.view.space)
        world = self.view.frame.to_world(point if between is None else between.apply(point))
        corners = self.view.frame.to_world(self.view.grid.corners_lps)[:, 1:]
        if not ((corners.min(axis=0) <= world[1:]) & (world[1:] <= corners.max(axis=0))).all():
            # Another part of the body: there is nothing of this image at that place.
            self.fit()
            return
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = (0.0, float(world[1]), float(world[2])), zoom
        self.go_to_slice(float(world[0]))
        self.slices.wanted_mm = float(world[0])

    def _settle(self) -> None:
        """Show the new plane where it was last left."""
        assert self.view is not None
        viewer, view = self.viewer, self.view
        viewer.dims.ndisplay = 2
        viewer.dims.order = tuple(range(viewer.dims.ndim))
        viewer.dims.axis_labels = (*viewer.dims.axis_labels[:-3], "slice", "row", "column")
        viewer.scene.camera.angles = (0.0, 0.0, 90.0)
        known = [
            place
            for (space, plane), place in self._left_at.items()
            if plane == view.plane and self.desk.joined(space, view.space)
        ]
        if known:
            self._return_to(known[-1])
        else:
            self.fit()

    def center_on(self, point_world: NDArray[np.float64], *, millimetres: float) -> None:
        """Go to the slice of a world point and show it with so much of its surroundings."""
        self.go_to_slice(float(point_world[0]))
        self.viewer.scene.camera.center = (0.0, float(point_world[1]), float(point_world[2]))
        self.viewer.scene.camera.zoom = min(self.viewer.canvas.size) / millimetres

    # -- layers -----------------------------------------------------------------------------------------------------
    def add_layer(self, layer: Layer) -> None:
        """Keep an instrument's layer above the images, and put it back if it is deleted by hand."""
        self.layers.add_drawing(layer)

    def remove_layer(self, layer: Layer) -> None:
        """Give an instrument's layer up."""
        self.layers.remove_drawing(layer)

    @property
    def drawings_hidden(self) -> bool:
        """Whether all drawings are hidden, on the canvas and on the panes."""
        return self.layers.drawings_hidden

    def hide_drawings(self, hidden: bool) -> None:
        """Hide everything that is drawn or painted over the images, or show it again."""
        if hidden == self.drawings_hidden:
            return
        self.layers.hide_drawings(hidden)
        self._refresh()
        self.drawings_hidden_changed.emit(hidden)
        self.drawing_changed.emit()

    @property
    def image_layer(self) -> Image | None:
        """The layer of the image in front."""
        return None if self.desk.image_id is None else self.layers.image(self._key(self.desk.image_id))

    # -- what is laid over ------------------------------------------------------------------------------------------
    @property
    def overlaid(self) -> tuple[str, float] | None:
        """The image laid over the one in front, and its opacity."""
        return self._overlaid

    @property
    def covered_by(self) -> str | None:
        """The image that hides the one in front altogether; what is measured then is not what is seen."""
        return self._overlaid[0] if self._overlaid is not None and self._overlaid[1] >= 1.0 else None

    def overlay(self, image_id: str | None, opacity: float = 0.5) -> None:
        """Lay another image over the one in front; None takes it off."""
        self._overlaid = None if image_id is None else (image_id, opacity)
        self._refresh()
        self.overlay_changed.emit()

    def compare(self, image_id: str | None) -> None:
        """Lay an image side by side with the one in front until it is called with None."""
        self.comparison_changed.emit(image_id)

    def fuse_in_color(self, wanted: bool) -> None:
        """Show the image that is laid over in colour, so that it is told from the one in front, or in grey."""
        self.fused_in_color = wanted
        self._refresh()
        self.overlay_changed.emit()

    def show_edges(self, wanted: bool) -> None:
        """Draw the CT's edges over the MR, or not."""
        self.aids.edges_wanted = wanted
        self._refresh()

    def show_checkerboard(self, wanted: bool) -> None:
        """Show the CT in every other square over the MR, or not."""
        self.aids.checkerboard_wanted = wanted
        self._refresh()

    def _joined_ct(self) -> str | None:
        """The CT whose fit on the MR in front can be judged."""
        registration = self.desk.registration
        if registration is None or self.view is None:
            return None
        ct = registration.ct_image
        if self.view.space == self.desk.space_of(ct) or not self.can_show(ct):
            return None
        return ct if ct in {image.id for image in self.desk.images()} else None

    def _place_ct(self, ct: str, lazily: type[LazyReslice]) -> PlacedImage:
        assert self.view is not None
        return place_image(self.desk.volume(ct), self.view, self.transform_of(ct), fill=-1024.0, lazily=lazily)

    # -- following the desk -----------------------------------------------------------------------------------------
    def _on_fronted(self, image_id: str) -> None:
        self.desk.guard(lambda: self._put_in_front(image_id))
        # Whatever came of it: what this stage may not see is gone.
        self.layers.drop_retired()

    def _put_in_front(self, image_id: str) -> None:
        view = self._make_view(image_id)
        fresh = not view.same_as(self.view)
        with self.slices.held():
            if fresh or self._generation != self.desk.generation:
                self._generation = self.desk.generation
                self.layers.retire_images()
            if fresh:
                self._enter(view)
            reachable = {image.id for image in self.desk.images()} - {image_id}
            if self._overlaid is not None and self._overlaid[0] not in reachable:
                self._overlaid = None
            self._refresh()
            if fresh:
                self._settle()
        self.slices.draw()
        if self.desk.replacing:
            # Instruments, panels and panes are filled while the reader looks at the first image already.
            self.draw_now()
        if fresh:
            # Only once everything is in its place.
            self.frame_changed.emit()
            self.slice_changed.emit(self.current_slice_mm)

    def _enter(self, view: View) -> None:
        """Leave a plane for another, and remember where."""
        place = self._place()
        if self.view is not None and place is not None:
            left = self.view.space, self.view.plane
            self._left_at.pop(left, None)
            self._left_at[left] = place
            if (self.view.space, self.view.plane) != (view.space, view.plane):
                self._overlaid = None
        self.slices.set_view(view)

    def _on_image(self, image_id: str | None) -> None:
        if image_id is None:
            self._clear()
            if self.desk.replacing:
                # The next image takes the layer over before anything else is drawn; what is left then goes.
                QTimer.singleShot(0, self.layers.drop_retired)
            else:
                self.layers.drop_retired()

    def _clear(self) -> None:
        """Give everything up. It leaves the canvas as soon as something else has taken its place."""
        self.layers.retire_images()
        self._left_at.clear()
        self.slices.set_view(None)
        self._overlaid = None

    def _on_window(self, image_id: str) -> None:
        layer, window = self.layers.image(self._key(image_id)), self.desk.windows.of(image_id)
        if layer is None:
            return
        known = layer.contrast_limits_range
        if window[0] < known[0] or window[1] > known[1]:
            layer.contrast_limits_range = (min(window[0], known[0]), max(window[1], known[1]))
        layer.contrast_limits = window
        self._color_layers()

    def _colormap(self, image_id: str) -> str:
        return "gray_r" if self.desk.windows.is_inverted(image_id) else "gray"

    # -- drawing ----------------------------------------------------------------------------------------------------
    def _on_restored(self) -> None:
        self.slices.hold_layout()
        self._refresh()

    def _refresh(self) -> None:
        """Make the canvas show exactly the image in front and what is laid over it."""
        front_id = self.desk.image_id
        if front_id is None or self.view is None:
            return
        front, over = self._ensure(front_id), None
        if self._overlaid is not None and self.can_show(self._overlaid[0]):
            over = self._ensure(self._overlaid[0])
        share = 1.0 if self._overlaid is None else self._overlaid[1]
        for layer in self.layers.images.values():
            self.layers.show_image(
                layer, visible=layer is front or layer is over, opacity=share if layer is over else 1.0
            )
        if over is not None:
            self.layers.bring_forward(over)
        self._color_layers()
        self.layers.drop_retired()
        # Only now is the name free: napari numbers a second layer of the same name.
        self.layers.restore_titles()
        self.aids.show()
        active = self.viewer.layers.selection.active
        # A layer that is being painted on keeps the mouse; a drawing has no use for it.
        if active is None or str(active.mode) == "pan_zoom":
            self.viewer.layers.selection.active = front

    def _say_taken_off(self, names: list[str]) -> None:
        self.desk.message.emit(
            say(
                "Taken off again: {names}. While a case is open the desk shows its images and what is drawn on them, "
                "and nothing of which the place in the patient is not known.",
                names=", ".join(names),
            ),
            "info",
        )

    def _color_layers(self) -> None:
        """Show each image in grey, what is high bright or dark; the one that is laid over in colour where wanted."""
        fused = self._key(self._overlaid[0]) if self._overlaid is not None and self.fused_in_color else None
        for key, layer in self.layers.images.items():
            if isinstance(key, tuple):
                colormap = _FUSION if key == fused else self._colormap(key[0])
                if layer.colormap.name != colormap:
                    layer.colormap = colormap

    def _key(self, image_id: str) -> tuple[str, int]:
        return image_id, self.desk.index_of(image_id)

    def _ensure(self, image_id: str) -> Image:
        """The layer of an image on this plane."""
        assert self.desk.case is not None
        assert self.view is not None
        layer = self.layers.image(self._key(image_id))
        if layer is None:
            image, window = self.desk.case.image(image_id), self.desk.windows.of(image_id)
            volume, transform = self.desk.volume(image_id), self.transform_of(image_id)
            placed = place_image(volume, self.view, transform, fill=min(window[0], 0.0), on_slices=True)
            name = self._title(image, resliced=placed.resliced)
            layer = self.layers.add_image(self._key(image_id), placed, name=name, window=window, role=image.series.role)
            layer.colormap = self._colormap(image_id)
        return layer

    def _title(self, image: CaseImage, *, resliced: bool) -> str:
        """What an image is called on the canvas; it says whether its pixels are interpolated."""
        info = image.series.volumes[self.desk.index_of(image.id)] if image.series.volumes else None
        b_value = (
            f" b {info.b_value:g}"
            if info is not None and info.b_value is not None and image.series.role is Role.DWI
            else ""
        )
        return f"{image.label}{b_value}{tr(' (resliced)') if resliced else ''}"
