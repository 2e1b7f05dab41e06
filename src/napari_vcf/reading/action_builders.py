"""Actions made of what a caller has in hand: points, mask arrays, a rectangle, the result of a registration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Rectangle, RigidTransform
from napari_vcf.language import say
from napari_vcf.measure import Position
from napari_vcf.reading import actions as act
from napari_vcf.reading.arguments import lps_point, mask_of
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.image_pairs import recordable
from napari_vcf.reading.masks import GridRecord, encode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import Caliper, CaliperEnd, CaliperOrigin, Roi, Tissue
from napari_vcf.records.base import Affine, Stage

if TYPE_CHECKING:
    from napari_vcf.registration import RegistrationResult

__all__ = ["caliper_of", "join_of", "masks_of", "proposal_of", "roi_of"]


def masks_of(
    *,
    stage: Stage,
    image: CaseImage,
    body: NDArray[np.bool_],
    lesion: NDArray[np.bool_],
    corrected: Sequence[int] = (),
    outlined: Sequence[int] = (),
) -> act.SetMasks:
    """Body and lesion as they are painted on an image; see `Reading.set_masks`."""
    grid = image.series.grid
    body, lesion = mask_of(body, "body", grid.shape), mask_of(lesion, "lesion", grid.shape)
    return act.SetMasks(
        stage=stage,
        image=image.id,
        grid=GridRecord.of(grid),
        body=encode_mask(body),
        lesion=encode_mask(lesion),
        corrected=tuple(corrected),
        outlined=tuple(outlined),
    )


def caliper_of(
    *,
    stage: Stage,
    level: str,
    position: Position,
    image: str,
    start_lps: ArrayLike,
    end_lps: ArrayLike,
    shown_on: str | None,
    snapped: Sequence[CaliperEnd],
    origin: CaliperOrigin,
) -> act.PlaceCaliper:
    """One height; see `Reading.place_caliper`."""
    caliper = Caliper(
        level=level,
        position=position,
        image=image,
        shown_on=shown_on,
        start_lps=lps_point(start_lps),
        end_lps=lps_point(end_lps),
        snapped=tuple(snapped),
        origin=origin,
    )
    return act.PlaceCaliper(stage=stage, caliper=caliper)


def roi_of(
    *,
    protocol: Protocol,
    stage: Stage,
    tissue: Tissue,
    placement: int,
    level: str,
    image: str,
    rectangle: Rectangle,
) -> act.PlaceRoi:
    """A rectangle of the protocol's size; see `Reading.place_roi`."""
    wanted = (protocol.roi_long_mm, protocol.roi_short_mm)
    if (rectangle.long_mm, rectangle.short_mm) != wanted:
        raise RefusedActionError(
            say(
                "The ROI measures {long_mm:g} x {short_mm:g} mm; the protocol's is {wanted:g} x {wanted2:g} mm.",
                long_mm=rectangle.long_mm,
                short_mm=rectangle.short_mm,
                wanted=wanted[0],
                wanted2=wanted[1],
            )
        )
    roi = Roi(
        tissue=tissue,
        placement=placement,
        level=level,
        image=image,
        center_lps=lps_point(rectangle.center_lps),
        axis_long=lps_point(rectangle.axis_long),
        axis_short=lps_point(rectangle.axis_short),
    )
    return act.PlaceRoi(stage=stage, roi=roi)


def proposal_of(
    result: RegistrationResult,
    *,
    mr_level: str,
    ct_level: str,
    ct_image: str,
    mr_images: Sequence[str],
    mr_point_lps: ArrayLike,
    ct_point_lps: ArrayLike,
) -> act.ProposeRegistration:
    """What was registered and what was found; see `Reading.propose_registration`."""
    result = recordable(result)
    return act.ProposeRegistration(
        mr_level=mr_level,
        ct_level=ct_level,
        ct_image=ct_image,
        mr_images=tuple(mr_images),
        mr_point_lps=lps_point(mr_point_lps),
        ct_point_lps=lps_point(ct_point_lps),
        status=result.status,
        reason=result.reason,
        ct_to_mr=None if result.ct_to_mr is None else _affine(result.ct_to_mr),
        quality=result.quality,
        shift_mm=result.shift_mm,
        angle_deg=result.angle_deg,
        seconds=result.seconds,
    )


def join_of(
    *,
    image: str,
    to_image: str,
    point_lps: ArrayLike | None,
    to_point_lps: ArrayLike | None,
    result: RegistrationResult | None,
) -> act.JoinFrames:
    """Two MR frames joined as stated, marked or fitted; see `Reading.join_frames`."""
    if point_lps is None or to_point_lps is None:
        return act.JoinFrames(image=image, to_image=to_image, how="stated", motion=_affine(RigidTransform.identity()))
    start, goal = lps_point(point_lps), lps_point(to_point_lps)
    motion = RigidTransform.from_rotation_vector((0, 0, 0), np.subtract(goal, start))
    quality: dict[str, Any] = {}
    if result is not None:
        if result.ct_to_mr is None:
            raise RefusedActionError(say("The fit was refused: {reason}", reason=result.reason))
        motion, quality = result.ct_to_mr, recordable(result).quality
    return act.JoinFrames(
        image=image,
        to_image=to_image,
        how="marked" if result is None else "fitted",
        motion=_affine(motion),
        point_lps=start,
        to_point_lps=goal,
        quality=quality,
    )


def _affine(motion: RigidTransform) -> Affine:
    return cast(Affine, tuple(tuple(row) for row in motion.matrix.tolist()))
