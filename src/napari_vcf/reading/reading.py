"""A reading: one reader, one case, one protocol. The headless interface that the widgets, scripts and tests share.

Every change goes through `Reading.apply` as one action, and either takes effect whole or is refused with a sentence and
changes nothing. The named changes below build one action each and apply it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_vcf.geometry import Rectangle, RigidTransform
from napari_vcf.language import say
from napari_vcf.measure import (
    REFERENCE_RADIUS_MM,
    Position,
    ReferenceTissue,
    RoiStatistics,
    Side,
    VertebraStatus,
)
from napari_vcf.reading import actions as act
from napari_vcf.reading.action_builders import caliper_of, join_of, masks_of, proposal_of, roi_of
from napari_vcf.reading.arguments import lps_point, refusing
from napari_vcf.reading.carrying import CarriedItem
from napari_vcf.reading.case import MR_ROLES, Case, check_pseudonym
from napari_vcf.reading.correcting import check_maps
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.evaluation import Evaluations, StageEvaluation
from napari_vcf.reading.export import export_reading
from napari_vcf.reading.history import History
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.label_proposing import ChosenLabel, body_from_labels
from napari_vcf.reading.levels import not_renamed
from napari_vcf.reading.masks import GridRecord
from napari_vcf.reading.middles import ProposedMiddle, accepted_middle, proposed_middle, with_its_middle
from napari_vcf.reading.proposing import BodyRequest, body_request, proposed_from
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import StageResults, adjacent_levels
from napari_vcf.reading.roi_checks import endplates_of
from napari_vcf.reading.rules import Context, reduce_action
from napari_vcf.reading.spaces import between
from napari_vcf.reading.state import CaliperEnd, CaliperOrigin, ProposedBody, ReadingState, Registration, Roi, Tissue
from napari_vcf.reading.vertebra_at import vertebra_at
from napari_vcf.records.base import Stage, utc_now

if TYPE_CHECKING:
    from napari_vcf.registration import RegistrationResult

__all__ = ["Reading"]


class Reading:
    """One reader's reading of one case.

    Parameters
    ----------
    case : Case
        The images.
    protocol : Protocol, optional
        The study's decisions.
    study, reader : str
        Pseudonyms.
    clock : callable, optional
        Gives the time; for tests.
    recorder : callable, optional
        Called with each `LoggedAction` before it takes effect; where it raises, the change is not made.

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted with the `LoggedAction` after each change.
    """

    changed = Signal(object)

    def __init__(
        self,
        case: Case,
        *,
        study: str,
        reader: str,
        protocol: Protocol | None = None,
        clock: Callable[[], datetime] = utc_now,
        recorder: Callable[[act.LoggedAction], None] | None = None,
    ) -> None:
        self.case = case
        if protocol is not None and not isinstance(protocol, Protocol):
            raise ReadingError(say("A protocol is a napari_vcf.reading.Protocol; Protocol(**decisions) makes one."))
        self.protocol = protocol or Protocol()
        self.study = check_pseudonym(study, "study")
        self.reader = check_pseudonym(reader, "reader")
        self._clock = clock
        self._recorder = recorder
        self.started_at = clock()
        self._history = History(self._reduce)
        self._evaluations = Evaluations(case, self.protocol)

    # -- changes as such ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> ReadingState:
        """What has been done so far."""
        return self._history.state

    @property
    def log(self) -> tuple[act.LoggedAction, ...]:
        """Every action that took effect, in order, undo and redo included."""
        return self._history.log

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._history.can_redo

    @property
    def to_undo(self) -> act.Action | None:
        """The change that an undo takes back; None where there is none."""
        return self._history.to_undo

    @property
    def to_redo(self) -> act.Action | None:
        """The change that a redo makes again; None where there is none."""
        return self._history.to_redo

    def apply(self, action: act.Action) -> act.LoggedAction:
        """Make one change.

        Parameters
        ----------
        action : Action
            The change.

        Returns
        -------
        LoggedAction
            The action with its number and time.

        Raises
        ------
        RefusedActionError
            If it is not allowed; nothing has changed then.
        """
        # Said in the record, and not by the rules: what was written down before is made again as it was.
        action = with_its_middle(action, self.state)
        logged = self._history.make(action, self._clock(), record=self._recorder)
        self.case.apply_corrections(self.state.corrections)
        self.changed.emit(logged)
        return logged

    def restore(self, entries: Iterable[act.LoggedAction]) -> None:
        """Make changes again that were written down earlier, with their own times; nothing is recorded anew.

        Parameters
        ----------
        entries : iterable of LoggedAction
            Without a gap, going on from `log`.

        Raises
        ------
        RefusedActionError
            If one of them is not allowed, or out of order; those before it have been made.
        """
        for entry in entries:
            self._history.repeat(entry)
            self.case.apply_corrections(self.state.corrections)

    def _reduce(self, action: act.Action, state: ReadingState, at: datetime) -> ReadingState:
        return reduce_action(action, state, Context(self.case, self.protocol, at, self.statistics))

    def _make(self, action: Callable[..., act.Action], **values: Any) -> act.LoggedAction:
        return self.apply(refusing(partial(action, **values)))

    # -- what follows from the changes -------------------------------------------------------------------------------

    def results(self, stage: Stage) -> StageResults:
        """Everything that follows from one stage, computed anew where something changed.

        Parameters
        ----------
        stage : {"ct", "mri", "combined"}
            The stage.

        Returns
        -------
        StageResults

        Raises
        ------
        ReadingError
            If there is no such stage.
        """
        return self.evaluation(stage).results

    def evaluation(self, stage: Stage) -> StageEvaluation:
        """Results, missing items, conflicts and what is hidden, of one stage; computed anew where something changed.

        Raises
        ------
        ReadingError
            If there is no such stage.
        """
        return self._evaluations.of(self.state, stage)

    def statistics(self, roi: Roi) -> RoiStatistics:
        """Statistics of a placement of the rectangle, measured once; raises what `roi_statistics` raises."""
        return self._evaluations.statistics(roi)

    def missing(self, stage: Stage) -> tuple[Issue, ...]:
        """What the protocol asks for in a stage and has not got; the ``str`` of each is a sentence."""
        return self.evaluation(stage).missing

    def conflicts(self, stage: Stage) -> tuple[Issue, ...]:
        """Answers that contradict each other or a measurement; the ``str`` of each is a sentence."""
        return self.evaluation(stage).conflicts

    def unanswered(self, stage: Stage) -> tuple[str, ...]:
        """Keys of the items of a stage that have neither an answer nor a measured value."""
        return self.evaluation(stage).unanswered

    def asked(self, stage: Stage) -> tuple[str, ...]:
        """Keys of the items that are asked in a stage of this case; none in a stage that the protocol does not have."""
        return self.evaluation(stage).asked

    def not_asked(self, stage: Stage) -> tuple[Issue, ...]:
        """Items of the protocol that this case leaves out of a stage; the ``str`` of each is a sentence."""
        return self.evaluation(stage).not_asked

    def hidden(self, stage: Stage) -> frozenset[str]:
        """Keys of the items whose measured values are kept from the reader until the estimate by eye is given."""
        return self.evaluation(stage).hidden

    def now(self) -> datetime:
        """The time by this reading's clock."""
        return self._clock()

    def references(self) -> tuple[str | None, str | None]:
        """Levels above and below the fractured vertebra; None where there is none or it is not named yet."""
        return (None, None) if self.state.spine is None else adjacent_levels(self.state.spine)

    def endplates(self, stage: Stage, level: str, image: str | None = None) -> NDArray[np.float64] | None:
        """Direction of a vertebra's endplates by its calipers, in the frame of an MR image (the first, if left out).

        See `napari_vcf.reading.roi_checks.endplates_of`.
        """
        state, images = self.state, self.case.images
        seen_on = self.case.image(image) if image is not None else next(iter(self.case.with_role(*MR_ROLES)), None)
        if seen_on is None:
            return None
        return endplates_of(state.stages[stage], level, seen_on, images, state)

    def level_at(self, stage: Stage, image: str, point_lps: ArrayLike) -> str | None:
        """Name of the vertebra in which a point of an MR image lies by what was drawn; None where nothing tells.

        See `napari_vcf.reading.vertebra_at.vertebra_at`.
        """
        state = self.state
        return vertebra_at(point_lps, self.case.image(image), state.stages[stage], state, self.case.images)

    def motion(self, image: str, to_image: str, registration: Registration | None = None) -> RigidTransform | None:
        """The motion from one image's patient LPS mm to another's; None where nothing joins the two.

        Parameters
        ----------
        image, to_image : str
            Names of the images.
        registration : Registration, optional
            What joins CT to MR, where that is to count.
        """
        images = self.case.images
        return between(self.case.image(image), self.case.image(to_image), images, self.state, registration)

    def roi_rectangle(self, center_lps: ArrayLike, axis_long: ArrayLike, axis_short: ArrayLike) -> Rectangle:
        """A rectangle in the protocol's size.

        Parameters
        ----------
        center_lps : array_like, shape (3,)
            LPS mm.
        axis_long, axis_short : array_like, shape (3,)
            Unit vectors at right angles.
        """
        return Rectangle(
            np.asarray(center_lps, dtype=np.float64),
            np.asarray(axis_long, dtype=np.float64),
            np.asarray(axis_short, dtype=np.float64),
            self.protocol.roi_long_mm,
            self.protocol.roi_short_mm,
        )

    def export(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the reading as JSON; see `napari_vcf.reading.export_reading`, also for what is refused."""
        return export_reading(self, path, overwrite=overwrite)

    # -- changes by name ---------------------------------------------------------------------------------------------

    def set_spine(self, fractured: str, *, has_t13: bool = False, has_l6: bool = False) -> act.LoggedAction:
        """Name the fractured vertebra.

        Raises
        ------
        RefusedActionError
            If it has another name already, under which something was measured or answered.
        """
        spine, stages = self.state.spine, self.state.stages.values()
        # What was drawn is a matter of the record's own rules; journals from before hold names changed under answers.
        drawn, answered = any(stage.drawn for stage in stages), any(stage.answered for stage in stages)
        if spine is not None and fractured != spine.fractured and answered and not drawn:
            raise not_renamed(say("answers on {fractured}", fractured=spine.fractured))
        return self._make(act.SetSpine, fractured=fractured, has_t13=has_t13, has_l6=has_l6)

    def correct_levels(self, fractured: str, *, has_t13: bool = False, has_l6: bool = False) -> act.LoggedAction:
        """Correct a miscount of the vertebrae: all names move with that of the fractured one, in every stage.

        Parameters
        ----------
        fractured : str
            What the fractured vertebra is called now.
        has_t13, has_l6 : bool
            Whether this patient is counted with a thirteenth thoracic or a sixth lumbar vertebra.

        Returns
        -------
        LoggedAction
            One change, which one undo takes back.

        Raises
        ------
        RefusedActionError
            If no vertebra is named yet, or something measured would lie beyond the end of the column.
        """
        return self._make(act.CorrectLevels, fractured=fractured, has_t13=has_t13, has_l6=has_l6)

    def set_reference(self, stage: Stage, level: str, status: VertebraStatus) -> act.LoggedAction:
        """Say whether an adjacent vertebra is intact."""
        return self._make(act.SetReference, stage=stage, level=level, status=status)

    def withdraw_reference(self, stage: Stage, level: str) -> act.LoggedAction:
        """Take back what was said of an adjacent vertebra."""
        return self._make(act.WithdrawReference, stage=stage, level=level)

    def place_caliper(
        self,
        *,
        stage: Stage,
        level: str,
        position: Position,
        image: str,
        start_lps: ArrayLike,
        end_lps: ArrayLike,
        shown_on: str | None = None,
        snapped: Sequence[CaliperEnd] = (),
        origin: CaliperOrigin = "drawn",
    ) -> act.LoggedAction:
        """Place a caliper, or replace the one that measures the same height.

        A middle height that was accepted as it was proposed goes where a wall is put elsewhere; it is proposed anew.

        Parameters
        ----------
        stage : {"ct", "mri", "combined"}
            Stage of the reading.
        level : str
            The fractured vertebra or a neighbour, such as ``"L1"``.
        position : {"anterior", "middle", "posterior"}
            Which of its heights.
        image : str
            Name of the image (`CaseImage.id`) on which it was measured.
        start_lps, end_lps : array_like, shape (3,)
            Ends on the upper and on the lower endplate, LPS mm of ``image``.
        shown_on : str, optional
            The MR image over which a registered CT was shown; only in the combined stage.
        snapped : sequence of {"start", "end"}
            Ends that the program drew to an edge.
        origin : {"drawn", "corners"}
            ``corners`` for the anterior and the posterior wall of a body whose four corners were set.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the image is closed in this stage, the level is neither the fractured one nor adjacent to it, the
            points are no height on this image, or the corners of both walls are not those of one body.
        """
        return self._make(
            caliper_of,
            stage=stage,
            level=level,
            position=position,
            image=image,
            shown_on=shown_on,
            start_lps=start_lps,
            end_lps=end_lps,
            snapped=snapped,
            origin=origin,
        )

    def proposed_middle(self, stage: Stage, level: str) -> ProposedMiddle | None:
        """The middle height of a body that its walls let propose; see `napari_vcf.reading.middles.proposed_middle`."""
        return proposed_middle(self.state, stage, level, self.protocol, self.case)

    def accept_middles(self, stage: Stage, levels: Sequence[str]) -> act.LoggedAction:
        """Accept the middle heights that are proposed from the corners, as they are and all at once.

        Parameters
        ----------
        stage : {"ct", "mri", "combined"}
            Stage of the reading.
        levels : sequence of str
            Vertebrae whose walls are measured and whose middle height is not; the reader has looked at each proposal.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If nothing is proposed for one of them, or the image shows no edge at an end of it: that end must be put
            there by hand.
        """
        calipers = tuple(accepted_middle(self.state, stage, level, self.protocol, self.case) for level in levels)
        return self._make(act.AcceptMiddles, stage=stage, calipers=calipers)

    def remove_caliper(self, stage: Stage, level: str, position: Position) -> act.LoggedAction:
        """Remove a caliper; with a wall goes the middle height that was accepted as it was proposed from it."""
        return self._make(act.RemoveCaliper, stage=stage, level=level, position=position)

    def set_masks(
        self,
        stage: Stage,
        image: str,
        body: NDArray[np.bool_],
        lesion: NDArray[np.bool_],
        *,
        corrected: Sequence[int] = (),
        outlined: Sequence[int] = (),
    ) -> act.LoggedAction:
        """Set body and lesion.

        Parameters
        ----------
        stage : {"mri", "combined"}
            Stage of the reading.
        image : str
            Name of the image (`CaseImage.id`) on which they were painted.
        body, lesion : ndarray, shape (slices, rows, columns) of the image
            True or 1 inside; the lesion lies inside the body.
        corrected : sequence of int
            Slices whose body began as the proposal and was changed by hand; accepted ones need not be named.
        outlined : sequence of int
            Slices that were outlined anew, whatever was there.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the shape is not the image's, a value is neither 0 nor 1, or lesion lies outside the body.
        """
        return self._make(
            masks_of,
            stage=stage,
            image=self.case.image(image),
            body=body,
            lesion=lesion,
            corrected=corrected,
            outlined=outlined,
        )

    def body_request(self, stage: Stage, image: str) -> BodyRequest:
        """What a body would be proposed from; see `napari_vcf.reading.proposing.body_request`."""
        return body_request(self.state, stage, image, self.protocol, self.case)

    def propose_body(self, stage: Stage, image: str, proposed: ProposedBody | None = None) -> act.LoggedAction:
        """Put a vertebral body before the reader, from the heights of the fractured vertebra.

        Parameters
        ----------
        stage : {"mri", "combined"}
            Stage of the reading.
        image : str
            Name of the image (`CaseImage.id`) that is painted on; its slices are sagittal.
        proposed : ProposedBody, optional
            What was computed from `body_request` already.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the protocol does not allow it, the estimate by eye is not given, or a height is missing.
        ProposalError
            If no body is found from there.
        """
        if proposed is None:
            request = self.body_request(stage, image)
            proposed = proposed_from(request, [self.case.volume(each) for each in request.images])
        grid = GridRecord.of(self.case.image(image).series.grid)
        return self._make(act.ProposeBody, stage=stage, image=image, grid=grid, proposal=proposed)

    def propose_from_labels(
        self, stage: Stage, image: str, chosen: ChosenLabel, *, blinded: bool = False
    ) -> act.LoggedAction:
        """Put a vertebral body before the reader, from a label map of another program.

        Parameters
        ----------
        stage : {"mri", "combined"}
            Stage of the reading.
        image : str
            Name of the image (`CaseImage.id`) that is painted on.
        chosen : ChosenLabel
            The label, where it lies, and the vertebra that the reader confirms.
        blinded : bool
            Whether the file's name stays out of the record.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the protocol does not allow it, the estimate by eye is not given, a height is missing, or the label is
            no body.
        ProposalError
            If the label does not contain the middle of the heights, or reaches far beyond them.
        """
        request = self.body_request(stage, image)
        proposed = body_from_labels(request, chosen, self.state, stage, self.case, blinded=blinded)
        return self.propose_body(stage, image, proposed)

    def decide_slices(
        self, stage: Stage, slices: Sequence[int], decision: Literal["accepted", "rejected"], *, looked_at: bool = True
    ) -> act.LoggedAction:
        """Accept or reject slices of the proposed body.

        Parameters
        ----------
        stage : {"mri", "combined"}
            Stage of the reading.
        slices : sequence of int
            Slices of the image, from 0.
        decision : {"accepted", "rejected"}
            What the reader says of them.
        looked_at : bool
            Whether they had been on the screen; without it they are noted, and do not count.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If no body is proposed there.
        """
        return self._make(act.DecideSlices, stage=stage, slices=tuple(slices), decision=decision, looked_at=looked_at)

    def threshold_lesion(
        self,
        stage: Stage,
        *,
        tissue: ReferenceTissue,
        center_lps: ArrayLike,
        side: Side,
        factor: float = 1.0,
        slices: Sequence[int] | None = None,
        radius_mm: float = REFERENCE_RADIUS_MM,
        volume: int = 0,
    ) -> act.LoggedAction:
        """Take the body voxels darker or brighter than a multiple of a reference tissue as lesion.

        Parameters
        ----------
        stage : str
            Where a body is painted.
        tissue : {"muscle", "disc", "normal_vertebra"}
            What lies at the reference.
        center_lps : array_like, shape (3,)
            Middle of the reference, LPS mm, outside the painted body.
        side : {"darker", "brighter"}
            Which voxels are taken.
        factor : float
            The threshold as a multiple of the reference's mean.
        slices : sequence of int, optional
            Slices of the image; all that hold body if left out.
        radius_mm : float
            Radius of the circle that is measured, mm.
        volume : int
            Which of the image's volumes (b-values) is compared.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If there is no body, the reference cannot be measured, or no voxel is added.
        """
        return self._make(
            act.ThresholdLesion,
            stage=stage,
            tissue=tissue,
            center_lps=lps_point(center_lps),
            side=side,
            factor=factor,
            slices=None if slices is None else tuple(slices),
            radius_mm=radius_mm,
            volume=volume,
        )

    def decide_carried(
        self, stage: Stage, items: Sequence[CarriedItem], decision: Literal["confirmed", "deleted"]
    ) -> act.LoggedAction:
        """Confirm things that were carried from an earlier stage as they are, or delete them from the draft.

        Parameters
        ----------
        stage : {"combined"}
            Stage of the reading.
        items : sequence of CarriedItem
            Of `napari_vcf.reading.carrying.open_items`.
        decision : {"confirmed", "deleted"}
            What the reader says of them.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If one does not wait any more, the vertebra is called otherwise here, or, of body and lesion, the estimate
            by eye is not given.
        """
        return self._make(act.DecideCarried, stage=stage, items=tuple(items), decision=decision)

    def clear_masks(self, stage: Stage) -> act.LoggedAction:
        """Remove both masks."""
        return self._make(act.ClearMasks, stage=stage)

    def place_roi(
        self, *, stage: Stage, tissue: Tissue, placement: int, level: str, image: str, rectangle: Rectangle
    ) -> act.LoggedAction:
        """Place an ADC rectangle; its centre is put on the plane of the nearest slice.

        Parameters
        ----------
        stage : {"mri", "combined"}
            Stage of the reading.
        tissue : {"lesion", "normal"}
            What it measures.
        placement : int
            1 for the first one.
        level : str
            The fractured vertebra for the lesion, an adjacent one for normal marrow.
        image : str
            Name of the ADC map (`CaseImage.id`).
        rectangle : Rectangle
            Of the protocol's size and parallel to the slices: see `Reading.roi_rectangle`.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the size is another one, the map's unit is not known, or the rectangle reaches over the scanned area.
        """
        return self._make(
            roi_of,
            protocol=self.protocol,
            stage=stage,
            tissue=tissue,
            placement=placement,
            level=level,
            image=image,
            rectangle=rectangle,
        )

    def remove_roi(self, stage: Stage, tissue: Tissue, placement: int) -> act.LoggedAction:
        """Remove a placement."""
        return self._make(act.RemoveRoi, stage=stage, tissue=tissue, placement=placement)

    def answer(self, stage: Stage, item: str, value: str | int) -> act.LoggedAction:
        """Answer an item with one of its values."""
        if isinstance(value, np.generic):
            value = value.item()
        return self._make(act.AnswerItem, stage=stage, item=item, value=value)

    def mark_not_assessable(self, stage: Stage, item: str, reason: str) -> act.LoggedAction:
        """Say that an item is not assessable, and why."""
        return self._make(act.MarkNotAssessable, stage=stage, item=item, reason=reason)

    def withdraw_answer(self, stage: Stage, item: str) -> act.LoggedAction:
        """Take an answer back."""
        return self._make(act.WithdrawAnswer, stage=stage, item=item)

    def correct_role(self, image: str, role: str) -> act.LoggedAction:
        """Correct the role of an image."""
        check_maps(self.case, self.state, image, role=role)
        return self._make(act.CorrectRole, image=image, role=role)

    def answer_adc_unit(self, image: str, unit: str) -> act.LoggedAction:
        """Say in which unit an ADC map is stored."""
        return self._make(act.AnswerAdcUnit, image=image, unit=unit)

    def answer_b_values(self, image: str, b_values: Sequence[float]) -> act.LoggedAction:
        """Say with which b-values (s/mm2) the volumes of a diffusion image were taken; an ADC follows from two."""
        given = tuple(map(float, b_values))
        check_maps(self.case, self.state, image, b_values=given)
        return self._make(act.AnswerBValues, image=image, b_values=given)

    def propose_registration(
        self,
        *,
        mr_level: str,
        ct_level: str,
        ct_image: str,
        mr_images: Sequence[str],
        mr_point_lps: ArrayLike,
        ct_point_lps: ArrayLike,
        result: RegistrationResult,
    ) -> act.LoggedAction:
        """Put a registration before the reader.

        Parameters
        ----------
        mr_level, ct_level : str
            The vertebra, as it was named on each.
        ct_image : str
            Name of the CT (`CaseImage.id`).
        mr_images : sequence of str
            Names of the MR images that were registered to it.
        mr_point_lps, ct_point_lps : array_like, shape (3,)
            The clicked pair, each in its own frame, LPS mm.
        result : RegistrationResult
            What `napari_vcf.registration.register_vertebra` returned.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the levels differ or are not those of the reading, or an image has the wrong modality.
        """
        return self._make(
            proposal_of,
            result=result,
            mr_level=mr_level,
            ct_level=ct_level,
            ct_image=ct_image,
            mr_images=mr_images,
            mr_point_lps=mr_point_lps,
            ct_point_lps=ct_point_lps,
        )

    def join_frames(
        self,
        image: str,
        to_image: str,
        *,
        point_lps: ArrayLike | None = None,
        to_point_lps: ArrayLike | None = None,
        result: RegistrationResult | None = None,
    ) -> act.LoggedAction:
        """Bring the images of one MR frame of reference onto those of another.

        Parameters
        ----------
        image, to_image : str
            An image of the frame that is moved, and one of the frame onto which it is moved.
        point_lps, to_point_lps : array_like, shape (3,), optional
            The same place on both, each in its own frame, LPS mm. Without them the reader says that the patient lay
            still between the two.
        result : RegistrationResult, optional
            What `napari_vcf.registration.register_frames` found from these points; without it the one is shifted onto
            the other.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If one of them is a CT, they share a frame, or the fit was refused.
        """
        return self._make(
            join_of, image=image, to_image=to_image, point_lps=point_lps, to_point_lps=to_point_lps, result=result
        )

    def separate_frames(self, image: str) -> act.LoggedAction:
        """Take back what joined the frame of an image to another."""
        return self._make(act.SeparateFrames, image=image)

    def nudge_registration(
        self, level: str, *, shift_lps_mm: ArrayLike = (0, 0, 0), rotation_lps_deg: ArrayLike = (0, 0, 0)
    ) -> act.LoggedAction:
        """Move a proposed registration by hand, about the clicked point."""
        return self._make(
            act.NudgeRegistration,
            level=level,
            shift_lps_mm=lps_point(shift_lps_mm),
            rotation_lps_deg=lps_point(rotation_lps_deg),
        )

    def accept_registration(self, level: str) -> act.LoggedAction:
        """Accept a registration."""
        return self._make(act.AcceptRegistration, level=level)

    def count_levels(self, level: str, *, ct_from: str, mr_from: str) -> act.LoggedAction:
        """Say that the levels were counted on both images and both points lie in the same vertebra.

        It lifts the one doubt that the images cannot settle, as where a neighbour is cut. Every other doubt stays, and
        a count never outweighs images that speak for another level.

        Parameters
        ----------
        level : str
            The vertebra.
        ct_from, mr_from : str
            What was counted from on each image, such as ``"sacrum"``, ``"C2"`` or ``"last rib"``.

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If there is no registration of that level, or it was refused.
        """
        return self._make(act.CountLevels, level=level, ct_from=ct_from, mr_from=mr_from)

    def refuse_registration(self, level: str, reason: str) -> act.LoggedAction:
        """Refuse a registration."""
        return self._make(act.RefuseRegistration, level=level, reason=reason)

    def undo(self) -> act.LoggedAction:
        """Take the last change back."""
        return self.apply(act.Undo())

    def redo(self) -> act.LoggedAction:
        """Make the change again that was taken back last."""
        return self.apply(act.Redo())
