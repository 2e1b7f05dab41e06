"""``napari-vcf dicom``: readings as DICOM objects, and such a report back as a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "dicom",
        help="write exported readings as DICOM SR, SEG and REG",
        description="Write exported readings as DICOM: a structured report, a segmentation for each painted image and "
        "a registration for each accepted alignment. Every number is recomputed from the images first; a difference "
        "stops it. Patient and study are those of the images. Needs the extra 'dicom'.",
    )
    parser.add_argument("exports", type=Path, nargs="*", metavar="EXPORT", help="exported JSON files")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="folder with the images of the case")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the DICOM files go")
    parser.add_argument(
        "--read",
        type=Path,
        metavar="FILE",
        help="print what such a structured report says; with --images, show it in the window over them",
    )
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Write the objects, or read a report."""
    if args.read is not None:
        if args.exports or args.out:
            args.parser.error("--read takes one report, and --images to show it over them")
        return _read(args.read) if args.images is None else _show(args.read, args.images)
    if not args.exports or args.images is None or args.out is None:
        args.parser.error("name at least one EXPORT, --images and --out")
    from napari_vcf.interchange.extra import needs_extra

    with needs_extra():
        from napari_vcf.interchange.writing import write_dicom
    for export in args.exports:
        written = write_dicom(export, args.images, args.out)
        print(f"{export.name}: {written.verified} values verified, {written.numbers} numbers written and read back:")
        for path in written.files:
            print(f"  {path.name}")
    return 0


def _read(path: Path) -> int:
    from napari_vcf.interchange.extra import needs_extra

    with needs_extra():
        from napari_vcf.interchange.report import read_report
    from napari_vcf.notice import INTENDED_USE

    print(INTENDED_USE)
    for group in read_report(path):
        print(group.name + (f" ({group.level})" if group.level else ""))
        for number in group.numbers:
            print(f"  {number.name}: {number.value!r}{'' if number.unit == '1' else ' ' + number.unit}")
        for statement in group.statements:
            print(f"  {statement.item}: {statement.value}{': ' + statement.reason if statement.reason else ''}")
        for key, text in group.texts:
            print(f"  {key}: {text}")
    return 0


def _show(path: Path, images: Path) -> int:
    from napari_vcf.interchange.belonging import is_own_report
    from napari_vcf.interchange.errors import InterchangeError

    if not is_own_report(path):
        raise InterchangeError(f"{path.name} is not a structured report of this program; it reads only its own.")

    import napari

    from napari_vcf.widgets.window.launch import open_window

    panel = open_window().case_panel
    panel.open_folder(images)
    panel.show_when_open(path)
    napari.run()
    return 0
