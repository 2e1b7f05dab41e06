"""Cells of CSV files that no spreadsheet takes for a formula."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["plain"]

_Value = TypeVar("_Value")
_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def plain(value: _Value) -> _Value | str:
    """A cell's value, with an apostrophe before text that a spreadsheet would run as a formula.

    Parameters
    ----------
    value : object
        Numbers stay as they are, in text too.

    Returns
    -------
    object
        The same, or the text with the mark by which spreadsheets tell text from formulas (CWE-1236).
    """
    if not isinstance(value, str) or not value.startswith(_BEGINS):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
