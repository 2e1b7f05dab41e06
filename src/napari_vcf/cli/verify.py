"""``napari-vcf verify``: recompute an export from its geometry and the images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "verify",
        help="recompute every number of an exported reading from the images",
        description="Recompute every number of an exported reading and say which differ. Exit status 1 if any does.",
    )
    parser.add_argument("export", type=Path, metavar="EXPORT", help="the exported JSON file")
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="folder with the case's images")
    parser.add_argument(
        "--signed",
        type=Path,
        nargs="+",
        default=[],
        metavar="EXPORT",
        help="signed exports of earlier stages from which something was carried; those beside the file are found",
    )
    parser.add_argument(
        "--label-map",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a label map that a body was proposed from; may be given more than once",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Recompute, print the differences, and say whether there were any."""
    from napari_vcf.reading import verify_export

    report = verify_export(args.export, args.images, signed=args.signed, label_maps=args.label_map)
    for difference in report.differences:
        print(f"DIFFERS  {difference}")
    for sentence in report.not_compared:
        print(f"NOT COMPARED  {sentence}")
    verdict = f"{len(report.differences)} differ" if report.differences else "all agree"
    print(f"{args.export.name}: {report.compared} values compared, {verdict}.")
    return 1 if report.differences else 0
