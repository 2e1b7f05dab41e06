"""Errors of the agreement analysis."""

from __future__ import annotations

from collections.abc import Sequence

from napari_vcf.errors import NapariVcfError

__all__ = ["AgreementError", "MixedReadingsError", "OutputError", "StatisticError", "TableError"]

#: Differences printed in a message; the error object holds all of them.
_SHOWN = 20


class AgreementError(NapariVcfError):
    """The agreement analysis cannot be done as asked."""


class StatisticError(AgreementError, ValueError):
    """Arguments that a statistic cannot take: wrong shapes, or numbers that are not finite."""


class OutputError(AgreementError):
    """The results could not be written."""


class TableError(AgreementError):
    """Something in an input table is refused.

    Parameters
    ----------
    place : str
        File, and line where there is one.
    problem : str
        What is wrong there, and the way out.

    Attributes
    ----------
    place : str
        Where.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place


class MixedReadingsError(AgreementError):
    """Readings that must not be analysed together.

    Parameters
    ----------
    differences : sequence of str
        Every difference, one sentence each.

    Attributes
    ----------
    differences : tuple of str
        The same.
    """

    def __init__(self, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        shown = [f"  - {text}" for text in self.differences[:_SHOWN]]
        if len(self.differences) > _SHOWN:
            shown.append(f"  - and {len(self.differences) - _SHOWN} more")
        super().__init__(
            "The readings cannot be analysed together:\n"
            + "\n".join(shown)
            + "\nMake them alike, or ask for what differs to be analysed apart (--apart)."
        )
