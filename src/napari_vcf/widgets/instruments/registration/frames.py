"""Joining MR images of one frame of reference to those of another: said, marked, or fitted from the marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.reading.case import CaseImage
from napari_vcf.registration import RegistrationResult, register_frames
from napari_vcf.widgets.common.activity import Activity
from napari_vcf.widgets.common.controls import button, heading, keep_keys, note
from napari_vcf.widgets.common.shortcuts_in_force import with_key
from napari_vcf.widgets.common.worker import named_worker
from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["FrameJoining"]

_TITLE = say("Fitting two MR images")


class FrameJoining(QWidget):
    """Controls that are seen only where MR images of the stage lie in different frames of reference.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    take : callable
        Puts the panel, and with it the mouse, into the reader's hand.
    """

    #: A place was marked, or the marks were given up.
    marked = Signal()

    def __init__(self, viewport: Viewport, take: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("frame_joining")
        self._viewport, self._desk, self._take = viewport, viewport.desk, take
        #: The same place on each of the two, LPS mm of its own.
        self.marks: dict[str, NDArray[np.float64]] = {}
        self.marking: str | None = None
        self.result: RegistrationResult | None = None
        self._worker: Any = None
        self._activity = Activity(shown(_TITLE), self._give_up)
        self._wanted = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(heading(tr("MR images of another frame of reference")))
        self.banner = note(name="frames_next")
        column.addWidget(self.banner)
        self.moving = QComboBox()
        self.moving.setObjectName("frames_moving")
        tip = tr("Which image, with all others of its frame of reference, is to be joined")
        self.moving.setToolTip(with_key(tip, "registration.frames_moving"))
        keep_keys(self.moving)
        self.moving.activated.connect(lambda _index: self._forget_marks())
        row = QHBoxLayout()
        row.addWidget(QLabel(tr("Join")))
        row.addWidget(self.moving, 1)
        self.target_name = QLabel()
        row.addWidget(self.target_name)
        column.addLayout(row)
        self.mark_moving = button(
            "mark_frame", "", tr("Brings it to the front; then click a place that is seen on both"), self._mark_moving,
            action="registration.frames_mark",
        )  # fmt: skip
        self.mark_target = button(
            "mark_other_frame",
            "",
            tr("Brings it to the front; then click the same place"),
            self._mark_target,
            action="registration.frames_mark_other",
        )
        self.fit_button = button(
            "fit_frames", tr("Fit from the marks"),
            tr("Finds the rigid motion between the two, near the marks; joins nothing"), self.fit,
            action="registration.frames_fit",
        )  # fmt: skip
        self.join_button = button("join_frames", tr("Join"), "", self.join, action="registration.frames_join")
        self.still_button = button(
            "frames_still", tr("The patient lay still"),
            tr("Joins the two as they are, without any motion"), self.lay_still,
            action="registration.frames_still",
        )  # fmt: skip
        self.separate_button = button(
            "separate_frames",
            tr("Separate"),
            tr("Takes back what joined them"),
            self.separate,
            action="registration.frames_separate",
        )
        for first, second in (
            (self.mark_moving, self.mark_target),
            (self.fit_button, self.join_button),
            (self.still_button, self.separate_button),
        ):
            line = QHBoxLayout()
            line.addWidget(first)
            line.addWidget(second)
            column.addLayout(line)
        for mark in (self.mark_moving, self.mark_target):
            mark.setCheckable(True)
        self._desk.opened.connect(self._forget_marks)

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What these controls do for actions of the register."""
        return {
            "registration.frames_moving": self._next_moving,
            "registration.frames_mark": self.mark_moving.click,
            "registration.frames_mark_other": self.mark_target.click,
            "registration.frames_fit": self.fit_button.click,
            "registration.frames_join": self.join_button.click,
            "registration.frames_still": self.still_button.click,
            "registration.frames_separate": self.separate_button.click,
        }

    # -- which images -----------------------------------------------------------------------------------------------
    def _others(self) -> list[CaseImage]:
        """MR images whose frame is not that of most."""
        mr = [image for image in self._desk.images() if image.series.role is not Role.CT]
        return [image for image in mr if self._desk.space_of(image.id) != "mr"]

    def target(self) -> CaseImage | None:
        """The image onto whose frame the other is brought: T2, else the first of the frame that most images share."""
        there = [image for image in self._desk.images() if self._desk.space_of(image.id) == "mr"]
        return next((image for image in there if image.series.role is Role.T2), next(iter(there), None))

    def chosen(self) -> CaseImage | None:
        """The image whose frame is joined."""
        name = self.moving.currentData()
        return next((image for image in self._others() if image.id == name), None)

    def _next_moving(self) -> None:
        if self.moving.count() > 1:
            self.moving.setCurrentIndex((self.moving.currentIndex() + 1) % self.moving.count())
            self._forget_marks()

    def _forget_marks(self) -> None:
        self.marks.clear()
        self.marking, self.result = None, None
        self._give_up()
        self.marked.emit()
        self.refresh()

    # -- marking ----------------------------------------------------------------------------------------------------
    def _mark_moving(self) -> None:
        self._mark(self.chosen(), wanted=self.mark_moving.isChecked())

    def _mark_target(self) -> None:
        self._mark(self.target(), wanted=self.mark_target.isChecked())

    def _mark(self, image: CaseImage | None, *, wanted: bool) -> None:
        self.marking = image.id if image is not None and wanted else None
        if image is not None and wanted:
            self._take()
            self._desk.show(image.id)
        self.refresh()

    def mark(self, point_world: NDArray[np.float64]) -> bool:
        """Take a click on the image that is being marked; False where it is none of this."""
        if self.marking is None or self._desk.image_id != self.marking:
            return False
        self.marks[self.marking] = self._viewport.to_lps(point_world)
        self.marking, self.result = None, None
        self.marked.emit()
        one, two = self.chosen(), self.target()
        missing = next((image for image in (one, two) if image is not None and image.id not in self.marks), None)
        if missing is not None:
            self._mark(missing, wanted=True)
        self.refresh()
        return True

    # -- fitting and joining ----------------------------------------------------------------------------------------
    def fit(self) -> None:
        """Find the motion on a worker thread; nothing is joined by that."""
        one, two, points = self.chosen(), self.target(), self._points()
        if one is None or two is None or points is None or self._worker is not None:
            return
        volumes = self._desk.guard(lambda: (self._desk.volume(one.id), self._desk.volume(two.id)))
        if volumes is None:
            return
        self._wanted += 1
        number = self._wanted

        def work() -> RegistrationResult:
            return register_frames(*volumes, moving_point_lps=points[0], fixed_point_lps=points[1])

        worker = self._worker = named_worker(_TITLE, work)
        worker.returned.connect(lambda result: self._on_fitted(number, result))
        worker.errored.connect(lambda _error: self._on_fitted(number, None))
        self._activity.begin()
        if number != self._wanted:
            # Showing the bar lets the window live: the reader may have given up meanwhile.
            self._activity.end()
        worker.start()
        self.refresh()

    def _give_up(self) -> None:
        """Want the fit that is running no more."""
        self._wanted += 1
        if self._worker is not None:
            self._worker = None
            self._activity.end()
            self.refresh()

    def _on_fitted(self, number: int, result: RegistrationResult | None) -> None:
        if number != self._wanted:
            return
        self._worker, self.result = None, result
        self._activity.end()
        self.refresh()

    def _points(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        one, two = self.chosen(), self.target()
        if one is None or two is None or one.id not in self.marks or two.id not in self.marks:
            return None
        return tuple(self.marks[one.id].tolist()), tuple(self.marks[two.id].tolist())

    def join(self) -> None:
        """Join by the fit where there is one, else by the marks alone; shown fused, to be looked at."""
        points, result = self._points(), self.result
        if points is not None:
            self._join(point_lps=points[0], to_point_lps=points[1], result=result)

    def lay_still(self) -> None:
        """Join without a motion."""
        self._join()

    def _join(self, **how: Any) -> None:
        reading, one, two = self._desk.reading, self.chosen(), self.target()
        if reading is None or one is None or two is None:
            return
        if self._desk.guard(lambda: reading.join_frames(one.id, two.id, **how)) is not None:
            self._desk.show(two.id)
            if self._viewport.can_show(one.id):
                self._viewport.overlay(one.id, 0.5)
            self._desk.message.emit(say("Joined. Look whether the two fit; if not, separate them."), "info")
        self.refresh()

    def separate(self) -> None:
        """Take back what joined the frame."""
        reading, one = self._desk.reading, self.chosen()
        if reading is not None and one is not None:
            self._desk.guard(lambda: reading.separate_frames(one.id))
        self.refresh()

    # -- following the desk -----------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show what can be done now."""
        others, two = self._others(), self.target()
        possible = self._desk.reading is not None and bool(others) and two is not None
        self.setVisible(possible)
        if [self.moving.itemData(index) for index in range(self.moving.count())] != [image.id for image in others]:
            self.moving.clear()
            for image in others:
                self.moving.addItem(image.label, image.id)
        one = self.chosen()
        if not possible or one is None or two is None:
            return
        joined = self._desk.joined(self._desk.space_of(one.id), self._desk.space_of(two.id))
        self.target_name.setText(tr("to {label}", label=two.label))
        for mark, image in ((self.mark_moving, one), (self.mark_target, two)):
            done = "✓ " if image.id in self.marks else ""
            mark.setText(done + tr("Mark on {image}", image=image.label))
            mark.setChecked(self.marking == image.id)
            mark.setEnabled(not joined)
        ready = self._points() is not None and not joined and self._worker is None
        self.fit_button.setEnabled(ready)
        fitted = self.result is not None and self.result.status != "refused"
        refused = self.result is not None and not fitted
        self.join_button.setText(tr("Join by this fit") if fitted else tr("Join by the marks alone"))
        tip = (
            tr("Brings the one onto the other as it was fitted")
            if fitted
            else tr("Shifts the one onto the other, mark on mark")
        )
        self.join_button.setToolTip(with_key(tr("{tip}; it can be undone", tip=tip), "registration.frames_join"))
        self.join_button.setEnabled(ready and not refused)
        self.still_button.setEnabled(not joined and self._worker is None)
        self.separate_button.setEnabled(joined)
        self.banner.setText(self._next_step(one, two, joined=joined))

    def _next_step(self, one: CaseImage, two: CaseImage, *, joined: bool) -> str:
        if joined:
            return tr(
                "{label} is joined to {two_label}. Look whether the two fit; if not, separate them.",
                label=one.label,
                two_label=two.label,
            )
        if self._worker is not None:
            return tr("Fitting…")
        if self.marking is not None:
            marked = one if self.marking == one.id else two
            return tr("Click the place on {label}; the middle of the fractured body serves best.", label=marked.label)
        if self.result is not None:
            found = self.result
            verdict = tr("{status}. {reason}", status=Sentence(found.status.capitalize()), reason=found.reason)
            if found.ct_to_mr is None:
                return verdict
            moved = tr("From the marks: {shift:.1f} mm, {angle:.1f}°.", shift=found.shift_mm, angle=found.angle_deg)
            return f"{verdict} {moved}"
        if self._points() is not None:
            return tr("Ready to fit, or to join by the marks alone.")
        return tr(
            "{label} and {two_label} are in different frames of reference and share no place. Mark "
            "the same place on both, say that the patient lay still, or read {label} by itself.",
            label=one.label,
            two_label=two.label,
        )
