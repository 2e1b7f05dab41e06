"""Words about the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["found_columns"]

_OTHERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def found_columns(header: Sequence[str]) -> str:
    """Say which columns a table has, and what seems to separate them if not commas.

    Parameters
    ----------
    header : sequence of str
        Names as read with commas between them.

    Returns
    -------
    str
        A sentence or two; what comes before it ends in a semicolon.
    """
    names = ", ".join(f"'{name}'" for name in header) or "none"
    for character, word in _OTHERS.items():
        if any(character in name for name in header):
            return f"found {names}. Its columns are separated by {word}; commas are expected."
    return f"found {names}."
