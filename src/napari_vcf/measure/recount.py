"""The extent during a stroke: counted inside the body's box alone, so that its cost does not grow with the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.measure.cuts import EXTENT_BORDERLINE_WITHIN, EXTENT_CUTS, EXTENT_ENTIRE_FROM
from napari_vcf.measure.extent import Extent, lesion_extent

__all__ = ["Box", "body_box", "recount_extent"]

Box = tuple[slice, slice, slice]


def body_box(body: NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds a body; None where there is none.

    Parameters
    ----------
    body : ndarray of bool, shape (slices, rows, columns)
        The mask.
    """
    found = []
    for axis in range(3):
        held = np.flatnonzero(body.any(axis=tuple(other for other in range(3) if other != axis)))
        if not held.size:
            return None
        found.append(slice(int(held[0]), int(held[-1]) + 1))
    return found[0], found[1], found[2]


def recount_extent(
    body: NDArray[np.bool_],
    lesion: NDArray[np.bool_],
    box: Box,
    *,
    slices: int,
    voxel_mm3: float,
    mid_slice: int,
    cuts: Sequence[str] = EXTENT_CUTS,
    entire_from: str = EXTENT_ENTIRE_FROM,
    borderline_within: float = EXTENT_BORDERLINE_WITHIN,
) -> Extent:
    """Grade what is painted now; see `lesion_extent`, whose result it equals.

    Parameters
    ----------
    body, lesion : ndarray of bool, shape of the box
        The masks inside the box; lesion outside the body does not count.
    box : Box
        Where they lie.
    slices : int
        Slices of the whole image.
    voxel_mm3, mid_slice, cuts, entire_from, borderline_within
        As for `lesion_extent`.

    Returns
    -------
    Extent
    """
    counts = np.zeros((2, slices), dtype=np.int64)
    counts[0, box[0]] = np.count_nonzero(body, axis=(1, 2))
    counts[1, box[0]] = np.count_nonzero(lesion & body, axis=(1, 2))
    return lesion_extent(
        counts[0],
        counts[1],
        voxel_mm3=voxel_mm3,
        mid_slice=mid_slice,
        cuts=cuts,
        entire_from=entire_from,
        borderline_within=borderline_within,
    )
