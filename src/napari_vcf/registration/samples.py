"""Samples around the clicked vertebra: voxels of smoothed MR contrasts, and cubes of the CT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vcf.geometry import Grid, Volume
from napari_vcf.language import say
from napari_vcf.registration.errors import EmptyImageError
from napari_vcf.registration.frame import WorkingFrame, anatomical_axes, fixed_lines, turn
from napari_vcf.registration.information import CT_RANGE_HU
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.reslicing import crop, interpolated

__all__ = [
    "N_CLASSES",
    "Contrast",
    "MrSamples",
    "ct_cube",
    "inside_ct",
    "mr_contrasts",
    "mr_samples",
    "signal_classes",
    "signals",
]

#: Share of a region's samples that a contrast must hold to take part.
_CONTRAST_COVERAGE = 0.9
#: Classes of an MR contrast's signal.
N_CLASSES = 20
#: Sigma of the smoothing of the MR in its plane against noise.
_MR_SMOOTHING_MM = 0.6
#: Where in the order of choice a voxel comes: the fraction of the sum of its indices times these. Powers of 1/g, with
#: g^4 = g + 1, fill space evenly for any share that is taken, and have no moire with rows, columns and slices
#: (Roberts, The unreasonable effectiveness of quasirandom sequences, 2018).
_STEPS = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One MR contrast around the click, smoothed in its plane."""

    name: str
    part: Volume

    def at(self, lps: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Signal at points, shape (3, samples), and which of them the image holds."""
        index = _indices(self.part.grid, lps)
        sizes = np.array(self.part.grid.shape[::-1])[:, None]
        inside = ((index >= -0.5) & (index <= sizes - 0.5)).all(axis=0)
        if self.part.padding is not None:
            inside &= ~_nearest(self.part.padding, index)
        signal = Cube(self.part.data, np.zeros(3), np.ones(3)).at(index[::-1])
        return signal, np.asarray(inside, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class MrSamples:
    """MR voxels of a region.

    Parameters
    ----------
    points : ndarray, shape (3, samples)
        Working frame, mm from the MR click.
    classes : ndarray of intp, shape (contrasts, samples)
        Signal in `N_CLASSES` classes.
    order : ndarray, shape (samples,)
        Place in the order of choice, from 0 to 1. A voxel's is the same whichever region it is taken into.
    wanted : float
        Number of samples that the region would have if the MR covered all of it.
    """

    points: NDArray[np.float64]
    classes: NDArray[np.intp]
    order: NDArray[np.float64]
    wanted: float

    def __len__(self) -> int:
        return int(self.points.shape[1])

    def where(self, mask: NDArray[np.bool_]) -> MrSamples:
        """Some of the samples."""
        return MrSamples(self.points[:, mask], self.classes[:, mask], self.order[mask], self.wanted)

    def thinned(self, count: int) -> MrSamples:
        """The `count` samples that come first in the order of choice; they lie evenly among all."""
        if len(self) <= count:
            return self
        return self.where(self.order < np.partition(self.order, count)[count])


def mr_contrasts(mr: Mapping[str, Volume], frame: WorkingFrame, half_mm: Triple) -> tuple[list[Contrast], list[str]]:
    """Crops of the contrasts around the click, the one with the finest pixels first, and the names of those in it.

    Returns
    -------
    contrasts : list of Contrast
        At least the reference; contrasts that hold less of the region are left out.
    left_out : list of str
        A sentence for each.
    """
    corners = frame.mr_to_lps(_box_corners(half_mm))
    names = sorted(mr, key=lambda name: (round(mr[name].grid.pixel_area_mm2, 6), name))
    found: list[Contrast] = []
    left_out: list[str] = []
    near = frame.mr_to_lps(_box_corners((15.0, 15.0, 15.0)))
    for name in names:
        part = crop(mr[name], corners, 1)
        if part is None or min(part.grid.shape) < 2 or not part.grid.contains(near.T).mean() >= _CONTRAST_COVERAGE:
            left_out.append(say("MR {name} does not hold the whole vertebra and is not used.", name=name))
            continue
        _, row, column = part.grid.spacing_mm
        data = part.data.astype(np.float32)
        if not np.isfinite(data).all():
            raise EmptyImageError(
                say("The MR {name} holds values that are not numbers; load it again from its files.", name=name)
            )
        sigma = (0.0, _MR_SMOOTHING_MM / row, _MR_SMOOTHING_MM / column)
        smooth = ndimage.gaussian_filter(data, sigma, mode="nearest", truncate=3.0)
        found.append(Contrast(name, Volume(part.grid, smooth, part.unit, part.padding)))
    return found, left_out


def mr_samples(contrasts: Sequence[Contrast], frame: WorkingFrame, half_axes_mm: Triple, count: int) -> MrSamples:
    """About `count` voxels of the first contrast in an ellipsoid around the click, with every contrast's signal.

    Parameters
    ----------
    contrasts : sequence of Contrast
        At least one.
    frame : WorkingFrame
        Where.
    half_axes_mm : tuple of float
        Of the ellipsoid (left, posterior, superior).
    count : int
        Number of samples wanted.

    Returns
    -------
    MrSamples
    """
    grid = contrasts[0].part.grid
    a, b, c = half_axes_mm
    voxels = 4 / 3 * np.pi * a * b * c / grid.voxel_volume_mm3
    start, size = _box(grid, frame.mr_to_lps(_box_corners(half_axes_mm)))
    # The same voxels are chosen wherever the click lies among them, or each click would have samples of its own.
    order = _order(grid, start, size)
    chosen = np.flatnonzero(order < count / voxels)
    plane, row, column = (line + low for line, low in zip(np.unravel_index(chosen, size), start, strict=True))
    lps = turn(grid.affine_lps[:3, :3], np.stack([column, row, plane]).astype(np.float64)) + grid.affine_lps[:3, 3:]
    points = frame.mr_to_working(lps)
    scaled = points / np.array(half_axes_mm)[:, None]
    keep = (scaled * scaled).sum(axis=0) <= 1.0
    values, known = signals(contrasts, lps[:, keep])
    points = points[:, keep][:, known]
    classes = signal_classes(values[:, known], N_CLASSES)
    return MrSamples(points, classes, order[chosen][keep][known], min(count, voxels))


def signals(contrasts: Sequence[Contrast], lps: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Every contrast's signal at points, shape (contrasts, samples), and where all of them are known."""
    answers = [contrast.at(lps) for contrast in contrasts]
    known = np.logical_and.reduce([inside for _, inside in answers])
    return np.stack([signal for signal, _ in answers]), np.asarray(known, np.bool_)


def signal_classes(values: NDArray[np.float32], n_classes: int) -> NDArray[np.intp]:
    """Each contrast's signal, shape (contrasts, samples), in equal classes without its extreme half percent."""
    result = np.zeros(values.shape, np.intp)
    if not values.shape[1]:
        return result
    for row, line in zip(result, values, strict=True):
        low, high = np.percentile(line, (0.5, 99.5))
        step = max(float(high - low), 1e-12) / n_classes
        row[:] = np.clip(((line - low) / step).astype(np.intp), 0, n_classes - 1)
    return result


def ct_cube(
    ct: Volume, frame: WorkingFrame, half_mm: Triple, spacing_mm: float, *, blur_mm: Triple, threads: int = 1
) -> Cube:
    """The CT around its click on the working axes, clipped and blurred to the MR's resolution.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : WorkingFrame
        Where.
    half_mm : tuple of float
        Half extent along each working axis.
    spacing_mm : float
        Of the cube.
    blur_mm : tuple of float
        Widths along the working axes of the box whose blur is wanted (the MR's slice thickness along its normal).
    threads : int
        For the resampling.

    Returns
    -------
    Cube
        In the working frame, mm from the CT click.

    Raises
    ------
    EmptyImageError
        If the CT holds values that are not numbers.
    """
    lines = fixed_lines(frame.axes, frame.ct_point, half_mm, spacing_mm)
    counts = [len(line) for line in lines]
    low = np.array([line[0] for line in lines])
    affine = np.eye(4)
    affine[:3, :3] = frame.axes * spacing_mm
    affine[:3, 3] = frame.ct_to_lps(low[:, None])[:, 0]
    # A grid's array runs (slices, rows, columns): the cube's axes backwards.
    grid = Grid((counts[2], counts[1], counts[0]), affine)
    part = crop(ct, grid.corners_lps.T, 2)
    if part is None:
        return Cube(np.full(counts, CT_RANGE_HU[0], np.float32), low, np.full(3, spacing_mm))
    clipped = np.clip(part.data, *CT_RANGE_HU).astype(np.float32)
    if not np.isfinite(clipped).all():
        raise EmptyImageError(say("The CT holds values that are not numbers; load it again from its files."))
    if part.padding is not None:
        clipped[part.padding] = CT_RANGE_HU[0]
    near = Volume(part.grid, clipped, part.unit)
    data = interpolated(near, grid, fill=CT_RANGE_HU[0], threads=threads)
    for axis, width in enumerate(blur_mm):
        sigma = width / np.sqrt(12.0) / spacing_mm
        if sigma > 0.2:
            data = ndimage.gaussian_filter1d(data, sigma, axis=2 - axis, mode="nearest", truncate=3.0)
    return Cube(np.ascontiguousarray(data.transpose(2, 1, 0)), low, np.full(3, spacing_mm))


def inside_ct(ct: Volume, frame: WorkingFrame, points: NDArray[np.float64], margin_mm: float) -> NDArray[np.bool_]:
    """Which working-frame CT points, shape (3, samples), lie in the CT's measured part by a margin."""
    # Thick slices end at the outermost voxel centres, not half a slice further.
    index = _indices(ct.grid, frame.ct_to_lps(points))
    limit = (np.array(ct.grid.shape[::-1]) - 1.0)[:, None]
    margin = np.minimum(margin_mm / np.array(ct.grid.spacing_mm)[::-1, None], limit / 4)
    inside = ((index >= margin) & (index <= limit - margin)).all(axis=0)
    if ct.padding is not None:
        inside &= ~_nearest(ct.padding, index)
    return np.asarray(inside)


def working_frame(
    mr: Mapping[str, Volume], mr_point: NDArray[np.float64], ct_point: NDArray[np.float64]
) -> WorkingFrame:
    """The frame of the contrast with the finest pixels."""
    name = min(mr, key=lambda name: (round(mr[name].grid.pixel_area_mm2, 6), name))
    return WorkingFrame(anatomical_axes(mr[name].grid), mr_point, ct_point)


def _order(grid: Grid, start: NDArray[np.intp], size: tuple[int, int, int]) -> NDArray[np.float64]:
    """Place in the order of choice of the voxels of a box (slice, row, column), shape (voxels,), from 0 to 1."""
    # Counted from the patient's origin, as the grid may be a crop of the image.
    first = _indices(grid, np.zeros((3, 1)))[::-1, 0]
    plane, row, column = (
        (np.arange(low, low + length) - zero) * step
        for low, length, zero, step in zip(start, size, first, _STEPS, strict=True)
    )
    total = plane[:, None, None] + row[:, None] + column
    total -= np.floor(total)
    return np.asarray(total.ravel())


def _box(grid: Grid, corners_lps: NDArray[np.float64]) -> tuple[NDArray[np.intp], tuple[int, int, int]]:
    """First voxel (slice, row, column) and size of the part of a grid that holds a region, both within the grid."""
    index = _indices(grid, corners_lps)[::-1]
    shape = np.array(grid.shape)
    low = np.clip(np.floor(index.min(axis=1)).astype(np.intp), 0, shape)
    high = np.clip(np.ceil(index.max(axis=1)).astype(np.intp) + 1, low, shape)
    planes, rows, columns = (high - low).tolist()
    return low, (planes, rows, columns)


def _box_corners(half_mm: Triple) -> NDArray[np.float64]:
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=np.float64)
    return np.asarray((signs * np.array(half_mm)).T)


def _indices(grid: Grid, lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Continuous (column, row, slice) of points, shape (3, samples)."""
    return turn(np.asarray(np.linalg.inv(grid.affine_lps[:3, :3]), np.float64), lps - grid.affine_lps[:3, 3:])


def _nearest(mask: NDArray[np.bool_], index: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Values of a mask at the voxels nearest to (column, row, slice) indices."""
    limit = np.array(mask.shape[::-1])[:, None] - 1
    column, row, plane = np.clip(np.rint(index), 0, limit).astype(np.intp)
    return np.asarray(mask[plane, row, column])
