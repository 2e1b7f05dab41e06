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
    """Register; the exit status is 0 for ``ok`` and ``doubtful``, 1 for ``refused`` or where nothing can be written."""
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
    from napari_vcf.dicom import load_volume, scan_folder
    from napari_vcf.reading import Case
    from napari_vcf.reading.image_pairs import Mark, Pair, pair_of
    from napari_vcf.registration import RegistrationResult, register_vertebra

    notes: list[str] = []

    def refused(reason: str) -> tuple[RegistrationResult, dict[str, Any]]:
        return RegistrationResult("refused", reason, None, 0.0), {"series_notes": notes}

    try:
        scan = scan_folder(args.folder)
    except NapariVcfError as error:
        return refused(str(error))
    images = Case(scan, pseudonym="case", salt="").images.values() if scan.series else ()
    ct, mr = pair_of(images, ct_mark=Mark(args.ct_point), mr_mark=Mark(args.mr_point), notes=notes)
    for modality, found in (("CT", ct), ("MR", mr)):
        if not found:
            return refused(_lacking(modality, notes))
    assert ct is not None
    volumes: dict[str, Volume] = {}
    for name, image in mr.items():
        try:
            volumes[name] = load_volume(image.series)
        except NapariVcfError as error:
            notes.append(f"{name} is left out: {error}")
    try:
        ct_volume = load_volume(ct.series)
    except NapariVcfError as error:
        return refused(f"The CT cannot be read: {error}")
    if not volumes:
        return refused(f"No MR series can be read: {notes[-1]}")
    result = register_vertebra(
        ct_volume,
        volumes,
        ct_point_lps=args.ct_point,
        mr_point_lps=args.mr_point,
        threads=args.threads,
        same_frame=Pair(ct, {name: mr[name] for name in volumes}).same_frame,
    )
    return result, {"series_notes": notes}


def _lacking(modality: str, left_out: list[str]) -> str:
    way_out = "give the folder that holds both the CT and the MR images."
    if left_out:
        return f"The folder holds no {modality} that can be used: {' '.join(left_out)} Mend the series, or {way_out}"
    return f"The folder holds no {modality} that can be read; {way_out}"


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
