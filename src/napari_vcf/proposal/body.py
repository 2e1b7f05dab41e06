"""The body of a vertebra on all slices, proposed from the ends of its three calipers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.proposal.endplates import EndplateSheets, expected_endplates, find_endplates
from napari_vcf.proposal.errors import ProposalError
from napari_vcf.proposal.space import BodySpace, body_space, sample
from napari_vcf.proposal.tissue import likeness, see_tissue
from napari_vcf.proposal.voxels import voxels_within
from napari_vcf.proposal.walls import Walls, find_walls

__all__ = ["BodyProposal", "Endplates", "propose_body"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Calipers end on the outer side of the shell; on MRI the marrow begins so far inside, on CT the shell is body.
_SHELL_MM = 0.8
_ROUNDS = 2
#: Steps of a proposal beside the further rounds, for those who wait.
_STEPS = 5
#: A slice whose outline lies on a visible edge for less than this share of its way fits poorly.
_POOR = 0.5
#: So does an outermost slice of less than this share of its neighbour: a wall cuts through it, and where is a guess.
_FADING = 0.7
#: More contrasts than this add nothing.
_MOST_IMAGES = 3


@dataclass(frozen=True, eq=False)
class Endplates:
    """Ends of the three calipers of one body.

    Parameters
    ----------
    top_lps, bottom_lps : array_like, shape (3, 3)
        Upper and lower end of the anterior, the middle and the posterior caliper, LPS mm.
    """

    top_lps: ArrayLike
    bottom_lps: ArrayLike


@dataclass(frozen=True, eq=False)
class BodyProposal:
    """A proposed body.

    Attributes
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        On the grid of the first image.
    seen : dict of int to float
        By slice, the share of its outline that lies on a visible edge, 0 to 1; the rest goes on as the body's other
        parts let expect.
    poor : tuple of int
        Slices that fit poorly and need a look more than the others: little of their outline is to be seen, or they are
        outermost and hold much less than the slice beside them.
    """

    mask: Mask
    seen: dict[int, float]
    poor: tuple[int, ...]


def propose_body(
    images: Sequence[Volume],
    body: Endplates,
    *,
    neighbours: Sequence[Endplates] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> BodyProposal:
    """Propose the marrow space of a vertebral body (on CT with its shell), without pedicles.

    Parameters
    ----------
    images : sequence of Volume
        The image that the mask is for, and up to two others of the same examination and frame that help, in a fixed
        order; its slices are sagittal. A CT in HU stands alone.
    body : Endplates
        Calipers of this body.
    neighbours : sequence of Endplates
        Calipers of the bodies above and below, whose marrow shows what intact marrow looks like.
    progress : callable, optional
        Called with (done, total, what) before each step; where it raises, nothing is proposed.

    Returns
    -------
    BodyProposal
        The same for the same input, bit for bit.

    Raises
    ------
    ProposalError
        If the slices are not sagittal, the calipers cannot be those of a body, or the image has too few slices across
        it or does not hold it.

    Notes
    -----
    Six smooth sheets bound the body: endplates over the slices, front and back walls on each slice, side walls between
    slices. Each is the best of all smooth sheets for what the images show
    (see `napari_vcf.proposal.sheets`).
    """
    if not images:
        raise ProposalError(say("A body is proposed on an image; none was given."))
    images = list(images)[:_MOST_IMAGES]
    ct = images[0].unit == "HU"
    if ct:
        images = images[:1]
    grid = images[0].grid
    if grid.plane != "sagittal":
        raise ProposalError(
            say(
                "A body is proposed on sagittal slices; these are {plane}, on which the fit was too "
                "large. Choose a sagittal image, or outline the body by hand.",
                plane=grid.plane,
            )
        )
    top, bottom = (np.asarray(points, dtype=np.float64) for points in (body.top_lps, body.bottom_lps))
    if top.shape != (3, 3) or bottom.shape != (3, 3) or not (np.isfinite(top).all() and np.isfinite(bottom).all()):
        raise ProposalError(
            say("A body is proposed from its anterior, middle and posterior height; measure all three first.")
        )
    if not bool(grid.contains(np.concatenate([top, bottom]), margin_mm=0.0).all()):
        raise ProposalError(say("The heights of this body do not lie on the image that it shall be proposed on."))
    step = _Steps(progress)
    step(say("samples around the body"))
    space = body_space(grid, top, bottom)
    shell = 0.0 if ct else _SHELL_MM
    x, y, z = (axis for axis in np.meshgrid(space.x, space.y, space.z, indexing="ij"))
    raw = sample(images, *space.to_lps(x, y, z))
    expected = expected_endplates(space, shell)
    core, given, around = _first_regions(space, expected, x, y, z)
    step(say("marrow and its surroundings"))
    tissue = see_tissue(raw, core, _neighbours(images, space, neighbours), ct=ct)
    like = likeness(tissue, core | given, around)
    step("endplates")
    plates = find_endplates(space, tissue, expected, shell)
    step("walls")
    walls = find_walls(space, tissue, plates, like)
    for _ in range(_ROUNDS - 1):
        step(say("walls once more"))
        body_now, around = _regions(space, plates, walls, x, y, z)
        like = likeness(tissue, body_now | given, around & ~given)
        walls = find_walls(space, tissue, plates, like)
    step("slices")
    mask = voxels_within(images[0].grid, space, plates, walls)
    if not mask.any():
        raise ProposalError(say("No body was found between these heights; outline it by hand."))
    seen = _seen(images[0], space, plates, walls, mask)
    fading = _fading(mask)
    return BodyProposal(mask, seen, tuple(i for i, share in seen.items() if share < _POOR or i in fading))


class _Steps:
    """Reports each step."""

    def __init__(self, progress: Callable[[int, int, str], None] | None) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, _STEPS + _ROUNDS - 1, what)
        self._done += 1


def _first_regions(space: BodySpace, expected: tuple[F64, F64], x: F64, y: F64, z: F64) -> tuple[Mask, Mask, Mask]:
    """What surely is body amid the expected one, what the calipers enclose, and what lies around."""
    top, bottom = (sheet[:, :, None] for sheet in expected)
    amid = (np.abs(x) < 0.6 * space.half_width) & (y > -0.75 * space.front) & (y < 0.75 * space.back)
    core = amid & (z < top - 1) & (z > bottom + 1)
    if int(core.sum()) < 100:
        core = amid & (z < top) & (z > bottom)
    ends = (space.top[:, 1] + space.bottom[:, 1]) / 2
    given = (
        (np.abs(x) < 0.4 * space.half_width) & (y > ends[0] + 1) & (y < ends[2] - 1) & (z < top - 1) & (z > bottom + 1)
    )
    wide = (np.abs(x) < 0.92 * space.half_width) & (y > -1.05 * space.front) & (y < 1.05 * space.back)
    around = (np.abs(x) < 1.4 * space.half_width) & ~wide & (z < top - 0.5) & (z > bottom + 0.5)
    around &= (y <= 0.9 * space.back) | (np.abs(x) < 0.3 * space.half_width)
    return core, given, around


def _regions(space: BodySpace, plates: EndplateSheets, walls: Walls, x: F64, y: F64, z: F64) -> tuple[Mask, Mask]:
    """What lies inside and around the body as it was found."""
    top, bottom = plates.top[:, :, None], plates.bottom[:, :, None]
    level = (2 * z - top - bottom) / (top - bottom)
    distance = np.maximum(walls.outside(space, x, y, level), np.maximum(z - top, bottom - z))
    half_depth = (space.front + space.back) / 2
    pedicles = (y > walls.middle[1] + 0.3 * half_depth) & (np.abs(x - walls.middle[0]) > 0.3 * walls.half_width)
    pedicles &= level > -0.7
    around = (distance > 1.5) & (distance < 9.0) & ~pedicles & (z < top - 0.5) & (z > bottom + 0.5)
    return distance < -1.2, around


def _neighbours(images: Sequence[Volume], space: BodySpace, neighbours: Sequence[Endplates]) -> list[F64]:
    """Samples of the neighbouring bodies near their middle."""
    if not neighbours:
        return [np.empty(0) for _ in images]
    along, up = np.linspace(0.08, 0.92, 24), np.linspace(0.15, 0.85, 16)
    parts = []
    for one in neighbours:
        top, bottom = (np.asarray(points, dtype=np.float64) for points in (one.top_lps, one.bottom_lps))
        upper, lower = (
            np.stack([np.interp(along, (0.0, 0.5, 1.0), points[:, i]) for i in range(3)], axis=-1)
            for points in (top, bottom)
        )
        plane = lower[:, None] + (upper - lower)[:, None] * up[:, None]
        parts += [plane.reshape(-1, 3) + side * space.x_step * space.axes[0] for side in (-1.0, 0.0, 1.0)]
    points = np.concatenate(parts)
    return sample(images, points[:, 0], points[:, 1], points[:, 2])


def _fading(mask: Mask) -> set[int]:
    """Outermost slices that hold much less of the body than the slice beside them."""
    areas = mask.sum(axis=(1, 2))
    held = np.flatnonzero(areas).tolist()
    if len(held) < 3:
        return set(held)
    beside = ((held[0], held[1]), (held[-1], held[-2]))
    return {end for end, near in beside if areas[end] < _FADING * areas[near]}


def _seen(image: Volume, space: BodySpace, plates: EndplateSheets, walls: Walls, mask: Mask) -> dict[int, float]:
    """By slice, the share of the outline that lies on a visible edge."""
    middle = walls.middle[1]
    by_side = []
    for index in range(len(space.x)):
        reach = (middle - walls.front[index].mean(), middle + walls.back[index].mean())
        within = (space.y > reach[0]) & (space.y < reach[1])
        ends = float(plates.seen[index][within].mean()) if within.any() else 0.0
        by_side.append((2 * ends + float(walls.seen[index].mean())) / 3)
    found = {}
    for index in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
        rows, columns = np.nonzero(mask[index])
        x = space.from_lps(*image.grid.to_lps((columns.mean(), rows.mean(), index)))[0]
        found[index] = round(float(np.interp(float(x), space.x, by_side)), 3)
    return found
