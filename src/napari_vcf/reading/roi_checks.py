"""How the ADC rectangles of a stage lie: against the endplates, the painted body, and each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import GeometryError, Rectangle, RigidTransform
from napari_vcf.language import Sentence, say
from napari_vcf.measure import cuts_endplates, deviation_deg, endplate_direction, place_in_body, touched_voxels
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.issues import Issue, IssueCode
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.spaces import between
from napari_vcf.reading.state import ReadingState, Roi, StageState, Tissue
from napari_vcf.reading.vertebra_at import caliper_points, vertebra_at

__all__ = ["endplate_deviations", "endplates_of", "level_warnings", "placement_warnings", "rectangle_of"]

_PLACES: dict[str, tuple[IssueCode, str]] = {
    "outside": ("roi_outside_body", say("{roi} reaches outside the painted vertebral body.").template),
    "near": (
        "roi_near_edge_of_body",
        say("{roi} lies nearer than one voxel to the edge of the painted body.").template,
    ),
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


def endplates_of(
    stage: StageState,
    level: str,
    image: CaseImage,
    images: Mapping[str, CaseImage],
    state: ReadingState,
) -> NDArray[np.float64] | None:
    """Direction of a vertebra's endplates by its calipers, in an MR image's frame; None where there are fewer than two.

    Which calipers count is said in `napari_vcf.reading.vertebra_at.caliper_points`.
    """
    ends = caliper_points(level, image, stage, state, images)
    return endplate_direction([upper for upper, _ in ends], [lower for _, lower in ends])


def endplate_deviations(
    stage: StageState,
    protocol: Protocol,
    images: Mapping[str, CaseImage],
    state: ReadingState,
) -> dict[tuple[Tissue, int], float]:
    """Angle of each rectangle's long side to the endplates of its vertebra, 0 to 90 degrees."""
    found = {}
    for roi in stage.rois:
        direction = endplates_of(stage, roi.level, images[roi.image], images, state)
        angle = None if direction is None else deviation_deg(rectangle_of(roi, protocol), direction)
        if angle is not None:
            found[roi.tissue, roi.placement] = angle
    return found


def placement_warnings(
    stage: StageState, protocol: Protocol, images: Mapping[str, CaseImage], state: ReadingState
) -> tuple[Issue, ...]:
    """What a reader should know of where the rectangles lie; nothing of it hinders a measurement."""
    found = []
    masks = stage.masks
    needed = masks is not None and masks.body.voxels > 0 and any(roi.tissue == "lesion" for roi in stage.rois)
    body = decode_mask(masks.body, masks.grid.shape) if masks is not None and needed else None
    touched: dict[tuple[Tissue, int], tuple[str, frozenset[tuple[int, int, int]]]] = {}
    for roi in sorted(stage.rois, key=lambda roi: (roi.tissue, roi.placement)):
        rectangle, grid = rectangle_of(roi, protocol), images[roi.image].series.grid
        name = say("ROI {placement} ({tissue})", placement=roi.placement, tissue=Sentence(roi.tissue))
        motion = None if masks is None else between(images[roi.image], images[masks.image], images, state)
        if body is not None and masks is not None and roi.tissue == "lesion" and motion is not None:
            place = place_in_body(_moved(rectangle, motion), body, masks.grid.grid(), voxel_mm=max(grid.spacing_mm[1:]))
            if place != "inside":
                code, words = _PLACES[place]
                found.append(Issue(code=code, item="adc", text=Sentence(words, roi=name)))
        try:
            voxels = roi.image, touched_voxels(grid, rectangle)
        except GeometryError:
            # Such a rectangle has no value either, and that is said where it is measured.
            continue
        same = next((key for key, others in touched.items() if key[0] == roi.tissue and others == voxels), None)
        if same is not None:
            text = say("{name} covers the same voxels as ROI {same}.", name=name, same=same[1])
            found.append(Issue(code="roi_on_same_voxels", item="adc", text=text))
        touched[roi.tissue, roi.placement] = voxels
    return (*found, *_angle_warnings(stage, protocol, images), *_height_warnings(stage, protocol, images, state))


def _angle_warnings(stage: StageState, protocol: Protocol, images: Mapping[str, CaseImage]) -> list[Issue]:
    """Maps on which a rectangle has no angle to the endplates, and why."""
    names = sorted({roi.image for roi in stage.rois if not cuts_endplates(rectangle_of(roi, protocol))})
    return [
        Issue(
            code="no_endplate_angle",
            item="adc",
            text=say(
                "{image} is not sagittal, so its rectangles have no angle to the endplates.", image=images[name].label
            ),
        )
        for name in names
    ]


def _height_warnings(
    stage: StageState, protocol: Protocol, images: Mapping[str, CaseImage], state: ReadingState
) -> list[Issue]:
    """Bodies so low that a rectangle in them, with a voxel above and below, reaches the endplates."""
    found = []
    for level, name in sorted({(roi.level, roi.image) for roi in stage.rois}):
        heights = [
            float(np.linalg.norm(np.subtract(lower, upper)))
            for upper, lower in caliper_points(level, images[name], stage, state, images)
        ]
        voxel = max(images[name].series.grid.spacing_mm[1:])
        if heights and min(heights) < protocol.roi_short_mm + 2 * voxel:
            text = say(
                "{level} is only {height:.1f} mm high: with voxels of {voxel:.3g} mm a rectangle of "
                "{roi_short_mm:g} mm in it holds signal from beyond its endplates.",
                level=level,
                height=min(heights),
                voxel=voxel,
                roi_short_mm=protocol.roi_short_mm,
            )
            found.append(Issue(code="roi_in_low_body", item="adc", text=text))
    return found


def _moved(rectangle: Rectangle, motion: RigidTransform) -> Rectangle:
    center = motion.apply(rectangle.center_lps)
    axes = (rectangle.axis_long, rectangle.axis_short)
    long, short = (motion.apply(rectangle.center_lps + axis) - center for axis in axes)
    return Rectangle(center, long, short, rectangle.long_mm, rectangle.short_mm)


def level_warnings(
    stage: StageState,
    state: ReadingState,
    adjacent: tuple[str | None, ...],
    images: Mapping[str, CaseImage],
) -> tuple[Issue, ...]:
    """Where a rectangle lies in another vertebra than is said, or the normal marrow not in one adjacent, intact one."""
    found = []
    for roi in sorted(stage.rois, key=lambda roi: (roi.tissue, roi.placement)):
        lies_in = vertebra_at(roi.center_lps, images[roi.image], stage, state, images)
        if lies_in is not None and lies_in != roi.level:
            name = say("ROI {placement} ({tissue})", placement=roi.placement, tissue=Sentence(roi.tissue))
            text = say(
                "{name} is said to lie in {level}, but by what was drawn in {lies_in}.",
                name=name,
                level=roi.level,
                lies_in=lies_in,
            )
            found.append(Issue(code="roi_level_contradicted", item="adc", text=text))
    levels = sorted({roi.level for roi in stage.rois if roi.tissue == "normal"})
    if len(levels) > 1:
        text = say("The normal ROIs lie in different vertebrae: {levels}.", levels=", ".join(levels))
        found.append(Issue(code="normal_levels_differ", item="adc", text=text))
    for level in levels:
        if state.spine is not None and level not in adjacent:
            text = say(
                "The normal ROIs lie in {level}, which is not adjacent to {fractured}.",
                level=level,
                fractured=state.spine.fractured,
            )
            found.append(Issue(code="normal_level_not_adjacent", item="adc", text=text))
        if stage.references.get(level) == "not_intact":
            text = say("The normal ROIs lie in {level}, which is said not to be intact.", level=level)
            found.append(Issue(code="normal_level_not_intact", item="adc", text=text))
    return tuple(found)
