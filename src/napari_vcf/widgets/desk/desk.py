"""The reading desk: one per viewer, between the record and the screen.

It knows which image the reader looks at, on which plane, and how that plane lies in the patient. It computes no
measurement; instruments call ``desk.reading`` and redraw from its state when ``desk.reading_changed`` is emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from napari.layers import Image, Layer
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_vcf.dicom import Role
from napari_vcf.errors import NapariVcfError
from napari_vcf.geometry import ReadingFrame, RigidTransform
from napari_vcf.reading import Case, CaseImage, LoggedAction, Protocol, Reading, Stage
from napari_vcf.reading.action_text import describe
from napari_vcf.reading.actions import Action
from napari_vcf.reading.case import MR_ROLES
from napari_vcf.reading.stage_images import STAGE_ROLES
from napari_vcf.reading.state import Registration
from napari_vcf.widgets.desk.canvas import CanvasDressing
from napari_vcf.widgets.desk.display import Display
from napari_vcf.widgets.desk.settings import Settings, settings_path
from napari_vcf.widgets.desk.shortcuts import Shortcuts
from napari_vcf.widgets.desk.space import PatientSpace, View

if TYPE_CHECKING:
    from napari_vcf.widgets.common.locked_layer import LockedDrawing
    from napari_vcf.widgets.linked_views.pane import Section

__all__ = ["Desk"]

T = TypeVar("T")


class Desk:
    """The reading desk of one viewer; get it with `Desk.of`.

    Attributes
    ----------
    viewer : napari.Viewer
        The viewer.
    reading : Reading or None
        The open reading; every change goes through its calls.
    stage : {"ct", "mri", "combined"}
        The stage that is being read.
    keys : Shortcuts
        The registry of keys.
    """

    opened = Signal()
    closed = Signal()
    #: The window is going away.
    disposed = Signal()
    stage_changed = Signal(str)
    #: The image in front changed; carries its id, or None.
    image_changed = Signal(object)
    #: The plane or the patient space changed: world coordinates mean something else now.
    frame_changed = Signal()
    #: The slice position changed; carries mm.
    slice_changed = Signal(float)
    reading_changed = Signal(object)
    #: The window of an image was set; carries the image's id.
    window_changed = Signal(str)
    #: What an instrument draws or paints looks different now.
    drawing_changed = Signal()
    #: A sentence for the reader and its kind: "info", "warning" or "error".
    message = Signal(str, str)

    _desks: list[Desk] = []  # noqa: RUF012  (one list for the program)

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.reading: Reading | None = None
        self.stage: Stage = "combined"
        #: The one stage of a study that is read here: no other one opens, and every change is on the disk already.
        self.study_stage: Stage | None = None
        self.saved = True
        self.exported: Path | None = None
        self.keys = Shortcuts()
        #: What the instruments draw on the plane, for the linked panes.
        self.drawings: list[LockedDrawing] = []
        #: Each takes a step of what is half done back, and says whether there was one.
        self.half_done: list[Callable[[], bool]] = []
        #: Each gives the masks that are painted now.
        self.sections: list[Callable[[], Sequence[Section]]] = []
        self.settings = Settings(self, settings_path(), later=lambda write: QTimer.singleShot(800, write))
        self.display = Display(self)
        self.dressing = CanvasDressing(self)

    @classmethod
    def of(cls, viewer: Any) -> Desk:
        """The desk of a viewer, made at the first call."""
        # napari hands plugins a proxy, which is equal to the viewer but not the same object.
        for desk in cls._desks:
            if desk.viewer == viewer:
                return desk
        desk = cls(getattr(viewer, "__wrapped__", viewer))
        cls._desks.append(desk)
        return desk

    def dispose(self) -> None:
        """Forget the viewer; called when its window closes."""
        self.settings.flush()
        self.close()
        self.disposed.emit()
        Desk._desks = [desk for desk in Desk._desks if desk is not self]

    # -- case and reading -------------------------------------------------------------------------------------------
    @property
    def case(self) -> Case | None:
        """The open case."""
        return self.reading.case if self.reading is not None else None

    def open_case(
        self, case: Case, *, protocol: Protocol | None = None, study: str = "STUDY", reader: str = "R1"
    ) -> None:
        """Begin a reading of a case and show its first image."""
        self.start(Reading(case, protocol=protocol or Protocol(), study=study, reader=reader))

    def start(self, reading: Reading, *, study_stage: Stage | None = None) -> None:
        """Show a reading, new or taken up again; of a study only one stage, whose changes write themselves down."""
        self.close()
        self.reading = reading
        self.study_stage = study_stage
        self.saved, self.exported = True, None
        reading.changed.connect(self._on_reading_changed)
        self.stage = self._first_stage()
        self.opened.emit()
        self.stage_changed.emit(self.stage)
        self._show_first()

    def close(self) -> None:
        """Take the case off the screen; the caller has asked about unsaved work."""
        if self.reading is None:
            return
        self.reading.changed.disconnect(self._on_reading_changed)
        self.reading = None
        self.display.clear()
        self.closed.emit()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Stages that may be gone to now."""
        if self.reading is None:
            return ()
        return self.reading.protocol.stages if self.study_stage is None else (self.study_stage,)

    @property
    def unsaved(self) -> bool:
        """Whether the reading has changed since it was last exported."""
        return self.reading is not None and not self.saved and self.study_stage is None

    def export(self, path: Path, *, overwrite: bool = False) -> Path:
        """Write the reading; raises `ExportError` and keeps it where that fails."""
        assert self.reading is not None
        self.exported = self.reading.export(path, overwrite=overwrite)
        self.saved = True
        return self.exported

    def guard(self, call: Callable[[], T]) -> T | None:
        """Run a call; what it refuses becomes a sentence on the message line. Nothing else is caught."""
        try:
            return call()
        except NapariVcfError as error:
            self.message.emit(str(error), "error")
            return None

    # -- images and stages ------------------------------------------------------------------------------------------
    def images(self) -> tuple[CaseImage, ...]:
        """Images that the stage may see."""
        return () if self.case is None else tuple(self.case.with_role(*STAGE_ROLES[self.stage]))

    @property
    def image_id(self) -> str | None:
        """The image that the reader looks at and measures on."""
        return self.display.image_id

    @property
    def image(self) -> CaseImage | None:
        """The same, with its geometry and role."""
        return None if self.case is None or self.image_id is None else self.case.image(self.image_id)

    @property
    def shown_on(self) -> str | None:
        """The MR image whose space a registered CT is shown in; None where the image is seen as it is."""
        return self.display.shown_on(self.image_id) if self.image_id is not None else None

    def show(self, image_id: str, *, index: int | None = None) -> None:
        """Bring an image to the front; ``index`` picks one of several volumes (b-values)."""
        self.guard(lambda: self.display.show(image_id, index=index))

    def set_stage(self, stage: Stage) -> None:
        """Go to another stage; what it may not see leaves the canvas."""
        if stage == self.stage:
            return
        if stage not in self.stages:
            self.message.emit(f"The {stage.upper()} stage is not open now.", "warning")
            return
        self.stage = stage
        self.display.clear(at_once=False)
        self.stage_changed.emit(stage)
        self._show_first()
        # Whatever came of it: what this stage may not see is gone.
        self.display.layers.drop_retired()

    def show_plane(self, plane: str) -> None:
        """Show ``"sagittal"``, or ``"native:"`` and an image's id: that image's own slices."""
        self.guard(lambda: self.display.show_plane(plane))

    # -- geometry ---------------------------------------------------------------------------------------------------
    @property
    def view(self) -> View | None:
        """The plane on the canvas."""
        return self.display.view

    @property
    def frame(self) -> ReadingFrame:
        """The frame of the plane on the canvas."""
        return ReadingFrame.sagittal() if self.view is None else self.view.frame

    def space_of(self, image_id: str) -> PatientSpace:
        """The patient space in which an image was taken."""
        assert self.case is not None
        return "ct" if self.case.image(image_id).series.role is Role.CT else "mr"

    @property
    def registration(self) -> Registration | None:
        """The registration through which CT is shown in MR space: the fractured level's, accepted before open."""
        return self.display.registration

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

    def can_show(self, image_id: str) -> bool:
        """Whether an image's points have a place in the world on the canvas (same space, or registered into it)."""
        return self.display.can_place(image_id)

    def _transform(self, image_id: str | None) -> RigidTransform | None:
        image = self.image_id if image_id is None else image_id
        return None if image is None else self.display.transform_of(image)

    @property
    def slice_axis(self) -> int:
        """Number of napari's axis through the slices: a layer of somebody else's may have put more axes before it."""
        return max(0, int(self.viewer.dims.ndim) - 3)

    @property
    def current_slice_mm(self) -> float:
        """World position of the slice on the canvas."""
        return float(self.viewer.dims.point[self.slice_axis])

    def go_to_slice(self, position_mm: float) -> None:
        """Show the slice nearest to a world position."""
        self.display.go_to_slice(position_mm)

    def on_current_slice(self, point_world: ArrayLike) -> bool:
        """Whether a world point belongs to the slice on the canvas: no other slice is nearer to it."""
        return self.display.nearest_slice(float(np.asarray(point_world)[0])) == self.display.nearest_slice(
            self.current_slice_mm
        )

    def step_slice(self, steps: int) -> None:
        """Go some slices on (towards the patient's left in a sagittal plane) or back."""
        self.display.step_slice(steps)

    # -- layers, keys -----------------------------------------------------------------------------------------------
    def add_layer(self, layer: Layer) -> None:
        """Keep an instrument's layer above the images, and put it back if it is deleted by tool."""
        self.display.layers.add_drawing(layer)

    def remove_layer(self, layer: Layer) -> None:
        """Give an instrument's layer up."""
        self.display.layers.remove_drawing(layer)

    @property
    def image_layer(self) -> Image | None:
        """The layer of the image in front."""
        return self.display.front_layer

    def bind_key(self, key: str, run: Callable[[], object], description: str, *, group: str = "Desk") -> None:
        """Bind a key (Qt's notation, ``"Ctrl+Z"``); raises `ShortcutError` if it is taken."""
        self.keys.bind(key, run, description, group=group)

    def undo(self) -> None:
        """Take the last step of what is half done back, else the last change of the reading, and say which."""
        if not any(take_back() for take_back in self.half_done):
            self._step(lambda reading: reading.to_undo, lambda reading: reading.undo(), "undo")

    def redo(self) -> None:
        """Make it again, and say what."""
        self._step(lambda reading: reading.to_redo, lambda reading: reading.redo(), "redo")

    def _step(
        self, which: Callable[[Reading], Action | None], run: Callable[[Reading], object], name: Literal["undo", "redo"]
    ) -> None:
        reading = self.reading
        if reading is None:
            return
        action = which(reading)
        if action is None:
            self.message.emit(f"There is nothing to {name}.", "info")
        elif self.guard(lambda: run(reading)) is not None:
            # What changes may lie on another slice, panel or stage than the one on the screen.
            done = "Taken back" if name == "undo" else "Made again"
            self.message.emit(f"{done}: {describe(action, seen_from=self.stage)}.", "info")

    # -- inside -----------------------------------------------------------------------------------------------------
    def _first_stage(self) -> Stage:
        assert self.reading is not None
        if self.study_stage is not None:
            return self.study_stage
        case, stages = self.reading.case, self.reading.protocol.stages
        has = {"ct": bool(case.with_role(Role.CT)), "mri": bool(case.with_role(*MR_ROLES))}
        wanted: Iterator[Stage] = iter(
            ("combined", "mri", "ct") if all(has.values()) else ("mri", "ct") if has["mri"] else ("ct", "mri")
        )
        return next((stage for stage in wanted if stage in stages), stages[0])

    def _show_first(self) -> None:
        images = self.images()
        order = (Role.T2, Role.T2FS, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.CT, Role.ADC, Role.DWI)
        first = min(images, key=lambda image: order.index(image.series.role), default=None)
        if first is None:
            self.image_changed.emit(None)
            self.message.emit(f"This case has no image for the {self.stage.upper()} stage.", "warning")
        else:
            self.show(first.id)

    def _on_reading_changed(self, logged: LoggedAction) -> None:
        self.saved = False
        self.display.on_reading_changed(logged)
        self.reading_changed.emit(logged)
