"""Reasons that go into the record, checked before anything rests on them."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.state import Reason

__all__ = ["checked_reason"]

_REASON: Final = TypeAdapter[str](Reason)


def checked_reason(text: str, ask: str, refusal: type[NapariVcfError] = RefusedActionError) -> str:
    """The reason without blanks around it.

    Parameters
    ----------
    text : str
        What was given.
    ask : str
        The demand for it, as a sentence without its full stop.
    refusal : type
        What is raised.

    Raises
    ------
    NapariVcfError
        If it is too short to be one, or too long.
    """
    try:
        return _REASON.validate_python(text)
    except ValidationError as error:
        raise refusal(say("{ask}, in 3 to 500 characters.", ask=ask)) from error
