"""Building blocks of every model in a record: strict, frozen, finite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, StringConstraints

__all__ = [
    "REMOVED",
    "STAGES",
    "Affine",
    "AnswerValue",
    "Finite",
    "FrozenModel",
    "ImageId",
    "Level",
    "Point",
    "Pseudonym",
    "Stage",
    "Timestamp",
    "utc_now",
]


class FrozenModel(BaseModel):
    """A model that cannot be changed, takes no unknown key and no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    return value.astimezone(UTC)


Finite = Annotated[float, Field(allow_inf_nan=False)]
#: Strict, because True is not an answer of 1.
AnswerValue = StrictStr | StrictInt
Point = tuple[Finite, Finite, Finite]
Row = tuple[Finite, Finite, Finite, Finite]
Affine = tuple[Row, Row, Row, Row]
Timestamp = Annotated[datetime, AfterValidator(_utc)]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
#: A series is named by the salted hash of its identity.
ImageId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
#: Stands in a sentence where identity was taken out.
REMOVED = "[removed]"
Stage = Literal["ct", "mri", "combined"]
STAGES: tuple[Stage, ...] = ("ct", "mri", "combined")
Level = Annotated[str, StringConstraints(pattern=r"^(C[1-7]|T([1-9]|1[0-3])|L[1-6])$")]


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)
