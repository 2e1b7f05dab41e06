"""Data frames in and out, for scripts."""

from __future__ import annotations

import pandas as pd

from napari_vcf.agreement.document import AgreementDocument, Row
from napari_vcf.agreement.input.builder import ReadingsBuilder
from napari_vcf.agreement.input.files import add_frame
from napari_vcf.agreement.input.readings import Readings

__all__ = ["readings_from_frame", "rows_frame"]


def readings_from_frame(frame: pd.DataFrame, *, name: str = "the table") -> Readings:
    """Take a tidy data frame, such as `napari_vcf.readings_frame` returns.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``case``, ``reader``, ``stage``, ``item``, ``value`` and perhaps ``unit`` and ``occasion``.
    name : str
        What to call it in messages.

    Returns
    -------
    Readings

    Raises
    ------
    TableError
        At a missing column, an unknown value or a doubled answer, with its row.
    """
    builder = ReadingsBuilder()
    add_frame(builder, frame, name=name)
    return builder.build()


def rows_frame(document: AgreementDocument) -> pd.DataFrame:
    """Rows of an analysis as a data frame.

    Parameters
    ----------
    document : AgreementDocument
        The document.

    Returns
    -------
    pandas.DataFrame
        One row for each statistic; ``readers`` is a tuple.
    """
    return pd.DataFrame([row.model_dump() for row in document.rows], columns=list(Row.model_fields))
