"""Grades of a fraction: which class it falls into, and how far it is from the nearest cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from napari_vcf.language import say
from napari_vcf.measure.errors import MeasureError

__all__ = ["Graded", "grade_fraction", "parse_ratio"]


@dataclass(frozen=True, slots=True)
class Graded:
    """A class on an ordered scale.

    Attributes
    ----------
    index : int
        Position of the class, 0 for the lowest.
    nearest_cut : str
        The cut nearest to the value, as the protocol writes it, such as ``"1/3"``.
    distance_to_cut : float
        Value minus nearest cut: negative below it. In the unit of the value (a fraction of 1).
    borderline : bool
        Whether the value is so near to the cut that another reading may well grade it otherwise.
    """

    index: int
    nearest_cut: str
    distance_to_cut: float
    borderline: bool


def parse_ratio(text: str) -> Fraction:
    """Read an exact ratio such as ``"1/3"``.

    Raises
    ------
    MeasureError
        If the text is no ratio of two whole numbers between 0 and 1.
    """
    try:
        ratio = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise MeasureError(say("'{text}' is not a ratio; write it as '1/3'.", text=text)) from None
    if not 0 < ratio < 1:
        raise MeasureError(say("The cut {text} does not lie between 0 and 1.", text=text))
    return ratio


def grade_fraction(
    value: Fraction | float,
    cuts: Sequence[str],
    *,
    cut_belongs_to: Sequence[str],
    borderline_within: float,
    tie_tolerance: float = 0.0,
) -> Graded:
    """Put a fraction into its class.

    Parameters
    ----------
    value : Fraction or float
        The fraction; a `Fraction` is compared exactly.
    cuts : sequence of str
        Growing ratios between the classes.
    cut_belongs_to : sequence of {"above", "below"}
        For each cut, the class into which a value exactly on it falls.
    borderline_within : float
        Distance to a cut up to which the class is called borderline.
    tie_tolerance : float
        Distance up to which a value counts as lying exactly on a cut; for values with rounding in them.

    Returns
    -------
    Graded
    """
    ratios = [parse_ratio(cut) for cut in cuts]
    if sorted(set(ratios)) != ratios:
        raise MeasureError(say("The cuts {cuts} do not grow.", cuts=", ".join(cuts)))
    exact = Fraction(value)
    index = 0
    for ratio, side in zip(ratios, cut_belongs_to, strict=True):
        on_cut = abs(exact - ratio) <= Fraction(tie_tolerance)
        if (on_cut and side == "above") or (not on_cut and exact > ratio):
            index += 1
    nearest = min(range(len(ratios)), key=lambda i: abs(exact - ratios[i]))
    distance = float(exact - ratios[nearest])
    return Graded(index, cuts[nearest], distance, abs(distance) <= borderline_within)
