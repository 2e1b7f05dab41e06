"""A vertebral body proposed from the calipers of a stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom import Role
from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.measure import POSITIONS
from napari_vcf.proposal import BodyProposal as Found
from napari_vcf.proposal import Endplates, propose_body
from napari_vcf.reading.case import MR_ROLES, Case, CaseImage
from napari_vcf.reading.completeness import hidden_of
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.masks import MaskRecord, encode_mask
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import adjacent_levels
from napari_vcf.reading.spaces import between, registration_at, same_space
from napari_vcf.reading.stage_images import is_open
from napari_vcf.reading.state import BodyEnds, ProposedBody, ReadingState
from napari_vcf.records.base import Point, Stage

__all__ = [
    "METHOD",
    "BodyRequest",
    "body_request",
    "check_allowed",
    "computed_again",
    "proposed_from",
]

#: Method of the proposal and its version: a proposal of another one cannot be computed again.
METHOD: Final = "sheets 5"

#: Images that help with the one that is painted on, in this order; one of each.
_HELPING = (Role.T2, Role.T1, Role.T2FS, Role.T1FS, Role.T1C, Role.T1FSC)
_MOST_HELPING = 2


@dataclass(frozen=True, slots=True)
class BodyRequest:
    """What a body is proposed from.

    Attributes
    ----------
    image : str
        The image that is painted on.
    helping : tuple of str
        Other images of the same examination and frame.
    ends : BodyEnds
        Heights of the fractured vertebra.
    neighbours : tuple of BodyEnds
        Heights of the vertebrae above and below, where they were measured.
    """

    image: str
    helping: tuple[str, ...]
    ends: BodyEnds
    neighbours: tuple[BodyEnds, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """All of its images, the one that is painted on first."""
        return (self.image, *self.helping)


def check_allowed(state: ReadingState, stage: Stage, protocol: Protocol) -> None:
    """Refuse a proposal that the protocol does not allow, or that would come before the estimate by eye."""
    if not protocol.body_proposal:
        raise RefusedActionError(say("The study's protocol does not allow a body to be proposed."))
    if "lesion_extent" in hidden_of(state, stage, protocol):
        raise RefusedActionError(say("Give your own estimate of the extent first; a body is proposed after it."))
    if any(draft.body_open for draft in state.stages[stage].drafts):
        raise RefusedActionError(say("A body was carried and waits: confirm or delete it before one is proposed."))


def body_request(state: ReadingState, stage: Stage, image: str, protocol: Protocol, case: Case) -> BodyRequest:
    """Gather what a body is proposed from.

    Parameters
    ----------
    state : ReadingState
        With the heights of the fractured vertebra in this stage.
    stage : {"mri", "combined"}
        Where it is proposed.
    image : str
        The image that is painted on.
    protocol : Protocol
        Whether it is allowed.
    case : Case
        The images.

    Returns
    -------
    BodyRequest

    Raises
    ------
    RefusedActionError
        If it is not allowed, a height is missing, or the heights were measured where nothing joins them to the image.
    """
    check_allowed(state, stage, protocol)
    painted = case.image(image)
    if painted.series.role not in MR_ROLES:
        raise RefusedActionError(say("The extent of the lesion is painted on MRI."))
    if state.spine is None:
        raise RefusedActionError(say("Name the fractured vertebra first."))
    ends = _ends(state, stage, state.spine.fractured, painted, case)
    if ends is None:
        raise RefusedActionError(
            say(
                "Measure the anterior, the middle and the posterior height of {fractured} first: the "
                "body is proposed from them.",
                fractured=state.spine.fractured,
            )
        )
    near = (_ends(state, stage, level, painted, case) for level in adjacent_levels(state.spine) if level is not None)
    return BodyRequest(
        image, _helping(stage, painted, ends, case), ends, tuple(found for found in near if found is not None)
    )


def _ends(state: ReadingState, stage: Stage, level: str, painted: CaseImage, case: Case) -> BodyEnds | None:
    """Ends of the three heights of a vertebra, LPS mm of the painted image; None where one of them is missing."""
    calipers = [state.stages[stage].caliper(level, position) for position in POSITIONS]
    top, bottom = [], []
    for caliper in calipers:
        if caliper is None:
            return None
        registration = registration_at(level, state.spine, state.registrations)
        accepted = registration if registration is not None and registration.acceptance == "accepted" else None
        motion = between(case.image(caliper.image), painted, case.images, state, accepted)
        if motion is None:
            raise RefusedActionError(
                say(
                    "The heights of {level} were measured on {label}, which nothing joins to "
                    "{painted_label}. Measure them on {painted_label}, or join the two.",
                    level=level,
                    label=case.image(caliper.image).label,
                    painted_label=painted.label,
                )
            )
        top.append(_point(motion.apply(np.array(caliper.start_lps))))
        bottom.append(_point(motion.apply(np.array(caliper.end_lps))))
    three = tuple[Point, Point, Point]
    return BodyEnds(top_lps=cast(three, tuple(top)), bottom_lps=cast(three, tuple(bottom)))


def _point(values: NDArray[np.float64]) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _helping(stage: Stage, painted: CaseImage, ends: BodyEnds, case: Case) -> tuple[str, ...]:
    """One image of each contrast in the space of the painted one, of the station that holds the vertebra."""
    points = np.array([*ends.top_lps, *ends.bottom_lps])
    found = []
    for role in _HELPING:
        if role is painted.series.role or not is_open(stage, role):
            continue
        images = (i for i in case.with_role(role) if i.series.measurable and same_space(i, painted))
        sagittal = (image for image in images if image.series.grid.plane == "sagittal")
        found += [image.id for image in sagittal if image.series.grid.contains(points).all()][:1]
    return tuple(found[:_MOST_HELPING])


def proposed_from(
    request: BodyRequest, volumes: list[Volume], *, progress: Callable[[int, int, str], None] | None = None
) -> ProposedBody:
    """Propose a body.

    Parameters
    ----------
    request : BodyRequest
        What it is proposed from.
    volumes : list of Volume
        Those of ``request.images``, in their order.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    ProposedBody

    Raises
    ------
    ProposalError
        If no body is found from there.
    """
    found = _found(volumes, request.ends, request.neighbours, progress)
    return ProposedBody(
        images=request.images,
        ends=request.ends,
        neighbours=request.neighbours,
        method=METHOD,
        mask=encode_mask(found.mask),
        poor=found.poor,
    )


def computed_again(proposed: ProposedBody, case: Case) -> MaskRecord:
    """The mask of a proposal, computed again from what is written of it; raises what reading and proposing raise."""
    volumes = [case.volume(image) for image in proposed.images]
    return encode_mask(_found(volumes, proposed.ends, proposed.neighbours).mask)


def _found(
    volumes: list[Volume],
    ends: BodyEnds,
    neighbours: tuple[BodyEnds, ...],
    progress: Callable[[int, int, str], None] | None = None,
) -> Found:
    body, *near = (Endplates(each.top_lps, each.bottom_lps) for each in (ends, *neighbours))
    return propose_body(volumes, body, neighbours=near, progress=progress)
