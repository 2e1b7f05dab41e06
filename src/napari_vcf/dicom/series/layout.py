"""From slice positions to a grid: regular, tilted, gapped or uneven.

Only Image Position and Image Orientation (Patient) count. Slices are ordered along the true normal, the cross product
of the two image directions; slice thickness, slice location and instance number are never used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.geometry import Grid
from napari_vcf.geometry.grid import ORTHOGONALITY_TOLERANCE
from napari_vcf.language import joined, say

__all__ = ["SAME_POSITION_MM", "Layout", "along_normal", "layout_of", "runs_of"]

#: Slices nearer to each other than this along the normal lie at the same position.
SAME_POSITION_MM: Final = 0.05
#: A distance of neighbours may differ from the others by this share of it, or by `_EVEN_MM`, whichever is more: writers
#: round positions.
_EVEN_SHARE: Final = 0.005
_EVEN_MM: Final = 0.015
#: Slices may lie this far off the common line of their first pixels.
_SIDEWAYS_MM: Final = 0.05
#: A gap this many times the usual one separates slabs, and is no series of missing slices.
_SLAB_GAPS: Final = 5.0
#: A gantry tilts by 30 degrees at most. Beyond this, positions run along the slices rather than through them.
_MOST_TILT_DEG: Final = 45.0
#: Uneven slices are interpolated to at most this many times their number.
_MOST_BLENDED: Final = 4
#: Positions named in a sentence.
_NAMED: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the slices of a stack go.

    Attributes
    ----------
    grid : Grid
        The delivered grid, always orthogonal.
    slots : tuple of int
        Delivered slice of each native slice; empty if slices are interpolated (`blend`).
    shifts : ndarray, shape (n, 2), or None
        For a tilted gantry: (rows, columns) by which each native slice is shifted on the delivered grid, in pixels.
    blend : ndarray, shape (slices, 3), or None
        For uneven slices: (lower native slice, upper native slice, weight of the upper) for each delivered slice.
    corrections : tuple of str
        What was done, a sentence each.
    reason : str
        Why nothing may be measured; empty where it may.
    """

    grid: Grid
    slots: tuple[int, ...]
    shifts: NDArray[np.float64] | None
    blend: NDArray[np.float64] | None
    corrections: tuple[str, ...]
    reason: str


def along_normal(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """Positions of slices along the normal of the first, mm, shape (n,)."""
    return np.asarray([frame.position for frame in frames], dtype=np.float64) @ _unit(frames[0].normal)


def layout_of(frames: Sequence[Frame]) -> Layout:
    """Lay out the slices of one volume.

    Parameters
    ----------
    frames : sequence of Frame
        In order along the normal, no two at the same position.

    Returns
    -------
    Layout
    """
    first = frames[0]
    normal = _unit(first.normal)
    if len(frames) == 1:
        return _single(first, normal)
    points = np.asarray([frame.position for frame in frames], dtype=np.float64)
    depths = points @ normal
    gaps = np.diff(depths)
    step, sideways = _line(points, depths)
    reason = ""
    if sideways.max() > _SIDEWAYS_MM:
        stray = np.flatnonzero(sideways > _SIDEWAYS_MM)
        reason = say(
            "{stray} of {count} slices are shifted sideways by up to {most:.2f} mm against the "
            "others, at {positions} along the normal",
            stray=len(stray),
            count=len(frames),
            most=sideways.max(),
            positions=_positions(depths[stray]),
        )
    even = np.abs(gaps - np.median(gaps)).max() <= max(_EVEN_MM, _EVEN_SHARE * float(np.median(gaps)))
    corrections: list[str] = []
    slots: tuple[int, ...] = tuple(range(len(frames)))
    blend: NDArray[np.float64] | None = None
    if even:
        spacing = float(depths[-1] - depths[0]) / (len(frames) - 1)
        if not reason:
            step = (points[-1] - points[0]) / (depths[-1] - depths[0])
        count = len(frames)
    else:
        slots, count, spacing = _gapped(gaps)
        if slots:
            missing = sorted(set(range(count)) - set(slots))
            found = say(
                "{missing} of {count} slices missing, at {positions}",
                missing=len(missing),
                count=count,
                positions=_positions(depths[0] + spacing * np.array(missing)),
            )
            corrections.append(
                say("Slices left empty where the series has none: {found} along the normal.", found=found)
            )
        else:
            spacing = float(np.median(gaps))
            count = min(round(float(depths[-1] - depths[0]) / spacing) + 1, _MOST_BLENDED * len(frames))
            spacing = float(depths[-1] - depths[0]) / (count - 1) if count > 1 else spacing
            blend = _blending(depths, count, spacing)
            found = say(
                "slices are unevenly spaced, {least:.3f} to {most:.3f} mm apart", least=gaps.min(), most=gaps.max()
            )
            corrections.append(
                say(
                    "Resampled (linear) onto even slices every {spacing:.3f} mm: {found}.", spacing=spacing, found=found
                )
            )
        reason = joined("; ", filter(None, (reason, found)))
    tangent = step - normal
    shear = float(np.linalg.norm(tangent))
    tilt = float(np.degrees(np.arctan(shear)))
    if tilt > _MOST_TILT_DEG and not reason:
        reason = say(
            "from slice to slice the position runs {tilt:.1f} degrees off the normal, which no scanner does", tilt=tilt
        )
    if shear <= ORTHOGONALITY_TOLERANCE * 0.9 or reason:
        grid = _grid(first, count, points[0], (normal if reason else step) * spacing)
        return Layout(grid, slots, None, blend, tuple(corrections), _sentence(reason))
    grid, shifts = _upright(first, depths, tangent, spacing)
    corrections.append(
        say(
            "Gantry tilt of {tilt:.2f} degrees: slices shifted (linear interpolation) onto an orthogonal "
            "grid, spacing {spacing:.4f} mm along the normal.",
            tilt=tilt,
            spacing=spacing,
        )
    )
    return Layout(grid, slots, shifts, None, tuple(corrections), "")


def _line(points: NDArray[np.float64], depths: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The common line of the first pixels: its step for each mm along the normal, and how far each lies off it in mm.

    Medians are not misled by a few slices whose position is wrong. Steps between neighbours tell where a stack breaks,
    but add up what writers round; steps over half of the stack do not.
    """
    found: list[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = []
    for apart in (1, max(1, len(points) // 2)):
        run = depths[apart:] - depths[:-apart]
        step = np.median((points[apart:] - points[:-apart]) / run[:, None], axis=0)
        rest = points - (depths - depths[0])[:, None] * step
        sideways = np.linalg.norm(rest - np.median(rest, axis=0), axis=1)
        found.append((int((sideways > _SIDEWAYS_MM).sum()), step, sideways))
    _, step, sideways = min(found, key=lambda entry: entry[0])
    return step, sideways


def runs_of(depths: NDArray[np.float64]) -> list[slice]:
    """Parts of an uneven set of slices that lie far apart, such as slabs through several discs.

    Parameters
    ----------
    depths : ndarray, shape (n,)
        Different positions along the normal, ascending.

    Returns
    -------
    list of slice
        One for all if the slices are even, have a few gaps only, or no gap stands out.
    """
    gaps = np.diff(depths)
    if len(gaps) < 2 or _gapped(gaps)[0]:
        return [slice(0, len(depths))]
    cuts = np.flatnonzero(gaps > _SLAB_GAPS * np.median(gaps)) + 1
    edges = [0, *cuts.tolist(), len(depths)]
    return [slice(low, high) for low, high in pairwise(edges)]


def _single(frame: Frame, normal: NDArray[np.float64]) -> Layout:
    stated = next((v for v in (frame.stated_spacing_mm, frame.thickness_mm) if v is not None and 0.01 < v < 1e4), None)
    note = (
        say("Single slice; {stated:g} mm as its header states taken for its depth.", stated=stated)
        if stated
        else say("Single slice; 1 mm assumed taken for its depth.")
    )
    grid = _grid(frame, 1, np.asarray(frame.position), normal * (stated or 1.0))
    return Layout(grid, (0,), None, None, (note,), "")


def _gapped(gaps: NDArray[np.float64]) -> tuple[tuple[int, ...], int, float]:
    """Slots, their number and the spacing, if all gaps are multiples of the smallest; no slots if they are not."""
    base = float(gaps.min())
    ratios = gaps / base
    whole = np.round(ratios)
    tolerance = max(_EVEN_MM, _EVEN_SHARE * base)
    if np.abs(gaps - whole * base).max() > tolerance * float(whole.max()):
        return (), 0, base
    count = int(whole.sum()) + 1
    if count - len(gaps) - 1 > max(1, (len(gaps) + 1) // 3):
        return (), 0, base
    slots = np.concatenate([[0], np.cumsum(whole)]).astype(int)
    return tuple(slots.tolist()), count, float(gaps.sum()) / (count - 1)


def _blending(depths: NDArray[np.float64], count: int, spacing: float) -> NDArray[np.float64]:
    wanted = depths[0] + spacing * np.arange(count)
    upper = np.clip(np.searchsorted(depths, wanted), 1, len(depths) - 1)
    lower = upper - 1
    weight = np.clip((wanted - depths[lower]) / (depths[upper] - depths[lower]), 0.0, 1.0)
    return np.stack([lower, upper, weight], axis=1)


def _grid(frame: Frame, count: int, origin: NDArray[np.float64], step: NDArray[np.float64]) -> Grid:
    affine = np.eye(4)
    row_spacing, column_spacing = frame.pixel_spacing
    affine[:3, 0] = _unit(frame.orientation[:3]) * column_spacing
    affine[:3, 1] = _unit(frame.orientation[3:]) * row_spacing
    affine[:3, 2] = step
    affine[:3, 3] = origin
    return Grid((count, *frame.shape), affine)


def _upright(
    frame: Frame, depths: NDArray[np.float64], tangent: NDArray[np.float64], spacing: float
) -> tuple[Grid, NDArray[np.float64]]:
    """The orthogonal grid that holds every voxel of a sheared stack, and the shift of each slice on it in pixels."""
    axes = np.stack([_unit(frame.orientation[3:]), _unit(frame.orientation[:3])])
    pixel = np.asarray(frame.pixel_spacing)
    shifts = (depths - depths[0])[:, None] * (axes @ tangent / pixel)
    # Whole pixels to the edge: the first slice keeps its values untouched.
    low = np.floor(shifts.min(axis=0) + 1e-6)
    high = np.ceil(shifts.max(axis=0) - 1e-6)
    rows, columns = frame.shape[0] + int(high[0] - low[0]), frame.shape[1] + int(high[1] - low[1])
    origin = np.asarray(frame.position) + (low * pixel) @ axes
    normal = _unit(frame.normal)
    affine = np.eye(4)
    affine[:3, 0] = axes[1] * pixel[1]
    affine[:3, 1] = axes[0] * pixel[0]
    affine[:3, 2] = normal * spacing
    affine[:3, 3] = origin
    return Grid((len(depths), rows, columns), affine), shifts - low


def _positions(depths: NDArray[np.float64]) -> str:
    named = ", ".join(f"{depth:.2f}" for depth in depths[:_NAMED])
    return f"{named}{', ...' if len(depths) > _NAMED else ''} mm"


def _sentence(reason: str) -> str:
    return say("Nothing may be measured: {reason}.", reason=reason) if reason else ""


def _unit(vector: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(vector, dtype=np.float64)
    return np.asarray(array / np.linalg.norm(array))
