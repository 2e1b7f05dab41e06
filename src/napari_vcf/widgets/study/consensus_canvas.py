"""Two readers' drawings on the same image, side by side: A on the left, B on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.language import tr
from napari_vcf.measure import Position
from napari_vcf.reading import CaseImage, Protocol
from napari_vcf.reading.image_pairs import shown_index
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.results import caliper_mm, rectangle_of
from napari_vcf.reading.spaces import between, same_space, space_names
from napari_vcf.study.consensus import Drawing
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.widgets.common.controls import SKY, VERMILLION, YELLOW
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.desk.placed_image import place_image
from napari_vcf.widgets.desk.planes import is_sagittal, plane_image
from napari_vcf.widgets.desk.slices import Slices
from napari_vcf.widgets.desk.space import (
    View,
    axis_order,
    own_order,
    position_text,
    sagittal_view,
    slice_text,
    turned_grid,
)
from napari_vcf.widgets.desk.window_level import presets
from napari_vcf.widgets.instruments.calipers.drawing import POSITION_COLORS, POSITION_SHORT, with_serifs

__all__ = ["ConsensusCanvas"]

_LINE_MM = 0.7
_OTHER_SLICE_ALPHA = 0.2
#: Where the labels stand, (row, column) mm from the upper end of the middle caliper and from the middle of the others.
_LABEL_AT_MM: dict[Position, tuple[float, float]] = {
    "anterior": (0.0, -11.0),
    "middle": (-3.0, 0.0),
    "posterior": (0.0, 11.0),
}
#: From the corner of the first view to the reader's letter, mm.
_NAME_MM = 9.0
#: What is seen around the drawings at first, mm.
_AROUND_MM = 35.0
_CLEAR = (0.0, 0.0, 0.0, 0.0)


class ConsensusCanvas:
    """The drawings of two readers or more, each on a copy of the image, in cells with one camera.

    Parameters
    ----------
    viewer : napari.Viewer
        Its layers are this canvas' own.

    Attributes
    ----------
    slices : Slices
        Those of the image that is shown: each of its own can be reached, and none between two.
    """

    #: What is shown, in lines to be written over it; empty for nothing.
    titled = Signal(str)

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self._case: PreparedCase | None = None
        self._drawings: Mapping[str, Drawing] = {}
        self._protocol = Protocol()
        self._corner: NDArray[np.float64] = np.zeros(2)
        self._pictures: list[LockedDrawing] = []
        self._over: list[Image] = []
        # Worked out once for the image that is shown, not with each of its slices: motions onto it, by drawing and
        # image, and of whom something has no place on it.
        self._motions: dict[tuple[int, str], RigidTransform | None] = {}
        self._apart: list[str] = []
        self.opacity = 0.4
        self.image_id: str | None = None
        self.slices = Slices(viewer, in_grid=True)
        self.slices.changed.connect(self._on_slice)

    def open(self, case: PreparedCase, drawings: Mapping[str, Drawing], protocol: Protocol) -> None:
        """Show the drawings of a case on the image on which most was drawn."""
        self.close()
        self._case, self._drawings, self._protocol = case, drawings, protocol
        used = [image for drawing in drawings.values() for image in _images_of(drawing)]
        known = [image for image in used if image in case.images] or list(case.images)
        self.show(max(known, key=known.count))

    def close(self) -> None:
        """Take everything off."""
        self._pictures, self._over = [], []
        self._motions, self._apart = {}, []
        self.slices.set_view(None)
        self.image_id = None
        self.viewer.layers.clear()
        self.titled.emit("")

    def add_layer(self, layer: Layer) -> None:
        """Put a layer on top; the cells go by the order of the layers."""
        self.viewer.layers.append(layer)

    def show(self, image_id: str) -> None:
        """Show the drawings on another image of the case."""
        if self._case is None:
            return
        case = self._case
        image = case.image(image_id)
        volume = case.volume(image_id, shown_index(image.series.volumes))
        place = self._place_for(image)
        view = self._make_view(image)
        self.close()
        self.slices.set_view(view)
        self.image_id = image_id
        self._apart = self._without_place()
        self._corner = self._corner_of(view)
        window = next(iter(presets(image.series.role, volume).values()))
        placed = place_image(volume, view, None, fill=min(window[0], 0.0))
        where: dict[str, Any] = {"scale": placed.scale_mm, "translate": placed.translate_mm, "units": "mm"}
        interpolation = "nearest" if image.series.role is Role.ADC else "linear"
        fuses = self.fuses
        with self.slices.held():
            for name, drawing in self._drawings.items():
                self.add_layer(
                    Image(
                        placed.data,
                        name=f"{name}: {image.label}",
                        contrast_limits=window,
                        colormap="gray",
                        interpolation2d=interpolation,
                        multiscale=False,
                        rgb=False,
                        **where,
                    )
                )
                if fuses:
                    self._lay_over(name, drawing)
                for part, color in (("body", SKY), ("lesion", VERMILLION)):
                    self.add_layer(self._labels(name, drawing, part, color))
                picture = LockedDrawing(self, f"{name}: drawings", lambda n=name: self._compose(n))
                self._pictures.append(picture)
            self.viewer.canvas.grid.shape = (1, len(self._drawings))
            self.viewer.canvas.grid.stride = len(self.viewer.layers) // max(1, len(self._drawings))
            self.viewer.canvas.grid.enabled = True
            self.viewer.dims.axis_labels = (*self.viewer.dims.axis_labels[:-3], "slice", "row", "column")
        if place is None:
            self.look_at_drawings()
        else:
            point, zoom = place
            self._go_to(view.frame.to_world(point), zoom)

    def _make_view(self, image: CaseImage) -> View:
        """The sagittal plane through an image: its own slices, or where it has none there those of another image."""
        case = self._case
        assert case is not None
        setter = image.id
        if image.series.role is not Role.CT and not is_sagittal(image):
            there = [other for other in case.images.values() if same_space(other, image)]
            setter = plane_image(there) or image.id
        return sagittal_view(space_names(case.images)[image.id], case.image(setter).series.grid)

    def _place_for(self, image: CaseImage) -> tuple[NDArray[np.float64], float] | None:
        """Where the readers look, LPS mm, and how near; None where the next image lies in another space."""
        view, shown = self.slices.view, self._shown
        if view is None or shown is None or not same_space(shown, image):
            return None
        camera = self.viewer.scene.camera
        return view.frame.to_lps((self.slices.wanted_mm, *camera.center[-2:])), float(camera.zoom)

    def _go_to(self, world: NDArray[np.float64], zoom: float) -> None:
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = (0.0, float(world[1]), float(world[2])), zoom
        self.slices.go_to(self.slices.nearest(float(world[0])))
        self.slices.wanted_mm = float(world[0])
        self._on_slice()

    @property
    def _shown(self) -> CaseImage | None:
        return None if self._case is None or self.image_id is None else self._case.image(self.image_id)

    @property
    def fuses(self) -> bool:
        """Whether a CT can be laid over what is shown: where a reader had joined it to the MRI."""
        return any(self._ct_motion(drawing) is not None for drawing in self._drawings.values())

    def set_opacity(self, opacity: float) -> None:
        """How much of the CT is seen over the MRI, 0 to 1."""
        self.opacity = opacity
        for layer in self._over:
            layer.opacity = opacity
        self._on_slice()

    def look_at_drawings(self) -> None:
        """Bring the middle of what was drawn into view, on its slice."""
        view = self.slices.view
        self.viewer.reset_view()
        if view is None:
            return
        world = self._drawn_in(view)
        if not len(world):
            self.slices.go_to(len(view.positions_mm) // 2)
            self._on_slice()
            return
        low, high = world.min(axis=0) - _AROUND_MM, world.max(axis=0) + _AROUND_MM
        cell = np.asarray(self.viewer.canvas.viewbox_size(self.viewer.layers), dtype=np.float64)
        # The slice on which most was drawn, between the extremes in the other directions.
        self._go_to(
            np.array([np.median(world[:, 0]), *((low + high) / 2)[1:]]),
            0.95 * float((cell / (high - low)[1:]).min()),
        )

    # -- inside -------------------------------------------------------------------------------------------------------
    def _drawn_in(self, view: View) -> NDArray[np.float64]:
        """World points of everything that is drawn here, shape (n, 3)."""
        points = [point for drawing in self._drawings.values() for point in self._points(drawing)]
        return view.frame.to_world(np.array(points).reshape(-1, 3))

    def _corner_of(self, view: View) -> NDArray[np.float64]:
        """Where the readers' letters stand: the corner of what is seen of the drawings, or of the image."""
        world = self._drawn_in(view)
        if len(world):
            return np.asarray(world.min(axis=0)[1:] - _AROUND_MM)
        return np.asarray(view.frame.to_world(view.grid.corners_lps).min(axis=0)[1:])

    def _motion(self, drawing: Drawing, image_id: str) -> RigidTransform | None:
        """From an image's space to that of the image that is shown, as this reader joined them; None where apart."""
        key = (id(drawing), image_id)
        if key not in self._motions:
            self._motions[key] = self._motion_now(drawing, image_id)
        return self._motions[key]

    def _motion_now(self, drawing: Drawing, image_id: str) -> RigidTransform | None:
        case, shown = self._case, self._shown
        if case is None or shown is None or image_id not in case.images:
            return None
        image = case.image(image_id)
        if shown.series.role is Role.CT and not same_space(image, shown):
            # A CT is looked at by itself; over the MRI it is seen with what was drawn there.
            return None
        return between(image, shown, case.images, drawing, drawing.registration)

    def _ct_motion(self, drawing: Drawing) -> RigidTransform | None:
        """By which a reader saw the CT on the MR image that is shown."""
        shown, joined = self._shown, drawing.registration
        if shown is None or shown.series.role is Role.CT or joined is None:
            return None
        return self._motion(drawing, joined.ct_image)

    def _lay_over(self, name: str, drawing: Drawing) -> None:
        """The CT by this reader's registration; nothing, as a layer, where there is none: each cell has as many."""
        view, case, transform = self.slices.view, self._case, self._ct_motion(drawing)
        assert view is not None
        assert case is not None
        window = (0.0, 1.0)
        data: Any = np.zeros((1, 1, 1), dtype=np.float32)
        scale, translate = view.frame.placement(view.grid)
        if transform is not None and drawing.registration is not None:
            image = case.image(drawing.registration.ct_image)
            volume = case.volume(image.id, shown_index(image.series.volumes))
            window = next(iter(presets(image.series.role, volume).values()))
            placed = place_image(volume, view, transform, fill=window[0])
            data, scale, translate = placed.data, placed.scale_mm, placed.translate_mm
        layer = Image(
            data,
            name=f"{name}: CT over it",
            scale=scale,
            translate=translate,
            units="mm",
            contrast_limits=window,
            colormap="gray",
            opacity=self.opacity,
            visible=transform is not None,
            interpolation2d="linear",
            multiscale=False,
            rgb=False,
        )
        self.add_layer(layer)
        if transform is not None:
            self._over.append(layer)

    def _points(self, drawing: Drawing) -> list[Any]:
        """Everything that is drawn here, as points in the patient space that is shown."""
        ends = [self._placed(drawing, c.image, (c.start_lps, c.end_lps)) for c in drawing.stage.calipers]
        centres = [self._placed(drawing, roi.image, (roi.center_lps,)) for roi in drawing.stage.rois]
        return [point for points in (*ends, *centres) if points is not None for point in points]

    def _placed(self, drawing: Drawing, image_id: str, points: Any) -> NDArray[np.float64] | None:
        """Points on an image, in the patient space that is shown; None where they have no place in it."""
        motion = self._motion(drawing, image_id)
        return None if motion is None else motion.apply(np.array(points))

    def _without_place(self) -> list[str]:
        """Of whom something drawn on MRI is not shown, since its frame of reference is not joined to this image's."""
        shown = self._shown
        if shown is None or shown.series.role is Role.CT or self._case is None:
            return []
        images = self._case.images
        apart = []
        for name, drawing in self._drawings.items():
            drawn_on = {*_images_of(drawing), *(roi.image for roi in drawing.stage.rois)} & set(images)
            on_mri = (image for image in drawn_on if images[image].series.role is not Role.CT)
            if any(self._motion(drawing, image) is None for image in on_mri):
                apart.append(name)
        return apart

    def _labels(self, name: str, drawing: Drawing, part: str, color: str) -> Labels:
        view, masks = self.slices.view, drawing.stage.masks
        assert view is not None
        motion = None if masks is None else self._motion(drawing, masks.image)
        data: NDArray[Any] = np.zeros((1, 1, 1), dtype=np.uint8)
        scale, translate = view.frame.placement(view.grid)
        if masks is not None and motion is not None:
            grid = masks.grid.grid()
            mask = decode_mask(getattr(masks, part), grid.shape)
            order = axis_order(grid, view.frame)
            if order is not None and np.allclose(motion.matrix, np.eye(4), rtol=0, atol=1e-9):
                data = order.turn(mask.astype(np.uint8))
                scale, translate = view.frame.placement(turned_grid(grid, order))
            else:
                placed = place_image(Volume(grid, mask.astype(np.float32), "signal"), view, motion, fill=0.0)
                data = (np.asarray(placed.data) >= 0.5).astype(np.uint8)
                scale, translate = placed.scale_mm, placed.translate_mm
        colors = DirectLabelColormap(color_dict={0: _CLEAR, 1: color, None: _CLEAR})
        layer = Labels(data, name=f"{name}: {part}", colormap=colors, scale=scale, translate=translate, units="mm")
        layer.contour = 1 if part == "body" else 0
        layer.opacity = 0.9 if part == "body" else 0.45
        layer.editable = False
        return layer

    def _on_slice(self, _position_mm: float = 0.0) -> None:
        for picture in self._pictures:
            picture.redraw()
        view, shown = self.slices.view, self._shown
        if view is None or shown is None:
            return
        number = slice_text(view, self.slices.index, own_order(shown.series.grid, view))
        lines = [shown.label, f"{number}, {position_text(view, self.slices.current_mm)}"]
        lines += [
            tr("{reader}: what was drawn in another frame of reference is not shown here", reader=name)
            for name in self._apart
        ]
        self.titled.emit("\n".join(lines))

    def _compose(self, name: str) -> Picture:
        picture, view, drawing = Picture(), self.slices.view, self._drawings[name]
        if view is None:
            return picture
        position = self.slices.current_mm
        near = view.grid.spacing_mm[0] / 2 + 1e-6
        for caliper in drawing.stage.calipers:
            ends = self._placed(drawing, caliper.image, (caliper.start_lps, caliper.end_lps))
            if ends is None:
                continue
            start, end = view.frame.to_world(ends)
            here = abs(float(start[0]) - position) <= near
            color = rgba(POSITION_COLORS[caliper.position], 1.0 if here else _OTHER_SLICE_ALPHA)
            picture.line(with_serifs(start[1:], end[1:]), _LINE_MM, color)
            if here:
                text = f"{POSITION_SHORT[caliper.position]} {caliper_mm(caliper):.1f} mm"
                away = np.array(_LABEL_AT_MM[caliper.position])
                picture.text(
                    (start[1:] if caliper.position == "middle" else (start[1:] + end[1:]) / 2) + away, text, color
                )
        for roi in drawing.stage.rois:
            placed = self._placed(drawing, roi.image, rectangle_of(roi, self._protocol).corners_lps)
            corners = None if placed is None else view.frame.to_world(placed)
            if corners is not None and abs(float(corners[:, 0].mean()) - position) <= near:
                color = rgba(VERMILLION if roi.tissue == "lesion" else SKY)
                picture.line(np.concatenate([corners, corners[:1]])[:, 1:], _LINE_MM, color)
                picture.text(corners.mean(axis=0)[1:], str(roi.placement), color)
        picture.text(self._corner + _NAME_MM, name, rgba(YELLOW))
        return picture


def _images_of(drawing: Drawing) -> list[str]:
    stage = drawing.stage
    # What was measured on a CT over the MRI is looked at in the same way.
    return [c.shown_on or c.image for c in stage.calipers] + ([] if stage.masks is None else [stage.masks.image])
