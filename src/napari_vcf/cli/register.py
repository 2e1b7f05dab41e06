"""``napari-vcf register``: the rigid transform of one vertebra, from a folder and one clicked pair of points."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_vcf.errors import NapariVcfError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_vcf.dicom import Scan, Series
    from napari_vcf.geometry import Volume
    from napari_vcf.registration import RegistrationResult

__all__ = ["add_parser", "run"]

Point = tuple[float, float, float]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "register",
        help="register the CT of a folder to its MR images at one vertebra",
        description="Register the CT of a folder to its MR images at one vertebra. The points are the centre of the "
        "fractured body in each, in patient LPS mm.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder with the CT and the MR images")
    for option, what in (("--mr-point", "MR"), ("--ct-point", "CT")):
        parser.add_argument(
            option, metavar="X,Y,Z", type=_point, required=True, help=f"centre of the body in the {what}, LPS mm"
        )
    parser.add_argument("--threads", metavar="N", type=_threads, default=1, help="processor threads (default 1)")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - for standard output")
    # argparse takes "-12.3,4,5" for an option: it only knows single negative numbers.
    parser._negative_number_matcher = re.compile(r"^-\.?\d")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Register.

    Parameters
    ----------
    args : argparse.Namespace
        Parsed arguments.

    Returns
    -------
    int
        0 for ``ok`` and ``doubtful``, 1 for ``refused`` or where the result cannot be written.
    """
    result, notes = _register(args)
    answer = {
        "status": result.status,
        "reason": result.reason,
        "ct_to_mr": None if result.ct_to_mr is None else result.ct_to_mr.matrix.tolist(),
        "seconds": result.seconds,
        "quality": {**result.quality, **notes},
    }
    text = json.dumps(answer, indent=1, allow_nan=False)
    if args.json == "-":
        print(text)
        return _status(result)
    if args.json is not None:
        try:
            Path(args.json).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            print(f"napari-vcf: {args.json} cannot be written: {error.strerror}.", file=sys.stderr)
            return 1
    print(f"{result.status}: {result.reason}")
    for row in [] if result.ct_to_mr is None else result.ct_to_mr.matrix:
        print("  " + " ".join(f"{value:12.6f}" for value in row))
    return _status(result)


def _status(result: RegistrationResult) -> int:
    return 1 if result.status == "refused" else 0


def _register(args: argparse.Namespace) -> tuple[RegistrationResult, dict[str, Any]]:
    import numpy as np

    from napari_vcf.dicom import load_volume, scan_folder
    from napari_vcf.registration import RegistrationResult, register_vertebra

    notes: list[str] = []

    def refused(reason: str) -> tuple[RegistrationResult, dict[str, Any]]:
        return RegistrationResult("refused", reason, None, 0.0), {"series_notes": notes}

    try:
        scan = scan_folder(args.folder)
    except NapariVcfError as error:
        return refused(str(error))
    ct = _choose_ct(scan, np.array(args.ct_point), notes)
    if ct is None:
        return refused(_lacking("CT", notes))
    before = len(notes)
    contrasts = _choose_mr(scan, np.array(args.mr_point), notes)
    if not contrasts:
        return refused(_lacking("MR", notes[before:]))
    volumes: dict[str, Volume] = {}
    for name, series in contrasts.items():
        try:
            volumes[name] = load_volume(series)
        except NapariVcfError as error:
            notes.append(f"MR {name} is left out: {error}")
    try:
        ct_volume = load_volume(ct)
    except NapariVcfError as error:
        return refused(f"The CT cannot be read: {error}")
    if not volumes:
        return refused(f"No MR series can be read: {notes[-1]}")
    frames = {contrasts[name].frame_of_reference_uid for name in volumes}
    same_frame = ct.frame_of_reference_uid is not None and frames == {ct.frame_of_reference_uid}
    result = register_vertebra(
        ct_volume,
        volumes,
        ct_point_lps=args.ct_point,
        mr_point_lps=args.mr_point,
        threads=args.threads,
        same_frame=same_frame,
    )
    return result, {"series_notes": notes}


def _lacking(modality: str, left_out: list[str]) -> str:
    way_out = "give the folder that holds both the CT and the MR images."
    if left_out:
        return f"The folder holds no {modality} that can be used: {' '.join(left_out)} Mend the series, or {way_out}"
    return f"The folder holds no {modality} that can be read; {way_out}"


def _choose_ct(scan: Scan, point: NDArray[np.float64], notes: list[str]) -> Series | None:
    from napari_vcf.dicom import Role

    found = _sound([series for series in scan.series if series.role is Role.CT], notes)
    if not found:
        return None
    holding = [series for series in found if series.grid.contains(point)]
    # The thinnest slices show the endplates best; where two are equal, the larger stack shows more of the spine.
    chosen = min(holding or found, key=lambda s: (round(s.grid.spacing_mm[0], 3), -s.grid.shape[0], s.key))
    if len(found) > 1:
        where = f"{len(holding)} of {len(found)} CT series contain the CT point"
        notes.append(
            f"{where}; the one with {chosen.grid.shape[0]} slices of {chosen.grid.spacing_mm[0]:g} mm is used."
        )
    return chosen


def _choose_mr(scan: Scan, point: NDArray[np.float64], notes: list[str]) -> dict[str, Series]:
    """The anatomical contrasts in one frame of reference; other MR images only where there is nothing else."""
    from napari_vcf.dicom import Role

    anatomical = [series for series in scan.series if series.role in (Role.T1, Role.T2, Role.T2FS)]
    if not anatomical:
        anatomical = [series for series in scan.series if series.role is Role.OTHER and series.modality == "MR"]
    found = _sound(anatomical, notes)
    holding = [series for series in found if series.grid.contains(point)]
    if len(holding) < len(found):
        notes.append(f"{len(holding)} of {len(found)} MR series contain the MR point and are used.")
    # Where none holds the point, all are handed on, so that the refusal can say so.
    used = sorted(holding or found, key=lambda s: (str(s.role), s.grid.pixel_area_mm2, s.key))
    frames = [series.frame_of_reference_uid for series in used]
    if len(set(frames)) > 1:
        main = max(sorted(set(frames), key=str), key=frames.count)
        kept = [series for series in used if series.frame_of_reference_uid == main]
        notes.append(f"{len(used) - len(kept)} MR series in another frame of reference are left out.")
        used = kept
    named: dict[str, Series] = {}
    for series in used:
        same = sum(name.split(" ")[0] == str(series.role) for name in named)
        named[str(series.role) if not same else f"{series.role} {same + 1}"] = series
    return named


def _sound(series: list[Series], notes: list[str]) -> list[Series]:
    for entry in series:
        if not entry.measurable:
            notes.append(f"A {entry.role} series is left out: {entry.not_measurable_reason}")
    return [entry for entry in series if entry.measurable]


def _point(text: str) -> Point:
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y,Z: three numbers in mm with commas between") from None
    return x, y, z


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of threads: give 1 or more")
    return int(text)
