"""The registration panel: name the vertebra, click its centre on MR and CT, let the program join them, judge it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, say, tr
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.image_pairs import Mark, Pair, pair_of
from napari_vcf.reading.state import Registration
from napari_vcf.registration import RegistrationResult
from napari_vcf.widgets.common.controls import GREEN, ORANGE, SKY, VERMILLION, moved_by_hand, open_box
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.desk.space import Modality
from napari_vcf.widgets.instruments.carried.box import CarriedBox
from napari_vcf.widgets.instruments.carried.model import CarriedModel
from napari_vcf.widgets.instruments.instrument import Instrument, Tool, ToolManager, World
from napari_vcf.widgets.instruments.registration.form import SPACE_NAMES, STEP_DEG, STEP_MM, RegistrationForm
from napari_vcf.widgets.instruments.registration.frames import FrameJoining
from napari_vcf.widgets.instruments.registration.run import RegistrationRun

__all__ = ["RegistrationWidget"]

_MARK_MM = 5.0
#: So much of the column is shown where its vertebrae are counted, and so much where the fit on one is judged.
_COUNT_MM, _JUDGE_MM = 300.0, 110.0
_DECIDED = {"open": say("Not decided yet"), "accepted": say("Accepted"), "refused": say("Refused")}
_STATUS_COLORS = {"ok": GREEN, "doubtful": ORANGE, "refused": VERMILLION}


def _best_seen(images: Iterable[CaseImage]) -> CaseImage | None:
    """The MR image on which a vertebral body is seen best: a T2, else the first."""
    every = list(images)
    return next(iter([*(image for image in every if image.series.role is Role.T2), *every]), None)


class MarkTool(Tool):
    """A click marks the centre of the vertebral body on the image in front."""

    def __init__(self, panel: RegistrationWidget) -> None:
        self._panel = panel

    def press(self, point: World) -> bool:
        """Take the click if a mark is being set."""
        if self._panel.frames.mark(point):
            return True
        return self._panel.marking is not None and self._panel.mark(point)


class RegistrationWidget(Instrument):
    """Joins the CT to the MRI at one vertebra.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    name = "registration"

    def __init__(self, tools: ToolManager) -> None:
        super().__init__(tools)
        desk, viewport = self.desk, self.viewport
        self.marks: dict[Modality, NDArray[np.float64]] = {}
        #: On which image each of them was set.
        self._marked_on: dict[Modality, str] = {}
        self.marking: Modality | None = None
        #: Whether both images lie side by side because their levels are to be counted.
        self._counting = False
        self.run = RegistrationRun()
        self.run.finished.connect(self._on_finished)
        self.run.failed.connect(lambda sentence: self.desk.message.emit(sentence, "error") if sentence else None)
        self.tool = MarkTool(self)
        form = self.form = RegistrationForm()
        self.column.addWidget(form)
        self.frames = FrameJoining(viewport, lambda: self.tools.take(self))
        self.carried = self._carried_box = CarriedBox(
            viewport,
            CarriedModel(desk, ("frame_join",)),
            confirm="registration.confirm",
            delete="registration.delete",
            how=say("Joining them anew changes it."),
        )
        self.column.addWidget(self.carried)
        self.column.addWidget(self.frames)
        self.column.addStretch(1)
        form.level_named.connect(self.name_level)
        form.marking_wanted.connect(self.set_marking)
        form.register_wanted.connect(self.register)
        form.cancel_wanted.connect(self.run.cancel)
        form.edges_wanted.connect(viewport.show_edges)
        form.checkerboard_wanted.connect(viewport.show_checkerboard)
        form.nudged.connect(self.nudge)
        form.turned.connect(self.turn)
        form.counted.connect(self.count_levels)
        form.accepted.connect(self.accept)
        form.refused.connect(self.refuse)
        self.run.progressed.connect(form.progress.report)
        self.drawing = LockedDrawing(viewport, "Vertebral centre", self._compose)
        self.frames.marked.connect(self.drawing.redraw)
        desk.opened.connect(self._forget)
        for left in (desk.opened, desk.closed, desk.stage_changed):
            # What it finds would come where nobody asked for it.
            left.connect(self.run.cancel)
        viewport.level_marks.append(self._level_marks)
        viewport.slice_changed.connect(lambda _position: self.drawing.redraw())
        moves = {"up": (0, -1, 0), "down": (0, 1, 0), "left": (0, 0, -1), "right": (0, 0, 1)}
        for name, direction in {**moves, "back": (-1, 0, 0), "forth": (1, 0, 0)}.items():
            self.share(
                f"registration.move_{name}",
                lambda d=direction: self.nudge(d),
                detail=say("by {step:g} mm", step=STEP_MM),
            )
        for name, side in (("left", -1), ("right", 1)):
            self.share(
                f"registration.turn_{name}", lambda s=side: self.turn(s), detail=say("by {step:g}°", step=STEP_DEG)
            )
        for name, run in {
            "name_mr": lambda: open_box(form.level["mr"]),
            "name_ct": lambda: open_box(form.level["ct"]),
            "mark_mr": form.mark_buttons["mr"].click,
            "mark_ct": form.mark_buttons["ct"].click,
            "register": form.register_button.click,
            "count_mr": lambda: open_box(form.counted_from["mr"]),
            "count_ct": lambda: open_box(form.counted_from["ct"]),
            "counted": form.count_button.click,
            "accept": form.accept_button.click,
            "refuse": form.reason.setFocus,
            "edges": form.edges.click,
            "checkerboard": form.checkerboard.click,
            "confirm": lambda: self._carried_box.confirm() if self._carried_box.waits else None,
            "delete": lambda: self._carried_box.delete() if self._carried_box.waits else None,
            "stop": lambda: self.set_marking(None),
        }.items():
            self.share(f"registration.{name}", run)
        for action, run in self.frames.keys.items():
            self.share(action, run)
        self.follow_desk()

    # -- marks ------------------------------------------------------------------------------------------------------
    def _ct(self) -> CaseImage | None:
        return self._pair()[0]

    def _mr(self) -> dict[str, CaseImage]:
        return self._pair()[1]

    def _pair(self) -> tuple[CaseImage | None, dict[str, CaseImage]]:
        """What is joined: the images that were clicked, and the MR images that lie with the one clicked."""
        return pair_of(
            self.desk.images(), ct_mark=self._mark("ct"), mr_mark=self._mark("mr"), in_front=self.desk.image_id
        )

    def _mark(self, space: Modality) -> Mark | None:
        if space not in self.marks:
            return None
        x, y, z = self.marks[space].tolist()
        return Mark((x, y, z), self._marked_on[space])

    def _marked_label(self, space: Modality) -> str:
        """The image that was clicked, by its name: of two CTs it is the one that is joined."""
        case = self.desk.case
        marked = None if case is None or space not in self.marks else case.images.get(self._marked_on[space])
        return SPACE_NAMES[space] if marked is None else marked.label

    def _level_marks(self) -> list[tuple[str, str, NDArray[np.float64]]]:
        """The marks with the name of their vertebra, as far as it was named."""
        return [
            (self.form.level[space].currentText(), self._marked_on[space], point)
            for space, point in self.marks.items()
            if self.form.level[space].currentIndex() > 0
        ]

    def set_marking(self, space: Modality | None) -> None:
        """Begin to mark the centre on CT or MRI (that image comes to the front), or stop."""
        if space is not None:
            ct, mr = self._ct(), self._mr()
            in_front = self.desk.image_id is not None and self.desk.modality_of(self.desk.image_id) == space
            if not in_front:
                image = ct if space == "ct" else _best_seen(mr.values())
                if image is None:
                    self.desk.message.emit(
                        say("This case has no {space} in this stage.", space=SPACE_NAMES[space]), "warning"
                    )
                    space = None
                else:
                    self.desk.show(image.id)
        self.marking = space
        self.refresh()

    def mark(self, point: World) -> bool:
        """Set the mark of the image in front at a world point."""
        image_id = self.desk.image_id
        if image_id is None or self.marking is None or self.desk.modality_of(image_id) != self.marking:
            return False
        self.marks[self.marking] = self.viewport.to_lps(point)
        self._marked_on[self.marking] = image_id
        other: Modality = "ct" if self.marking == "mr" else "mr"
        self.set_marking(None if other in self.marks else other)
        return True

    def _compose(self) -> Picture:
        """Crosses at the marks that lie on the slice on the screen."""
        picture = Picture()
        if not self.in_hand:
            return picture
        shown: dict[Modality, CaseImage | None] = {"mr": next(iter(self._mr().values()), None), "ct": self._ct()}
        for space, image in shown.items():
            if space not in self.marks or image is None or not self.viewport.can_show(image.id):
                continue
            world = self.viewport.to_world(self.marks[space], image.id)
            if self.viewport.on_current_slice(world):
                for across in np.eye(2) * _MARK_MM:
                    picture.line(np.stack([world[1:] - across, world[1:] + across]), 0.4, rgba(SKY))
        for image_id, point in self.frames.marks.items():
            if self.viewport.can_show(image_id):
                world = self.viewport.to_world(point, image_id)
                if self.viewport.on_current_slice(world):
                    for across in np.eye(2) * _MARK_MM:
                        picture.line(np.stack([world[1:] - across, world[1:] + across]), 0.4, rgba(GREEN))
        return picture

    def taken(self) -> None:
        """Show the marks, and both images side by side where their levels are to be counted."""
        self.drawing.redraw()
        self.refresh()

    def laid_down(self) -> None:
        """Hide the marks, and stop setting them."""
        self.marking = None
        self._follow_count(None)
        self.drawing.redraw()

    def _forget(self) -> None:
        self.marks.clear()
        self._marked_on.clear()
        self.marking = None
        self._follow_count(None)
        self.form.uncount()
        self._put_away()

    def _put_away(self) -> None:
        """Take off what helped to judge."""
        self.form.edges.setChecked(False)
        self.form.checkerboard.setChecked(False)

    # -- registering ------------------------------------------------------------------------------------------------
    def name_level(self, space: Modality) -> None:
        """Take over the name; it is counted on each examination by itself, so that one never fills the other."""
        reading = self.desk.reading
        if reading is None or self.form.level[space].currentIndex() == 0:
            return
        name = self.form.level[space].currentText()
        spine = reading.state.spine
        if space == "mr" and (spine is None or spine.fractured != name):
            self.desk.guard(lambda: reading.set_spine(name, has_t13=name == "T13", has_l6=name == "L6"))
        self.refresh()

    def register(self) -> None:
        """Run the registration on a worker thread."""
        ct, mr, reading = self._ct(), self._mr(), self.desk.reading
        if ct is None or not mr or reading is None or self.run.running:
            return
        for image in (ct, *mr.values()):
            if not image.series.measurable:
                text = say("{label}: {reason}", label=image.label, reason=image.series.not_measurable_reason)
                self.desk.message.emit(text, "warning")
        volumes = self.desk.guard(
            lambda: (
                self.desk.volume(ct.id),
                {name: self.desk.volume(image.id) for name, image in mr.items()},
            )
        )
        if volumes is None:
            return
        self._images = (ct.id, tuple(image.id for image in mr.values()))
        self._levels = (self.form.level["mr"].currentText(), self.form.level["ct"].currentText())
        self._points = (self.marks["mr"], self.marks["ct"])
        self._for = (reading, self.desk.stage)
        self.run.start(
            volumes[0],
            volumes[1],
            ct_point_lps=self._points[1],
            mr_point_lps=self._points[0],
            same_frame=Pair(ct, mr).same_frame,
        )
        self.refresh()

    def _on_finished(self, result: RegistrationResult | None) -> None:
        reading = self.desk.reading
        if result is None or reading is None or (reading, self.desk.stage) != self._for:
            self.desk.message.emit(say("The registration was stopped; nothing has changed."), "info")
            self.refresh()
            return
        proposed = self.desk.guard(
            lambda: reading.propose_registration(
                mr_level=self._levels[0],
                ct_level=self._levels[1],
                ct_image=self._images[0],
                mr_images=self._images[1],
                mr_point_lps=self._points[0],
                ct_point_lps=self._points[1],
                result=result,
            )
        )
        self.form.uncount()
        entry = reading.state.registrations.get(self._levels[0])
        if proposed is not None and entry is not None and entry.ct_to_mr is not None and not entry.level_open:
            self._present(entry)
        self.refresh()

    def _present(self, registration: Registration) -> None:
        """Show the proposal where it is to be judged: fused, with edges, at the clicked point."""
        self._show_mr(registration)
        self.viewport.overlay(registration.ct_image, 0.4)
        self.form.edges.setChecked(True)
        self._center(registration, _JUDGE_MM)

    def _show_mr(self, registration: Registration) -> None:
        best = _best_seen(image for image in self.desk.images() if image.id in registration.mr_images)
        self.desk.show(registration.mr_images[0] if best is None else best.id)

    def _center(self, registration: Registration, millimetres: float) -> None:
        point = self.viewport.to_world(registration.mr_point_lps, registration.mr_images[0])
        self.viewport.center_on(point, millimetres=millimetres)

    def _follow_count(self, registration: Registration | None) -> None:
        """Lay MRI and CT side by side while their levels are to be counted, and show the fit once they were."""
        wanted = registration is not None and registration.level_open and registration.acceptance == "open"
        wanted = wanted and self.in_hand
        if wanted == self._counting:
            return
        self._counting = wanted
        if wanted and registration is not None:
            self._put_away()
            self.viewport.overlay(None)
            self._show_mr(registration)
            self.viewport.compare(registration.ct_image)
            self._center(registration, _COUNT_MM)
            return
        self.viewport.compare(None)

    # -- judging ----------------------------------------------------------------------------------------------------
    def nudge(self, direction: tuple[int, int, int]) -> None:
        """Move the CT on the MR by a step along (slice, row, column) of the screen."""
        shift = np.array(direction, dtype=np.float64) @ self.viewport.frame.axes * STEP_MM
        self._nudge(shift, np.zeros(3))

    def turn(self, direction: int) -> None:
        """Turn the CT in the plane of the screen, clockwise for 1."""
        axes = self.viewport.frame.axes
        # From the column axis (to the right) towards the row axis (down) is clockwise on the screen.
        self._nudge(np.zeros(3), np.cross(axes[2], axes[1]) * direction * STEP_DEG)

    def _nudge(self, shift: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
        reading, registration = self.desk.reading, self.desk.registration
        if reading is not None and registration is not None:
            self.desk.guard(
                lambda: reading.nudge_registration(registration.level, shift_lps_mm=shift, rotation_lps_deg=rotation)
            )

    def count_levels(self) -> None:
        """Take over the reader's count of the levels on both images."""
        reading, registration = self.desk.reading, self.desk.registration
        if reading is None or registration is None or not self.form.count_begun:
            return
        ct_from, mr_from = (str(self.form.counts.container[space].value) for space in ("ct", "mr"))
        self.desk.guard(lambda: reading.count_levels(registration.level, ct_from=ct_from, mr_from=mr_from))
        counted = self.desk.registration
        if counted is not None and not counted.level_open:
            self._present(counted)

    def accept(self) -> None:
        """Accept; from now on the CT belongs to MR space."""
        reading, registration = self.desk.reading, self.desk.registration
        if reading is not None and registration is not None:
            self.desk.guard(lambda: reading.accept_registration(registration.level))
            # What helped to judge is in the way of reading.
            self._put_away()
            self.viewport.overlay(None)

    def refuse(self) -> None:
        """Refuse, with the reason; CT and MRI stay apart."""
        reading, registration = self.desk.reading, self.desk.registration
        if reading is not None and registration is not None:
            self.desk.guard(lambda: reading.refuse_registration(registration.level, self.form.reason.text()))

    # -- following the desk -----------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show what can be done now, and what came out."""
        self.frames.refresh()
        self._carried_box.refresh()
        desk, form = self.desk, self.form
        reading = desk.reading
        spine = None if reading is None else reading.state.spine
        if spine is not None:
            form.level["mr"].setCurrentText(spine.fractured)
        possible = reading is not None and desk.stage == "combined" and self._ct() is not None and bool(self._mr())
        named = all(box.currentIndex() > 0 for box in form.level.values())
        for space, mark in form.mark_buttons.items():
            form.level[space].setEnabled(possible)
            mark.setEnabled(possible)
            mark.setChecked(self.marking == space)
            done = "✓ " if space in self.marks else ""
            mark.setText(tr("{done}Click its centre on {space}", done=done, space=self._marked_label(space)))
        running = self.run.running
        agreed = named and len({box.currentText() for box in form.level.values()}) == 1
        form.register_button.setEnabled(possible and agreed and len(self.marks) == 2 and not running)
        form.progress.setVisible(running)
        form.cancel_button.setVisible(running)
        registration = desk.registration if possible else None
        for index in range(form.nudges.count()):
            form.nudges.itemAt(index).widget().setEnabled(registration is not None)
        form.edges.setEnabled(registration is not None)
        form.checkerboard.setEnabled(registration is not None)
        form.accept_button.setEnabled(registration is not None and registration.acceptance != "accepted")
        form.refuse_button.setEnabled(registration is not None)
        form.reason.setEnabled(registration is not None)
        form.count_box.setVisible(registration is not None and registration.level_open)
        self._follow_count(registration)
        form.banner.setText(self._next_step(possible=possible, named=named))
        form.verdict.setText(self._verdict())
        self.drawing.redraw()

    def _next_step(self, *, possible: bool, named: bool) -> str:
        desk, registration = self.desk, self.desk.registration
        if desk.reading is None:
            return tr("Open a case first.")
        if not possible:
            if desk.stage != "combined":
                return tr("Registration belongs to the CT + MRI stage.")
            missing = "CT" if self._ct() is None else "MRI"
            return tr(
                "This case has no {missing}: there is nothing to join. The other images can be read as they are.",
                missing=missing,
            )
        if self.run.running:
            return tr("Registering…")
        if registration is not None and registration.acceptance == "accepted":
            return tr("Accepted: the CT is shown and measured in the MRI's space.")
        if registration is not None:
            if registration.level_open:
                return tr("Count the vertebrae on MRI and on CT, each by itself, and say where you began.")
            return tr("Look whether the edges fit, then accept or refuse.")
        if not named:
            return tr("Name the fractured vertebra, counted on each examination by itself.")
        names = {space: box.currentText() for space, box in self.form.level.items()}
        if names["mr"] != names["ct"]:
            return tr(
                "You named {names} on MRI and {names2} on CT; it must be the same vertebra on both.",
                names=names["mr"],
                names2=names["ct"],
            )
        if self.marking is not None:
            return tr(
                "Click the centre of the fractured vertebral body on the {marking}.", marking=SPACE_NAMES[self.marking]
            )
        if len(self.marks) < 2:
            return tr("Mark the centre of the fractured vertebral body on both.")
        return tr("Ready to register.")

    def _verdict(self) -> str:
        reading = self.desk.reading
        entries = () if reading is None else tuple(reading.state.registrations.values())
        lines = []
        for entry in entries:
            color = _STATUS_COLORS[entry.standing]
            line = tr(
                '<b>{level}</b>: <span style="color:{color}">■</span> <b>{standing}</b>. {reason}',
                level=entry.level,
                color=color,
                standing=Sentence(entry.standing),
                reason=entry.reason,
            )
            if entry.ct_to_mr is not None:
                nudged = f", {moved_by_hand(entry.nudges)}" if entry.nudges else ""
                line += "<br>" + tr(
                    "From the start: {shift:.1f} mm, {angle:.1f}°{nudged} ({seconds:.1f} s). <b>{decided}</b>.",
                    shift=entry.shift_mm,
                    angle=entry.angle_deg,
                    nudged=nudged,
                    seconds=entry.seconds,
                    decided=_DECIDED[entry.acceptance],
                )
            if entry.level_count is not None:
                count = entry.level_count
                line += tr(
                    "<br>Levels counted on MRI from {mr_from}, on CT from {ct_from}.",
                    mr_from=Sentence(count.mr_from),
                    ct_from=Sentence(count.ct_from),
                )
            if entry.refusal_reason:
                line += tr("<br>Refused: {refusal_reason}", refusal_reason=entry.refusal_reason)
            lines.append(line)
        return "<br>".join(lines)
