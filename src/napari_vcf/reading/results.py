"""What follows from the state of a reading: heights, losses, grades, shares and ADC, computed from the geometry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, joined, say
from napari_vcf.measure import (
    POSITIONS,
    REFERENCE_RULES,
    Extent,
    HeightLoss,
    Heights,
    Placements,
    Position,
    ReferenceRule,
    ReferenceVertebra,
    RoiStatistics,
    height_loss,
    lesion_extent,
    summarize_placements,
)
from napari_vcf.reading.body_slices import open_slices
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.levels import level_above, level_below
from napari_vcf.reading.map_resolution import MIN_EFFECTIVE_N, map_effective_n
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.roi_checks import endplate_deviations, level_warnings, placement_warnings, rectangle_of
from napari_vcf.reading.spaces import between
from napari_vcf.reading.state import Caliper, Masks, ReadingState, Roi, Spine, StageState, Tissue

__all__ = [
    "AdcResult",
    "StageResults",
    "adjacent_levels",
    "caliper_mm",
    "extent_of",
    "heights_of",
    "losses_of",
    "rectangle_of",
    "roi_angle_deg",
    "stage_results",
    "summarize_adc",
]


@dataclass(frozen=True, slots=True)
class AdcResult:
    """ADC of one stage.

    Attributes
    ----------
    statistics : dict
        Statistics of each placement, by (tissue, placement).
    lesion, normal : Placements or None
        Summaries; None as long as a placement is missing.
    ratio : float or None
        Mean of the lesion over mean of the normal vertebra.
    endplate_deviation_deg : dict
        Angle of each placement's long side to the endplates of its vertebra, 0 to 90, by (tissue, placement); those
        without calipers on MRI or on a CT that is joined to it are not in it.
    reason : str
        Why a mean is lacking, in a sentence; empty where both are there.
    """

    statistics: dict[tuple[Tissue, int], RoiStatistics]
    lesion: Placements | None
    normal: Placements | None
    ratio: float | None
    endplate_deviation_deg: dict[tuple[Tissue, int], float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StageResults:
    """Everything that follows from one stage.

    Attributes
    ----------
    heights : dict
        Heights in mm by level.
    height_losses : dict
        Loss by each definition of the reference height; empty while the fractured vertebra is not named.
    graded_rule : str
        The protocol's definition.
    extent : Extent or None
        Extent of the lesion; None as long as there is no body mask, or no lesion and no word that there is none.
    painted : Extent or None
        The same, whether a lesion is painted or not: how much body there is, and on which slices.
    adc : AdcResult
        The ADC.
    warnings : tuple of Issue
        What a user of the numbers should know.
    """

    heights: dict[str, Heights]
    height_losses: dict[ReferenceRule, HeightLoss]
    graded_rule: ReferenceRule
    extent: Extent | None
    painted: Extent | None
    adc: AdcResult
    warnings: tuple[Issue, ...]

    @property
    def height_loss(self) -> HeightLoss | None:
        """The graded loss."""
        return self.height_losses.get(self.graded_rule)


def caliper_mm(caliper: Caliper) -> float:
    """Length of a caliper in mm."""
    # A product of numpy's may end in another last digit on another processor.
    return math.dist(caliper.start_lps, caliper.end_lps)


def adjacent_levels(spine: Spine) -> tuple[str | None, str | None]:
    """Names of the vertebrae above and below the fractured one; None where there is none."""
    return (
        level_above(spine.fractured, has_t13=spine.has_t13),
        level_below(spine.fractured, has_t13=spine.has_t13, has_l6=spine.has_l6),
    )


def heights_of(stage: StageState) -> dict[str, Heights]:
    """Heights in mm, by level, of every vertebra with a caliper."""
    found: dict[str, dict[Position, float]] = {}
    for caliper in stage.calipers:
        found.setdefault(caliper.level, {})[caliper.position] = caliper_mm(caliper)
    return {level: Heights(*(by_position.get(p) for p in POSITIONS)) for level, by_position in found.items()}


def losses_of(stage: StageState, spine: Spine | None, protocol: Protocol) -> dict[ReferenceRule, HeightLoss]:
    """Loss by every definition of the reference height."""
    if spine is None:
        return {}
    heights = heights_of(stage)
    above, below = (_reference(stage, heights, level) for level in adjacent_levels(spine))
    return {
        rule: height_loss(
            heights.get(spine.fractured, Heights()),
            above,
            below,
            rule=rule,
            cuts=protocol.degree_cuts,
            borderline_within=protocol.degree_borderline_within,
            posterior_crushed_from=protocol.posterior_crushed_from,
        )
        for rule in REFERENCE_RULES
    }


def _reference(stage: StageState, heights: dict[str, Heights], level: str | None) -> ReferenceVertebra:
    if level is None:
        # Beyond the end of the column there is nothing to call intact.
        return ReferenceVertebra(Heights(), "not_in_view")
    return ReferenceVertebra(heights.get(level, Heights()), stage.references.get(level))


def extent_of(stage: StageState, spine: Spine | None, protocol: Protocol) -> Extent | None:
    """Extent of the painted lesion; None as long as no body is painted.

    The mid-sagittal slice is the one nearest to the middle of the fractured vertebra's calipers; without calipers it is
    the middle one of the slices that hold body.
    """
    masks = stage.masks
    if masks is None or masks.body.voxels == 0:
        return None
    body = decode_mask(masks.body, masks.grid.shape)
    lesion = decode_mask(masks.lesion, masks.grid.shape)
    return lesion_extent(
        body.sum(axis=(1, 2)),
        lesion.sum(axis=(1, 2)),
        voxel_mm3=masks.grid.grid().voxel_volume_mm3,
        mid_slice=_mid_slice(stage, spine, masks, np.flatnonzero(body.any(axis=(1, 2)))),
        cuts=protocol.extent_cuts,
        entire_from=protocol.extent_entire_from,
        borderline_within=protocol.extent_borderline_within,
    )


def _mid_slice(stage: StageState, spine: Spine | None, masks: Masks, body_slices: np.ndarray) -> int:
    points = [
        point
        for caliper in stage.calipers
        if spine is not None and caliper.level == spine.fractured and caliper.image == masks.image
        for point in (caliper.start_lps, caliper.end_lps)
    ]
    if points:
        index = round(float(masks.grid.grid().to_index(np.mean(points, axis=0))[2]))
        return min(max(index, 0), masks.grid.shape[0] - 1)
    return int(body_slices[(len(body_slices) - 1) // 2])


def roi_angle_deg(roi: Roi) -> float:
    """Angle of the long side against the patient's left-right/front-back (axial) plane, -90 to 90 degrees.

    Positive where the long side rises towards the patient's head while it runs to the back (or, without such a part, to
    the left).
    """
    x, y, z = roi.axis_long
    forward = y if abs(y) > 1e-9 else x
    sign = 1.0 if forward >= 0 else -1.0
    return float(np.degrees(np.arctan2(sign * z, np.hypot(x, y))))


def summarize_adc(
    stage: StageState, statistics: dict[tuple[Tissue, int], RoiStatistics], protocol: Protocol
) -> AdcResult:
    """Average the placements of a stage, once they are complete."""
    summaries: dict[Tissue, Placements | None] = {}
    lacking = []
    for tissue in get_args(Tissue):
        wanted: list[tuple[Tissue, int]] = [(tissue, n) for n in range(1, protocol.roi_placements + 1)]
        rois = [stage.roi(tissue, n) for _, n in wanted]
        complete = all(key in statistics for key in wanted)
        summaries[tissue] = (
            summarize_placements(
                [statistics[key] for key in wanted], [rectangle_of(roi, protocol) for roi in rois if roi is not None]
            )
            if complete
            else None
        )
        if not complete:
            placed = sum(key in statistics for key in wanted)
            lacking.append(
                say(
                    "{placed} of {count} ROIs placed in the {tissue} marrow",
                    placed=placed,
                    count=len(wanted),
                    tissue=Sentence(tissue),
                )
            )
    lesion, normal = summaries["lesion"], summaries["normal"]
    ratio = (
        lesion.mean_um2_per_s / normal.mean_um2_per_s
        if lesion is not None and normal is not None and normal.mean_um2_per_s > 0
        else None
    )
    reason = say("{lacking}.", lacking=joined("; ", lacking)) if lacking else ""
    return AdcResult(statistics, lesion, normal, ratio, reason=reason)


def stage_results(
    stage: StageState,
    state: ReadingState,
    protocol: Protocol,
    statistics: Mapping[tuple[Tissue, int], RoiStatistics],
    images: Mapping[str, CaseImage],
    *,
    empty_counts: bool = True,
) -> StageResults:
    """Compute everything that follows from one stage.

    Parameters
    ----------
    stage : StageState
        What was done.
    state : ReadingState
        Which vertebra is fractured, and what joins the spaces of the images.
    protocol : Protocol
        How to grade.
    statistics : mapping
        Statistics of each ROI, by (tissue, placement).
    images : mapping
        The case's images by name.
    empty_counts : bool
        Whether a body without lesion is a share of 0; else it is one that nobody has painted in yet.
    """
    spine = state.spine
    painted = extent_of(stage, spine, protocol)
    losses = losses_of(stage, spine, protocol)
    adjacent = () if spine is None else adjacent_levels(spine)
    return StageResults(
        heights=heights_of(stage),
        height_losses=losses,
        graded_rule=protocol.reference,
        extent=painted if painted is not None and (painted.lesion_voxels or empty_counts) else None,
        painted=painted,
        adc=replace(
            summarize_adc(stage, dict(statistics), protocol),
            endplate_deviation_deg=endplate_deviations(stage, protocol, images, state),
        ),
        warnings=(
            *_warnings(stage, losses.get(protocol.reference), images),
            *_space_warnings(stage, state, images),
            *_resolution_warnings(stage, statistics, images, protocol),
            *_empty_warnings(statistics),
            *placement_warnings(stage, protocol, images, state),
            *level_warnings(stage, state, adjacent, images),
            *_proposal_warnings(stage),
            *_middle_warnings(stage),
        ),
    )


def _warnings(
    stage: StageState,
    graded: HeightLoss | None,
    images: Mapping[str, CaseImage],
) -> tuple[Issue, ...]:
    warnings = []
    measured_on = {caliper.image for caliper in stage.calipers}
    if len(measured_on) > 1:
        labels = ", ".join(sorted(images[name].label for name in measured_on))
        text = say("The heights were measured on different images: {labels}.", labels=labels)
        warnings.append(Issue(code="different_images", item="compression_degree", text=text))
    maps = {roi.image for roi in stage.rois}
    if len(maps) > 1:
        labels = ", ".join(sorted(images[name].label for name in maps))
        text = say("The ADC was measured on different maps: {labels}.", labels=labels)
        warnings.append(Issue(code="different_images", item="adc", text=text))
    if graded is not None and graded.note:
        warnings.append(Issue(code="reference_height", item="compression_degree", text=graded.note))
    for name in sorted({*measured_on, *(roi.image for roi in stage.rois)}):
        item = "compression_degree" if name in measured_on else "adc"
        warnings += [
            Issue(
                code="image_corrected", item=item, text=say("{image}: {remark}", image=images[name].label, remark=text)
            )
            for text in images[name].series.remarks
        ]
    return tuple(warnings)


def _proposal_warnings(stage: StageState) -> tuple[Issue, ...]:
    """Slices of a proposed body that nobody looked at, and those of which nothing was said: they are not counted."""
    masks = stage.masks
    if masks is None or masks.proposal is None:
        return ()
    warnings = []
    if masks.proposal.unseen:
        text = say(
            "The body proposed on {slices} was accepted without a look and is not counted.",
            slices=_slices(masks.proposal.unseen),
        )
        warnings.append(Issue(code="proposal_unseen", item="lesion_extent", text=text))
    waiting = open_slices(masks)
    if waiting:
        text = say(
            "The body proposed on {slices} is neither accepted nor rejected and is not counted.",
            slices=_slices(waiting),
        )
        warnings.append(Issue(code="proposal_open", item="lesion_extent", text=text))
    source = masks.proposal.source
    if source is not None and source.own_level is not None and source.own_level != source.level:
        text = say(
            "The body of {level} was proposed from a label that is named {own_level} where it comes from.",
            level=source.level,
            own_level=source.own_level,
        )
        warnings.append(Issue(code="label_level_differs", item="lesion_extent", text=text))
    return tuple(warnings)


def _middle_warnings(stage: StageState) -> tuple[Issue, ...]:
    """Middle heights that nobody put where they are: the program proposed them, and they were accepted so."""
    levels = [caliper.level for caliper in stage.calipers if caliper.origin == "proposed"]
    if not levels:
        return ()
    text = say("Middle height as proposed from the corners and accepted: {levels}.", levels=", ".join(levels))
    return (Issue(code="middle_proposed", item="compression_degree", text=text),)


def _slices(indices: tuple[int, ...]) -> str:
    numbers = ", ".join(str(index + 1) for index in indices)
    return say("slices {numbers}", numbers=numbers) if len(indices) > 1 else say("slice {number}", number=numbers)


def _empty_warnings(statistics: Mapping[tuple[Tissue, int], RoiStatistics]) -> tuple[Issue, ...]:
    """Rectangles over voxels in which nothing diffuses: a map often holds 0 where it was masked or had no signal."""
    return tuple(
        Issue(
            code="roi_on_empty_voxels",
            item="adc",
            text=say(
                "ROI {placement} ({tissue}) covers voxels of 0 um2/s or less, where a map often holds no measurement; "
                "they count in its mean.",
                placement=placement,
                tissue=Sentence(tissue),
            ),
        )
        for (tissue, placement), found in sorted(statistics.items())
        if found.min_um2_per_s <= 0
    )


def _resolution_warnings(
    stage: StageState,
    statistics: Mapping[tuple[Tissue, int], RoiStatistics],
    images: Mapping[str, CaseImage],
    protocol: Protocol,
) -> tuple[Issue, ...]:
    """Means that rest on few voxels: once for a map on which they all do, else for each placement."""
    warnings = []
    for name in sorted({roi.image for roi in stage.rois}):
        image = images[name]
        usual = map_effective_n(image.series, protocol)
        if usual < MIN_EFFECTIVE_N:
            _, row_mm, column_mm = image.series.grid.spacing_mm
            text = say(
                "{label}: with voxels of {row_mm:.3g} x {column_mm:.3g} mm every placement rests on "
                "about {usual:.0f} effective voxels, fewer than {min_effective_n}.",
                label=image.label,
                row_mm=row_mm,
                column_mm=column_mm,
                usual=usual,
                min_effective_n=MIN_EFFECTIVE_N,
            )
            warnings.append(Issue(code="coarse_map", item="adc", text=text))
            continue
        for roi in sorted(stage.rois, key=lambda roi: (roi.tissue, roi.placement)):
            effective = statistics[roi.tissue, roi.placement].effective_n
            if roi.image == name and effective < MIN_EFFECTIVE_N:
                text = say(
                    "ROI {placement} ({tissue}) rests on {effective:.1f} effective voxels, fewer than "
                    "{min_effective_n}.",
                    placement=roi.placement,
                    tissue=Sentence(roi.tissue),
                    effective=effective,
                    min_effective_n=MIN_EFFECTIVE_N,
                )
                warnings.append(Issue(code="few_effective_voxels", item="adc", text=text))
    return tuple(warnings)


def _space_warnings(stage: StageState, state: ReadingState, images: Mapping[str, CaseImage]) -> tuple[Issue, ...]:
    """MR images on which was measured and which nothing joins: places on the one are none on the other."""
    used = {caliper.image for caliper in stage.calipers} | {roi.image for roi in stage.rois}
    used |= {stage.masks.image} if stage.masks is not None else set()
    known = [images[name] for name in sorted(used & set(images)) if images[name].series.role is not Role.CT]
    apart = [image for image in known[1:] if between(known[0], image, images, state) is None]
    if not apart:
        return ()
    labels = ", ".join(sorted(image.label for image in (known[0], *apart)))
    text = say(
        "Was measured on MR images in different frames of reference that nothing joins: {labels}.", labels=labels
    )
    return (Issue(code="frames_not_joined", text=text),)
