"""What the painter keeps beside the record: its image, the slices outlined by hand, the slices looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.dicom import Role
from napari_vcf.language import say
from napari_vcf.measure import (
    POSITIONS,
    Box,
    Extent,
    beyond_outlines,
    body_box,
    fill_outline,
    interpolate_slices,
    recount_extent,
)
from napari_vcf.reading import CaseImage
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Masks
from napari_vcf.widgets.instruments.carried.model import CarriedModel
from napari_vcf.widgets.instruments.extent.layers import ExtentLayers, Part
from napari_vcf.widgets.instruments.extent.proposed import ProposedModel

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.section import Section
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["PAINTED_ROLES", "ExtentModel"]

#: Images on which a lesion is painted; the first that the case has is offered.
PAINTED_ROLES = (Role.T2, Role.T2FS, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.DWI, Role.ADC)


class ExtentModel:
    """Body and lesion of the stage on the desk, bound to two layers.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    wanted : callable
        Whether the layers are needed though nothing is painted yet.
    """

    #: The layers were made anew or taken away.
    layers_changed = Signal()
    #: The lesion changes while a stroke is being made.
    touched = Signal()

    def __init__(self, viewport: Viewport, wanted: Callable[[], bool]) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self.wanted = wanted
        self.layers: ExtentLayers | None = None
        self.proposed = ProposedModel(self._desk)
        self.carried = CarriedModel(self._desk, ("body", "lesion"))
        self.fill_between = True
        self._image: str | None = None
        #: By stage and image: what was outlined or looked at in one stage was not in another.
        self._outlined: dict[tuple[str, str], set[int]] = {}
        self._seen: set[tuple[str, str, int]] = set()
        self._made_for: object = None
        self._shown: Masks | None = None
        self._saving = False
        self._box: Box | None = None
        self._stepped_back = False
        #: What is proposed and waits, under the brush though it is no body yet, by slice.
        self._lent: dict[int, NDArray[np.bool_]] = {}
        self._lending = False
        #: The part whose brush has what was carried under it, and how that part looked before a stroke.
        self._lending_part: Part | None = None
        self._lent_part: tuple[Part, NDArray[np.bool_]] | None = None
        viewport.sections.append(self.sections)

    # -- image ------------------------------------------------------------------------------------------------------
    def images(self) -> tuple[CaseImage, ...]:
        """Images of the stage that can be painted on: those that hold the fractured vertebra first, of them T2."""
        images = self._paintable()
        return self._desk.leading_images(sorted(images, key=lambda i: PAINTED_ROLES.index(i.series.role)))

    def _paintable(self) -> list[CaseImage]:
        return [i for i in self._desk.images() if i.series.role in PAINTED_ROLES and i.series.measurable]

    @property
    def image(self) -> CaseImage | None:
        """The image that is painted on: that of the masks, else the chosen one, that of what was carried, the first."""
        images = {image.id: image for image in self._paintable()}
        masks, carried = self.masks, self.carried.masks()
        for wanted in (
            masks.image if masks is not None else None,
            self._image,
            carried[0].image if carried is not None else None,
        ):
            if wanted in images:
                return images[wanted]
        return next(iter(self.images()), None)

    @property
    def is_in_front(self) -> bool:
        """Whether the image that is painted on is the one that is seen."""
        image = self.image
        return image is not None and image.id == self._desk.image_id and self._viewport.covered_by is None

    def choose(self, image_id: str | None) -> None:
        """Choose the image to paint on; None leaves it to the order of the roles."""
        self._image = image_id

    @property
    def masks(self) -> Masks | None:
        """The masks of the record."""
        reading = self._desk.reading
        return None if reading is None else reading.state.stages[self._desk.stage].masks

    def forget(self) -> None:
        """Begin anew with another case."""
        self._image = None
        self._outlined.clear()
        self._seen.clear()

    # -- layers -----------------------------------------------------------------------------------------------------
    def sync(self) -> None:
        """Make the layers show the record."""
        image = self.image
        needed = self.masks is not None or self.wanted()
        fits = needed and image is not None and self._desk.image_id is not None and self._can_place(image)
        view = self._viewport.view
        key = None
        if image is not None and view is not None and fits:
            key = (image.id, view.space, view.frame.axes.tobytes())
        if key != self._made_for:
            self._made_for = key
            if self.layers is not None:
                self.layers.remove()
            self.layers = None if key is None or image is None else ExtentLayers(self._viewport, image.series.grid)
            self._shown = None
            if self.layers is not None:
                self.layers.set_shown(not self._stepped_back)
                self.layers.painted.connect(self.save)
                self.layers.touched.connect(self.touched)
            self._load()
            self.layers_changed.emit()
        elif self._shown is not self.masks and not self._saving:
            self._load()
        self.look()

    def _can_place(self, image: CaseImage) -> bool:
        view = self._viewport.view
        return (
            view is not None
            and view.space == self._desk.space_of(image.id)
            and ExtentLayers.fits(self._viewport, image.series.grid)
        )

    def _load(self) -> None:
        self._shown = masks = self.masks
        if self.layers is None:
            return
        shape = self.layers.grid.shape
        empty = np.zeros(shape, dtype=bool)
        self._box = None
        self._lent, self._lent_part = {}, None
        if masks is None:
            self.layers.load(*self._with_lent(empty, empty))
            return
        body = decode_mask(masks.body, shape)
        self._box = body_box(body)
        holding = set(np.flatnonzero(body.any(axis=(1, 2))).tolist())
        if self._lending:
            self._lent = self.proposed.lent()
            for index, proposed in self._lent.items():
                body[index] = proposed
        self.layers.load(*self._with_lent(body, decode_mask(masks.lesion, shape)))
        # After an undo or in a reading taken up again nothing tells filled slices from outlined ones.
        key = self._desk.stage, masks.image
        self._outlined[key] = self._outlined.get(key, holding) & holding or holding
        # What the reader took over of a proposal is not to be filled over either.
        taken = {index for index, kind in self.proposed.kinds.items() if kind in ("proposed", "corrected")}
        self._outlined[key] |= taken & holding

    def _with_carried(
        self, part: Part, body: NDArray[np.bool_], lesion: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Body and lesion with what was carried of one part and waits, from which a change of that part begins."""
        found, image = self.carried.masks(), self.image
        if found is None or part not in found[1] or image is None or found[0].image != image.id:
            return body, lesion
        carried = decode_mask(getattr(found[0], part), body.shape)
        return (body | carried, lesion) if part == "body" else (body, lesion | (carried & body))

    def _with_lent(
        self, body: NDArray[np.bool_], lesion: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """What the layers show: with what was carried of the part that is under the brush."""
        part = self._lending_part
        if part is None:
            return body, lesion
        begun = self._with_carried(part, body, lesion)
        lent, own = (begun[0], body) if part == "body" else (begun[1], lesion)
        if not np.array_equal(lent, own):
            self._lent_part = part, lent.copy()
        return begun

    def lend_carried(self, part: Part | None) -> None:
        """Put what was carried of one part and waits under its brush; None takes it away."""
        if part != self._lending_part:
            self._lending_part = part
            self._load()

    def lend(self, wanted: bool) -> None:
        """Put what is proposed and waits under the brush, so that it is corrected as a body is; or take it away."""
        if wanted != self._lending:
            self._lending = wanted
            self._load()

    def _painted(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[int]]:
        """Body and lesion without what is only lent, and the slices on which a stroke has changed what was lent."""
        assert self.layers is not None
        body, lesion = self.layers.masks()
        corrected = []
        for index, proposed in self._lent.items():
            if np.array_equal(body[index], proposed):
                body[index] = lesion[index] = False
            else:
                corrected.append(index)
        if self._lent_part is not None:
            part, lent = self._lent_part
            now = body if part == "body" else lesion
            if np.array_equal(now, lent):
                # Nothing was painted on it: it still waits.
                recorded = self.masks
                now[...] = False if recorded is None else decode_mask(getattr(recorded, part), lent.shape)
        return body, lesion, corrected

    def sections(self) -> tuple[Section, ...]:
        """What is painted, for the linked panes."""
        layers, image = self.layers, self.image
        if layers is None or image is None or self._stepped_back:
            return ()
        return layers.sections(image.id)

    def step_back(self, wanted: bool) -> None:
        """Hide the masks on the image and in the linked panes, or show them again."""
        if wanted != self._stepped_back:
            self._stepped_back = wanted
            self.show_masks()
            self._viewport.drawing_changed.emit()

    def show_masks(self, *_: object) -> None:
        """Show the masks, unless they have stepped back."""
        if self.layers is not None:
            self.layers.set_shown(not self._stepped_back)

    # -- changes ----------------------------------------------------------------------------------------------------
    def save(self, part: str) -> None:
        """Put what is painted into the reading."""
        if self.layers is None or self.image is None:
            return
        body, lesion, corrected = self._painted()
        if part == "body":
            # What was touched by hand is not to be filled over.
            before = self._shown
            old = decode_mask(before.body, body.shape) if before is not None else np.zeros_like(body)
            touched = np.flatnonzero((old != body).any(axis=(1, 2))).tolist()
            self._outlined.setdefault((self._desk.stage, self.image.id), set()).update(touched)
        self._apply(body, lesion, corrected=corrected)

    def live_extent(self) -> Extent | None:
        """The extent as it is in the middle of a stroke of lesion; None without a body."""
        reading, layers = self._desk.reading, self.layers
        recorded = None if reading is None else reading.results(self._desk.stage).painted
        if reading is None or layers is None or recorded is None or self._box is None:
            return None
        protocol = reading.protocol
        return recount_extent(
            *layers.in_box(self._box),
            self._box,
            slices=layers.grid.shape[0],
            voxel_mm3=layers.grid.voxel_volume_mm3,
            mid_slice=recorded.mid_slice,
            cuts=protocol.extent_cuts,
            entire_from=protocol.extent_entire_from,
            borderline_within=protocol.extent_borderline_within,
        )

    def caliper_corners(self) -> NDArray[np.float64] | None:
        """The fractured vertebra's caliper ends as an outline, world mm; None without its front and back height."""
        viewport, desk = self._viewport, self._desk
        reading = desk.reading
        if reading is None or reading.state.spine is None:
            return None
        stage, level = reading.state.stages[desk.stage], reading.state.spine.fractured
        placed = [stage.caliper(level, position) for position in POSITIONS]
        if placed[0] is None or placed[-1] is None:
            return None
        shown = [c for c in placed if c is not None and viewport.can_show(c.image)]
        ends = [viewport.to_world([c.start_lps, c.end_lps], c.image) for c in shown]
        if len(ends) < 2:
            return None
        outline = np.stack([*(upper for upper, _ in ends), *(lower for _, lower in reversed(ends))])
        # Measured on two slices, they still make one outline: on the slice in their middle.
        outline[:, 0] = outline[:, 0].mean()
        return outline

    def outline(self, points_world: NDArray[np.float64], *, part: Part = "body") -> None:
        """Take a closed outline over on its slice: as the body, filled to the others, or as lesion in the body."""
        image = self.image
        if image is None or self.layers is None:
            return
        grid = image.series.grid
        points = self._viewport.to_lps(points_world, image.id)
        index = round(float(grid.to_index(points.mean(axis=0))[2]))

        def change() -> None:
            if self.layers is None:
                return
            body, lesion, _ = self._painted()
            body, lesion = self._with_carried(part, body, lesion)
            inside = fill_outline(grid, index, points)
            if not inside.any():
                self._desk.message.emit(say("This outline holds no pixel; draw it larger."), "info")
                return
            if part == "lesion":
                if not (inside & body[index]).any():
                    self._desk.message.emit(
                        say("Nothing of this outline lies in the body; outline the body first."), "info"
                    )
                lesion[index] |= inside & body[index]
                self._apply(body, lesion)
                return
            body[index] = inside
            outlined = self._outlined.setdefault((self._desk.stage, image.id), set())
            outlined.add(index)
            if self.fill_between and len([i for i in outlined if body[i].any()]) >= 2:
                filled = interpolate_slices(body, outlined, pixel_mm=grid.spacing_mm[1:])
                # What is proposed there waits for the reader's word.
                waiting = list(self.proposed.waiting)
                filled[waiting] = body[waiting]
                # What was filled anew nobody has looked at, whatever was on the screen before.
                new = np.flatnonzero((filled != body).any(axis=(1, 2))).tolist()
                self._seen -= {(self._desk.stage, image.id, index) for index in new}
                body = filled
            self._apply(body, lesion, outlined=[index])

        self._desk.guard(change)

    def clear_slice(self) -> None:
        """Remove body and lesion from the slice on the screen."""
        index = self.current_index()
        if self.layers is None or index is None or self.image is None:
            return
        body, lesion, _ = self._painted()
        body, lesion = self._with_carried("body", body, lesion)
        body[index] = False
        self._outlined.get((self._desk.stage, self.image.id), set()).discard(index)
        self._apply(body, lesion)

    def clear(self) -> None:
        """Remove everything that is painted."""
        reading = self._desk.reading
        if reading is not None:
            self._change(lambda: reading.clear_masks(self._desk.stage))
            self._outlined = {key: slices for key, slices in self._outlined.items() if key[0] != self._desk.stage}
            self.sync()

    def _apply(
        self,
        body: NDArray[np.bool_],
        lesion: NDArray[np.bool_],
        *,
        corrected: Sequence[int] = (),
        outlined: Sequence[int] = (),
    ) -> None:
        reading, image, stage = self._desk.reading, self.image, self._desk.stage
        if reading is not None and image is not None:
            self._change(
                lambda: reading.set_masks(stage, image.id, body, lesion & body, corrected=corrected, outlined=outlined)
            )
        # Accepted or refused, the layers show what the record holds now.
        self._load()

    def _change(self, change: Callable[[], object]) -> None:
        self._saving = True
        try:
            self._desk.guard(change)
        finally:
            self._saving = False

    # -- slices -----------------------------------------------------------------------------------------------------
    def current_index(self) -> int | None:
        """Slice of the painted image that is on the screen; None while another image is."""
        image = self.image
        if image is None or self.layers is None or not self.is_in_front:
            return None
        point = self._viewport.to_lps((self._viewport.current_slice_mm, 0.0, 0.0), image.id)
        index = round(float(image.series.grid.to_index(point)[2]))
        return index if 0 <= index < image.series.grid.shape[0] else None

    def look(self) -> None:
        """Note that the slice on the screen has been looked at."""
        index, image = self.current_index(), self.image
        # What is proposed is drawn only while the painter is in hand.
        shown = index not in self.proposed.waiting or (self.wanted() and not self._viewport.drawings_hidden)
        if index is not None and image is not None and shown:
            self._seen.add((self._desk.stage, image.id, index))

    def forget_looks(self, slices: Iterable[int]) -> None:
        """Count slices of the painted image as not looked at: what is on them now was not there before."""
        image = self.image
        if image is not None:
            self._seen -= {(self._desk.stage, image.id, index) for index in slices}
            self.look()

    def unseen(self, slices: tuple[int, ...]) -> tuple[int, ...]:
        """Slices of the painted image that were not on the screen yet."""
        image = self.image
        if image is None:
            return ()
        return tuple(i for i in slices if (self._desk.stage, image.id, i) not in self._seen)

    def unseen_beyond(self) -> tuple[int, ...]:
        """Slices next to the outermost outlines that were not on the screen yet: the body may go on there."""
        if self.image is None or self.layers is None:
            return ()
        outlined = self._outlined.get((self._desk.stage, self.image.id), set())
        return self.unseen(beyond_outlines(self._painted()[0], outlined))

    def go_to(self, index: int) -> None:
        """Show a slice of the painted image."""
        image = self.image
        if image is not None:
            if not self.is_in_front:
                self._viewport.overlay(None)
                self._desk.show(image.id)
            point = image.series.grid.to_lps((0, 0, index))
            self._viewport.go_to_slice(float(self._viewport.to_world(point, image.id)[0]))
