"""Names of the vertebral levels, from head to foot."""

from __future__ import annotations

from napari_vcf.reading.errors import RefusedActionError

__all__ = ["LEVELS", "REGULAR_LEVELS", "level_above", "level_below"]

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


def _neighbour(level: str, step: int, has_t13: bool) -> str | None:
    if level not in LEVELS:
        raise RefusedActionError(f"'{level}' is not a vertebral level; levels are C1 to C7, T1 to T13 and L1 to L6.")
    order = [name for name in LEVELS if name != "T13" or has_t13 or level == "T13"]
    index = order.index(level) + step
    return order[index] if 0 <= index < len(order) else None
