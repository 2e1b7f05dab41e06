"""A body from a label map: cut to the one that the heights were measured on, and put on the image's own voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.language import say
from napari_vcf.proposal.errors import ProposalError

if TYPE_CHECKING:
    from napari_vcf.proposal.body import Endplates

__all__ = ["check_body", "holds", "labels_on_grid", "middle_of", "part_at"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A voxel is sampled at so many places along an axis at most.
_MOST_SAMPLES = 9
#: Rounding of an index, so that a place on the border of two voxels falls to the same one on every processor.
_DECIMALS = 6
#: A vertebral body ends so far behind its posterior height, mm, where the height was measured near the wall.
_BEHIND_MM = 10.0
#: And so far above and below its heights, mm: endplates are curved, and calipers lie in them.
_BEYOND_MM = 8.0
#: Heights that span less are those of no body.
_LEAST_MM = 1.0
#: Of a label so much may lie farther: strays of a segmentation.
_STRAY = 0.03


def labels_on_grid(mask: Mask, source: Grid, target: Grid, motion: RigidTransform | None = None) -> Mask:
    """Put a mask on another grid by geometry: a voxel is inside where half or more of it is.

    Parameters
    ----------
    mask : ndarray of bool, shape of ``source``
        On its own grid.
    source : Grid
        Of the mask, LPS mm.
    target : Grid
        Where it goes, LPS mm.
    motion : RigidTransform, optional
        From the patient space of the mask to that of the target; the identity if left out.

    Returns
    -------
    ndarray of bool, shape of ``target``

    Notes
    -----
    Each voxel of the target is sampled at an odd number of places along each of its axes, by how much coarser it is
    than the mask, and each place takes the mask's nearest voxel. On the same voxels, in whatever order and direction
    they are stored, it is the same mask.
    """
    result = np.zeros(target.shape, dtype=bool)
    held = np.argwhere(mask)
    if not len(held):
        return result
    low, high = held.min(axis=0), held.max(axis=0)
    to_target = np.linalg.inv(target.affine_lps) @ (np.eye(4) if motion is None else motion.matrix) @ source.affine_lps
    ends = np.array([(low[i] - 0.5, high[i] + 0.5) for i in (2, 1, 0)])
    corners = np.array([(a, b, c, 1.0) for a in ends[0] for b in ends[1] for c in ends[2]]) @ to_target.T
    first = [max(int(np.floor(corners[:, i].min())) - 1, 0) for i in (2, 1, 0)]
    last = [min(int(np.ceil(corners[:, i].max())) + 2, n) for i, n in zip((2, 1, 0), target.shape, strict=True)]
    if any(a >= b for a, b in zip(first, last, strict=True)):
        return result
    to_source = np.asarray(np.linalg.inv(to_target), dtype=np.float64)
    finest = min(source.spacing_mm)
    counts = [min(2 * int(np.ceil(round(step / finest, 3))) + 1, _MOST_SAMPLES) for step in target.spacing_mm]
    offsets = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    slices, rows, columns = np.meshgrid(
        *(np.arange(a, b, dtype=np.float64) for a, b in zip(first, last, strict=True)), indexing="ij"
    )
    inside = np.zeros(slices.shape, dtype=np.int32)
    for s in offsets[0]:
        for r in offsets[1]:
            for c in offsets[2]:
                inside += _nearest(mask, to_source, columns + c, rows + r, slices + s)
    result[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = 2 * inside >= int(np.prod(counts))
    return result


def _nearest(mask: Mask, affine: F64, columns: F64, rows: F64, slices: F64) -> Mask:
    # Written out, because a matrix product may round differently on another processor.
    index = [
        np.floor(np.round(a[0] * columns + a[1] * rows + a[2] * slices + a[3], _DECIMALS) + 0.5).astype(np.int64)
        for a in affine[2::-1]
    ]
    within = np.ones(columns.shape, dtype=bool)
    for each, length in zip(index, mask.shape, strict=True):
        within &= (each >= 0) & (each < length)
    index = [np.where(within, each, 0) for each in index]
    return np.asarray(mask[index[0], index[1], index[2]] & within)


def holds(mask: Mask, grid: Grid, point_lps: ArrayLike) -> bool:
    """Whether a point lies in a mask."""
    voxel = grid.voxel_at(point_lps)
    return voxel is not None and bool(mask[voxel])


def part_at(mask: Mask, grid: Grid, point_lps: ArrayLike) -> Mask:
    """The part of a mask that a point lies in, of voxels that share a face; empty where it lies in none."""
    voxel = grid.voxel_at(point_lps)
    if voxel is None or not mask[voxel]:
        return np.zeros(mask.shape, dtype=bool)
    parts, _ = label(mask)
    return np.asarray(parts == parts[voxel])


def middle_of(ends: Endplates) -> F64:
    """The middle of the six ends of a body's heights, LPS mm."""
    points = np.concatenate([np.asarray(ends.top_lps), np.asarray(ends.bottom_lps)]).astype(np.float64)
    return np.asarray(points.mean(axis=0))


def check_body(mask: Mask, grid: Grid, ends: Endplates) -> None:
    """Refuse a mask that cannot be the body whose heights were measured.

    Parameters
    ----------
    mask : ndarray of bool, shape of ``grid``
        On the image.
    grid : Grid
        Of the image, LPS mm.
    ends : Endplates
        Heights of the body, in the space of the image.

    Raises
    ------
    ProposalError
        If it does not contain the middle of the heights, or reaches far behind, above or below them.
    """
    if not mask.any():
        raise ProposalError(say("The label lies nowhere on this image: it belongs to another place or patient."))
    middle = middle_of(ends)
    if not holds(mask, grid, middle):
        points = grid.to_lps(np.argwhere(mask)[:, ::-1])
        raise ProposalError(
            say(
                "The label does not contain the middle of the heights; its nearest voxel lies {distance:.0f} mm away. "
                "It is another vertebra, or another place.",
                distance=float(np.sqrt(((points - middle) ** 2).sum(axis=1)).min()),
            )
        )
    top, bottom = np.asarray(ends.top_lps, dtype=np.float64), np.asarray(ends.bottom_lps, dtype=np.float64)
    backward = top[2] + bottom[2] - top[0] - bottom[0]
    upward = top.mean(axis=0) - bottom.mean(axis=0)
    upward = upward - (upward * backward).sum() / max(float((backward**2).sum()), 1e-9) * backward
    if min(float((backward**2).sum()), float((upward**2).sum())) < _LEAST_MM**2:
        raise ProposalError(say("The heights of this body lie in one place; correct them first."))
    backward = backward / np.sqrt((backward**2).sum())
    upward = upward / np.sqrt((upward**2).sum())
    points = grid.to_lps(np.argwhere(mask)[:, ::-1]) - middle
    back, up = (points * backward).sum(axis=1), (points * upward).sum(axis=1)
    wall = max(float(((end - middle) * backward).sum()) for end in (top[2], bottom[2]))
    behind = float((back > wall + _BEHIND_MM).mean())
    if behind > _STRAY:
        raise ProposalError(
            say(
                "{share:.0f} % of the label lie more than {behind_mm:.0f} mm behind the posterior height: it is the "
                "whole vertebra with arch and processes, and would make the lesion's share too small. Choose a label "
                "of the body alone.",
                share=100 * behind,
                behind_mm=_BEHIND_MM,
            )
        )
    highest, lowest = (((ends_lps - middle) * upward).sum(axis=1) for ends_lps in (top, bottom))
    beyond = float(((up > highest.max() + _BEYOND_MM) | (up < lowest.min() - _BEYOND_MM)).mean())
    if beyond > _STRAY:
        raise ProposalError(
            say(
                "{share:.0f} % of the label lie more than {beyond_mm:.0f} mm above or below the heights: it holds more "
                "than this body. Choose the label of one vertebra, or add the file of its levels.",
                share=100 * beyond,
                beyond_mm=_BEYOND_MM,
            )
        )
