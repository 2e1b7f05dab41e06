"""Share of a vertebral body that a painted lesion takes.

Grades follow Zhao et al. with half-open classes on the exact voxel ratio: G1 [0, 1/4), G2 [1/4, 2/4), G3 [2/4, 3/4),
G4 [3/4, 1]. Ratios are compared as whole numbers of voxels, so that a tie never depends on rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_vcf.language import say
from napari_vcf.measure.cuts import EXTENT_BORDERLINE_WITHIN, EXTENT_CUTS, EXTENT_ENTIRE_FROM
from napari_vcf.measure.errors import MeasureError
from napari_vcf.measure.grading import grade_fraction, parse_ratio

__all__ = ["Extent", "ExtentGrade", "lesion_extent"]

ExtentGrade = Literal["G1", "G2", "G3", "G4"]
_GRADES: tuple[ExtentGrade, ...] = get_args(ExtentGrade)


@dataclass(frozen=True, slots=True)
class Extent:
    """Extent of a lesion within a vertebral body.

    Attributes
    ----------
    body_voxels, lesion_voxels : int
        Counts over all slices.
    body_cm3, lesion_cm3 : float
        Volumes in cm3.
    fraction : float
        ``lesion_voxels / body_voxels``, the graded share.
    grade : {"G1", "G2", "G3", "G4"}
        Its class.
    nearest_cut, distance_to_cut, borderline
        See `napari_vcf.measure.Graded`.
    entire : bool
        Whether the share reaches the protocol's limit for the entire body.
    mid_slice : int
        Slice whose area share goes with the volume share.
    mid_slice_fraction : float or None
        Share of the body's area on that slice; None where it holds no body.
    body_slices : tuple of int
        Slices that hold body voxels.
    """

    body_voxels: int
    lesion_voxels: int
    body_cm3: float
    lesion_cm3: float
    fraction: float
    grade: ExtentGrade
    nearest_cut: str
    distance_to_cut: float
    borderline: bool
    entire: bool
    mid_slice: int
    mid_slice_fraction: float | None
    body_slices: tuple[int, ...]


def lesion_extent(
    body_per_slice: Sequence[int] | NDArray[np.integer],
    lesion_per_slice: Sequence[int] | NDArray[np.integer],
    *,
    voxel_mm3: float,
    mid_slice: int,
    cuts: Sequence[str] = EXTENT_CUTS,
    entire_from: str = EXTENT_ENTIRE_FROM,
    borderline_within: float = EXTENT_BORDERLINE_WITHIN,
) -> Extent:
    """Grade the share of a body's voxels that belong to the lesion.

    Parameters
    ----------
    body_per_slice, lesion_per_slice : sequence of int
        Voxels of the body (lesion included) and of the lesion on each slice of the image.
    voxel_mm3 : float
        Volume of one voxel, mm3.
    mid_slice : int
        Index of the mid-sagittal slice.
    cuts : sequence of three str
        Exact ratios between the grades; a share on a cut falls into the class above it.
    entire_from : str
        Share from which the body counts as entirely involved.
    borderline_within : float
        See `napari_vcf.measure.grade_fraction`.

    Returns
    -------
    Extent

    Raises
    ------
    MeasureError
        If the body is empty, or a slice has more lesion than body.
    """
    body, lesion = (np.asarray(counts).astype(np.int64) for counts in (body_per_slice, lesion_per_slice))
    if body.shape != lesion.shape:
        raise ValueError(
            say(
                "Body and lesion are counted on {size} and {lesion_size} slices.",
                size=body.size,
                lesion_size=lesion.size,
            )
        )
    total_body, total_lesion = int(body.sum()), int(lesion.sum())
    if total_body == 0:
        raise MeasureError(say("The body mask is empty: outline the vertebral body first."))
    if (lesion > body).any():
        raise MeasureError(say("The lesion reaches outside the vertebral body."))
    share = Fraction(total_lesion, total_body)
    graded = grade_fraction(share, cuts, cut_belongs_to=["above"] * len(cuts), borderline_within=borderline_within)
    in_range = 0 <= mid_slice < len(body)
    return Extent(
        body_voxels=total_body,
        lesion_voxels=total_lesion,
        body_cm3=total_body * voxel_mm3 / 1000.0,
        lesion_cm3=total_lesion * voxel_mm3 / 1000.0,
        fraction=float(share),
        grade=_GRADES[graded.index],
        nearest_cut=graded.nearest_cut,
        distance_to_cut=graded.distance_to_cut,
        borderline=graded.borderline,
        entire=share >= parse_ratio(entire_from),
        mid_slice=mid_slice,
        mid_slice_fraction=int(lesion[mid_slice]) / int(body[mid_slice]) if in_range and body[mid_slice] else None,
        body_slices=tuple(np.flatnonzero(body).tolist()),
    )
