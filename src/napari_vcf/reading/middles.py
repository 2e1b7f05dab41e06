"""Middle heights that are proposed from the corners of a body, and what the record holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom import Role
from napari_vcf.language import said, say
from napari_vcf.measure import CORNERS_METHOD, MeasureError, MiddleHeight, check_corners, edge_finder, middle_height
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import Case
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import Caliper, CaliperEnd, FromCorners, ReadingState, StageState
from napari_vcf.records.base import Point, Stage

__all__ = [
    "ProposedMiddle",
    "accepted_middle",
    "check_walls",
    "computed_middle",
    "corners_of",
    "proposed_middle",
    "with_its_middle",
]

Corners = tuple[Point, Point, Point, Point]
#: Points that are so many slices apart are not on one; less is how a slice of another plane crosses them.
_SAME_SLICE = 0.75


@dataclass(frozen=True, slots=True)
class ProposedMiddle:
    """A middle height before the reader.

    Attributes
    ----------
    level : str
        Whose it is.
    image : str
        The image on which the walls were measured.
    shown_on : str or None
        The image over which it was shown.
    corners_lps : tuple of tuple of float
        Upper and lower corner of the anterior wall, then of the posterior one, LPS mm.
    start_lps, end_lps : tuple of float
        Its upper and its lower end, LPS mm.
    fitted : tuple of {"start", "end"}
        Ends on an edge of the image. The others lie straight between the corners: no edge was clear there, or the
        protocol allows none to be looked for.
    """

    level: str
    image: str
    shown_on: str | None
    corners_lps: Corners
    start_lps: Point
    end_lps: Point
    fitted: tuple[CaliperEnd, ...]

    def caliper(
        self, *, start_lps: Point | None = None, end_lps: Point | None = None, snapped: tuple[CaliperEnd, ...] = ()
    ) -> Caliper:
        """The caliper of the record, with the ends that the reader moved; ``snapped`` are those of them on an edge."""
        moved = {"start": start_lps, "end": end_lps}
        kept = tuple(end for end in self.fitted if moved[end] is None)
        return Caliper(
            level=self.level,
            position="middle",
            image=self.image,
            shown_on=self.shown_on,
            start_lps=self.start_lps if start_lps is None else start_lps,
            end_lps=self.end_lps if end_lps is None else end_lps,
            snapped=tuple(end for end in ("start", "end") if end in kept or end in snapped),
            origin="proposed" if len(kept) == 2 else "corrected",
            proposed_from=FromCorners(corners_lps=self.corners_lps, method=CORNERS_METHOD, kept=kept),
        )


def corners_of(stage: StageState, level: str) -> tuple[Caliper, Corners] | None:
    """A wall of a body and its four corners, the upper of each wall first; None where not both are on one image."""
    front, back = stage.caliper(level, "anterior"), stage.caliper(level, "posterior")
    if front is None or back is None or (front.image, front.shown_on) != (back.image, back.shown_on):
        return None
    return front, (*_upper_first(front), *_upper_first(back))


def _upper_first(wall: Caliper) -> tuple[Point, Point]:
    # A script may begin a caliper at either endplate; the upper one is the one nearer to the head.
    upper, lower = sorted((wall.start_lps, wall.end_lps), key=lambda point: -point[2])
    return upper, lower


def with_its_middle(action: act.Action, state: ReadingState) -> act.Action:
    """A change as it is made now: a wall that moves or goes takes the middle height with it that was accepted from it.

    Such a height lies where the wall's corners were, and would be measured in another vertebra if they were put on one
    by mistake. One of which the reader put an end elsewhere stays: it is his own.

    Parameters
    ----------
    action : Action
        Any change.
    state : ReadingState
        Before it.
    """
    wall: Caliper | None = None
    if isinstance(action, act.PlaceCaliper):
        wall = action.caliper
        level, position = wall.level, wall.position
    elif isinstance(action, act.RemoveCaliper):
        level, position = action.level, action.position
    else:
        return action
    middle = state.stages[action.stage].caliper(level, "middle")
    goes = False
    if position != "middle" and middle is not None and middle.origin == "proposed":
        assert middle.proposed_from is not None
        corners = middle.proposed_from.corners_lps
        its_own = corners[:2] if position == "anterior" else corners[2:]
        goes = wall is None or wall.image != middle.image or _upper_first(wall) != its_own
    return action if goes == action.without_middle else action.model_copy(update={"without_middle": goes})


def check_walls(walls: tuple[Caliper, Caliper], case: Case) -> None:
    """Refuse the anterior and the posterior wall of a body whose corners were set and are not those of one body."""
    front, back = walls
    if front.image != back.image:
        return
    corners = (front.start_lps, front.end_lps, back.start_lps, back.end_lps)
    try:
        check_corners(corners[:2], corners[2:])
        _check_slice(corners, front.image, case)
    except MeasureError as error:
        raise RefusedActionError(
            say("These are no corners of {level}. {reason}", level=front.level, reason=said(error))
        ) from error


def proposed_middle(
    state: ReadingState, stage: Stage, level: str, protocol: Protocol, case: Case
) -> ProposedMiddle | None:
    """Propose the middle height of a body.

    Parameters
    ----------
    state : ReadingState
        With its walls in this stage.
    stage : {"ct", "mri", "combined"}
        Where.
    level : str
        The body.
    protocol : Protocol
        Whether ends may be drawn to an edge; else both lie straight between the corners.
    case : Case
        The images.

    Returns
    -------
    ProposedMiddle or None
        None where a wall is missing, they were measured on different images, or the middle height is there already or
        waits as one that was carried from another stage.

    Raises
    ------
    RefusedActionError
        If the walls are not those of one body on one slice.
    """
    part = state.stages[stage]
    found = corners_of(part, level)
    carried = any((c.level, c.position) == (level, "middle") for draft in part.drafts for c in draft.calipers)
    if found is None or carried or part.caliper(level, "middle") is not None:
        return None
    wall, corners = found
    try:
        _check_slice(corners, wall.image, case)
        middle = _middle(corners, wall.image, case, fit=protocol.snapping)
    except MeasureError as error:
        raise RefusedActionError(
            say("No middle height is proposed for {level}. {reason}", level=level, reason=said(error))
        ) from error
    ends: tuple[CaliperEnd, CaliperEnd] = ("start", "end")
    return ProposedMiddle(
        level=level,
        image=wall.image,
        shown_on=wall.shown_on,
        corners_lps=corners,
        start_lps=_point(middle.upper),
        end_lps=_point(middle.lower),
        fitted=tuple(end for end, is_so in zip(ends, middle.fitted, strict=True) if is_so),
    )


def accepted_middle(state: ReadingState, stage: Stage, level: str, protocol: Protocol, case: Case) -> Caliper:
    """A proposed middle height as it is accepted; refused where there is none, or an end lies on no edge."""
    proposal = proposed_middle(state, stage, level, protocol, case)
    if proposal is None:
        raise RefusedActionError(say("No middle height is proposed for {level}.", level=level))
    if len(proposal.fitted) < 2:
        raise RefusedActionError(
            say(
                "An end of the middle height of {level} lies straight between the corners, where no edge was clear: "
                "put it on the endplate by hand.",
                level=level,
            )
        )
    return proposal.caliper()


def computed_middle(caliper: Caliper, case: Case) -> MiddleHeight | None:
    """What was proposed, computed again; None where it was not, or by another version of the method.

    Raises what reading the image and proposing raise.
    """
    source = caliper.proposed_from
    if source is None or source.method != CORNERS_METHOD:
        return None
    return _middle(source.corners_lps, caliper.image, case, fit=True)


def _check_slice(corners: Corners, image: str, case: Case) -> None:
    """Refuse corners on several slices of a sagittal image: four points of two slices may lie on one plane as well."""
    grid = case.image(image).series.grid
    if grid.plane == "sagittal" and np.ptp(grid.to_index(np.array(corners))[:, 2]) > _SAME_SLICE:
        raise MeasureError(say("The four corners do not lie on one slice."))


def _middle(corners: Corners, image: str, case: Case, *, fit: bool) -> MiddleHeight:
    front, back = corners[:2], corners[2:]
    if not fit:
        return middle_height(front, back)
    is_ct = case.image(image).series.role is Role.CT
    return middle_height(front, back, edge_finder(case.volume(image), is_ct=is_ct))


def _point(values: NDArray[np.float64]) -> Point:
    return cast(Point, tuple(float(value) for value in values))
