"""Height loss, lesion extent and ADC statistics: pure functions that return frozen results."""

from __future__ import annotations

from napari_vcf.measure.contour import PULL_REACH_MM, edge_middles, mask_contour, pull_contour
from napari_vcf.measure.corners import (
    CORNERS_METHOD,
    EdgeFinder,
    MiddleHeight,
    check_corners,
    edge_finder,
    middle_height,
)
from napari_vcf.measure.edges import SNAP_REACH_MM, NoEdge, snap_to_edge
from napari_vcf.measure.endplate import snap_to_ct_endplate, snap_to_endplate
from napari_vcf.measure.errors import MeasureError
from napari_vcf.measure.extent import Extent, ExtentGrade, lesion_extent
from napari_vcf.measure.grading import Graded, grade_fraction, parse_ratio
from napari_vcf.measure.height import (
    POSITIONS,
    REFERENCE_RULES,
    Degree,
    HeightLoss,
    Heights,
    Position,
    PositionLoss,
    ReferenceRule,
    ReferenceVertebra,
    VertebraStatus,
    height_loss,
)
from napari_vcf.measure.outline import beyond_outlines, fill_outline, interpolate_slices
from napari_vcf.measure.recount import Box, body_box, recount_extent
from napari_vcf.measure.roi_placement import (
    BodyPlace,
    cuts_endplates,
    deviation_deg,
    endplate_direction,
    place_in_body,
    touched_voxels,
)
from napari_vcf.measure.roi_statistics import Placements, RoiStatistics, roi_statistics, summarize_placements
from napari_vcf.measure.snapping import draw_to_edge
from napari_vcf.measure.threshold import (
    MIN_REFERENCE_VOXELS,
    REFERENCE_RADIUS_MM,
    ReferenceSignal,
    ReferenceTissue,
    Side,
    reference_region,
    reference_signal,
    start_factor,
    voxels_beyond,
)

__all__ = [
    "CORNERS_METHOD",
    "MIN_REFERENCE_VOXELS",
    "POSITIONS",
    "PULL_REACH_MM",
    "REFERENCE_RADIUS_MM",
    "REFERENCE_RULES",
    "SNAP_REACH_MM",
    "BodyPlace",
    "Box",
    "Degree",
    "EdgeFinder",
    "Extent",
    "ExtentGrade",
    "Graded",
    "HeightLoss",
    "Heights",
    "MeasureError",
    "MiddleHeight",
    "NoEdge",
    "Placements",
    "Position",
    "PositionLoss",
    "ReferenceRule",
    "ReferenceSignal",
    "ReferenceTissue",
    "ReferenceVertebra",
    "RoiStatistics",
    "Side",
    "VertebraStatus",
    "beyond_outlines",
    "body_box",
    "check_corners",
    "cuts_endplates",
    "deviation_deg",
    "draw_to_edge",
    "edge_finder",
    "edge_middles",
    "endplate_direction",
    "fill_outline",
    "grade_fraction",
    "height_loss",
    "interpolate_slices",
    "lesion_extent",
    "mask_contour",
    "middle_height",
    "parse_ratio",
    "place_in_body",
    "pull_contour",
    "recount_extent",
    "reference_region",
    "reference_signal",
    "roi_statistics",
    "snap_to_ct_endplate",
    "snap_to_edge",
    "snap_to_endplate",
    "start_factor",
    "summarize_placements",
    "touched_voxels",
    "voxels_beyond",
]
