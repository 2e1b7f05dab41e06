"""Recompute every number of an export from its geometry and from the images, and say which differ."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vcf.dicom import load_volume
from napari_vcf.dicom.files.volumefile import content_hash
from napari_vcf.errors import NapariVcfError
from napari_vcf.measure import RoiStatistics, reference_signal, roi_statistics
from napari_vcf.reading.body_slices import lesion_outside
from napari_vcf.reading.carried_checks import carried_statements, signed_beside, without_source
from napari_vcf.reading.case import Case, scan_case
from napari_vcf.reading.evaluation import evaluate_stage
from napari_vcf.reading.export import export_stage, read_reading
from napari_vcf.reading.export_document import ReadingExport, StageExport
from napari_vcf.reading.middle_checks import middle_statements
from napari_vcf.reading.proposal_checks import proposal_statements, without_label_map
from napari_vcf.reading.results import adjacent_levels, rectangle_of
from napari_vcf.reading.spaces import space_names
from napari_vcf.reading.state import Masks, ReadingState, Roi
from napari_vcf.reading.statement_checks import (
    GEOMETRY_TOLERANCE_MM,
    Statement,
    answer_statements,
    join_statements,
    registration_statements,
    series_statements,
)
from napari_vcf.records.base import REMOVED
from napari_vcf.records.sealing import check_seal
from napari_vcf.version import __version__

__all__ = ["GEOMETRY_TOLERANCE_MM", "STATISTICS_TOLERANCE", "Difference", "VerifyReport", "verify_export"]

#: Relative tolerance of ADC statistics: voxels are single precision, and sums may be taken in another order.
STATISTICS_TOLERANCE = 1e-6
#: Of every other measured number: the last digits of a sum differ from one processor to the next.
ROUNDING = 1e-9

_STATISTICS = ("statistics", "adc")
#: Values that a document may lack, and the schema version since which it has them: endplates on CT count since 1.2.
_NEW = {"endplate_deviation_deg": (1, 2, 0)}
#: What has codes only since a schema version; before, there were sentences, and other ones.
_CODED = {"missing": (2, 0, 0), "conflicts": (2, 0, 0), "warnings": (2, 0, 0)}
#: Since then a body without lesion is G1 only where the reader said that there is none.
_LESION_OR_WORD = (2, 2, 0)
#: What is known, or decided otherwise, since a schema version: (code, item).
_ISSUES_SINCE = (2, 4, 0)
_LATER_ISSUES = frozenset(
    {
        ("lesion_painted_but_none", "lesion_pattern"),
        ("different_images", "adc"),
        ("roi_on_empty_voxels", "adc"),
        ("roi_on_same_voxels", "adc"),
    }
)
#: Sentences: another version of the program may put the same thing otherwise.
_SENTENCES = frozenset({"text", "reason", "note"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A number of the export that the images do not confirm.

    Attributes
    ----------
    place : str
        Path within the document.
    exported, recomputed : str
        Both values, as text.
    """

    place: str
    exported: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.place}: exported {self.exported}, recomputed {self.recomputed}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was compared.

    Attributes
    ----------
    compared : int
        Values compared.
    differences : tuple of Difference
        Those that differ; empty where the export holds.
    not_compared : tuple of str
        Sentences on what could not be compared: the signed document or label map that it comes from is not at hand.
    """

    compared: int
    differences: tuple[Difference, ...]
    not_compared: tuple[str, ...] = ()


def verify_export(
    path: Path | str,
    images: Path | str,
    *,
    signed: Iterable[Path | str] = (),
    label_maps: Iterable[Path | str] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> VerifyReport:
    """Recompute an export.

    Parameters
    ----------
    path : path
        The JSON file.
    images : path
        Folder with the case's images.
    signed : iterable of path
        Signed exports of earlier stages, from which something was carried; those beside the file are found.
    label_maps : iterable of path
        Files of other programs from which a body was proposed; they are known by their hash.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    VerifyReport
        Counts and grades must agree exactly, heights and losses to 1e-9, ADC statistics to 1e-6 relative, geometry to
        1e-3 mm.

    Raises
    ------
    ExportError
        If the file is no reading.
    FolderError
        If the folder cannot be read.
    """
    export = read_reading(path)
    differences: list[Difference] = []
    if export.status == "sealed":
        broken = check_seal(Path(path).read_text(encoding="utf-8"))
        if broken:
            differences.append(Difference("seal", "whole", broken))
    if export.kind == "consensus":
        # It holds what was settled, and no measurement; those are in the readings that it names.
        return VerifyReport(1, tuple(differences))
    # Straight from the files: what was prepared for the reading is not a witness of its own.
    case = Case(scan_case(images, progress=progress), pseudonym=export.case, salt=export.salt, load=load_volume)
    _correct(export, case, differences)
    sources = signed_beside(export, Path(path), map(Path, signed))
    files = {content_hash(Path(each)): Path(each) for each in label_maps}
    compared = _compare_stated(export, case, sources, files, differences)
    same_program = export.software.get("napari-vcf") == __version__
    since = _written_as(path)
    comparison = _Comparison(differences, since=since, sentences=same_program)
    if export.protocol.sha256 != export.protocol_sha256:
        differences.append(Difference("protocol_sha256", export.protocol_sha256, export.protocol.sha256))
    state = ReadingState(
        spine=export.spine,
        registrations=export.registrations,
        frame_joins=export.frame_joins,
        stages={stage: part.state() for stage, part in export.stages.items()},
    )
    for stage, part in export.stages.items():
        recomputed = _recompute(export, stage, state, case, differences, since=since)
        if recomputed is not None:
            if since < _ISSUES_SINCE:
                part, recomputed = _without_later_issues(part), _without_later_issues(recomputed)
            comparison.walk(f"stages.{stage}", part.model_dump(mode="json"), recomputed.model_dump(mode="json"))
    complete = all(part.complete for part in export.stages.values())
    comparison.walk("complete", export.complete, complete)
    not_compared = (*without_source(export, sources), *without_label_map(export.stages, files))
    return VerifyReport(compared + comparison.compared, tuple(differences), not_compared)


def _correct(export: ReadingExport, case: Case, differences: list[Difference]) -> None:
    """Take over what the person said of the images."""
    corrections = {}
    for series in export.series:
        correction = series.correction
        if series.image not in case.images or correction is None:
            continue
        try:
            case.corrected(series.image, correction)
        except NapariVcfError as error:
            b_values = ", ".join(f"{value:g}" for value in correction.b_values or ())
            said = ", ".join(filter(None, (correction.role, correction.adc_unit, b_values)))
            differences.append(Difference(f"series.{series.label}", said, str(error)))
        else:
            corrections[series.image] = correction
    case.apply_corrections(corrections)


def _written_as(path: Path | str) -> tuple[int, ...]:
    """Schema version in which a document was written, before it was brought to today's."""
    version = json.loads(Path(path).read_text(encoding="utf-8"))["schema_version"]
    return tuple(map(int, str(version).split(".")))


def _compare_stated(
    export: ReadingExport,
    case: Case,
    sources: Mapping[str, ReadingExport],
    label_maps: Mapping[str, Path],
    differences: list[Difference],
) -> int:
    """Compare what is stated of images, alignments, answers, and drawings carried from signed documents."""
    statements: list[Statement] = [*carried_statements(export, sources)]
    spaces = space_names(case.images)
    for exported in export.series:
        place = f"series.{exported.label}"
        if exported.image not in case.images:
            statements.append(Statement(place, "present", "not found among the images", holds=False))
            continue
        statements.extend(series_statements(place, exported, case.images[exported.image]))
        if exported.space is not None:
            found = spaces[exported.image]
            statements.append(Statement(f"{place}.space", exported.space, found, exported.space == found))
    for level, entry in export.registrations.items():
        statements.extend(registration_statements(f"registrations.{level}", level, entry, case.images))
    for number, join in enumerate(export.frame_joins):
        statements.extend(join_statements(f"frame_joins.{number}", join, case.images))
    for stage, part in export.stages.items():
        if part.masks is not None:
            fractured = None if export.spine is None else export.spine.fractured
            place = f"stages.{stage}.masks.proposal"
            statements.extend(proposal_statements(place, part.masks, case, level=fractured, label_maps=label_maps))
        for caliper in part.calipers:
            if caliper.image in case.images:
                where = f"stages.{stage}.calipers.{caliper.level}.{caliper.position}"
                statements.extend(middle_statements(where, caliper, case))
        statements.extend(answer_statements(f"stages.{stage}.findings", stage, part, export.protocol))
    differences.extend(
        Difference(each.place, _short(each.exported), _short(each.recomputed)) for each in statements if not each.holds
    )
    return len(statements)


def _recompute(
    export: ReadingExport,
    stage: Any,
    state: ReadingState,
    case: Case,
    differences: list[Difference],
    *,
    since: tuple[int, ...],
) -> StageExport | None:
    part = state.stages[stage]
    _check_places(stage, state, case, differences)
    statistics: dict[Roi, RoiStatistics] = {}
    for roi in part.rois:
        try:
            statistics[roi] = roi_statistics(case.volume(roi.image), rectangle_of(roi, export.protocol))
        except NapariVcfError as error:
            differences.append(Difference(f"stages.{stage}.rois.{roi.tissue}.{roi.placement}", "measured", str(error)))
            return None
    used = {c.image for c in part.calipers} | {r.image for r in part.rois}
    used |= {part.masks.image} if part.masks is not None else set()
    if not used <= set(case.images):
        differences.append(Difference(f"stages.{stage}", "measured", "on an image that was not found"))
        return None
    evaluation = evaluate_stage(
        state,
        stage,
        export.protocol,
        case.images,
        statistics.__getitem__,
        empty_counts=since < _LESION_OR_WORD,
    )
    return export_stage(part, evaluation, export.protocol)


def _without_later_issues(part: StageExport) -> StageExport:
    left = {
        name: tuple(each for each in getattr(part, name) if (each.code, each.item) not in _LATER_ISSUES)
        for name in ("conflicts", "warnings")
    }
    return part.model_copy(update=left)


def _check_places(stage: Any, state: ReadingState, case: Case, differences: list[Difference]) -> None:
    """Check that measurements lie on the images and levels that they claim."""
    part = state.stages[stage]
    place = f"stages.{stage}"
    levels = set() if state.spine is None else {state.spine.fractured, *adjacent_levels(state.spine)}
    for caliper in part.calipers:
        where = f"{place}.calipers.{caliper.level}.{caliper.position}"
        if caliper.level not in levels:
            differences.append(Difference(where, caliper.level, "neither the fractured vertebra nor adjacent to it"))
        if caliper.image in case.images:
            grid = case.images[caliper.image].series.grid
            if not grid.contains([caliper.start_lps, caliper.end_lps], margin_mm=-0.02).all():
                differences.append(Difference(where, "on the image", "outside it"))
    if part.masks is not None and part.masks.image in case.images:
        grid = case.images[part.masks.image].series.grid
        if not grid.is_close_to(part.masks.grid.grid(), tolerance_mm=GEOMETRY_TOLERANCE_MM):
            differences.append(Difference(f"{place}.masks.grid", str(part.masks.grid), "not the image's grid"))
        else:
            outside = lesion_outside(part.masks)
            if outside:
                differences.append(Difference(f"{place}.masks.lesion", "in the body", f"{outside} voxels outside it"))
            _check_thresholds(f"{place}.masks.thresholds", part.masks, case, differences)


def _check_thresholds(place: str, masks: Masks, case: Case, differences: list[Difference]) -> None:
    """Measure the reference tissues again; what was taken has been corrected by hand since and cannot be compared."""
    for number, entry in enumerate(masks.thresholds):
        if entry.volume >= len(case.images[masks.image].series.volumes):
            differences.append(Difference(f"{place}.{number}.volume", str(entry.volume), "no such volume"))
            continue
        try:
            found = reference_signal(
                case.volume(masks.image, entry.volume), entry.center_lps, radius_mm=entry.radius_mm
            )
        except NapariVcfError as error:
            differences.append(Difference(f"{place}.{number}", "measured", str(error)))
            continue
        pairs = (
            ("reference_mean", entry.reference_mean, found.mean),
            ("reference_sd", entry.reference_sd, found.sd),
            ("reference_voxels", entry.reference_voxels, found.voxels),
            ("unit", entry.unit, found.unit),
            ("threshold", entry.threshold, entry.factor * found.mean),
        )
        for name, exported, recomputed in pairs:
            if not _equal(exported, recomputed, tolerant=True):
                differences.append(Difference(f"{place}.{number}.{name}", _short(exported), _short(recomputed)))


class _Comparison:
    """Walks through two documents and notes where they part."""

    def __init__(self, differences: list[Difference], *, since: tuple[int, ...], sentences: bool) -> None:
        self.differences = differences
        self.compared = 0
        self._left_out = {name for name, version in _CODED.items() if since < version}
        if not sentences:
            self._left_out |= _SENTENCES
        #: Values that the schema version of the document did not have, or not from the same sources.
        self._new = {name for name, version in _NEW.items() if since < version}

    def walk(self, place: str, exported: Any, recomputed: Any, *, tolerant: bool = False) -> None:
        if isinstance(exported, dict) and isinstance(recomputed, dict):
            for key in sorted({*exported, *recomputed}):
                if key in self._left_out or (key in self._new and exported.get(key) is None):
                    continue
                inside = tolerant or key in _STATISTICS
                self.walk(f"{place}.{key}", exported.get(key), recomputed.get(key), tolerant=inside)
        elif isinstance(exported, list) and isinstance(recomputed, list) and len(exported) == len(recomputed):
            for index, (left, right) in enumerate(zip(exported, recomputed, strict=True)):
                self.walk(f"{place}.{index}", left, right, tolerant=tolerant)
        else:
            self.compared += 1
            if not _equal(exported, recomputed, tolerant):
                self.differences.append(Difference(place, _short(exported), _short(recomputed)))


def _equal(exported: Any, recomputed: Any, tolerant: bool) -> bool:
    if tolerant and isinstance(exported, float) and isinstance(recomputed, float):
        # A mean near zero has no relative error to speak of; ADC is in um2/s, where 1e-6 is nothing.
        return math.isclose(exported, recomputed, rel_tol=STATISTICS_TOLERANCE, abs_tol=STATISTICS_TOLERANCE)
    if isinstance(exported, float) and isinstance(recomputed, float):
        return math.isclose(exported, recomputed, rel_tol=ROUNDING, abs_tol=ROUNDING)
    if isinstance(exported, str) and isinstance(recomputed, str) and REMOVED in exported:
        # The sentence was written without the identity that it has where the source files are at hand.
        return re.fullmatch(".+".join(map(re.escape, exported.split(REMOVED))), recomputed) is not None
    return bool(exported == recomputed)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
