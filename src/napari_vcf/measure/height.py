"""Height loss of a compressed vertebra by six-point morphometry.

``loss = 1 - height / reference height`` at the anterior, middle and posterior position of a mid-sagittal plane; the
largest is graded. Degrees follow Zhao et al.: I below 1/3, II from 1/3 to 2/3, III above 2/3; both cuts belong to II.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from napari_vcf.language import Sentence, joined, say
from napari_vcf.measure.cuts import DEGREE_BORDERLINE_WITHIN, DEGREE_CUTS, POSTERIOR_CRUSHED_FROM
from napari_vcf.measure.errors import MeasureError
from napari_vcf.measure.grading import grade_fraction, parse_ratio

__all__ = [
    "LOSS_TIE_TOLERANCE",
    "POSITIONS",
    "REFERENCE_RULES",
    "Degree",
    "HeightLoss",
    "Heights",
    "Position",
    "PositionLoss",
    "ReferenceRule",
    "ReferenceVertebra",
    "VertebraStatus",
    "height_loss",
]

Position = Literal["anterior", "middle", "posterior"]
Degree = Literal["I", "II", "III"]
ReferenceRule = Literal["mean_adjacent", "above", "below", "own_posterior"]
VertebraStatus = Literal["intact", "not_intact", "not_in_view"]
POSITIONS: tuple[Position, ...] = get_args(Position)
REFERENCE_RULES: tuple[ReferenceRule, ...] = get_args(ReferenceRule)
_DEGREES: tuple[Degree, ...] = get_args(Degree)

#: A loss this near to a cut lies on it: heights come from square roots, and a picometre must not decide a degree.
LOSS_TIE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of one vertebral body in mm; None where not measured.

    Raises
    ------
    MeasureError
        If a height is not a positive number.
    """

    anterior: float | None = None
    middle: float | None = None
    posterior: float | None = None

    def __post_init__(self) -> None:
        for position in POSITIONS:
            height = self.at(position)
            if height is not None and not 0 < height < float("inf"):
                raise MeasureError(
                    say("A {position} height of {height} mm is not a height.", position=position, height=height)
                )

    def at(self, position: Position) -> float | None:
        """Height at a position, mm."""
        height: float | None = getattr(self, position)
        return height


@dataclass(frozen=True, slots=True)
class ReferenceVertebra:
    """An adjacent vertebra: its heights, and whether the reader called it intact (None: not said)."""

    heights: Heights
    status: VertebraStatus | None = None


@dataclass(frozen=True, slots=True)
class PositionLoss:
    """Loss at one position.

    Attributes
    ----------
    height_mm, reference_mm : float
        Height of the fractured vertebra and of its reference, mm.
    loss : float
        ``1 - height / reference``, as a fraction of 1; negative where the fractured body is taller.
    """

    position: Position
    height_mm: float
    reference_mm: float
    loss: float


@dataclass(frozen=True, slots=True)
class HeightLoss:
    """Loss by one definition of the reference height.

    Attributes
    ----------
    rule : str
        The definition.
    losses : tuple of PositionLoss
        What could be computed, in the order anterior, middle, posterior.
    graded_loss : float or None
        The largest loss; None as long as something is missing.
    graded_position : str or None
        Where it is.
    degree : {"I", "II", "III"} or None
        Its class.
    nearest_cut, distance_to_cut, borderline
        See `napari_vcf.measure.Graded`; None as long as there is no degree.
    reason : str
        Why there is no degree, in a sentence; empty if there is one.
    note : str
        What a user of the number must know; often empty.
    """

    rule: ReferenceRule
    losses: tuple[PositionLoss, ...]
    graded_loss: float | None = None
    graded_position: Position | None = None
    degree: Degree | None = None
    nearest_cut: str | None = None
    distance_to_cut: float | None = None
    borderline: bool | None = None
    reason: str = ""
    note: str = ""


def height_loss(
    fractured: Heights,
    above: ReferenceVertebra,
    below: ReferenceVertebra,
    *,
    rule: ReferenceRule,
    cuts: Sequence[str] = DEGREE_CUTS,
    borderline_within: float = DEGREE_BORDERLINE_WITHIN,
    posterior_crushed_from: str = POSTERIOR_CRUSHED_FROM,
) -> HeightLoss:
    """Compute the loss by one definition of the reference height.

    Parameters
    ----------
    fractured : Heights
        Heights of the fractured vertebra, mm.
    above, below : ReferenceVertebra
        Its neighbours.
    rule : {"mean_adjacent", "above", "below", "own_posterior"}
        ``mean_adjacent`` takes the mean of both neighbours at each position, or one of them where the reader says that
        the other is not intact or not in view; ``own_posterior`` takes the fractured vertebra's own posterior height.
    cuts : sequence of two str
        Exact ratios between the degrees.
    borderline_within : float
        See `napari_vcf.measure.grade_fraction`.
    posterior_crushed_from : str
        Posterior loss against an intact neighbour from which ``own_posterior`` is refused.

    Returns
    -------
    HeightLoss
        With a reason instead of a degree where one cannot be given. A degree needs every position: the largest loss is
        not known while one is missing.
    """
    if rule == "own_posterior":
        references, reason, note = _own_posterior(fractured, above, below, posterior_crushed_from)
    else:
        references, reason = _adjacent(above, below, rule)
        note = ""
    losses = []
    missing = []
    for position in _graded_positions(rule):
        height, reference = fractured.at(position), references.at(position)
        if height is None:
            missing.append(say("{position} height of the fractured vertebra", position=Sentence(position)))
        if reference is None and not reason:
            missing.append(say("{position} reference height", position=Sentence(position)))
        if height is not None and reference is not None:
            losses.append(PositionLoss(position, height, reference, 1.0 - height / reference))
    if missing and not reason:
        reason = say("Not measured: {missing}.", missing=joined(", ", missing))
    if reason:
        return HeightLoss(rule, tuple(losses), reason=reason, note=note)
    worst = max(losses, key=lambda item: item.loss)
    graded = grade_fraction(
        worst.loss,
        cuts,
        cut_belongs_to=("above", "below"),
        borderline_within=borderline_within,
        tie_tolerance=LOSS_TIE_TOLERANCE,
    )
    return HeightLoss(
        rule,
        tuple(losses),
        worst.loss,
        worst.position,
        _DEGREES[graded.index],
        graded.nearest_cut,
        graded.distance_to_cut,
        graded.borderline,
        note=note,
    )


def _graded_positions(rule: ReferenceRule) -> tuple[Position, ...]:
    # Against itself the posterior wall has lost nothing.
    return ("anterior", "middle") if rule == "own_posterior" else POSITIONS


def _adjacent(above: ReferenceVertebra, below: ReferenceVertebra, rule: ReferenceRule) -> tuple[Heights, str]:
    wanted = {"mean_adjacent": {"above": above, "below": below}, "above": {"above": above}, "below": {"below": below}}
    candidates = wanted[rule]
    unsaid = [name for name, vertebra in candidates.items() if vertebra.status is None]
    if len(unsaid) == 1:
        return Heights(), say("Not said whether the vertebra {unsaid} is intact.", unsaid=unsaid[0])
    if unsaid:
        return Heights(), say("Not said whether the vertebrae above and below are intact.")
    used = [vertebra.heights for vertebra in candidates.values() if vertebra.status == "intact"]
    if not used:
        return Heights(), say(
            "No intact reference vertebra ({candidates}).", candidates=joined(say(" or "), candidates)
        )
    means: list[float | None] = []
    for position in POSITIONS:
        heights = [vertebra.at(position) for vertebra in used]
        known = [height for height in heights if height is not None]
        means.append(sum(known) / len(known) if len(known) == len(used) else None)
    return Heights(*means), ""


def _own_posterior(
    fractured: Heights, above: ReferenceVertebra, below: ReferenceVertebra, crushed_from: str
) -> tuple[Heights, str, str]:
    own = fractured.posterior
    if own is None:
        return Heights(), say("Not measured: posterior height of the fractured vertebra."), ""
    neighbours = [
        vertebra.heights.posterior
        for vertebra in (above, below)
        if vertebra.status == "intact" and vertebra.heights.posterior is not None
    ]
    references = Heights(own, own, own)
    if not neighbours:
        return references, "", say("The posterior wall could not be checked against an intact neighbour.")
    loss = 1.0 - own / (sum(neighbours) / len(neighbours))
    if loss >= float(parse_ratio(crushed_from)) - LOSS_TIE_TOLERANCE:
        reason = say(
            "The posterior wall itself has lost {loss:.0f} % against its intact neighbours (limit "
            "{crushed_from}); it cannot serve as its own reference.",
            loss=100 * loss,
            crushed_from=crushed_from,
        )
        return Heights(), reason, ""
    return references, "", ""
