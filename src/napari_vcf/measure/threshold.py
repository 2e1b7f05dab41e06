"""Which voxels of a vertebral body differ from a tissue that the reader points at.

A threshold is a multiple of that tissue's mean signal on the same image, so that it carries over from one scanner and
one patient to the next, where the numbers of an MR image do not. Marrow darker than disc or muscle on T1 is the usual
sign of replaced marrow (Carroll, Feller, Tirman, JMRI 1997; 7: 394-398).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Grid, Volume
from napari_vcf.language import say
from napari_vcf.measure.errors import MeasureError
from napari_vcf.measure.recount import body_box

__all__ = [
    "MIN_REFERENCE_VOXELS",
    "REFERENCE_RADIUS_MM",
    "ReferenceSignal",
    "ReferenceTissue",
    "Side",
    "reference_region",
    "reference_signal",
    "start_factor",
    "voxels_beyond",
]

ReferenceTissue = Literal["muscle", "disc", "normal_vertebra"]
#: On which side of the threshold the lesion lies.
Side = Literal["darker", "brighter"]

#: A disc of the thoracic spine is about twice as high.
REFERENCE_RADIUS_MM = 3.0
#: A mean of fewer voxels than this is chance.
MIN_REFERENCE_VOXELS = 5
#: A threshold against normal marrow begins so many of its standard deviations away.
_START_SD = 2.0


@dataclass(frozen=True, slots=True)
class ReferenceSignal:
    """Signal of a reference tissue.

    Attributes
    ----------
    mean, sd : float
        Mean and sample standard deviation of its voxels, in ``unit``.
    voxels : int
        Their number.
    slice_index : int
        Slice on which they lie.
    unit : str
        Unit of the image.
    """

    mean: float
    sd: float
    voxels: int
    slice_index: int
    unit: str


def reference_region(grid: Grid, center_lps: ArrayLike, radius_mm: float) -> tuple[int, NDArray[np.intp]]:
    """Voxels of the nearest slice whose centres lie within a circle.

    Parameters
    ----------
    grid : Grid
        Native grid of the image.
    center_lps : array_like, shape (3,)
        Middle of the circle, LPS mm; it is put on the slice.
    radius_mm : float
        Radius, mm.

    Returns
    -------
    int, ndarray of shape (n, 2)
        The slice, and (row, column) of its voxels.

    Raises
    ------
    MeasureError
        If the circle reaches over the edge of the image.
    """
    column, row, position = grid.to_index(center_lps).tolist()
    index = round(position)
    slices, rows, columns = grid.shape
    reach = radius_mm / np.array(grid.spacing_mm[:0:-1])
    low, high = np.array((column, row)) - reach, np.array((column, row)) + reach
    if not 0 <= index < slices or (low < -0.5).any() or (high > np.array((columns, rows)) - 0.5).any():
        raise MeasureError(say("The reference reaches over the edge of the image; pick a place further inside."))
    down, across = np.mgrid[round(low[1]) : round(high[1]) + 1, round(low[0]) : round(high[0]) + 1]
    inside = np.hypot(*((grid.spacing_mm[1] * (down - row)), grid.spacing_mm[2] * (across - column))) <= radius_mm
    return index, np.stack([down[inside], across[inside]], axis=-1)


def reference_signal(
    volume: Volume, center_lps: ArrayLike, *, radius_mm: float = REFERENCE_RADIUS_MM
) -> ReferenceSignal:
    """Measure a reference tissue around a point.

    Parameters
    ----------
    volume : Volume
        Native voxels of the image on which the lesion is painted.
    center_lps : array_like, shape (3,)
        Where the reader pointed, LPS mm.
    radius_mm : float
        Radius of the circle that is measured, mm.

    Returns
    -------
    ReferenceSignal

    Raises
    ------
    MeasureError
        If the circle reaches over the edge of the image or of what was scanned, holds too few voxels for a mean, or has
        no signal.
    """
    index, voxels = reference_region(volume.grid, center_lps, radius_mm)
    rows, columns = voxels.T
    values = np.asarray(volume.data[index, rows, columns], dtype=np.float64)
    padded = volume.padding is not None and bool(volume.padding[index, rows, columns].any())
    if padded or not np.isfinite(values).all():
        raise MeasureError(say("The reference reaches over voxels that hold no measurement; pick another place."))
    if len(values) < MIN_REFERENCE_VOXELS:
        raise MeasureError(
            say(
                "A circle of {radius_mm:g} mm holds only {count} voxels of this image; a reference needs "
                "{min_reference_voxels}.",
                radius_mm=radius_mm,
                count=len(values),
                min_reference_voxels=MIN_REFERENCE_VOXELS,
            )
        )
    mean = float(values.mean())
    if mean <= 0:
        raise MeasureError(
            say("There is no signal at this place, so nothing can be compared with it; pick another one.")
        )
    return ReferenceSignal(mean, float(values.std(ddof=1)), len(values), index, volume.unit)


def start_factor(reference: ReferenceSignal, tissue: ReferenceTissue, side: Side) -> float:
    """Multiple of the reference from which a reader may start.

    Muscle and disc are compared as they are. Normal marrow is what most of the body should look like, so there the
    threshold lies two standard deviations away.
    """
    if tissue != "normal_vertebra":
        return 1.0
    spread = _START_SD * reference.sd / reference.mean
    return float(np.clip(round(1.0 - spread if side == "darker" else 1.0 + spread, 2), 0.3, 3.0))


def voxels_beyond(
    volume: Volume, body: NDArray[np.bool_], threshold: float, side: Side, *, slices: Iterable[int] | None = None
) -> NDArray[np.bool_]:
    """Body voxels darker or brighter than a threshold.

    Parameters
    ----------
    volume : Volume
        Native voxels.
    body : ndarray of bool, shape of the volume
        The vertebral body; nothing outside it is ever taken.
    threshold : float
        In the unit of the volume; a voxel that equals it is not taken.
    side : {"darker", "brighter"}
        Which voxels are taken.
    slices : iterable of int, optional
        Only on these slices; on all of them if left out.

    Returns
    -------
    ndarray of bool, shape of the volume

    Raises
    ------
    MeasureError
        If mask and volume differ in shape.
    """
    if body.shape != volume.grid.shape:
        raise MeasureError(
            say(
                "A body mask of shape {shape} does not fit the image ({grid_shape}).",
                shape=body.shape,
                grid_shape=volume.grid.shape,
            )
        )
    found = np.zeros(body.shape, dtype=bool)
    box = body_box(body)
    if box is None:
        return found
    values = volume.data[box]
    # In double precision: rounded to the voxels' single one, a threshold could fall on a voxel that it does not equal.
    # An array of its own, because NumPy 1 takes a scalar's precision from the array beside it.
    limit = np.array([threshold], dtype=np.float64)
    taken = body[box] & np.isfinite(values) & (values < limit if side == "darker" else values > limit)
    if volume.padding is not None:
        taken &= ~volume.padding[box]
    if slices is not None:
        wanted = set(slices)
        taken[[index not in wanted for index in range(box[0].start, box[0].stop)]] = False
    found[box] = taken
    return found
