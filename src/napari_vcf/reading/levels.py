"""Names of the vertebral levels, from head to foot."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from napari_vcf.language import say
from napari_vcf.reading.errors import RefusedActionError

__all__ = ["LEVELS", "REGULAR_LEVELS", "level_above", "level_below", "not_renamed", "recounted"]

#: The usual 24 presacral levels.
REGULAR_LEVELS = (
    *(f"C{i}" for i in range(1, 8)),
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
)
#: With the two supernumerary levels that a reader may name.
LEVELS = (*REGULAR_LEVELS[:19], "T13", *REGULAR_LEVELS[19:], "L6")


def level_above(level: str, *, has_t13: bool = False) -> str | None:
    """Name of the next vertebra towards the head; None above C1.

    Parameters
    ----------
    level : str
        A level's name.
    has_t13 : bool
        Whether this patient has a thirteenth thoracic vertebra.
    """
    return _neighbour(level, -1, has_t13)


def level_below(level: str, *, has_t13: bool = False, has_l6: bool = False) -> str | None:
    """Name of the next vertebra towards the feet; None where the sacrum follows.

    Parameters
    ----------
    level : str
        A level's name.
    has_t13, has_l6 : bool
        Whether this patient may have a thirteenth thoracic or a sixth lumbar vertebra.
    """
    below = _neighbour(level, 1, has_t13)
    return None if below == "L6" and not has_l6 else below


@cache
def _neighbour(level: str, step: int, has_t13: bool) -> str | None:
    if level not in LEVELS:
        raise RefusedActionError(
            say("'{level}' is not a vertebral level; levels are C1 to C7, T1 to T13 and L1 to L6.", level=level)
        )
    order = [name for name in LEVELS if name != "T13" or has_t13 or level == "T13"]
    index = order.index(level) + step
    return order[index] if 0 <= index < len(order) else None


def recounted(
    levels: Iterable[str], fractured: str, corrected: str, *, has_t13: tuple[bool, bool], has_l6: tuple[bool, bool]
) -> dict[str, str]:
    """New names of vertebrae once the fractured one turns out to have been miscounted: all move by as many places.

    Parameters
    ----------
    levels : iterable of str
        Names to be moved.
    fractured, corrected : str
        What the fractured vertebra was called, and what it is called now.
    has_t13, has_l6 : tuple of two bool
        Whether this patient was, and is, counted with a thirteenth thoracic or a sixth lumbar vertebra.

    Returns
    -------
    dict of str to str
        The new name of each.

    Raises
    ------
    RefusedActionError
        If one of them would lie beyond the end of the column.
    """
    names = (fractured, *levels)
    before = _column(has_t13[0] or "T13" in names, has_l6[0] or "L6" in names)
    after = _column(has_t13[1] or corrected == "T13", has_l6[1] or corrected == "L6")
    step = after.index(corrected) - before.index(fractured)
    found = {}
    for level in dict.fromkeys(names):
        index = before.index(level) + step
        if not 0 <= index < len(after):
            end = "head" if index < 0 else "sacrum"
            raise RefusedActionError(
                say(
                    "If {fractured} is {corrected}, what was measured on {level} lies beyond the {end}. "
                    "Count once more.",
                    fractured=fractured,
                    corrected=corrected,
                    level=level,
                    end=end,
                )
            )
        found[level] = after[index]
    return found


def _column(has_t13: bool, has_l6: bool) -> tuple[str, ...]:
    return tuple(name for name in LEVELS if (name != "T13" or has_t13) and (name != "L6" or has_l6))


def not_renamed(what: str) -> RefusedActionError:
    """The refusal to give the fractured vertebra another name over what there is of the one it has."""
    return RefusedActionError(
        say(
            "There are already {what}. Remove them before naming another fractured vertebra, or, if "
            "it was miscounted, correct all levels at once.",
            what=what,
        )
    )
