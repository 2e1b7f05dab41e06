"""How the ADC rectangles of a stage lie: against the endplates, the painted body, and each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom import Role
from napari_vcf.geometry import GeometryError, Rectangle, RigidTransform
from napari_vcf.measure import POSITIONS, deviation_deg, endplate_direction, place_in_body, touched_voxels
from napari_vcf.reading.case import MR_ROLES, CaseImage
from napari_vcf.reading.issues import Issue, IssueCode
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import Registration, Roi, Spine, StageState, Tissue

__all__ = ["endplate_deviations", "endplates_of", "placement_warnings", "rectangle_of", "registration_at"]

_PLACES: dict[str, tuple[IssueCode, str]] = {
    "outside": ("roi_outside_body", "reaches outside the painted vertebral body"),
    "near": ("roi_near_edge_of_body", "lies nearer than one voxel to the edge of the painted body"),
}


def rectangle_of(roi: Roi, protocol: Protocol) -> Rectangle:
    """The rectangle of a placement, in the protocol's size."""
    return Rectangle(
        np.array(roi.center_lps),
        np.array(roi.axis_long),
        np.array(roi.axis_short),
        protocol.roi_long_mm,
        protocol.roi_short_mm,
    )


def registration_at(level: str, spine: Spine | None, registrations: Mapping[str, Registration]) -> Registration | None:
    """The registration that joins CT to MR at a vertebra: its own, or else that of the fractured one."""
    return registrations.get(level) or (registrations.get(spine.fractured) if spine is not None else None)


def endplates_of(
    stage: StageState,
    level: str,
    images: Mapping[str, CaseImage],
    spine: Spine | None,
    registrations: Mapping[str, Registration],
) -> NDArray[np.float64] | None:
    """Direction of a vertebra's endplates by its calipers, in MR space; None where there are fewer than two.

    Calipers on CT lie in another patient space. They count where the reader has accepted what joins the two.
    """
    ends = []
    for position in POSITIONS:
        caliper = stage.caliper(level, position)
        if caliper is None or caliper.image not in images:
            continue
        points = np.array([caliper.start_lps, caliper.end_lps])
        # A script may begin a caliper at either endplate; the upper one is the one nearer to the head.
        points = points[np.argsort(-points[:, 2], kind="stable")]
        role = images[caliper.image].series.role
        if role is Role.CT:
            joined = registration_at(level, spine, registrations)
            if joined is None or joined.acceptance != "accepted" or joined.ct_to_mr is None:
                continue
            points = RigidTransform(np.array(joined.ct_to_mr)).apply(points)
        elif role not in MR_ROLES:
            continue
        ends.append(points)
    return endplate_direction([upper for upper, _ in ends], [lower for _, lower in ends])


def endplate_deviations(
    stage: StageState,
    protocol: Protocol,
    images: Mapping[str, CaseImage],
    spine: Spine | None,
    registrations: Mapping[str, Registration],
) -> dict[tuple[Tissue, int], float]:
    """Angle of each rectangle's long side to the endplates of its vertebra, 0 to 90 degrees."""
    found = {}
    for roi in stage.rois:
        direction = endplates_of(stage, roi.level, images, spine, registrations)
        angle = None if direction is None else deviation_deg(rectangle_of(roi, protocol), direction)
        if angle is not None:
            found[roi.tissue, roi.placement] = angle
    return found


def placement_warnings(stage: StageState, protocol: Protocol, images: Mapping[str, CaseImage]) -> tuple[Issue, ...]:
    """What a reader should know of where the rectangles lie; nothing of it hinders a measurement."""
    found = []
    masks = stage.masks
    needed = masks is not None and masks.body.voxels > 0 and any(roi.tissue == "lesion" for roi in stage.rois)
    body = decode_mask(masks.body, masks.grid.shape) if masks is not None and needed else None
    touched: dict[tuple[Tissue, int], frozenset[tuple[int, int, int]]] = {}
    for roi in sorted(stage.rois, key=lambda roi: (roi.tissue, roi.placement)):
        rectangle, grid = rectangle_of(roi, protocol), images[roi.image].series.grid
        name = f"ROI {roi.placement} ({roi.tissue})"
        if body is not None and masks is not None and roi.tissue == "lesion":
            place = place_in_body(rectangle, body, masks.grid.grid(), voxel_mm=max(grid.spacing_mm[1:]))
            if place != "inside":
                code, words = _PLACES[place]
                found.append(Issue(code=code, item="adc", text=f"{name} {words}."))
        try:
            voxels = touched_voxels(grid, rectangle)
        except GeometryError:
            # Such a rectangle has no value either, and that is said where it is measured.
            continue
        same = next((key for key, others in touched.items() if key[0] == roi.tissue and others == voxels), None)
        if same is not None:
            text = f"{name} covers the same voxels as ROI {same[1]}."
            found.append(Issue(code="roi_on_same_voxels", item="adc", text=text))
        touched[roi.tissue, roi.placement] = voxels
    return tuple(found)
