"""What a caller hands over, brought to the types of an action or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from napari_vcf.language import joined, say
from napari_vcf.reading import actions as act
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.records.base import Point

__all__ = ["lps_point", "mask_of", "refusing"]


def refusing(build: Callable[[], act.Action]) -> act.Action:
    """Build an action; what its model finds wrong becomes a refusal in a sentence."""
    try:
        return build()
    except ValidationError as error:
        parts = dict.fromkeys(_said(item["loc"], item["msg"]) for item in error.errors(include_url=False))
        raise RefusedActionError(say("Not accepted: {parts}", parts=joined("; ", parts))) from error


#: What pydantic says of these would be a pattern.
_EXPECTED = {
    "fractured": say("a level is written C1 to C7, T1 to T13 or L1 to L6"),
    "level": say("a level is written C1 to C7, T1 to T13 or L1 to L6"),
    "mr_level": say("a level is written C1 to C7, T1 to T13 or L1 to L6"),
    "ct_level": say("a level is written C1 to C7, T1 to T13 or L1 to L6"),
    "image": say("an image is named by its id, 32 hexadecimal digits"),
    "ct_image": say("an image is named by its id, 32 hexadecimal digits"),
    "mr_images": say("an image is named by its id, 32 hexadecimal digits"),
    "shown_on": say("an image is named by its id, 32 hexadecimal digits"),
    "value": say("an answer is a text or a whole number"),
}


def _said(place: tuple[int | str, ...], message: str) -> str:
    field = str(place[0]) if place else ""
    if field in _EXPECTED:
        return say("{field}: {expected}", field=field, expected=_EXPECTED[field])
    return f"{'.'.join(map(str, place))}: {message}"


def lps_point(values: ArrayLike) -> Point:
    """Three numbers, LPS mm."""
    try:
        x, y, z = np.asarray(values, dtype=np.float64).tolist()
    except (TypeError, ValueError):
        raise RefusedActionError(
            say("A point is three numbers in LPS mm, not {values}.", values=str(values)[:60])
        ) from None
    return x, y, z


def mask_of(values: ArrayLike, name: str, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """A mask of a given shape; whatever is neither 0 nor 1 is refused, not guessed."""
    mask = np.asarray(values)
    if mask.shape != shape:
        raise RefusedActionError(
            say(
                "A {name} mask of shape {shape} does not fit the image ({expected}).",
                name=name,
                shape=mask.shape,
                expected=shape,
            )
        )
    if mask.dtype == np.bool_:
        return mask
    inside = mask == 1
    if not (inside | (mask == 0)).all():
        raise RefusedActionError(
            say("A {name} mask holds True and False, or 1 and 0; this one has other values.", name=name)
        )
    return np.asarray(inside, dtype=np.bool_)
