"""What an export says of middle heights that were proposed from corners, computed again."""

from __future__ import annotations

from typing import Final

import numpy as np

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.case import Case
from napari_vcf.reading.middles import computed_middle
from napari_vcf.reading.state import Caliper
from napari_vcf.reading.statement_checks import Statement

__all__ = ["middle_statements"]

#: The last digits of a sum may differ from one processor to the next.
_ROUNDING_MM: Final = 1e-6


def middle_statements(place: str, caliper: Caliper, case: Case) -> list[Statement]:
    """Check that the ends of a height which are said to be as proposed are so.

    Parameters
    ----------
    place : str
        Of the caliper within the document.
    caliper : Caliper
        What is said of it.
    case : Case
        The images, straight from the files.

    Returns
    -------
    list of Statement
        Empty where nothing was proposed or kept, or by another version of the method, which cannot be computed again.
    """
    source = caliper.proposed_from
    if source is None or not source.kept:
        return []
    try:
        again = computed_middle(caliper, case)
    except NapariVcfError as error:
        return [Statement(f"{place}.proposed_from", "proposed", str(error), holds=False)]
    if again is None:
        return []
    statements = []
    for end, said, found, fitted in (
        ("start", caliper.start_lps, again.upper, again.fitted[0]),
        ("end", caliper.end_lps, again.lower, again.fitted[1]),
    ):
        if end in source.kept:
            near = float(np.abs(np.subtract(said, found)).max()) <= _ROUNDING_MM
            what = [round(float(value), 4) for value in found] if fitted else "no edge"
            statements.append(Statement(f"{place}.{end}_lps", list(said), what, holds=fitted and near))
    return statements
