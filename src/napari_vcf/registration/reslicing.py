"""Values of a volume on another grid, with SimpleITK.

SimpleITK computes each output voxel by itself, so the result does not depend on its number of threads.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the library's own documented short name
from numpy.typing import NDArray

from napari_vcf.geometry import GeometryError, Grid, RigidTransform, Volume
from napari_vcf.language import say

__all__ = ["Interpolation", "crop", "default_fill", "interpolated", "reslice", "reslice_slice", "to_image"]

Interpolation = Literal["nearest", "linear", "bspline"]
_INTERPOLATORS = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "bspline": sitk.sitkBSpline}
#: Source voxels kept around the region that is asked for; the B-spline filter's response has decayed to 1e-5 by 9.
_MARGIN = {"nearest": 1, "linear": 1, "bspline": 9}


def to_image(data: NDArray[np.generic], grid: Grid) -> sitk.Image:
    """A SimpleITK image in patient space.

    Parameters
    ----------
    data : ndarray, shape ``grid.shape``
        (slices, rows, columns).
    grid : Grid
        Orthogonal (SimpleITK knows no shear); either handedness.

    Returns
    -------
    SimpleITK.Image

    Raises
    ------
    GeometryError
        If the grid is sheared.
    """
    if not grid.is_orthogonal:
        raise GeometryError(say("A sheared grid cannot be resliced: resample it onto an orthogonal grid first."))
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    elif data.dtype == np.float16:
        data = data.astype(np.float32)
    image = sitk.GetImageFromArray(np.ascontiguousarray(data))
    image.SetSpacing([float(s) for s in grid.spacing_mm[::-1]])
    image.SetOrigin([float(o) for o in grid.origin_lps])
    image.SetDirection(_orthonormal(grid.directions).ravel().tolist())
    return image


def reslice(
    volume: Volume,
    grid: Grid,
    *,
    transform: RigidTransform | None = None,
    interpolation: Interpolation = "linear",
    fill: float | None = None,
    threads: int | None = None,
) -> Volume:
    """Values of a volume on another grid.

    Parameters
    ----------
    volume : Volume
        Source.
    grid : Grid
        Where values are wanted.
    transform : RigidTransform, optional
        Maps the volume's LPS to the grid's LPS (``ct_to_mr`` to show a CT on an MR's grid); the identity if left out.
    interpolation : {"linear", "nearest", "bspline"}
        Only the part of the source under the grid is used, so one slice of a large CT costs little with any of them.
    fill : float, optional
        Value outside the source; -1024 for HU, otherwise 0, if left out.

    threads : int, optional
        SimpleITK's own choice if left out; the values do not depend on it.

    Returns
    -------
    Volume
        float32 (the source's own type with ``"nearest"``) on `grid`; `padding` marks the voxels that lie
        outside the source or whose nearest source voxel is padding.

    Raises
    ------
    GeometryError
        If a grid is sheared.
    """
    outside = default_fill(volume) if fill is None else float(fill)
    pull = transform.inverse() if transform is not None else RigidTransform.identity()
    near = crop(volume, pull.apply(grid.corners_lps).T, _MARGIN[interpolation])
    if near is None:
        kind = volume.data.dtype if interpolation == "nearest" else np.dtype(np.float32)
        return Volume(grid, np.full(grid.shape, outside, kind), volume.unit, np.ones(grid.shape, np.bool_))
    source = near.data if interpolation == "nearest" else near.data.astype(np.float32)
    inside = np.ones(near.grid.shape, np.uint8) if near.padding is None else (~near.padding).astype(np.uint8)
    image = _resample(to_image(source, near.grid), grid, pull, _INTERPOLATORS[interpolation], outside, threads)
    known = _resample(to_image(inside, near.grid), grid, pull, sitk.sitkNearestNeighbor, 0, threads)
    data = sitk.GetArrayFromImage(image)
    padding = sitk.GetArrayFromImage(known) == 0
    data[padding] = outside
    return Volume(grid, data, volume.unit, padding if padding.any() else None)


def interpolated(volume: Volume, grid: Grid, *, fill: float, threads: int | None = None) -> NDArray[np.float32]:
    """Linearly interpolated values on another grid, shape ``grid.shape``; for what knows no padding, in half the time.

    Parameters
    ----------
    volume : Volume
        Source, float32; its padding is not looked at.
    grid : Grid
        Where values are wanted.
    fill : float
        Value outside the source.
    threads : int, optional
        SimpleITK's own choice if left out; the values do not depend on it.

    Raises
    ------
    GeometryError
        If a grid is sheared.
    """
    image = to_image(volume.data, volume.grid)
    on_grid = _resample(image, grid, RigidTransform.identity(), sitk.sitkLinear, fill, threads)
    return np.asarray(sitk.GetArrayFromImage(on_grid), np.float32)


def default_fill(volume: Volume) -> float:
    """Value of what lies outside a volume: air in a CT, nothing elsewhere."""
    return -1024.0 if volume.unit == "HU" else 0.0


def reslice_slice(
    volume: Volume,
    grid: Grid,
    slice_index: int,
    transform: RigidTransform | None = None,
    *,
    interpolation: Interpolation = "linear",
    fill: float | None = None,
) -> NDArray[np.float32]:
    """One slice of `reslice`, for display on demand.

    Parameters
    ----------
    volume, grid, transform, interpolation, fill
        As in `reslice`.
    slice_index : int
        Slice of `grid`.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
    """
    if not 0 <= slice_index < grid.shape[0]:
        raise GeometryError(
            say("There is no slice {slice_index} among {shape}.", slice_index=slice_index, shape=grid.shape[0])
        )
    one = grid.sliced((slice_index, 0, 0), (1, grid.shape[1], grid.shape[2]))
    outside = default_fill(volume) if fill is None else float(fill)
    pull = transform.inverse() if transform is not None else RigidTransform.identity()
    near = crop(volume, pull.apply(one.corners_lps).T, _MARGIN[interpolation])
    if near is not None and near.padding is None and interpolation == "linear":
        # Without padding the values alone say everything; one thread, as a slice is done before others are awake.
        source = to_image(near.data.astype(np.float32, copy=False), near.grid)
        image = _resample(source, one, pull, sitk.sitkLinear, outside, threads=1)
        return np.asarray(sitk.GetArrayFromImage(image)[0])
    resliced = reslice(volume, one, transform=transform, interpolation=interpolation, fill=fill)
    return np.asarray(resliced.data[0], dtype=np.float32)


def crop(volume: Volume, corners_lps: NDArray[np.float64], margin: int) -> Volume | None:
    """The part of a volume that a region can need.

    Parameters
    ----------
    volume : Volume
        Source.
    corners_lps : ndarray, shape (3, corners)
        Of the region.
    margin : int
        Voxels to keep around it.

    Returns
    -------
    Volume or None
        A view of the voxels; None where the region and the volume do not meet.
    """
    index = volume.grid.to_index(corners_lps.T)[:, ::-1]
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + margin + 1, volume.grid.shape)
    if (high <= low).any():
        return None
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    start = (int(low[0]), int(low[1]), int(low[2]))
    size = high - low
    grid = volume.grid.sliced(start, (int(size[0]), int(size[1]), int(size[2])))
    padding = None if volume.padding is None else volume.padding[box]
    return Volume(grid, volume.data[box], volume.unit, padding)


def _resample(
    image: sitk.Image, grid: Grid, pull: RigidTransform, interpolator: int, fill: float, threads: int | None
) -> sitk.Image:
    if not grid.is_orthogonal:
        raise GeometryError(say("A sheared grid cannot be resliced onto: choose an orthogonal one."))
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(pull.matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(pull.matrix[:3, 3].tolist())
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([int(n) for n in grid.shape[::-1]])
    resampler.SetOutputSpacing([float(s) for s in grid.spacing_mm[::-1]])
    resampler.SetOutputOrigin([float(o) for o in grid.origin_lps])
    resampler.SetOutputDirection(_orthonormal(grid.directions).ravel().tolist())
    resampler.SetTransform(transform)
    resampler.SetInterpolator(interpolator)
    resampler.SetDefaultPixelValue(fill)
    if threads is not None:
        resampler.SetNumberOfThreads(threads)
    return resampler.Execute(image)


def _orthonormal(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest orthonormal axes; SimpleITK insists on more digits than DICOM writes."""
    u, _, vt = np.linalg.svd(directions)
    return np.asarray(u @ vt)
