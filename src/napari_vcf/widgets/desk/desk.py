"""The reading desk: what is read, at which stage, and which image is in front.

It knows no window and computes no measurement. A `Viewport` shows what it says; instruments call ``desk.reading`` and
redraw from its state when ``desk.reading_changed`` is emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from psygnal import Signal

from napari_vcf.dicom import Role
from napari_vcf.errors import NapariVcfError
from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.language import joined, said, say
from napari_vcf.reading import Case, CaseImage, LoggedAction, Protocol, Reading, Stage
from napari_vcf.reading.action_text import describe
from napari_vcf.reading.actions import Action
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.image_pairs import shown_index
from napari_vcf.reading.spaces import between, space_names
from napari_vcf.reading.stage_images import STAGE_NAMES, STAGE_ROLES
from napari_vcf.reading.state import Registration
from napari_vcf.reading.stations import leading_first
from napari_vcf.widgets.desk.image_windows import ImageWindows
from napari_vcf.widgets.desk.settings import Settings
from napari_vcf.widgets.desk.space import Modality, PatientSpace
from napari_vcf.widgets.desk.window_level import Window

__all__ = ["SAGITTAL", "Desk", "plane_owner"]

T = TypeVar("T")
SAGITTAL = "sagittal"
_NATIVE = "native:"
#: A stack of fewer slices shows nothing on another plane than its own.
_FEW_SLICES = 8
#: The first of these that a stage has is shown first.
_FIRST = (Role.T2, Role.T2FS, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.CT, Role.ADC, Role.DWI)


def _opening_plane(image: CaseImage) -> str:
    """The plane on which an image is shown first: sagittal, or its own slices where it has too few for another."""
    grid = image.series.grid
    return f"{_NATIVE}{image.id}" if grid.plane != SAGITTAL and grid.shape[0] < _FEW_SLICES else SAGITTAL


def plane_owner(plane: str) -> str | None:
    """The image whose own slices a plane shows; None for the sagittal reading plane."""
    return plane.removeprefix(_NATIVE) if plane.startswith(_NATIVE) else None


class Desk:
    """The state of one reading desk.

    Parameters
    ----------
    settings : Settings, optional
        What is remembered of each reader; by default nothing outlives the desk.

    Attributes
    ----------
    reading : Reading or None
        The open reading; every change goes through its calls.
    stage : {"ct", "mri", "combined"}
        The stage that is being read.
    image_id : str or None
        The image that the reader looks at and measures on.
    plane : str
        ``"sagittal"``, or ``"native:"`` and the image whose own slices are shown.
    windows : ImageWindows
        The window in which each image is shown.
    generation : int
        Counts what makes everything on the screen out of date: another role, unit, registration.
    """

    opened = Signal()
    closed = Signal()
    #: The window is going away.
    disposed = Signal()
    stage_changed = Signal(str)
    #: An image is to be shown, or shown anew; carries its id. Views follow this, everything else `image_changed`.
    fronted = Signal(str)
    #: The image in front changed; carries its id, or None.
    image_changed = Signal(object)
    reading_changed = Signal(object)
    #: The window of an image was set; carries the image's id.
    window_changed = Signal(str)
    #: The reading was exported; carries the file.
    written = Signal(object)
    #: A label map was dropped on the window; carries its path.
    labels_offered = Signal(object)
    #: A sentence for the reader and its kind: "info", "warning" or "error".
    message = Signal(str, str)

    def __init__(self, settings: Settings | None = None) -> None:
        self.reading: Reading | None = None
        self.stage: Stage = "combined"
        #: The one stage of a study that is read here: no other one opens, and every change is on the disk already.
        self.study_stage: Stage | None = None
        self.saved = True
        self.exported: Path | None = None
        #: Whether every change is on the disk already, though not exported.
        self.kept = False
        self.image_id: str | None = None
        self.plane = SAGITTAL
        #: Each takes a step of what is half done back, and says whether there was one.
        self.half_done: list[Callable[[], bool]] = []
        self.settings = settings if settings is not None else Settings()
        self.settings.failed.connect(lambda text: self.message.emit(text, "warning"))
        self._indices: dict[str, int] = {}
        self.windows = ImageWindows(self.settings, self._shown, self.volume)
        self.windows.changed.connect(self.window_changed.emit)
        self.generation = 0
        #: Whether another reading takes the place of the one that is being put away, and its image is not in front yet:
        #: what both need may stay.
        self.replacing = False
        self._worked_out_of: tuple[object, ...] = ()
        self._known: dict[tuple[str, ...], Any] = {}
        self._followed: object = None

    def dispose(self) -> None:
        """Take leave; called when the window closes."""
        self.settings.flush()
        self.close()
        self.disposed.emit()

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
        self.replacing = True
        try:
            self._start(reading, study_stage)
        finally:
            self.replacing = False
        case, alone = reading.case, study_stage is None and self.stage != "combined"
        # Where there is one examination only, nothing is joined.
        both = all(case.with_role(*STAGE_ROLES[stage]) for stage in ("ct", "mri"))
        if alone and both and "combined" in self.stages:
            self.message.emit(
                say(
                    "The {stage} stage comes first, by itself; {combined} opens both and joins them.",
                    stage=STAGE_NAMES[self.stage],
                    combined=STAGE_NAMES["combined"],
                ),
                "info",
            )

    def _start(self, reading: Reading, study_stage: Stage | None) -> None:
        self.close()
        self.reading = reading
        self.settings.reader = reading.reader
        self.study_stage = study_stage
        self.saved, self.exported, self.kept = True, None, False
        reading.changed.connect(self._on_reading_changed)
        self.stage = self._first_stage()
        self._followed = self._depends_on()
        self.opened.emit()
        self.stage_changed.emit(self.stage)
        self._show_first()

    def close(self) -> None:
        """Put the case away; the caller has asked about unsaved work."""
        if self.reading is None:
            return
        self.reading.changed.disconnect(self._on_reading_changed)
        self.reading = self.settings.reader = None
        self._leave()
        self._indices.clear()
        self._worked_out_of, self._known = (), {}
        self.windows.clear()
        self.image_changed.emit(None)
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
        self.written.emit(self.exported)
        return self.exported

    def guard(self, call: Callable[[], T]) -> T | None:
        """Run a call; what it refuses becomes a sentence on the message line. Nothing else is caught."""
        try:
            return call()
        except NapariVcfError as error:
            self.message.emit(said(error), "error")
            return None

    # -- images and stages ------------------------------------------------------------------------------------------
    def images(self) -> tuple[CaseImage, ...]:
        """Images that the stage may see."""
        return () if self.case is None else tuple(self.case.with_role(*STAGE_ROLES[self.stage]))

    @property
    def image(self) -> CaseImage | None:
        """The image in front, with its geometry and role."""
        return None if self.case is None or self.image_id is None else self.case.image(self.image_id)

    def show(self, image_id: str, *, index: int | None = None) -> None:
        """Bring an image to the front; ``index`` picks one of several volumes (b-values)."""
        self.guard(lambda: self._show(image_id, index=index))

    def show_plane(self, plane: str) -> None:
        """Show ``"sagittal"``, or ``"native:"`` and an image's id: that image's own slices."""
        target = plane_owner(plane) or self.image_id
        if target is None:
            self.plane = plane
        else:
            self.guard(lambda: self._show(target, plane=plane))

    def set_stage(self, stage: Stage) -> None:
        """Go to another stage; what it may not see leaves the screen."""
        if stage == self.stage:
            return
        if stage not in self.stages:
            self.message.emit(say("The {stage} stage is not open now.", stage=STAGE_NAMES[stage]), "warning")
            return
        self.stage = stage
        self._leave()
        self._followed = self._depends_on()
        self.stage_changed.emit(stage)
        self._show_first()
        if stage == "combined" and self.reading is not None:
            left = [other for other in self.stages if other != stage and self.reading.missing(other)]
            if left:
                names = joined(say(" and "), (STAGE_NAMES[other] for other in left))
                self.message.emit(
                    say(
                        "CT and MRI are seen together now. {names}: not complete; what is answered there from "
                        "now on is not read without the other examination.",
                        names=names,
                    ),
                    "warning",
                )

    def show_what_is_there(self) -> None:
        """Go to the stage that has images and show the first, once it is said what they are."""
        if self.reading is None:
            return
        stage = self.stage if self.images() else self._first_stage()
        if stage != self.stage:
            self.set_stage(stage)
        else:
            self._show_first()

    def index_of(self, image_id: str) -> int:
        """Which of an image's volumes is shown; of several b-values the highest."""
        if image_id not in self._indices:
            assert self.case is not None
            self._indices[image_id] = shown_index(self.case.image(image_id).series.volumes)
        return self._indices[image_id]

    def volume(self, image_id: str) -> Volume:
        """Native voxels of the volume of an image that is shown."""
        assert self.case is not None
        return self.case.volume(image_id, self.index_of(image_id))

    def leading_images(self, images: Iterable[CaseImage] | None = None) -> tuple[CaseImage, ...]:
        """Images of the stage, or some of them in an order of their own; those with the fractured vertebra first."""
        if self.reading is None or self.case is None:
            return ()
        state, asked = self.reading.state, tuple(self.images() if images is None else images)
        worked_out = self._worked_out()
        key = "leading", *(image.id for image in asked)
        if key not in worked_out:
            # What was measured in another stage stays there.
            here = state.model_copy(update={"stages": {self.stage: state.stages[self.stage]}})
            worked_out[key] = leading_first(asked, here, {image.id: image for image in self.images()})
        return cast("tuple[CaseImage, ...]", worked_out[key])

    def _worked_out(self) -> dict[tuple[str, ...], Any]:
        """What follows from the record and the images as they are: asked for with each slice, and the same for long."""
        assert self.reading is not None
        assert self.case is not None
        of = self.reading.state, self.stage, *self.case.images.values()
        if len(of) != len(self._worked_out_of) or any(a is not b for a, b in zip(of, self._worked_out_of, strict=True)):
            self._worked_out_of, self._known = of, {}
        return self._known

    # -- patient spaces ---------------------------------------------------------------------------------------------
    def space_of(self, image_id: str) -> PatientSpace:
        """The patient space in which an image was taken."""
        assert self.case is not None
        worked_out = self._worked_out()
        if ("spaces",) not in worked_out:
            worked_out["spaces",] = space_names(self.case.images)
        return str(worked_out["spaces",][image_id])

    def modality_of(self, image_id: str) -> Modality:
        """Whether an image is a CT or MRI."""
        assert self.case is not None
        return "ct" if self.case.image(image_id).series.role is Role.CT else "mr"

    def seen_in(self, image_id: str) -> PatientSpace:
        """The space in which an image is seen: that of MRI where the reader has joined the two, else its own."""
        own = self.space_of(image_id)
        if own == "mr":
            return own
        if self.registered or self.modality_of(image_id) == "mr":
            for space in ("mr", self._registered_space()):
                if space is not None and self._motion(own, space) is not None:
                    return space
        return own

    def _registered_space(self) -> PatientSpace | None:
        registration = self.registration
        if registration is None or self.case is None or not registration.mr_images:
            return None
        return self.space_of(registration.mr_images[0])

    def joined(self, source: PatientSpace, target: PatientSpace) -> bool:
        """Whether two patient spaces are one, or something brings one onto the other."""
        return source == target or self._motion(source, target) is not None

    def _motion(self, source: PatientSpace, target: PatientSpace) -> RigidTransform | None:
        if self.case is None or self.reading is None:
            return None
        worked_out, key = self._worked_out(), ("motion", source, target)
        if key not in worked_out:
            worked_out[key] = self._motion_now(source, target)
        return cast("RigidTransform | None", worked_out[key])

    def _motion_now(self, source: PatientSpace, target: PatientSpace) -> RigidTransform | None:
        assert self.case is not None
        assert self.reading is not None
        images = self.case.images
        first = {space: name for name, space in reversed(space_names(images).items())}
        if source not in first or target not in first:
            return None
        one, two = images[first[source]], images[first[target]]
        return between(one, two, images, self.reading.state, self.registration)

    @property
    def registration(self) -> Registration | None:
        """The registration through which CT is shown in MR space: the fractured level's, accepted before open."""
        if self.reading is None or self.stage != "combined":
            return None
        state = self.reading.state
        level = state.spine.fractured if state.spine is not None else None
        usable = [
            entry
            for entry in state.registrations.values()
            if entry.ct_to_mr is not None and entry.acceptance != "refused"
        ]
        usable.sort(key=lambda entry: (entry.level != level, entry.acceptance != "accepted"))
        return usable[0] if usable else None

    @property
    def registered(self) -> bool:
        """Whether the reader has accepted a registration, so that CT belongs to MR space."""
        registration = self.registration
        return registration is not None and registration.acceptance == "accepted"

    def between(self, source: PatientSpace, target: PatientSpace) -> RigidTransform | None:
        """From one patient space to another; None where they are the same, or not joined."""
        return None if source == target else self._motion(source, target)

    # -- windows ----------------------------------------------------------------------------------------------------
    def _shown(self, image_id: str) -> tuple[Role, int]:
        assert self.case is not None
        return self.case.image(image_id).series.role, self.index_of(image_id)

    def set_window(self, window: Window, *, name: str | None = None) -> None:
        """Set the window of the image in front; see `ImageWindows.set`."""
        if self.image_id is not None:
            self.windows.set(self.image_id, window, name=name)

    def reset_window(self) -> None:
        """Show the image in front in its first preset, not inverted."""
        if self.image_id is not None:
            self.windows.reset(self.image_id)

    def invert(self) -> None:
        """Show what is high in the image in front dark and what is low bright, or as usual again."""
        if self.image_id is not None:
            self.windows.invert(self.image_id)

    # -- undo -------------------------------------------------------------------------------------------------------
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
            nothing = say("There is nothing to undo.") if name == "undo" else say("There is nothing to redo.")
            self.message.emit(nothing, "info")
        elif self.guard(lambda: run(reading)) is not None:
            # What changes may lie on another slice, panel or stage than the one on the screen.
            done = say("Taken back") if name == "undo" else say("Made again")
            what = describe(action, seen_from=self.stage)
            self.message.emit(say("{done}: {what}.", done=done, what=what), "info")

    # -- inside -----------------------------------------------------------------------------------------------------
    def _first_stage(self) -> Stage:
        assert self.reading is not None
        if self.study_stage is not None:
            return self.study_stage
        # One after the other, as the protocol has them: whoever sees both examinations first reads neither unbiased.
        case, stages = self.reading.case, self.reading.protocol.stages
        return next((stage for stage in stages if case.with_role(*STAGE_ROLES[stage])), stages[0])

    def _show_first(self) -> None:
        first = min(self.leading_images(), key=lambda image: _FIRST.index(image.series.role), default=None)
        if first is None:
            named = self.case is not None and bool(self.case.with_role(*STAGE_ROLES["combined"]))
            none = say("This case has no image for the {stage} stage.", stage=STAGE_NAMES[self.stage])
            self.message.emit(none if named else say("No image has a role that is read; say what they are."), "warning")
        else:
            self.guard(lambda: self._show(first.id, plane=_opening_plane(first)))
        self.replacing = False
        if self.image_id is None:
            self.image_changed.emit(None)

    def _show(self, image_id: str, *, index: int | None = None, plane: str | None = None) -> None:
        if self.case is None:
            return
        # Whoever asks, and however late: nobody sees what the stage does not show.
        if image_id not in {image.id for image in self.images()}:
            raise RefusedActionError(
                say(
                    "{label} is not open in the {stage} stage.",
                    label=self.case.image(image_id).label,
                    stage=STAGE_NAMES[self.stage],
                )
            )
        wanted = self.index_of(image_id) if index is None else index
        # Refused loading changes nothing on the screen.
        self.case.volume(image_id, wanted)
        self._indices[image_id] = wanted
        before, self.image_id = self.image_id, image_id
        self.plane = self._possible_plane(self.plane if plane is None else plane, image_id)
        self.fronted.emit(image_id)
        if before != image_id or index is not None:
            self.image_changed.emit(image_id)

    def _possible_plane(self, plane: str, image_id: str) -> str:
        """A plane on which an image has a place: the wanted one, else the sagittal one."""
        owner = plane_owner(plane)
        if owner is None or owner not in {image.id for image in self.images()}:
            return SAGITTAL
        return plane if self.joined(self.space_of(owner), self.space_of(image_id)) else SAGITTAL

    def _leave(self) -> None:
        """Have nothing in front; the views take it off with what is said next."""
        self.image_id, self.plane = None, SAGITTAL

    def _depends_on(self) -> object:
        """What of the record decides what is seen."""
        registration = self.registration
        return (
            tuple((image.id, image.label, image.series.unit) for image in self.images()),
            None if registration is None else (registration.level, registration.ct_to_mr, registration.acceptance),
            () if self.reading is None else self.reading.state.frame_joins,
        )

    def _on_reading_changed(self, logged: LoggedAction) -> None:
        self.saved = False
        if self._depends_on() != self._followed:
            self._follow()
        self.reading_changed.emit(logged)

    def _follow(self) -> None:
        """Follow a correction of a role or unit, or a registration that moved."""
        self._followed = self._depends_on()
        self.generation += 1
        self.windows.forget_presets()
        reachable = [image.id for image in self.images()]
        if self.image_id in reachable:
            self.show(self.image_id)
            self.image_changed.emit(self.image_id)
            return
        self._leave()
        self.image_changed.emit(None)
        if reachable:
            self.show(reachable[0])
