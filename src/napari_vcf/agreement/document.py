"""The document of an analysis: every number of it, and what it rests on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_vcf.agreement.names import STATISTICS, Analysis, Statistic
from napari_vcf.notice import INTENDED_USE

__all__ = [
    "SCHEMA_ID",
    "SCHEMA_VERSION",
    "STATISTICS",
    "AgreementDocument",
    "Analysis",
    "CalibrationPoint",
    "CrossTable",
    "Description",
    "FlowStep",
    "GrrasItem",
    "Hypothesis",
    "LeftOut",
    "LogisticModel",
    "ModelTerm",
    "Roc",
    "Row",
    "Settings",
    "Statistic",
    "json_schema",
]

#: Literal types below spell these out once more, because a type cannot take a variable; a test holds them together.
SCHEMA_ID = "napari-vcf/agreement"
SCHEMA_VERSION = "1.2.0"

Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]

_PART = "what sets the readings apart that were analysed, one of 'parts'; empty where all were analysed together"
_REPEAT = "within a reader: two readings as '1_vs_2', or 'placements' for those in one reading; empty elsewhere"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Row(_Model):
    """One statistic with its interval, or the words why there is none."""

    analysis: Analysis
    item: str
    stage: str | None = Field(
        description="ct, mri or combined; 'ct_vs_mri' and so on where stages are compared; null for a baseline"
    )
    readers: tuple[str, ...]
    statistic: Statistic
    value: Finite | None = Field(description="shares run from 0 to 1; null where the data do not define the statistic")
    ci_low: Finite | None
    ci_high: Finite | None
    level: Finite | None = Field(description="confidence level of the interval; null where there is none")
    n: Count = Field(description="cases that entered (the denominator of a proportion)")
    method: str
    note: str
    part: str = Field(default="", description=_PART)
    repeat: str = Field(default="", description=_REPEAT)


class CrossTable(_Model):
    """Counts of one variable against another."""

    analysis: Analysis
    item: str
    stage: str | None
    readers: tuple[str, ...]
    rows: tuple[str, ...] = Field(description="categories of the first reader, of the verdict, or of the item")
    columns: tuple[str, ...] = Field(description="categories of the second reader, of pathology, or of the groups")
    counts: tuple[tuple[Count, ...], ...]
    part: str = Field(default="", description=_PART)
    repeat: str = Field(default="", description=_REPEAT)


class Description(_Model):
    """Mean and standard deviation of a measurement in one group of cases."""

    item: str
    stage: str | None
    readers: tuple[str, ...]
    group: str
    n: Count
    mean: Finite | None
    sd: Finite | None
    part: str = Field(default="", description=_PART)


class Roc(_Model):
    """Points of an empirical ROC curve."""

    item: str
    stage: str
    readers: tuple[str, ...]
    positive: str
    positives: Count
    negatives: Count
    thresholds: tuple[Finite, ...] = Field(description="confidence from which a case counts as positive")
    true_positives: tuple[Count, ...]
    false_positives: tuple[Count, ...]
    part: str = Field(default="", description=_PART)


class LeftOut(_Model):
    """Cases that did not enter an analysis, and why."""

    analysis: Analysis
    item: str
    stage: str | None
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    reason: str
    part: str = Field(default="", description=_PART)
    repeat: str = Field(default="", description=_REPEAT)


class Hypothesis(_Model):
    """One P value among all of the report, with Holm's correction."""

    analysis: Analysis
    item: str
    stage: str | None
    readers: tuple[str, ...]
    statistic: Statistic
    family: str = Field(description="tests that answer one question together")
    p: Finite
    holm_family: Finite = Field(description="adjusted among its family")
    holm_report: Finite = Field(description="adjusted among all tests of the report")
    part: str = Field(default="", description=_PART)


class ModelTerm(_Model):
    """One term of a logistic model."""

    term: str
    coefficient: Finite
    standard_error: Finite
    p: Finite


class CalibrationPoint(_Model):
    """Cases of like predicted risk."""

    n: Count
    predicted: Finite
    observed: Finite


class LogisticModel(_Model):
    """A logistic model of signs: what it holds and how well its risks fit."""

    stage: str
    readers: tuple[str, ...]
    positive: str
    signs: tuple[str, ...]
    cases: Count
    events: Count
    terms: tuple[ModelTerm, ...]
    calibration: tuple[CalibrationPoint, ...]
    part: str = Field(default="", description=_PART)


class FlowStep(_Model):
    """A step of the flow of cases."""

    step: str
    cases: Count
    note: str


class GrrasItem(_Model):
    """One item of a reporting guideline, with what the readings record of it."""

    item: str
    text: str


class Settings(_Model):
    """How the analysis was asked for."""

    positive: Literal["benign", "malignant"]
    level: Finite
    seed: int
    bootstrap: Count
    proportions: Literal["clopper-pearson", "wilson"]
    intervals: Literal["closed", "transformed", "bootstrap"]
    apart: bool
    covariance: Literal["jackknife", "delong"] = Field(
        default="jackknife", description="how the figures of readers and stages vary together over the cases"
    )
    margin: Finite | None = Field(default=None, description="margin of non-inferiority; null where none was asked for")
    model: tuple[str, ...] = Field(default=(), description="signs of the logistic model, chosen beforehand")


class AgreementDocument(_Model):
    """Everything that an analysis found."""

    schema_id: Literal["napari-vcf/agreement"] = "napari-vcf/agreement"
    schema_version: Literal["1.2.0"] = "1.2.0"
    intended_use: str = Field(default=INTENDED_USE, json_schema_extra={"const": INTENDED_USE})
    software: dict[str, str]
    settings: Settings
    sources: tuple[str, ...]
    reference: str | None
    cases: Count
    readers: tuple[str, ...]
    stages: tuple[str, ...]
    units: dict[str, str] = Field(description="unit of each measurement that has one, by item")
    remarks: tuple[str, ...] = Field(description="what a reader of the results must know, in sentences")
    left_out: tuple[LeftOut, ...]
    grras: tuple[GrrasItem, ...]
    rows: tuple[Row, ...]
    cross_tables: tuple[CrossTable, ...]
    descriptions: tuple[Description, ...]
    roc: tuple[Roc, ...]
    hypotheses: tuple[Hypothesis, ...] = Field(default=(), description="every test, corrected for there being several")
    models: tuple[LogisticModel, ...] = ()
    flow: tuple[FlowStep, ...] = Field(default=(), description="cases from the first to the last analysis (STARD)")
    claim: tuple[GrrasItem, ...] = Field(default=(), description="CLAIM and STARD items, as the record fills them")
    qarel: tuple[GrrasItem, ...] = Field(default=(), description="QAREL items, as the record answers them")
    methods: tuple[str, ...] = Field(default=(), description="sentences on method, to be quoted")
    parts: tuple[str, ...] = Field(
        default=(),
        description="what sets each part apart that was analysed by itself; empty where all were analysed together",
    )

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels under which there may be numbers: none for what concerns all readings, and those of the parts."""
        return tuple(dict.fromkeys(("", *self.parts)))

    def name_of(self, label: str) -> str:
        """A part's short name, "part 1" and so on; empty for what concerns all readings."""
        return f"part {[name for name in self.labels if name].index(label) + 1}" if label else ""

    def of_part(self, label: str) -> AgreementDocument:
        """Return the document with the numbers of one part alone."""
        fields = ("rows", "cross_tables", "descriptions", "roc", "left_out", "hypotheses", "models")
        return self.model_copy(
            update={name: tuple(one for one in getattr(self, name) if one.part == label) for name in fields}
        )


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``agreement.json``.

    Returns
    -------
    dict
        The same as the file that is kept with the documentation.
    """
    schema = AgreementDocument.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{SCHEMA_ID}/{SCHEMA_VERSION}", **schema}
