"""The two images around the clicked vertebra, as the metric needs them: MR samples with classes, and a CT cube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration.frame import WorkingFrame, anatomical_axes, turn
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.reslicing import reslice

__all__ = ["MrSamples", "ct_cube", "inside_cube", "mr_samples", "reference_contrast", "working_frame"]

#: Share of a region's samples that a contrast must hold to take part.
_CONTRAST_COVERAGE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class MrSamples:
    """MR voxels of a region.

    Parameters
    ----------
    points : ndarray, shape (3, samples)
        Working frame, mm from the MR click.
    values : ndarray of float32, shape (contrasts, samples)
        Signal.
    names : tuple of str
        The contrasts.
    """

    points: NDArray[np.float64]
    values: NDArray[np.float32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.points.shape[1])

    def where(self, mask: NDArray[np.bool_]) -> MrSamples:
        """Some of the samples."""
        return MrSamples(self.points[:, mask], self.values[:, mask], self.names)

    def thinned(self, count: int) -> MrSamples:
        """At most `count` samples, evenly taken in the order of the voxels."""
        if len(self) <= count:
            return self
        # A golden-ratio sequence spreads the samples without the moire of a fixed stride.
        phase = (np.arange(len(self)) * 0.6180339887498949) % 1.0
        return self.where(phase < count / len(self))

    def classes(self, n_classes: int) -> NDArray[np.intp]:
        """Each contrast's signal in classes of equal width, without its extreme half percent."""
        result = np.empty(self.values.shape, np.intp)
        for row, values in zip(result, self.values, strict=True):
            low, high = np.percentile(values, (0.5, 99.5))
            step = max(float(high - low), 1e-12) / n_classes
            row[:] = np.clip(((values - low) / step).astype(np.intp), 0, n_classes - 1)
        return result


def reference_contrast(mr: Mapping[str, Volume]) -> str:
    """The contrast whose voxels are sampled: the finest in the plane, by name where equal."""
    return min(sorted(mr), key=lambda name: round(mr[name].grid.pixel_area_mm2, 6))


def working_frame(
    mr: Mapping[str, Volume], mr_point: NDArray[np.float64], ct_point: NDArray[np.float64]
) -> WorkingFrame:
    """The frame of the reference contrast."""
    return WorkingFrame(anatomical_axes(mr[reference_contrast(mr)].grid), mr_point, ct_point)


def mr_samples(
    mr: Mapping[str, Volume],
    frame: WorkingFrame,
    half_axes_mm: tuple[float, float, float],
    *,
    center: tuple[float, float, float] = (0.0, 0.0, 0.0),
    smoothing_mm: float = 0.6,
) -> MrSamples:
    """The reference contrast's voxels inside an ellipsoid, with the signal of every contrast there.

    Parameters
    ----------
    mr : mapping of str to Volume
        Contrasts in one patient frame.
    frame : WorkingFrame
        Where.
    half_axes_mm, center : tuple of float
        Of the ellipsoid along the working axes (left, posterior, superior).
    smoothing_mm : float
        Sigma of a Gaussian in the plane against noise.

    Returns
    -------
    MrSamples
    """
    reference = mr[reference_contrast(mr)]
    middle = frame.mr_point + frame.axes @ np.array(center)
    box = _index_box(reference.grid, middle, max(half_axes_mm))
    rows = np.indices([int(s.stop - s.start) for s in box], dtype=np.float64).reshape(3, -1)
    index = rows[::-1] + np.array([[s.start] for s in box[::-1]])
    affine = reference.grid.affine_lps
    lps = turn(affine[:3, :3], index) + affine[:3, 3:]
    points = frame.mr_to_working(lps)
    scaled = (points - np.array(center)[:, None]) / np.array(half_axes_mm)[:, None]
    keep = (scaled * scaled).sum(axis=0) <= 1.0
    points, lps = points[:, keep], lps[:, keep]
    known = np.ones(lps.shape[1], bool)
    values, names = [], []
    for name in sorted(mr):
        signal, inside = _signal_at(mr[name], lps, max(half_axes_mm), middle, smoothing_mm)
        if inside.size and inside.mean() >= _CONTRAST_COVERAGE:
            known &= inside
            values.append(signal)
            names.append(name)
    stacked = np.array(values, np.float32).reshape(len(names), -1)
    return MrSamples(points, stacked, tuple(names)).where(known)


def ct_cube(
    ct: Volume,
    frame: WorkingFrame,
    half_mm: tuple[float, float, float],
    spacing_mm: float,
    *,
    blur_mm: tuple[float, float, float],
    clip_hu: tuple[float, float],
    center: NDArray[np.float64] | None = None,
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
        Width of a box along each working axis (the MR's slice thickness along its normal).
    clip_hu : tuple of float
        Range of values that are told apart.
    center : ndarray, shape (3,), optional
        Working-frame centre of the cube, its origin if left out.

    Returns
    -------
    Cube
        In the working frame, mm from the CT click.
    """
    counts = [2 * int(np.ceil(h / spacing_mm)) + 1 for h in half_mm]
    middle = np.zeros(3) if center is None else center
    low = middle - np.array([(n - 1) / 2 * spacing_mm for n in counts])
    affine = np.eye(4)
    affine[:3, :3] = frame.axes * spacing_mm
    affine[:3, 3] = frame.ct_point + frame.axes @ low
    # A grid's array runs (slices, rows, columns): the cube's axes backwards.
    grid = Grid((counts[2], counts[1], counts[0]), affine)
    clipped = Volume(ct.grid, np.clip(ct.data, *clip_hu), ct.unit, ct.padding)
    data = reslice(clipped, grid, transform=RigidTransform.identity(), fill=clip_hu[0]).data.astype(np.float32)
    for axis, width in enumerate(blur_mm):
        sigma = width / np.sqrt(12.0) / spacing_mm
        if sigma > 0.2:
            data = ndimage.gaussian_filter1d(data, sigma, axis=2 - axis, mode="nearest", truncate=3.0)
    return Cube(np.ascontiguousarray(data.transpose(2, 1, 0)), low, np.full(3, spacing_mm))


def inside_cube(ct: Volume, frame: WorkingFrame, points: NDArray[np.float64], margin_mm: float) -> NDArray[np.bool_]:
    """Which working-frame CT points, shape (3, samples), lie in the CT's measured part by a margin."""
    # Thick slices end at the outermost voxel centres, not half a slice further.
    index = _indices(ct.grid, frame.ct_to_lps(points))
    limit = (np.array(ct.grid.shape[::-1]) - 1.0)[:, None]
    margin = np.minimum(margin_mm / np.array(ct.grid.spacing_mm)[::-1, None], limit / 4)
    inside = ((index >= margin) & (index <= limit - margin)).all(axis=0)
    if ct.padding is not None:
        inside &= ~_nearest(ct.padding, index)
    return np.asarray(inside)


def _index_box(grid: Grid, middle: NDArray[np.float64], radius_mm: float) -> tuple[slice, slice, slice]:
    corners = middle + radius_mm * np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    index = grid.to_index(corners)[:, ::-1]
    low = np.clip(np.floor(index.min(axis=0)), 0, np.array(grid.shape)).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, 0, np.array(grid.shape)).astype(int)
    high = np.maximum(high, low)
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def _indices(grid: Grid, lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Continuous (column, row, slice) of points, shape (3, samples)."""
    return turn(np.asarray(np.linalg.inv(grid.affine_lps[:3, :3]), np.float64), lps - grid.affine_lps[:3, 3:])


def _nearest(mask: NDArray[np.bool_], index: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Values of a mask at the voxels nearest to (column, row, slice) indices."""
    limit = np.array(mask.shape[::-1])[:, None] - 1
    column, row, plane = np.clip(np.rint(index), 0, limit).astype(np.intp)
    return np.asarray(mask[plane, row, column])


def _signal_at(
    volume: Volume, lps: NDArray[np.float64], radius_mm: float, middle: NDArray[np.float64], smoothing_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    box = _index_box(volume.grid, middle, radius_mm + 5.0)
    part = volume.data[box].astype(np.float32)
    index = _indices(volume.grid, lps)
    sizes = np.array(volume.grid.shape[::-1])[:, None]
    inside = ((index >= -0.5) & (index <= sizes - 0.5)).all(axis=0)
    if part.size == 0 or not inside.any():
        return np.zeros(lps.shape[1], np.float32), np.zeros(lps.shape[1], bool)
    if volume.padding is not None:
        inside &= ~_nearest(volume.padding, index)
    spacing = volume.grid.spacing_mm
    part = ndimage.gaussian_filter(part, (0.0, smoothing_mm / spacing[1], smoothing_mm / spacing[2]), mode="nearest")
    start = np.array([[s.start] for s in box])
    signal = ndimage.map_coordinates(part, index[::-1] - start, order=1, mode="nearest")
    return np.asarray(signal, np.float32), np.asarray(inside, np.bool_)
