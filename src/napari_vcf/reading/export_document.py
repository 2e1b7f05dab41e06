"""The models of the exported JSON document: what an analysis script reads.

The document names no patient: series are called by salted hashes, and it holds no identifier, date of birth,
institution, device, original UID or file path.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from napari_vcf.measure import Degree, ExtentGrade, Position, ReferenceRule
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.masks import GridRecord
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import (
    Answer,
    Continued,
    FrameJoin,
    ImageCorrection,
    Masks,
    PlacedCaliper,
    PlacedRoi,
    Reason,
    Registration,
    Sha256,
    Spine,
    StageState,
)
from napari_vcf.records.base import Finite, FrozenModel, ImageId, Level, Point, Pseudonym, Stage, Timestamp

__all__ = [
    "SCHEMA_ID",
    "SCHEMA_VERSION",
    "AdcExport",
    "AmendmentExport",
    "CaliperExport",
    "ConsensusExport",
    "ExtentExport",
    "HeightLossExport",
    "PlacementsExport",
    "PositionLossExport",
    "ReadingExport",
    "RoiExport",
    "RoiStatisticsExport",
    "SealExport",
    "SeriesExport",
    "SettledExport",
    "StageExport",
    "json_schema",
]

#: Literal types below spell these out once more, because a type cannot take a variable; a test holds them together.
SCHEMA_ID = "napari-vcf/reading"
SCHEMA_VERSION = "2.4.0"


def _as_written(text: str) -> str:
    if text != INTENDED_USE:
        raise ValueError(f"the sentence reads: {INTENDED_USE}")
    return text


class SeriesExport(FrozenModel):
    """One image of the case."""

    image: ImageId
    label: str
    role: str
    role_evidence: str
    role_corrected_by_reader: bool
    modality: str
    space: str | None = Field(
        default=None,
        description="patient space; images that share it are of one modality and frame of reference",
    )
    grid: GridRecord
    spacing_mm: tuple[Finite, Finite, Finite] = Field(description="(slice, row, column) spacing in mm")
    b_values_s_per_mm2: tuple[Finite, ...] = Field(description="b-values of its volumes, where it has any")
    unit: str | None
    unit_evidence: str
    unit_answer: str | None = Field(description="unit in which the reader said the ADC map is stored")
    b_values_answer: tuple[Finite, ...] | None = Field(
        default=None, description="b-values (s/mm2) that the reader gave for the volumes, in their order"
    )
    corrections: tuple[str, ...]
    measurable: bool
    not_measurable_reason: str

    @property
    def correction(self) -> ImageCorrection | None:
        """What the reader said of the image; None where that is nothing."""
        said = ImageCorrection(
            role=self.role if self.role_corrected_by_reader else None,
            adc_unit=self.unit_answer,
            b_values=self.b_values_answer,
        )
        return None if said == ImageCorrection() else said


class CaliperExport(PlacedCaliper):
    """A caliper with its length."""

    mm: Finite


class PositionLossExport(FrozenModel):
    """Loss at one position; loss is a fraction of 1."""

    position: Position
    height_mm: Finite
    reference_mm: Finite
    loss: Finite


class HeightLossExport(FrozenModel):
    """Loss by one definition of the reference height."""

    rule: ReferenceRule
    graded: bool = Field(description="whether this is the protocol's definition")
    losses: tuple[PositionLossExport, ...]
    graded_loss: Finite | None
    graded_position: Position | None
    degree: Degree | None
    nearest_cut: str | None
    distance_to_cut: Finite | None
    borderline: bool | None
    reason: str
    note: str


class ExtentExport(FrozenModel):
    """Extent of the lesion; fractions of 1, volumes in cm3."""

    body_voxels: int
    lesion_voxels: int
    body_cm3: Finite
    lesion_cm3: Finite
    fraction: Finite
    grade: ExtentGrade
    rule: str
    nearest_cut: str
    distance_to_cut: Finite
    borderline: bool
    entire: bool
    mid_slice: int
    mid_slice_fraction: Finite | None
    body_slices: tuple[int, ...]
    slices_proposed: tuple[int, ...] = Field(description="body slices accepted as the program proposed them")
    slices_corrected: tuple[int, ...] = Field(description="body slices begun with a proposal and changed by hand")
    slices_drawn: tuple[int, ...] = Field(description="body slices drawn by hand")
    slices_label_map: tuple[int, ...] = Field(
        default=(), description="body slices accepted as a label map of another program has them"
    )


class RoiStatisticsExport(FrozenModel):
    """ADC within one rectangle, um2/s; coverage-weighted unless named otherwise."""

    mean_um2_per_s: Finite
    sd_um2_per_s: Finite
    min_um2_per_s: Finite
    max_um2_per_s: Finite
    area_mm2: Finite
    n_voxels: int
    effective_n: Finite
    center_mean_um2_per_s: Finite | None
    center_n: int
    slice_index: int


class RoiExport(PlacedRoi):
    """An ROI with its size, angle, plane and statistics."""

    long_mm: Finite
    short_mm: Finite
    angle_deg: Finite
    endplate_deviation_deg: Finite | None = Field(
        default=None,
        description="angle of the long side to the endplates of its vertebra, 0 to 90; null without calipers there",
    )
    plane_normal: Point
    corners_lps: tuple[Point, Point, Point, Point]
    statistics: RoiStatisticsExport


class PlacementsExport(FrozenModel):
    """Summary of the placements in one tissue."""

    n: int
    mean_um2_per_s: Finite
    sd_um2_per_s: Finite | None
    within_cv: Finite | None
    center_spread_mm: Finite


class AdcExport(FrozenModel):
    """ADC summaries; None as long as a placement is missing."""

    lesion: PlacementsExport | None
    normal: PlacementsExport | None
    ratio: Finite | None

    @property
    def reason(self) -> str:
        """Why a mean is lacking; the document says so among what is missing."""
        return ""


class StageExport(FrozenModel):
    """Everything of one stage: what the reader did, and what follows from it."""

    complete: bool
    missing: tuple[Issue, ...]
    conflicts: tuple[Issue, ...]
    warnings: tuple[Issue, ...]
    references: dict[Level, Literal["intact", "not_intact", "not_in_view"]]
    calipers: tuple[CaliperExport, ...]
    height_losses: tuple[HeightLossExport, ...]
    masks: Masks | None
    extent: ExtentExport | None
    rois: tuple[RoiExport, ...]
    adc: AdcExport
    findings: dict[str, Answer] = Field(description="items answered by the reader, the verdict and confidence included")
    unanswered: tuple[str, ...] = Field(description="items that are asked and that have neither answer nor value")
    not_asked: tuple[Issue, ...] = Field(
        default=(), description="items of the protocol that were not asked in this case, with the reason"
    )
    carried_from: dict[Stage, Sha256] = Field(
        default_factory=dict,
        description="seals of the reader's own stages of which drawings were carried to this one; what has no "
        "'carried' was drawn in this stage",
    )

    @property
    def height_loss(self) -> HeightLossExport | None:
        """The loss by the protocol's definition of the reference height."""
        return next((loss for loss in self.height_losses if loss.graded), None)

    def state(self) -> StageState:
        """The reader's part, without what follows from it."""
        return StageState(
            calipers=tuple(
                PlacedCaliper(**c.model_dump(include=set(PlacedCaliper.model_fields))) for c in self.calipers
            ),
            references=self.references,
            masks=self.masks,
            rois=tuple(PlacedRoi(**r.model_dump(include=set(PlacedRoi.model_fields))) for r in self.rois),
            answers=self.findings,
            carried_from=self.carried_from,
        )


class AmendmentExport(FrozenModel):
    """Which sealed version a later one amends, and why."""

    version: int = Field(ge=1, description="the version that is amended; it stays as it is")
    sha256: Sha256
    reason: Reason
    sealed_by_then: tuple[Stage, ...] = Field(description="stages of the case that the reader had signed by then")


class SealExport(FrozenModel):
    """What was signed, and when; closes a document."""

    version: int = Field(ge=1, description="1 for the first signature, more for amendments")
    amends: AmendmentExport | None = None
    position: int = Field(ge=1, description="place of this stage in the reader's order of reading")
    sealed_at: Timestamp
    active_s: Annotated[Finite, Field(ge=0, description="seconds at work, pauses left out")]
    idle_s: Annotated[Finite, Field(ge=0, description="seconds of pauses while the stage was open")]
    days_since_previous_stage: Finite | None = Field(
        default=None, description="since the reader last signed anything of this case"
    )
    journal_sha256: Sha256 = Field(description="end of the hash chain over every change")
    sha256: Sha256 | Literal[""] = Field(
        description="SHA-256 of the document in canonical JSON (keys sorted, no spaces, ASCII), this field empty"
    )


class SettledExport(FrozenModel):
    """One item on which the readers differed."""

    values: dict[Pseudonym, Answer] = Field(description="what each reader had signed")
    settled: Answer
    why: Reason


class ConsensusExport(FrozenModel):
    """Which readings were settled, by whom, and how."""

    readings: dict[Pseudonym, Sha256] = Field(description="seal of each reading, by reader")
    present: tuple[Pseudonym, ...]
    settled: dict[str, SettledExport]


class ReadingExport(FrozenModel):
    """One reading as a JSON document."""

    schema_id: Literal["napari-vcf/reading"] = "napari-vcf/reading"
    schema_version: Literal["2.4.0"] = "2.4.0"
    intended_use: Annotated[str, AfterValidator(_as_written)] = Field(
        default=INTENDED_USE, json_schema_extra={"const": INTENDED_USE}
    )
    software: dict[str, str]
    study: Pseudonym
    case: Pseudonym
    reader: Pseudonym
    kind: Literal["reading", "consensus"] = Field(
        default="reading", description="consensus: settled between readers who had all signed before"
    )
    status: Literal["draft", "sealed"] = Field(
        default="draft", description="draft: not signed; sealed: signed, and closed since"
    )
    version: int = Field(default=1, ge=1, description="2 and more where it goes on from an earlier document")
    continues: Continued | None = Field(default=None, description="the document that it goes on from")
    occasion: int = Field(default=1, ge=1, description="2 where the reader reads the same stage of the case again")
    complete: bool
    protocol: Protocol
    protocol_sha256: str
    salt: str = Field(description="with which series identities were hashed")
    spine: Spine | None
    series: tuple[SeriesExport, ...]
    registrations: dict[Level, Registration]
    frame_joins: tuple[FrameJoin, ...] = Field(default=(), description="what brings one MR space onto another")
    stages: dict[Stage, StageExport]
    started_at: Timestamp
    exported_at: Timestamp
    actions: int = Field(ge=0, description="number of changes made, undone ones included")
    consensus: ConsensusExport | None = Field(default=None, description="how it was settled; only in a consensus")
    seal: SealExport | None = Field(default=None, description="only in a sealed document")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.seal is not None) != (self.status == "sealed"):
            raise ValueError("a sealed document carries a seal, and no other does")
        if (self.consensus is not None) != (self.kind == "consensus"):
            raise ValueError("a consensus says how it was settled, and no other document does")
        return self


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the exported document.

    Returns
    -------
    dict
        The same as the file that is kept with the documentation.
    """
    schema = ReadingExport.model_json_schema(mode="serialization")
    _close(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{SCHEMA_ID}/{SCHEMA_VERSION}", **schema}


def _close(schema: Any) -> None:
    """Refuse keys that do not follow their pattern, as the models do; pydantic only names the pattern."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)
