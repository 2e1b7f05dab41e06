"""Which images share a patient space, and what brings one space onto another.

Images share a space where they state the same frame of reference. CT and MRI keep spaces of their own even then, since
the patient moves between the two; a registration that the reader accepted joins them at a vertebra. MR images of
different frames are joined by what the reader says of them, or by a fit that the reader accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.state import FrameJoin, Registration, Spine

__all__ = ["HasFrameJoins", "between", "joins_of", "registration_at", "same_space", "space_names"]

_ANATOMY = (Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS)

Key = tuple[bool, str | None]


class HasFrameJoins(Protocol):
    """What says how MR images of different frames lie to each other: a reading's state, or a reader's drawing."""

    @property
    def frame_joins(self) -> tuple[FrameJoin, ...]:
        """What was said, or fitted and accepted."""


def _key(image: CaseImage) -> Key:
    return image.series.role is Role.CT, image.series.frame_of_reference_uid


def same_space(one: CaseImage, other: CaseImage) -> bool:
    """Whether two images were taken in one patient space."""
    return _key(one) == _key(other)


def space_names(images: Mapping[str, CaseImage]) -> dict[str, str]:
    """Name of the patient space of each image.

    Parameters
    ----------
    images : mapping of str to CaseImage
        The case's images.

    Returns
    -------
    dict of str to str
        ``"ct"`` and ``"mr"`` for the frames that most (of MRI, most anatomical) images share, ``"mr-2"`` and so on for
        the others, in the order of the images.
    """
    anatomy = Counter(_key(image) for image in images.values() if image.series.role in (Role.CT, *_ANATOMY))
    every = Counter(_key(image) for image in images.values())
    names: dict[Key, str] = {}
    for prefix, is_ct in (("ct", True), ("mr", False)):
        keys = [key for key in dict.fromkeys(_key(image) for image in images.values()) if key[0] is is_ct]
        keys.sort(key=lambda key: (-anatomy[key], -every[key]))
        names |= {key: prefix if number == 1 else f"{prefix}-{number}" for number, key in enumerate(keys, start=1)}
    return {name: names[_key(image)] for name, image in images.items()}


def registration_at(level: str, spine: Spine | None, registrations: Mapping[str, Registration]) -> Registration | None:
    """The registration that joins CT to MR at a vertebra: its own, or else that of the fractured one."""
    return registrations.get(level) or (registrations.get(spine.fractured) if spine is not None else None)


def joins_of(state: HasFrameJoins, registration: Registration | None) -> list[tuple[str, str, RigidTransform]]:
    """What brings one space onto another: an image of the first, an image of the second, and the motion between them.

    Parameters
    ----------
    state : HasFrameJoins
        With what was said of frames.
    registration : Registration or None
        What joins CT to MR, where that is to count.
    """
    found = [(join.image, join.to_image, _motion(join)) for join in state.frame_joins]
    if registration is not None and registration.ct_to_mr is not None and registration.mr_images:
        motion = RigidTransform(np.array(registration.ct_to_mr))
        found.append((registration.ct_image, registration.mr_images[0], motion))
    return found


def _motion(join: FrameJoin) -> RigidTransform:
    return RigidTransform(np.array(join.motion))


def between(
    source: CaseImage,
    target: CaseImage,
    images: Mapping[str, CaseImage],
    state: HasFrameJoins,
    registration: Registration | None = None,
) -> RigidTransform | None:
    """The motion from one image's patient LPS mm to another's.

    Parameters
    ----------
    source, target : CaseImage
        The images.
    images : mapping of str to CaseImage
        The case's images.
    state : HasFrameJoins
        With what was said of frames.
    registration : Registration, optional
        What joins CT to MR, where that is to count.

    Returns
    -------
    RigidTransform or None
        The identity within one space; None where nothing joins the two.
    """
    edges: dict[Key, list[tuple[Key, RigidTransform]]] = {}
    for first, second, motion in joins_of(state, registration):
        if first in images and second in images:
            one, two = _key(images[first]), _key(images[second])
            edges.setdefault(one, []).append((two, motion))
            edges.setdefault(two, []).append((one, motion.inverse()))
    goal = _key(target)
    reached = {_key(source): RigidTransform.identity()}
    waiting = [_key(source)]
    while waiting:
        here = waiting.pop(0)
        if here == goal:
            return reached[here]
        for there, motion in edges.get(here, ()):
            if there not in reached:
                reached[there] = motion @ reached[here]
                waiting.append(there)
    return None
