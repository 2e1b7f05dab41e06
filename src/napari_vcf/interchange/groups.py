"""What a structured report holds, without DICOM: groups of numbers and statements, one group for each thing measured.

The report is written from groups, and read back into groups; two lists of groups can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from napari_vcf.reading.export_document import HeightLossExport, ReadingExport, RoiExport, StageExport
from napari_vcf.reading.state import Answer, Carried

__all__ = ["Group", "Number", "Statement", "group_differences", "groups_of"]


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a group.

    Attributes
    ----------
    concept : str
        What it is: a key of `NUMBER_CODES`.
    value : float
        In ``unit``.
    unit : str
        A key of `UNIT_CODES`.
    position : str or None
        ``"anterior"``, ``"middle"`` or ``"posterior"``, where it belongs to one.
    derivation : str or None
        A key of `DERIVATIONS`.
    ends_lps : tuple of points or None
        Where it was measured, LPS mm in the frame of the group's image.
    image : str or None
        The image whose frame of reference that is.
    """

    concept: str
    value: float
    unit: str
    position: str | None = None
    derivation: str | None = None
    ends_lps: tuple[tuple[float, float, float], ...] | None = field(default=None, compare=False)
    image: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What it is, in one word for a list."""
        return "_".join(filter(None, (self.concept, self.derivation, self.position)))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a group: an item and its value, or why it is not assessable."""

    item: str
    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers and statements on one thing.

    Attributes
    ----------
    name : str
        ``stage:kind:detail``; unique in the report.
    level : str or None
        Vertebra that it concerns.
    numbers, statements
        What is said of it.
    texts : tuple of (str, str)
        Keys of `TEXT_CODES` and what stands there.
    roi : RoiExport or None
        The region in which it was measured.
    mask : {"body", "lesion"} or None
        The segment in which it was measured.
    image : str or None
        The image on which it was measured.
    """

    name: str
    level: str | None = None
    numbers: tuple[Number, ...] = ()
    statements: tuple[Statement, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    roi: RoiExport | None = field(default=None, compare=False)
    mask: str | None = field(default=None, compare=False)
    image: str | None = field(default=None, compare=False)

    @property
    def stage(self) -> str:
        """The stage that it belongs to."""
        return self.name.split(":", 1)[0]


def groups_of(export: ReadingExport, reading_sha256: str) -> tuple[Group, ...]:
    """Groups of a reading.

    Parameters
    ----------
    export : ReadingExport
        The reading.
    reading_sha256 : str
        Of the file that holds it.

    Returns
    -------
    tuple of Group
    """
    fractured = export.spine.fractured if export.spine is not None else None
    groups = [_about(export, reading_sha256)]
    for stage, part in export.stages.items():
        groups += _heights(stage, part)
        groups += [_loss(stage, entry, fractured) for entry in part.height_losses if entry.losses]
        groups += _extent(stage, part, fractured)
        groups += [_roi(stage, roi) for roi in part.rois]
        groups += _adc(stage, part, fractured)
        if part.findings:
            statements = tuple(_statement(item, answer) for item, answer in part.findings.items())
            groups.append(Group(f"{stage}:findings", level=fractured, statements=statements))
    return tuple(groups)


def _about(export: ReadingExport, reading_sha256: str) -> Group:
    seal, continued = export.seal, export.continues
    texts = [
        ("intended_use", export.intended_use),
        ("study", export.study),
        ("case", export.case),
        ("status", f"{export.kind}, {export.status}"),
        # Else a first reading, its amendment and a second reading would say the same of themselves.
        ("occasion", str(export.occasion)),
        ("version", str(export.version if seal is None else seal.version)),
        ("protocol_sha256", export.protocol_sha256),
        ("reading_sha256", reading_sha256),
    ]
    if seal is not None and seal.amends is not None:
        texts.append(("amends", f"version {seal.amends.version}, {seal.amends.sha256}: {seal.amends.reason}"))
    if continued is not None:
        texts.append(("continues", f"version {continued.version}, {continued.sha256}"))
    return Group("reading:about", texts=tuple(texts))


def _heights(stage: str, part: StageExport) -> Iterator[Group]:
    levels = dict.fromkeys(caliper.level for caliper in part.calipers)
    for level in levels:
        numbers = tuple(
            Number("height", c.mm, "mm", c.position, ends_lps=(c.start_lps, c.end_lps), image=c.image)
            for c in part.calipers
            if c.level == level
        )
        image = next(c.image for c in part.calipers if c.level == level)
        texts = _carried({c.position: c.carried for c in part.calipers if c.level == level})
        yield Group(f"{stage}:heights:{level}", level=level, numbers=numbers, texts=texts, image=image)


def _loss(stage: str, entry: HeightLossExport, level: str | None) -> Group:
    numbers = []
    for loss in entry.losses:
        numbers.append(Number("loss", loss.loss, "1", loss.position))
        numbers.append(Number("reference_height", loss.reference_mm, "mm", loss.position))
    if entry.graded_loss is not None:
        numbers.append(Number("graded_loss", entry.graded_loss, "1", entry.graded_position))
    if entry.distance_to_cut is not None:
        numbers.append(Number("distance_to_cut", entry.distance_to_cut, "1"))
    statements = [Statement("graded", _yes(entry.graded))]
    if entry.degree is not None:
        statements.append(Statement("compression_degree", entry.degree))
    if entry.borderline is not None:
        statements.append(Statement("borderline", _yes(entry.borderline)))
    return Group(
        f"{stage}:loss:{entry.rule}",
        level=level,
        numbers=tuple(numbers),
        statements=tuple(statements),
        texts=(("rule", entry.rule),),
    )


def _extent(stage: str, part: StageExport, level: str | None) -> Iterator[Group]:
    if part.extent is None or part.masks is None:
        return
    extent, image = part.extent, part.masks.image
    body = (Number("volume", extent.body_cm3, "cm3"), Number("voxels", float(extent.body_voxels), "1"))
    texts = _carried({"body": part.masks.body_carried})
    yield Group(f"{stage}:extent:body", level=level, numbers=body, texts=texts, mask="body", image=image)
    lesion = [
        Number("volume", extent.lesion_cm3, "cm3"),
        Number("voxels", float(extent.lesion_voxels), "1"),
        Number("fraction", extent.fraction, "1"),
        Number("distance_to_cut", extent.distance_to_cut, "1"),
    ]
    if extent.mid_slice_fraction is not None:
        lesion.append(Number("mid_slice_fraction", extent.mid_slice_fraction, "1"))
    statements = (
        Statement("lesion_extent", extent.grade),
        Statement("borderline", _yes(extent.borderline)),
        Statement("entire", _yes(extent.entire)),
    )
    # A lesion without a voxel is no segment; its share is a number all the same.
    mask = "lesion" if extent.lesion_voxels else None
    yield Group(
        f"{stage}:extent:lesion",
        level=level,
        numbers=tuple(lesion),
        statements=statements,
        texts=_carried({"lesion": part.masks.lesion_carried}),
        mask=mask,
        image=image,
    )


def _roi(stage: str, roi: RoiExport) -> Group:
    found = roi.statistics
    numbers = [
        Number("adc", found.mean_um2_per_s, "um2/s", derivation="mean"),
        Number("adc", found.sd_um2_per_s, "um2/s", derivation="sd"),
        Number("adc", found.min_um2_per_s, "um2/s", derivation="min"),
        Number("adc", found.max_um2_per_s, "um2/s", derivation="max"),
        Number("area", found.area_mm2, "mm2"),
        Number("voxels", float(found.n_voxels), "1"),
        Number("effective_n", found.effective_n, "1"),
        Number("angle", roi.angle_deg, "deg"),
    ]
    if found.center_mean_um2_per_s is not None:
        numbers.append(Number("center_mean", found.center_mean_um2_per_s, "um2/s"))
    if roi.endplate_deviation_deg is not None:
        numbers.append(Number("endplate_deviation", roi.endplate_deviation_deg, "deg"))
    name = f"{stage}:adc:{roi.tissue}:{roi.placement}"
    texts = _carried({"rectangle": roi.carried})
    return Group(name, level=roi.level, numbers=tuple(numbers), texts=texts, roi=roi, image=roi.image)


def _adc(stage: str, part: StageExport, level: str | None) -> Iterator[Group]:
    for tissue, summary in (("lesion", part.adc.lesion), ("normal", part.adc.normal)):
        if summary is None:
            continue
        numbers = [
            Number("adc", summary.mean_um2_per_s, "um2/s", derivation="mean"),
            Number("placements", float(summary.n), "1"),
            Number("center_spread", summary.center_spread_mm, "mm"),
        ]
        if summary.sd_um2_per_s is not None:
            numbers.append(Number("between_sd", summary.sd_um2_per_s, "um2/s"))
        if summary.within_cv is not None:
            numbers.append(Number("within_cv", summary.within_cv, "1"))
        # The normal vertebra's level is that of its placements.
        of = level if tissue == "lesion" else next((r.level for r in part.rois if r.tissue == "normal"), None)
        yield Group(f"{stage}:adc:{tissue}:summary", level=of, numbers=tuple(numbers))
    if part.adc.ratio is not None:
        yield Group(f"{stage}:adc:ratio", level=level, numbers=(Number("ratio", part.adc.ratio, "1"),))


def _carried(drawn: Mapping[str, Carried | None]) -> tuple[tuple[str, str], ...]:
    """What was carried, from where, and whether it is as it was signed there; nothing where all was drawn here."""
    told = [f"{what} from {each.stage}, {each.geometry}" for what, each in drawn.items() if each is not None]
    return (("carried", "; ".join(told)),) if told else ()


def _statement(item: str, answer: Answer) -> Statement:
    if answer.not_assessable is not None:
        return Statement(item, "not_assessable", answer.not_assessable)
    return Statement(item, str(answer.value))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def group_differences(wanted: Sequence[Group], found: Sequence[Group]) -> tuple[str, ...]:
    """What differs between two lists of groups, one sentence each; empty where they say the same.

    Parameters
    ----------
    wanted, found : sequence of Group
        Numbers must be equal to the last bit.

    Returns
    -------
    tuple of str
    """
    differences = []
    one, other = {g.name: g for g in wanted}, {g.name: g for g in found}
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            differences.append(f"{name}: only in the {'report' if name in other else 'reading'}.")
            continue
        left, right = dict(_entries(one[name])), dict(_entries(other[name]))
        differences += [
            f"{name} {key}: {left.get(key)} in the reading, {right.get(key)} in the report."
            for key in sorted({*left, *right})
            if left.get(key) != right.get(key)
        ]
    return tuple(differences)


def _entries(group: Group) -> Iterator[tuple[str, object]]:
    yield "level", group.level
    for number in group.numbers:
        yield number.name, (number.value, number.unit)
    for statement in group.statements:
        yield statement.item, (statement.value, statement.reason)
    yield from group.texts
