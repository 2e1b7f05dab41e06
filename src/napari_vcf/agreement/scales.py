"""What kind of variable an item is, and so which statistics suit it.

Items and values come from the form; the grades that are measured bring the values of their grading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.reading.findings import ITEMS, NOT_ASSESSABLE, item_of_table

__all__ = [
    "MEASUREMENTS",
    "PATHOLOGY",
    "PLACEMENT",
    "Kind",
    "Scale",
    "continuous_scale",
    "form_order",
    "is_measurement",
    "of_body",
    "of_middles",
    "oriented_confidence",
    "scale_of",
]

#: A placement of a region, as the tidy table names it: ``adc_lesion_1``, ``adc_lesion_2``, ...
PLACEMENT = re.compile(r"^(?P<region>adc_(?:lesion|normal))_(?P<number>[1-9][0-9]*)(?P<unit>_um2_per_s)?$")

#: Between an item and how the body that it rests on began.
_OF_BODY, _OF_MIDDLES = "__body_", "__middles_"

Kind = Literal["binary", "nominal", "ordinal", "continuous"]

#: Answers of the reference standard.
PATHOLOGY = ("benign", "malignant")

#: Sizes between which a measurement lies that is not zero. None in any unit comes near them, and the fourth powers,
#: which intervals need, stay numbers.
_SMALLEST, _LARGEST = 1e-60, 1e60
MEASUREMENTS = f"0, or {_SMALLEST:g} to {_LARGEST:g} in size"


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of an item.

    Attributes
    ----------
    item : str
        Name of the item.
    label : str
        Name for people.
    values : tuple of str
        Answers in their order; empty for a continuous item.
    kind : {"binary", "nominal", "ordinal", "continuous"}
        Two answers, several without an order, several in an order, or numbers.
    """

    item: str
    label: str
    values: tuple[str, ...]
    kind: Kind

    def categories(self, *, not_assessable: bool) -> tuple[str, ...]:
        """Answers, with "not assessable" at the end where it was used."""
        return (*self.values, NOT_ASSESSABLE) if not_assessable else self.values


def is_measurement(numbers: ArrayLike) -> NDArray[np.bool_]:
    """Whether numbers are finite and of a size that can be reckoned with: `MEASUREMENTS` in words."""
    sizes = np.abs(np.asarray(numbers, dtype=np.float64))
    return np.asarray((sizes == 0) | ((sizes >= _SMALLEST) & (sizes <= _LARGEST)))


def oriented_confidence(answer: NDArray[np.float64], positive: str) -> NDArray[np.float64]:
    """Confidence 1 to 5 from its category number, turned so that more means more likely positive."""
    score = answer + 1
    return score if positive == "malignant" else 6 - score


def continuous_scale(item: str) -> Scale:
    """Scale of an item of numbers, labelled by its name."""
    return Scale(
        item, item.replace("_um2_per_s", " [um2/s]").replace("_mm", " [mm]").replace("_", " "), (), "continuous"
    )


def of_body(item: str, kind: str) -> str:
    """Name of an item where only bodies of a kind are taken, ``"proposed"`` or ``"by_hand"``."""
    return f"{item}{_OF_BODY}{kind}"


def of_middles(item: str, kind: str) -> str:
    """Name of an item where only heights of a kind are taken: middle ones ``"proposed"``, or all ``"by_hand"``."""
    return f"{item}{_OF_MIDDLES}{kind}"


def _apart(item: str) -> tuple[str, str]:
    """An item without what tells of which kind it is, and that in words."""
    for mark, what in ((_OF_BODY, "body"), (_OF_MIDDLES, "middle heights")):
        base, found, kind = item.partition(mark)
        if found:
            return base, f"{what} {kind.replace('_', ' ')}"
    return item, ""


@cache
def scale_of(item: str) -> Scale:
    """Scale of an item by its name.

    Parameters
    ----------
    item : str
        Name of the item.

    Returns
    -------
    Scale
        That of the form; an item that the form does not know is continuous.
    """
    base, kind = _apart(item)
    if kind:
        whole = scale_of(base)
        return replace(whole, item=item, label=f"{whole.label}, {kind}")
    known = item_of_table(item)
    # Confidences are whole numbers in the record and text in a table.
    values = tuple(map(str, known.outcomes)) if known is not None else ()
    if known is None or not values:
        return continuous_scale(item)
    _, _, form = item.partition("@")
    label = f"{known.label} (form {form})" if form else known.label
    if known.ordered:
        return Scale(item, label, values, "ordinal")
    return Scale(item, label, values, "binary" if len(values) == 2 else "nominal")


def form_order(item: str) -> tuple[int, str]:
    """Where an item stands: items of the form in its order, then all others by name."""
    keys = list(ITEMS)
    key = _apart(item)[0].partition("@")[0]
    return (keys.index(key) if key in ITEMS else len(keys), item)
