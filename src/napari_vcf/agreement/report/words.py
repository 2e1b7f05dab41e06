"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from napari_vcf.agreement.document import Row
from napari_vcf.agreement.names import PLACEMENTS

__all__ = [
    "MINUS",
    "coefficient",
    "difference_words",
    "interval",
    "measure",
    "number",
    "p_value",
    "percent",
    "repeat_words",
    "strength",
]

MINUS = "\u2212"
#: The paper's words for kappa, from the top.
_STRENGTH = ((0.8, "excellent"), (0.6, "high"), (0.4, "moderate"), (0.2, "general"), (0.0, "poor"))


def number(value: float | None, digits: int = 3) -> str:
    """A number with a fixed count of decimals and a real minus sign; a dash where there is none."""
    if value is None:
        return "\u2013"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def measure(value: float | None) -> str:
    """A measurement with about four significant digits."""
    if value is None:
        return "\u2013"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3
    return number(value, digits)


def interval(row: Row, digits: int = 2, *, measured: bool = False) -> str:
    """The interval of a row in brackets; empty where there is none."""
    if row.ci_low is None or row.ci_high is None:
        return ""
    write = measure if measured else (lambda value: number(value, digits))
    return f"({write(row.ci_low)} to {write(row.ci_high)})"


def coefficient(row: Row | None, digits: int = 2, *, break_line: bool = False) -> str:
    """A coefficient with its interval, in one line or (for a narrow cell) in two."""
    if row is None or row.value is None:
        return "\u2013"
    return f"{number(row.value, digits)}{chr(10) if break_line else ' '}{interval(row, digits)}".strip()


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage."""
    return "\u2013" if value is None else f"{100 * value:.{digits}f} %"


def p_value(value: float | None) -> str:
    """P as journals print it."""
    if value is None:
        return "\u2013"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def strength(value: float | None) -> str:
    """The paper's word for a kappa; empty below 0 and where there is none."""
    if value is None:
        return ""
    return next((word for least, word in _STRENGTH if value >= least), "below chance")


def repeat_words(repeat: str) -> str:
    """Which readings of one reader are compared, in words."""
    if repeat == PLACEMENTS:
        return "placements in one reading"
    first, _, second = repeat.partition("_vs_")
    return f"reading {first} and reading {second}"


def difference_words(readers: Sequence[str], repeat: str) -> str:
    """Who is subtracted from whom, in words."""
    if len(readers) > 1:
        return " \u2212 ".join(readers)
    first, _, second = repeat.partition("_vs_")
    return f"{readers[0]}, reading {first} \u2212 reading {second}"
