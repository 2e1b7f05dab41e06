"""Refusing input that cannot be registered, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.registration.errors import (
    EmptyImageError,
    PointOutsideError,
    TooFewSlicesError,
    VertebraNotCoveredError,
)

__all__ = ["checked_ct", "checked_point", "usable_contrasts"]

#: Fewer slices give no volume to turn in.
MIN_SLICES = 3
#: A vertebra's cortex and posterior elements pass this even where its marrow does not.
_BONE_HU = 150.0
#: Within this radius of a vertebral body's centre there is bone; noise alone stays below this share.
_BONE_RADIUS_MM = 30.0
_BONE_SHARE = 0.0005
_BALL_STEP_MM = 1.5


def checked_point(point_lps: ArrayLike, name: str) -> NDArray[np.float64]:
    """A finite LPS point.

    Raises
    ------
    PointOutsideError
        If it is not three finite numbers.
    """
    point = np.asarray(point_lps, dtype=np.float64)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise PointOutsideError(
            say("The {name} point must be three finite numbers in mm (LPS); give X,Y,Z.", name=name)
        )
    return point


def checked_ct(ct: Volume, point: NDArray[np.float64]) -> float:
    """Check that the CT holds a vertebra's bone around its point.

    Returns
    -------
    float
        Share of the CT around the point that is as dense as bone.

    Raises
    ------
    RegistrationError
        One of its kinds, with the reason.
    """
    _checked_stack(ct, "CT")
    if not ct.grid.contains(point):
        raise PointOutsideError(_outside("CT", ct, point))
    near = _ball(ct, point, _BONE_RADIUS_MM)
    if near.size == 0 or float(near.max()) - float(near.min()) < 1.0:
        raise EmptyImageError(say("The CT holds nothing but one value around its point; load another series."))
    share = float((near > _BONE_HU).mean())
    if share < _BONE_SHARE:
        raise VertebraNotCoveredError(
            say(
                "Only {share:.1%} of the CT within {bone_radius_mm:.0f} mm of its point is denser than "
                "{bone_hu:.0f} HU: there is no vertebra there. Click the centre of the fractured body in "
                "the CT.",
                share=share,
                bone_radius_mm=_BONE_RADIUS_MM,
                bone_hu=_BONE_HU,
            )
        )
    return share


def usable_contrasts(mr: Mapping[str, Volume], point: NDArray[np.float64]) -> tuple[dict[str, Volume], list[str]]:
    """The contrasts that can take part, and why each other one cannot.

    Returns
    -------
    usable : dict of str to Volume
        At least one.
    left_out : list of str
        A sentence for each contrast that is not used.

    Raises
    ------
    RegistrationError
        If no contrast is usable; the kind and the sentence are those of the first.
    """
    if not mr:
        raise EmptyImageError(say("There is no MR image to register to; load a sagittal MR series."))
    usable: dict[str, Volume] = {}
    problems: list[PointOutsideError | TooFewSlicesError | EmptyImageError] = []
    for name in sorted(mr):
        try:
            _checked_mr(name, mr[name], point)
        except (PointOutsideError, TooFewSlicesError, EmptyImageError) as problem:
            problems.append(problem)
        else:
            usable[name] = mr[name]
    if not usable:
        raise problems[0]
    return usable, [str(problem) for problem in problems]


def _checked_mr(name: str, volume: Volume, point: NDArray[np.float64]) -> None:
    _checked_stack(volume, say("MR {name}", name=name))
    if not volume.grid.contains(point):
        raise PointOutsideError(_outside(say("MR {name}", name=name), volume, point))
    near = _ball(volume, point, 25.0)
    if near.size == 0 or not float(near.max()) > float(near.min()):
        raise EmptyImageError(say("The MR {name} is empty around its point; load another series.", name=name))


def _checked_stack(volume: Volume, what: str) -> None:
    slices = volume.grid.shape[0]
    if slices < MIN_SLICES or min(volume.grid.shape[1:]) < 8:
        raise TooFewSlicesError(
            say(
                "The {what} has {slices} of {rows} x {columns} pixels; at least {needed} slices of 8 x 8 are needed. "
                "Load the whole series.",
                what=what,
                slices=say("1 slice") if slices == 1 else say("{count} slices", count=slices),
                rows=volume.grid.shape[1],
                columns=volume.grid.shape[2],
                needed=MIN_SLICES,
            )
        )
    if not np.isfinite(volume.data).all():
        raise EmptyImageError(
            say("The {what} holds values that are not numbers; load the series again from its files.", what=what)
        )


def _outside(what: str, volume: Volume, point: NDArray[np.float64]) -> str:
    corners = volume.grid.corners_lps
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = " x ".join(f"[{a:.0f}, {b:.0f}]" for a, b in zip(low, high, strict=True))
    at = ", ".join(f"{value:.1f}" for value in point)
    return say(
        "The point ({at}) mm lies outside the {what}, which covers {box} mm (LPS); click inside it.",
        at=at,
        what=what,
        box=box,
    )


def _ball(volume: Volume, point: NDArray[np.float64], radius_mm: float) -> NDArray[np.float64]:
    """Measured values within a distance of a point, about every 1.5 mm."""
    shape = np.array(volume.grid.shape)
    middle = volume.grid.to_index(point)[::-1]
    reach = radius_mm / np.array(volume.grid.spacing_mm)
    low = np.clip(np.floor(middle - reach), 0, shape).astype(int)
    high = np.clip(np.ceil(middle + reach) + 1, 0, shape).astype(int)
    if (high <= low).any():
        return np.empty(0)
    # Every voxel of a fine matrix is more than is needed to see what is there.
    skip = np.maximum(np.floor(_BALL_STEP_MM / np.array(volume.grid.spacing_mm)), 1).astype(int)
    box = tuple(slice(int(a), int(b), int(s)) for a, b, s in zip(low, high, skip, strict=True))
    counts = tuple(len(range(*one.indices(size))) for one, size in zip(box, volume.grid.shape, strict=True))
    offset = np.indices(counts).reshape(3, -1) * skip[:, None] + low[:, None] - middle[:, None]
    step = volume.grid.affine_lps[:3, :3]
    shift = step[:, 2:] * offset[0] + step[:, 1:2] * offset[1] + step[:, :1] * offset[2]
    keep = (shift * shift).sum(axis=0) <= radius_mm**2
    if volume.padding is not None:
        keep &= ~volume.padding[box].ravel()
    return np.asarray(volume.data[box].ravel()[keep], dtype=np.float64)
