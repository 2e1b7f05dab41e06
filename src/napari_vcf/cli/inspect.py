"""``napari-vcf inspect``: what a folder holds, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_vcf.dicom import Scan, Series

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "inspect",
        help="list the series of a folder: role, geometry, unit, and what was refused",
        description="List every series of a folder with its role, geometry and unit, and every file that was refused.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder with the images (or its DICOMDIR)")
    parser.add_argument("--json", metavar="FILE", help="write the list as JSON, with means; - for standard output")
    parser.add_argument(
        "--role",
        metavar="NUMBER=ROLE",
        action="append",
        default=[],
        help="give a series, by its number in the table, another role; may be repeated",
    )
    parser.add_argument(
        "--adc-unit",
        metavar="[NUMBER=]UNIT",
        action="append",
        default=[],
        help='unit of an ADC map, such as "1e-6 mm2/s"; without a number, of every map whose unit is unknown',
    )
    parser.add_argument(
        "--b-values",
        metavar="NUMBER=B,B,...",
        action="append",
        default=[],
        help="b-values of a diffusion series that states none, one for each of its volumes, in s/mm2; may be repeated",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List a folder; the exit status is 0 if something could be read, else 1."""
    from napari_vcf.dicom import check_adc_units, scan_folder

    scan = check_adc_units(scan_folder(args.folder))
    if args.role or args.adc_unit or args.b_values:
        scan = check_adc_units(_with_answers(scan, args.role, args.adc_unit, args.b_values))
    if args.json is None:
        print(_table(scan, _undecodable(scan)))
        return 0 if scan.series else 1
    listing = _listing(scan)
    text = json.dumps(listing, indent=1, allow_nan=False)
    if args.json == "-":
        print(text)
    else:
        try:
            Path(args.json).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            print(f"napari-vcf: {args.json} cannot be written: {error.strerror}.", file=sys.stderr)
            return 1
        print(_table(scan, {}))
    return 0 if listing["series"] else 1


def _undecodable(scan: Scan) -> dict[str, str]:
    """Key of each series whose first compressed pixels cannot be decoded -> why: the table reads no others."""
    from napari_vcf.dicom import PixelError, check_decodable

    failures: dict[str, str] = {}
    for series in scan.series:
        try:
            check_decodable(series)
        except PixelError as error:
            failures[series.key] = f"It cannot be read: {error}"
    return failures


def _with_answers(scan: Scan, roles: list[str], units: list[str], weightings: list[str]) -> Scan:
    from napari_vcf.dicom import DicomError, Role, with_adc_unit, with_b_values, with_role

    series = list(scan.series)
    for answer in roles:
        number, _, role = answer.partition("=")
        index = _index(number, len(series), answer)
        series[index] = with_role(series[index], role)
    for answer in weightings:
        number, _, values = answer.partition("=")
        index = _index(number, len(series), answer)
        try:
            b_values = [float(value) for value in values.split(",")]
        except ValueError:
            raise DicomError(f"{answer}: b-values are numbers with commas between them.") from None
        series[index] = with_b_values(series[index], b_values)
    for answer in units:
        number, separator, unit = answer.partition("=")
        if separator:
            index = _index(number, len(series), answer)
            series[index] = with_adc_unit(series[index], unit)
            continue
        unknown = [index for index, entry in enumerate(series) if entry.role is Role.ADC and entry.unit is None]
        if not unknown:
            raise DicomError(f"--adc-unit {answer}: there is no ADC map whose unit is unknown.")
        for index in unknown:
            series[index] = with_adc_unit(series[index], answer)
    return scan.with_series(series)


def _index(number: str, count: int, answer: str) -> int:
    from napari_vcf.dicom import DicomError

    if not number.isdecimal() or not 1 <= int(number) <= count:
        raise DicomError(f"{answer}: give the number of a series, 1 to {count}, before the equals sign.")
    return int(number) - 1


def _listing(scan: Scan) -> dict[str, Any]:
    from napari_vcf.dicom import PixelError, native_mean

    entries: list[dict[str, Any]] = []
    frames = _frames_of_reference(scan)
    refused = [{"path": entry.path.as_posix(), "reason": entry.reason} for entry in scan.refused]
    for series in scan.series:
        volumes: list[dict[str, Any]] = []
        failures: list[str] = []
        for index, volume in enumerate(series.volumes):
            mean: float | None = None
            reason: str | None = None
            try:
                mean = native_mean(series, index)
            except PixelError as error:
                refused.append({"path": error.name, "reason": error.reason})
                reason = str(error)
                failures.append(f"Volume {index + 1} cannot be read: {error}")
            volumes.append(
                {
                    "kind": volume.kind,
                    "b_value": volume.b_value,
                    "echo_time_ms": volume.echo_time_ms,
                    "mean": mean,
                    "reason": reason,
                }
            )
        if len(failures) < len(volumes):
            entries.append(_entry(series, volumes, failures, frames.get(series.key)))
    return {"series": entries, "refused": refused, "remarks": list(scan.remarks)}


def _frames_of_reference(scan: Scan) -> dict[str, int]:
    """Key of each series that names a frame of reference -> its number among those of the folder."""
    numbers: dict[str, int] = {}
    for series in scan.series:
        if series.frame_of_reference_uid is not None:
            numbers.setdefault(series.frame_of_reference_uid, len(numbers) + 1)
    return {
        series.key: numbers[series.frame_of_reference_uid]
        for series in scan.series
        if series.frame_of_reference_uid is not None
    }


def _entry(series: Series, volumes: list[dict[str, Any]], failures: list[str], frame: int | None) -> dict[str, Any]:
    closed = [series.not_measurable_reason] if series.not_measurable_reason else []
    return {
        "series_instance_uid": series.series_instance_uid,
        "role": str(series.role),
        "role_evidence": series.role_evidence,
        "modality": series.modality or _modality_of(series),
        "shape": list(series.grid.shape),
        "spacing_mm": list(series.grid.spacing_mm),
        "affine_lps": series.grid.affine_lps.tolist(),
        "volumes": volumes,
        "measurable": series.measurable,
        "frame_of_reference": frame,
        "seconds_after_injection": series.seconds_after_injection,
        "unit": series.unit,
        "unit_evidence": series.unit_evidence,
        "corrections": list(dict.fromkeys([*series.remarks, *closed, *failures])),
    }


def _modality_of(series: Series) -> str:
    """Modality of a volume file, which states none: by the role that the person gave; OT, for other, without one."""
    from napari_vcf.dicom import Role

    if series.role in (Role.OTHER, Role.LOCALIZER):
        return "OT"
    return "CT" if series.role is Role.CT else "MR"


def _table(scan: Scan, undecodable: dict[str, str]) -> str:
    frames = _frames_of_reference(scan)
    several = len(set(frames.values())) > 1
    lines = []
    for number, series in enumerate(scan.series, start=1):
        shape = " x ".join(str(size) for size in series.grid.shape)
        spacing = " x ".join(f"{step:.3f}" for step in series.grid.spacing_mm)
        many = f", {len(series.volumes)} volumes" if len(series.volumes) > 1 else ""
        where = f", frame of reference {frames.get(series.key, 'not stated')}" if several else ""
        unit = series.unit or "unit unknown"
        lines.append(
            f"{number:3d}  {series.role:9s}  {shape} at {spacing} mm, {series.grid.plane}{many}, {unit}{where}"
        )
        lines.append(f"     {series.description or '(no description)'}")
        lines.append(f"     role: {series.role_evidence}; unit: {series.unit_evidence}")
        lines.extend(f"     ! {correction}" for correction in series.remarks)
        if series.not_measurable_reason:
            lines.append(f"     ! {series.not_measurable_reason}")
        if series.key in undecodable:
            lines.append(f"     ! {undecodable[series.key]}")
    lines.extend(f"! {remark}" for remark in scan.remarks)
    if not scan.series:
        lines.append("No series could be read.")
    if scan.refused:
        lines.append(f"Refused ({len(scan.refused)}):")
        lines.extend(f"     {entry.path.as_posix()}: {entry.reason}" for entry in scan.refused)
    return "\n".join(lines)
