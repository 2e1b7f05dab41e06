"""How the JSON document of one reading is built, written and read back."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from typing import Protocol as TypingProtocol

from pydantic import ValidationError

from napari_vcf.dicom import Series
from napari_vcf.language import joined, say
from napari_vcf.measure import REFERENCE_RULES, Extent, ReferenceRule
from napari_vcf.reading.actions import LoggedAction
from napari_vcf.reading.body_slices import SliceOrigin, slice_origins
from napari_vcf.reading.carrying import item_words, open_items
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.errors import ExportError
from napari_vcf.reading.evaluation import StageEvaluation
from napari_vcf.reading.export_document import (
    SCHEMA_VERSION,
    AdcExport,
    CaliperExport,
    ExtentExport,
    HeightLossExport,
    PlacementsExport,
    PositionLossExport,
    ReadingExport,
    RoiExport,
    RoiStatisticsExport,
    SeriesExport,
    StageExport,
)
from napari_vcf.reading.export_migrations import migrate
from napari_vcf.reading.masks import GridRecord
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import AdcResult, StageResults, caliper_mm, rectangle_of, roi_angle_deg
from napari_vcf.reading.spaces import space_names
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import ReadingState, Roi, StageState, Tissue
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import Stage
from napari_vcf.records.errors import WriteError, system_says
from napari_vcf.version import __version__

__all__ = ["Exportable", "build_export", "export_reading", "export_stage", "read_reading"]

_PACKAGES = ("numpy", "pydicom", "SimpleITK", "pydantic")


class Exportable(TypingProtocol):
    """What a document is built from; a `napari_vcf.reading.Reading` is one."""

    case: Case
    protocol: Protocol
    study: str
    reader: str
    started_at: datetime

    @property
    def state(self) -> ReadingState:
        """What has been done."""

    @property
    def log(self) -> tuple[LoggedAction, ...]:
        """Every change."""

    def evaluation(self, stage: Stage) -> StageEvaluation:
        """What follows from one stage."""

    def now(self) -> datetime:
        """The time by its clock."""


def build_export(reading: Exportable, *, stages: Sequence[Stage] | None = None) -> ReadingExport:
    """Build the document of a reading as it stands.

    Parameters
    ----------
    reading : Reading
        Complete or not; what is missing is named in the document.
    stages : sequence of str, optional
        Only these stages; all of the protocol's if left out.

    Returns
    -------
    ReadingExport
    """
    parts = {
        stage: export_stage(reading.state.stages[stage], reading.evaluation(stage), reading.protocol)
        for stage in (reading.protocol.stages if stages is None else stages)
    }
    return ReadingExport(
        software=_software(),
        study=reading.study,
        case=reading.case.pseudonym,
        reader=reading.reader,
        version=1 if reading.state.continues is None else reading.state.continues.version + 1,
        continues=reading.state.continues,
        occasion=reading.state.occasion,
        complete=all(part.complete for part in parts.values()),
        protocol=reading.protocol,
        protocol_sha256=reading.protocol.sha256,
        salt=reading.case.salt,
        spine=reading.state.spine,
        series=tuple(_series(image, reading) for image in reading.case.images.values()),
        registrations=reading.state.registrations,
        frame_joins=reading.state.frame_joins,
        stages=parts,
        started_at=reading.started_at,
        exported_at=reading.now(),
        actions=len(reading.log),
    )


@cache
def _version_of(package: str) -> str:
    return version(package)


def _software() -> dict[str, str]:
    return {
        "napari-vcf": __version__,
        "python": platform.python_version(),
        **{name: _version_of(name) for name in _PACKAGES},
    }


def _series(image: CaseImage, reading: Exportable) -> SeriesExport:
    series: Series = image.series
    correction = reading.state.corrections.get(image.id)
    return SeriesExport(
        image=image.id,
        label=image.label,
        role=series.role.value,
        role_evidence=series.role_evidence,
        # In a study the coordinator does it for all readers, when the case is prepared.
        role_corrected_by_reader=(correction is not None and correction.role is not None) or series.role_given,
        modality=series.modality,
        space=space_names(reading.case.images)[image.id],
        grid=GridRecord.of(series.grid),
        spacing_mm=series.grid.spacing_mm,
        b_values_s_per_mm2=tuple(sorted({v.b_value for v in series.volumes if v.b_value is not None})),
        unit=series.unit,
        unit_evidence=series.unit_evidence,
        unit_answer=None if correction is None else correction.adc_unit,
        b_values_answer=series.b_values_given or None,
        corrections=series.remarks,
        measurable=series.measurable,
        not_measurable_reason=series.not_measurable_reason,
    )


def export_stage(state: StageState, evaluation: StageEvaluation, protocol: Protocol) -> StageExport:
    """Put together the document's part for one stage."""
    results = evaluation.results
    extent = results.extent
    return StageExport(
        complete=not evaluation.missing,
        missing=evaluation.missing,
        conflicts=evaluation.conflicts,
        warnings=results.warnings,
        references=state.references,
        calipers=tuple(CaliperExport(**c.model_dump(), mm=caliper_mm(c)) for c in state.calipers),
        height_losses=tuple(_loss(rule, results) for rule in REFERENCE_RULES if rule in results.height_losses),
        masks=state.masks,
        extent=None if extent is None else _extent(extent, state, protocol),
        rois=tuple(_roi(roi, results.adc, protocol) for roi in state.rois),
        adc=_adc(results.adc),
        findings=state.answers,
        unanswered=evaluation.unanswered,
        not_asked=evaluation.not_asked,
        carried_from=state.carried_from,
    )


def _fields(result: Any) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__dataclass_fields__}


def _loss(rule: ReferenceRule, results: StageResults) -> HeightLossExport:
    fields = _fields(results.height_losses[rule])
    losses = tuple(PositionLossExport(**_fields(item)) for item in results.height_losses[rule].losses)
    return HeightLossExport(**{**fields, "losses": losses}, graded=rule == results.graded_rule)


def _extent(extent: Extent, state: StageState, protocol: Protocol) -> ExtentExport:
    origins = {} if state.masks is None else slice_origins(state.masks)

    def of(wanted: SliceOrigin) -> tuple[int, ...]:
        return tuple(index for index, origin in origins.items() if origin == wanted)

    return ExtentExport(
        rule=_extent_rule(protocol),
        **_fields(extent),
        slices_proposed=of("proposed"),
        slices_corrected=of("corrected"),
        slices_drawn=of("drawn"),
        slices_label_map=of("label_map"),
    )


def _extent_rule(protocol: Protocol) -> str:
    a, b, c = protocol.extent_cuts
    return f"G1 [0, {a}) G2 [{a}, {b}) G3 [{b}, {c}) G4 [{c}, 1] of the body's voxels over all painted slices"


def _roi(roi: Roi, adc: AdcResult, protocol: Protocol) -> RoiExport:
    rectangle = rectangle_of(roi, protocol)
    corners = tuple(tuple(corner) for corner in rectangle.corners_lps.tolist())
    return RoiExport(
        **roi.model_dump(),
        long_mm=rectangle.long_mm,
        short_mm=rectangle.short_mm,
        angle_deg=roi_angle_deg(roi),
        endplate_deviation_deg=adc.endplate_deviation_deg.get((roi.tissue, roi.placement)),
        plane_normal=tuple(rectangle.normal.tolist()),
        corners_lps=corners,
        statistics=RoiStatisticsExport(**_fields(adc.statistics[roi.tissue, roi.placement])),
    )


def _adc(adc: AdcResult) -> AdcExport:
    def summary(tissue: Tissue) -> PlacementsExport | None:
        placements = getattr(adc, tissue)
        return None if placements is None else PlacementsExport(**_fields(placements))

    return AdcExport(lesion=summary("lesion"), normal=summary("normal"), ratio=adc.ratio)


def export_reading(reading: Exportable, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write a reading as JSON, whole or not at all.

    Parameters
    ----------
    reading : Reading
        What to write.
    path : path
        The file.
    overwrite : bool
        Whether a file that exists may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        If the file exists, or cannot be written, or something carried waits for the reader's word; the reading and an
        earlier file are untouched.
    """
    target = Path(path)
    _check_nothing_waits(reading)
    text = build_export(reading).model_dump_json(indent=1)
    try:
        write_atomically(target, text + "\n", overwrite=overwrite)
    except WriteError as error:
        raise ExportError(say("{error} The reading is still open.", error=error)) from error
    return target


def _check_nothing_waits(reading: Exportable) -> None:
    """Refuse to write a reading in which something carried waits.

    It is no part of the document: opened again, a body whose lesion waited would count as one that has none.
    """
    for stage in reading.protocol.stages:
        items = open_items(reading.state.stages[stage])
        if items:
            raise ExportError(
                say(
                    "Carried to the stage {stage}, and waiting still: {items}. Confirm, change or delete "
                    "it first: an exported file would be without it.",
                    stage=STAGE_NAMES[stage],
                    items=joined(", ", dict.fromkeys(map(item_words, items))),
                )
            )


def read_reading(path: Path | str) -> ReadingExport:
    """Read an export back.

    Parameters
    ----------
    path : path
        A JSON file written by this program.

    Returns
    -------
    ReadingExport

    Raises
    ------
    ExportError
        If the file is not there, is no JSON, or does not follow the schema; the sentence names the first places.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ExportError(
            say("{name} is not UTF-8 text, so it is not an exported reading.", name=source.name)
        ) from error
    except OSError as error:
        if source.is_dir():
            raise ExportError(
                say("{value} is a folder; give one exported reading, a JSON file.", value=source.name or source)
            ) from error
        raise ExportError(say("{name} cannot be read: {value}.", name=source.name, value=system_says(error))) from error
    try:
        # Strict: "12.3" is no number and 1 is no yes, as the schema has it.
        return ReadingExport.model_validate_json(migrate(text), strict=True)
    except ValidationError as error:
        places = [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors(include_url=False)]
        more = f" (and {len(places) - 3} more)" if len(places) > 3 else ""
        raise ExportError(
            say(
                "{name} is not a reading of schema {schema_version}: {places}{more}",
                name=source.name,
                schema_version=SCHEMA_VERSION,
                places="; ".join(places[:3]),
                more=more,
            )
        ) from error
