"""The state of a reading: what the reader did, and nothing that can be computed from it."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from napari_vcf.language import Sentence
from napari_vcf.measure import Position, ReferenceTissue, Side, VertebraStatus
from napari_vcf.reading.label_records import LabelSource
from napari_vcf.reading.masks import GridRecord, MaskRecord
from napari_vcf.records.base import (
    STAGES,
    Affine,
    AnswerValue,
    Finite,
    FrozenModel,
    ImageId,
    Level,
    Point,
    Stage,
    Timestamp,
)
from napari_vcf.registration import LEVEL_OPEN

__all__ = [
    "Answer",
    "BodyEnds",
    "BodyProposal",
    "Caliper",
    "CaliperEnd",
    "CaliperOrigin",
    "Carried",
    "CarriedDraft",
    "Continued",
    "FrameJoin",
    "FromCorners",
    "ImageCorrection",
    "Landmark",
    "LesionThreshold",
    "LevelCount",
    "Masks",
    "PlacedCaliper",
    "PlacedRoi",
    "ProposedBody",
    "ReadingState",
    "Reason",
    "Registration",
    "Roi",
    "SliceIndex",
    "Spine",
    "StageState",
    "Tissue",
]

Tissue = Literal["lesion", "normal"]
CaliperEnd = Literal["start", "end"]
CaliperOrigin = Literal["drawn", "corners", "proposed", "corrected"]
#: Where a count of the levels begins.
Landmark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
SliceIndex = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class Carried(FrozenModel):
    """Where something that was not drawn in this stage comes from, and whether it is still as it was signed there.

    Attributes
    ----------
    stage : str
        The reader's own signed stage.
    geometry : {"unchanged", "changed"}
        Whether it is, to the bit, as it was signed, or was changed since.
    """

    stage: Stage
    geometry: Literal["unchanged", "changed"]


class Spine(FrozenModel):
    """Which vertebra is fractured, and how this patient's vertebrae are counted."""

    fractured: Level
    has_t13: bool = False
    has_l6: bool = False


class FromCorners(FrozenModel):
    """What a middle height was proposed from.

    Attributes
    ----------
    corners_lps : tuple of tuple of float
        Upper and lower corner of the anterior wall, then of the posterior one, LPS mm.
    method : str
        Method and its version.
    kept : tuple of {"start", "end"}
        Ends that are as they were proposed; the reader put the others elsewhere.
    """

    corners_lps: tuple[Point, Point, Point, Point]
    method: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    kept: tuple[CaliperEnd, ...] = ()


class Caliper(FrozenModel):
    """One height: two points in the patient LPS millimetres of the image on which it was measured.

    Attributes
    ----------
    level, position
        Which height it is.
    image : str
        The image whose edges were measured; the points are in its frame of reference.
    shown_on : str or None
        The MR image over which a registered CT was shown while measuring; None where the image was seen as it is.
    start_lps, end_lps : tuple of float
        Ends on the upper and on the lower endplate, LPS mm.
    snapped : tuple of {"start", "end"}
        Ends that the program drew to an edge of the image; the others are where the reader put them.
    origin : {"drawn", "corners", "proposed", "corrected"}
        Drawn as a height, the default; a wall between two corners that were set; a middle height that was proposed
        from the corners and accepted as it was; or one that was proposed, and moved by the reader.
    proposed_from : FromCorners or None
        What a middle height was proposed from; None where it was not.
    """

    level: Level
    position: Position
    image: ImageId
    shown_on: ImageId | None = None
    start_lps: Point
    end_lps: Point
    snapped: tuple[CaliperEnd, ...] = ()
    origin: CaliperOrigin = "drawn"
    proposed_from: FromCorners | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        kept = () if self.proposed_from is None else self.proposed_from.kept
        if (self.proposed_from is not None) != (self.origin in ("proposed", "corrected")):
            raise ValueError("a height was proposed where it says from what, and nowhere else")
        if self.origin != "drawn" and (self.origin == "corners") == (self.position == "middle"):
            raise ValueError("walls lie between corners, and the middle height is proposed from them")
        if self.proposed_from is not None and (set(kept) == {"start", "end"}) != (self.origin == "proposed"):
            raise ValueError("a height is as it was proposed where both of its ends are")
        if not set(kept) <= set(self.snapped):
            raise ValueError("an end is as it was proposed only where it was drawn to an edge")
        return self


class PlacedCaliper(Caliper):
    """A caliper of the record, with the time when it was placed, and where it was carried from if it was."""

    carried: Carried | None = None
    at: Timestamp


class LesionThreshold(FrozenModel):
    """Lesion taken by a threshold against a reference tissue: what was compared with what.

    Attributes
    ----------
    tissue : {"muscle", "disc", "normal_vertebra"}
        What the reader pointed at.
    center_lps, radius_mm
        The circle that was measured, on the slice nearest to its centre; LPS mm.
    volume : int
        Which of the image's volumes (b-values) was compared; 0 for the first.
    side : {"darker", "brighter"}
        Which voxels were taken.
    factor : float
        The threshold is this multiple of the reference.
    reference_mean, reference_sd, threshold : float
        In ``unit``.
    reference_voxels : int
        Voxels in the circle.
    slices : tuple of int
        Slices of the body on which it was done.
    added_voxels : int
        Voxels that were not lesion before.
    """

    tissue: ReferenceTissue
    center_lps: Point
    radius_mm: Annotated[Finite, Field(gt=0)]
    volume: Annotated[int, Field(ge=0)] = 0
    side: Side
    factor: Annotated[Finite, Field(gt=0)]
    reference_mean: Finite
    reference_sd: Annotated[Finite, Field(ge=0)]
    reference_voxels: Annotated[int, Field(ge=1)]
    threshold: Finite
    unit: str
    slices: tuple[Annotated[int, Field(ge=0)], ...]
    added_voxels: Annotated[int, Field(ge=1)]
    at: Timestamp


class BodyEnds(FrozenModel):
    """Ends of the anterior, middle and posterior height of one vertebral body, LPS mm of the painted image."""

    top_lps: tuple[Point, Point, Point]
    bottom_lps: tuple[Point, Point, Point]


class ProposedBody(FrozenModel):
    """A vertebral body as the program or a label map proposed it, and what it was proposed from.

    Attributes
    ----------
    images : tuple of str
        The image that is painted on, and those that helped.
    ends : BodyEnds
        Heights of the fractured vertebra at that time.
    neighbours : tuple of BodyEnds
        Heights of the vertebrae above and below, where they were measured.
    method : str
        Method and its version.
    mask : MaskRecord
        The whole proposal, on the grid of the masks.
    poor : tuple of int
        Slices on which the program itself found the fit poor.
    source : LabelSource or None
        The label map that it was taken from; None where it was computed from the heights.
    """

    images: Annotated[tuple[ImageId, ...], Field(min_length=1)]
    ends: BodyEnds
    neighbours: tuple[BodyEnds, ...] = ()
    method: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    mask: MaskRecord
    poor: tuple[SliceIndex, ...] = ()
    source: LabelSource | None = None


class BodyProposal(ProposedBody):
    """A proposal of the record, and what became of its slices.

    Slices that are in none of the lists are open, unless body was drawn on them; what is open or unseen is no part of
    the body and counts nowhere.

    Attributes
    ----------
    accepted : tuple of int
        Taken as proposed, after a look.
    corrected : tuple of int
        Begun with the proposal, and changed by hand.
    unseen : tuple of int
        Accepted though they had not been on the screen.
    rejected : tuple of int
        Refused; they hold no body.
    """

    accepted: tuple[SliceIndex, ...] = ()
    corrected: tuple[SliceIndex, ...] = ()
    unseen: tuple[SliceIndex, ...] = ()
    rejected: tuple[SliceIndex, ...] = ()
    at: Timestamp


class Masks(FrozenModel):
    """Body and lesion, painted on the native grid of one image.

    ``thresholds`` says what was taken by threshold, in its order; everything else of the lesion, and every correction
    since, is drawn by hand. So is the body, but for the slices that ``proposal`` names. ``body_carried`` and
    ``lesion_carried`` say where the one and the other were carried from, if they were.
    """

    image: ImageId
    grid: GridRecord
    body: MaskRecord
    lesion: MaskRecord
    thresholds: tuple[LesionThreshold, ...] = ()
    proposal: BodyProposal | None = None
    body_carried: Carried | None = None
    lesion_carried: Carried | None = None
    at: Timestamp

    @model_validator(mode="after")
    def _check(self) -> Self:
        size = math.prod(self.grid.shape)
        proposed = () if self.proposal is None else (("proposal", self.proposal.mask),)
        for name, mask in (("body", self.body), ("lesion", self.lesion), *proposed):
            if sum(mask.runs) != size:
                raise ValueError(f"the runs of the {name} hold {sum(mask.runs)} voxels, but the grid has {size}")
        return self


class Roi(FrozenModel):
    """One placement of the ADC rectangle; its size is the protocol's.

    Attributes
    ----------
    tissue : {"lesion", "normal"}
        What it measures.
    placement : int
        1 for the first placement.
    level : str
        Vertebra in which it lies.
    image : str
        The ADC map.
    center_lps : tuple of float
        Centre, on the plane of a slice, LPS mm.
    axis_long, axis_short : tuple of float
        Unit vectors of the sides.
    """

    tissue: Tissue
    placement: Annotated[int, Field(ge=1, le=10)]
    level: Level
    image: ImageId
    center_lps: Point
    axis_long: Point
    axis_short: Point


class PlacedRoi(Roi):
    """A placement of the record, with the time when it was made, and where it was carried from if it was."""

    carried: Carried | None = None
    at: Timestamp


class Answer(FrozenModel):
    """An answer that the reader gave: a value, or 'not assessable' with its reason."""

    value: AnswerValue | None = None
    not_assessable: Reason | None = None
    at: Timestamp

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.value is None) == (self.not_assessable is None):
            raise ValueError("an answer is either a value or a reason why the item is not assessable")
        return self


class FrameJoin(FrozenModel):
    """What brings the images of one MR frame of reference onto those of another.

    Attributes
    ----------
    image, to_image : str
        An image of the frame that is moved, and one of the frame onto which it is moved.
    how : {"stated", "marked", "fitted"}
        The reader says that the patient lay still between them; or marked the same place on both; or a fit from there.
    motion : tuple
        4 x 4, from the one frame's patient LPS mm to the other's.
    point_lps, to_point_lps : tuple of float or None
        The marked places, each in its own frame, LPS mm.
    quality : dict
        Figures of the fit.
    carried : Carried or None
        Where it was carried from, if it was.
    """

    image: ImageId
    to_image: ImageId
    how: Literal["stated", "marked", "fitted"]
    motion: Affine
    point_lps: Point | None = None
    to_point_lps: Point | None = None
    quality: dict[str, bool | int | Finite | str | list[Finite] | list[str]] = Field(default_factory=dict)
    carried: Carried | None = None
    at: Timestamp


class CarriedDraft(FrozenModel):
    """What a reader drew and signed in one stage and has not said anything of in the stage that it was carried to.

    It counts nowhere: what is confirmed leaves it and becomes part of the record.

    Attributes
    ----------
    stage : str
        Where it was signed.
    seal : str
        SHA-256 of what was signed.
    spine : Spine or None
        Which vertebra was named there; the levels are meant by it.
    calipers, rois, frame_joins
        As they were signed.
    masks : Masks or None
        Body and lesion as they were signed.
    body_open, lesion_open : bool
        Which of the two waits for the reader's word.
    """

    stage: Stage
    seal: Sha256
    spine: Spine | None = None
    calipers: tuple[PlacedCaliper, ...] = ()
    masks: Masks | None = None
    body_open: bool = False
    lesion_open: bool = False
    rois: tuple[PlacedRoi, ...] = ()
    frame_joins: tuple[FrameJoin, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it waits any more."""
        return not (self.calipers or self.rois or self.frame_joins or self.body_open or self.lesion_open)


class StageState(FrozenModel):
    """What was done in one stage.

    ``drafts`` waits for the reader's word and is no part of what was done; ``carried_from`` names the seals of the
    stages from which something was carried.
    """

    calipers: tuple[PlacedCaliper, ...] = ()
    references: dict[Level, VertebraStatus] = Field(default_factory=dict)
    masks: Masks | None = None
    rois: tuple[PlacedRoi, ...] = ()
    answers: dict[str, Answer] = Field(default_factory=dict)
    drafts: tuple[CarriedDraft, ...] = ()
    carried_from: dict[Stage, Sha256] = Field(default_factory=dict)

    @property
    def drawn(self) -> bool:
        """Whether anything was drawn."""
        return bool(self.calipers or self.rois or self.masks)

    @property
    def answered(self) -> bool:
        """Whether anything was answered, on the form or of an adjacent vertebra."""
        return bool(self.answers or self.references)

    def caliper(self, level: str, position: Position) -> PlacedCaliper | None:
        """The caliper of one height, if placed."""
        return next((c for c in self.calipers if (c.level, c.position) == (level, position)), None)

    def roi(self, tissue: Tissue, placement: int) -> PlacedRoi | None:
        """One placement of the rectangle, if placed."""
        return next((r for r in self.rois if (r.tissue, r.placement) == (tissue, placement)), None)


class LevelCount(FrozenModel):
    """The reader counted the levels on both images and came to the same vertebra.

    Attributes
    ----------
    ct_from, mr_from : str
        What was counted from on each image, such as ``"sacrum"``, ``"C2"`` or ``"last rib"``.
    """

    ct_from: Landmark
    mr_from: Landmark
    at: Timestamp


class Registration(FrozenModel):
    """A proposed alignment of the CT to the MR at one vertebra, and what the reader said of it.

    Attributes
    ----------
    level : str
        The vertebra, named by the reader on both images.
    ct_image, mr_images
        What was registered.
    mr_point_lps, ct_point_lps : tuple of float
        The clicked pair, each in its own frame, LPS mm.
    ct_to_mr : tuple or None
        4 x 4, CT patient LPS mm to MR patient LPS mm, the reader's nudges included.
    status, reason
        What the program thinks of it: ``ok``, ``doubtful`` or ``refused``.
    quality : dict
        Figures behind the status.
    shift_mm, angle_deg : float
        Distance from the start, at the clicked point.
    nudges : int
        Steps by which the reader moved it.
    acceptance : {"open", "accepted", "refused"}
        The reader's decision.
    level_count : LevelCount or None
        The reader's count of the levels, where the images alone could not tell whether both points lie in the same
        vertebra.
    """

    level: Level
    ct_image: ImageId
    mr_images: tuple[ImageId, ...]
    mr_point_lps: Point
    ct_point_lps: Point
    status: Literal["ok", "doubtful", "refused"]
    reason: Annotated[str, Sentence] = ""
    ct_to_mr: Affine | None = None
    quality: dict[str, bool | int | Finite | str | list[Finite] | list[str]] = Field(default_factory=dict)
    shift_mm: Annotated[Finite, Field(ge=0)] = 0.0
    angle_deg: Annotated[Finite, Field(ge=0)] = 0.0
    seconds: Annotated[Finite, Field(ge=0)] = 0.0
    nudges: Annotated[int, Field(ge=0)] = 0
    acceptance: Literal["open", "accepted", "refused"] = "open"
    refusal_reason: Reason | None = None
    level_count: LevelCount | None = None
    at: Timestamp

    @property
    def level_open(self) -> bool:
        """Whether nothing but the level is in doubt, and the images cannot settle it: the reader has to count."""
        return self.status == "doubtful" and self.quality.get("doubts") == [LEVEL_OPEN] and self.level_count is None

    @property
    def standing(self) -> Literal["ok", "doubtful", "refused"]:
        """The program's status, with the level's doubt lifted where the reader has counted."""
        counted = self.level_count is not None and self.quality.get("doubts") == [LEVEL_OPEN]
        return "ok" if self.status == "doubtful" and counted else self.status


class ImageCorrection(FrozenModel):
    """What the person said of an image: another role, the unit of its ADC, or the b-values of its volumes, s/mm2."""

    role: str | None = None
    adc_unit: str | None = None
    b_values: tuple[Finite, ...] | None = None


class Continued(FrozenModel):
    """The exported document that a reading goes on from.

    Attributes
    ----------
    version : int
        Version of that document; the one that goes on from it is one higher.
    sha256 : str
        Of its file.
    exported_at : datetime
        When it was written.
    """

    version: Annotated[int, Field(ge=1)]
    sha256: Sha256
    exported_at: Timestamp


class ReadingState(FrozenModel):
    """Everything that a reader did with one case.

    Attributes
    ----------
    occasion : int
        2 where the document that it goes on from is of a second reading of the same stage.
    """

    spine: Spine | None = None
    corrections: dict[ImageId, ImageCorrection] = Field(default_factory=dict)
    registrations: dict[Level, Registration] = Field(default_factory=dict)
    frame_joins: tuple[FrameJoin, ...] = ()
    continues: Continued | None = None
    occasion: int = Field(default=1, ge=1)
    stages: dict[Stage, StageState] = Field(default_factory=lambda: {stage: StageState() for stage in STAGES})

    @property
    def measured_on(self) -> frozenset[str]:
        """Names of the images on which something lies, in any stage."""
        stages = self.stages.values()
        painted = {stage.masks.image for stage in stages if stage.masks is not None}
        drawn = {caliper.image for stage in stages for caliper in stage.calipers}
        return frozenset(painted | drawn | {roi.image for stage in stages for roi in stage.rois})
