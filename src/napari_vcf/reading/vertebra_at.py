"""In which vertebra a point lies, by what the reader has measured: the painted body, and the calipers' ends.

Each vertebra with calipers is a block: from front to back between its outermost calipers, and at each place between
lines through their upper and through their lower ends. The block reaches a little further than the calipers, which are
placed inside the edges, and half a body to either side of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.measure import POSITIONS
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.spaces import between, registration_at
from napari_vcf.reading.state import Masks, ReadingState, StageState

__all__ = ["caliper_points", "vertebra_at"]

#: A block reaches so far beyond its endplates: half of the narrowest disc.
_BEYOND_ENDPLATE_MM = 1.5
#: And so far before its anterior and behind its posterior caliper, which stand a little inside the edges.
_BEYOND_CALIPER_MM = 6.0
#: Around a single caliper, whose place in the body nothing tells, half the depth of a body.
_HALF_DEPTH_MM = 15.0
#: Half the width of a lumbar body.
_HALF_WIDTH_MM = 25.0


def vertebra_at(
    point_lps: ArrayLike,
    image: CaseImage,
    stage: StageState,
    state: ReadingState,
    images: Mapping[str, CaseImage],
) -> str | None:
    """Name of the vertebra in which a point lies.

    Parameters
    ----------
    point_lps : array_like, shape (3,)
        LPS mm, in the frame of ``image``.
    image : CaseImage
        The MR image on which the point lies.
    stage : StageState
        Calipers and masks.
    state : ReadingState
        Which vertebra is the painted one, and what joins the spaces.
    images : mapping of str to CaseImage
        The case's images.

    Returns
    -------
    str or None
        None where nothing tells: no calipers and no body there, or none in the frame of ``image``.
    """
    point = np.asarray(point_lps, dtype=np.float64)
    if state.spine is not None and stage.masks is not None and _in_body(point, image, stage.masks, state, images):
        return state.spine.fractured
    for level in dict.fromkeys(caliper.level for caliper in stage.calipers):
        ends = caliper_points(level, image, stage, state, images)
        if ends and _in_block(point, np.array(ends)):
            return level
    return None


def caliper_points(
    level: str,
    image: CaseImage,
    stage: StageState,
    state: ReadingState,
    images: Mapping[str, CaseImage],
) -> list[NDArray[np.float64]]:
    """Upper and lower end of each caliper of a vertebra, LPS mm in the frame of an MR image, shape (2, 3) each.

    Calipers on another image count where the two share a space, or where the reader has accepted what joins them.
    """
    found = []
    for position in POSITIONS:
        caliper = stage.caliper(level, position)
        if caliper is None or caliper.image not in images:
            continue
        points = np.array([caliper.start_lps, caliper.end_lps])
        # A script may begin a caliper at either endplate; the upper one is the one nearer to the head.
        points = points[np.argsort(-points[:, 2], kind="stable")]
        joined = registration_at(level, state.spine, state.registrations)
        accepted = joined if joined is not None and joined.acceptance == "accepted" else None
        motion = between(images[caliper.image], image, images, state, accepted)
        if motion is not None:
            found.append(motion.apply(points))
    return found


def _in_body(
    point: NDArray[np.float64], image: CaseImage, masks: Masks, state: ReadingState, images: Mapping[str, CaseImage]
) -> bool:
    if masks.body.voxels == 0 or masks.image not in images:
        return False
    motion = between(image, images[masks.image], images, state)
    if motion is None:
        return False
    column, row, index = np.round(masks.grid.grid().to_index(motion.apply(point))).astype(int).tolist()
    if not all(0 <= at < size for at, size in zip((index, row, column), masks.grid.shape, strict=True)):
        return False
    return bool(decode_mask(masks.body, masks.grid.shape)[index, row, column])


def _in_block(point: NDArray[np.float64], ends: NDArray[np.float64]) -> bool:
    upper, lower = ends[:, 0], ends[:, 1]
    middle = (upper + lower) / 2
    height = (upper - lower).mean(axis=0)
    height /= np.linalg.norm(height)
    # From front to back: the patient's axis at right angles to the height, so that one caliper is enough.
    depth = np.array([0.0, 1.0, 0.0]) - height[1] * height
    depth /= np.linalg.norm(depth)
    width = np.cross(height, depth)
    if abs((point - middle.mean(axis=0)) @ width) > _HALF_WIDTH_MM:
        return False
    places = middle @ depth
    order = np.argsort(places)
    reach = _HALF_DEPTH_MM if len(ends) == 1 else _BEYOND_CALIPER_MM
    place = float(point @ depth)
    if not places.min() - reach <= place <= places.max() + reach:
        return False
    top = float(np.interp(place, places[order], (upper @ height)[order])) + _BEYOND_ENDPLATE_MM
    bottom = float(np.interp(place, places[order], (lower @ height)[order])) - _BEYOND_ENDPLATE_MM
    return bottom <= float(point @ height) <= top
