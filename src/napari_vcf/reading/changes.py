"""The changes to a reading, each under its name: thin calls that build one action and apply it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Rectangle
from napari_vcf.measure import REFERENCE_RADIUS_MM, Position, ReferenceTissue, Side, VertebraStatus
from napari_vcf.reading import actions as act
from napari_vcf.reading.arguments import lps_point, mask_of, refusing
from napari_vcf.reading.case import Case
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.masks import GridRecord, encode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import CaliperEnd, Tissue
from napari_vcf.records.base import Stage

if TYPE_CHECKING:
    from napari_vcf.registration import RegistrationResult

__all__ = ["Changes"]


class Changes(ABC):
    """Named changes over `apply`; a `Reading` is one."""

    case: Case
    protocol: Protocol

    @abstractmethod
    def apply(self, action: act.Action) -> act.LoggedAction:
        """Make one change, or refuse it and change nothing."""

    def set_spine(self, fractured: str, *, has_t13: bool = False, has_l6: bool = False) -> act.LoggedAction:
        """Name the fractured vertebra."""
        return self._make(act.SetSpine, fractured=fractured, has_t13=has_t13, has_l6=has_l6)

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
    ) -> act.LoggedAction:
        """Place a caliper, or replace the one that measures the same height.

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

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the image is closed in this stage, the level is neither the fractured one nor adjacent to it, or the
            points are no height on this image.
        """
        return self._make(
            act.PlaceCaliper,
            stage=stage,
            level=level,
            position=position,
            image=image,
            shown_on=shown_on,
            start_lps=lps_point(start_lps),
            end_lps=lps_point(end_lps),
            snapped=tuple(snapped),
        )

    def remove_caliper(self, stage: Stage, level: str, position: Position) -> act.LoggedAction:
        """Remove a caliper."""
        return self._make(act.RemoveCaliper, stage=stage, level=level, position=position)

    def set_masks(
        self, stage: Stage, image: str, body: NDArray[np.bool_], lesion: NDArray[np.bool_]
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

        Returns
        -------
        LoggedAction

        Raises
        ------
        RefusedActionError
            If the shape is not the image's, a value is neither 0 nor 1, or lesion lies outside the body.
        """
        grid = self.case.image(image).series.grid
        body, lesion = mask_of(body, "body", grid.shape), mask_of(lesion, "lesion", grid.shape)
        return self._make(
            act.SetMasks,
            stage=stage,
            image=image,
            grid=GridRecord.of(grid),
            body=encode_mask(body),
            lesion=encode_mask(lesion),
        )

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
        wanted = (self.protocol.roi_long_mm, self.protocol.roi_short_mm)
        if (rectangle.long_mm, rectangle.short_mm) != wanted:
            raise RefusedActionError(
                f"The ROI measures {rectangle.long_mm:g} x {rectangle.short_mm:g} mm; the protocol's is "
                f"{wanted[0]:g} x {wanted[1]:g} mm."
            )
        return self._make(
            act.PlaceRoi,
            stage=stage,
            tissue=tissue,
            placement=placement,
            level=level,
            image=image,
            center_lps=lps_point(rectangle.center_lps),
            axis_long=lps_point(rectangle.axis_long),
            axis_short=lps_point(rectangle.axis_short),
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
        return self._make(act.CorrectRole, image=image, role=role)

    def answer_adc_unit(self, image: str, unit: str) -> act.LoggedAction:
        """Say in which unit an ADC map is stored."""
        return self._make(act.AnswerAdcUnit, image=image, unit=unit)

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
        from napari_vcf.reading.image_pairs import recordable

        result = recordable(result)
        matrix = None if result.ct_to_mr is None else tuple(tuple(row) for row in result.ct_to_mr.matrix.tolist())
        return self._make(
            act.ProposeRegistration,
            mr_level=mr_level,
            ct_level=ct_level,
            ct_image=ct_image,
            mr_images=tuple(mr_images),
            mr_point_lps=lps_point(mr_point_lps),
            ct_point_lps=lps_point(ct_point_lps),
            status=result.status,
            reason=result.reason,
            ct_to_mr=matrix,
            quality=result.quality,
            shift_mm=result.shift_mm,
            angle_deg=result.angle_deg,
            seconds=result.seconds,
        )

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

    def refuse_registration(self, level: str, reason: str) -> act.LoggedAction:
        """Refuse a registration."""
        return self._make(act.RefuseRegistration, level=level, reason=reason)

    def undo(self) -> act.LoggedAction:
        """Take the last change back."""
        return self.apply(act.Undo())

    def redo(self) -> act.LoggedAction:
        """Make the change again that was taken back last."""
        return self.apply(act.Redo())

    def _make(self, action: Callable[..., act.Action], **values: Any) -> act.LoggedAction:
        return self.apply(refusing(partial(action, **values)))
