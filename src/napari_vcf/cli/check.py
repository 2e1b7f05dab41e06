"""``napari-vcf check``: whether a study is as the program wrote it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "check",
        help="check every journal, seal and export of a study",
        description="Check every journal, seal, prepared case and export of a study. Exit status 0 if all are whole, 1 "
        "if any is not.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    parser.add_argument("--exports", type=Path, metavar="FOLDER", help="check the exports in this folder as well")
    parser.add_argument(
        "--receipts",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="files of receipts that readers kept outside of the study: what they signed must be there as it was",
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FILE",
        help="lines of a reader and a public key, kept outside of the study: every seal must be signed with it",
    )
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - for standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, and say what is damaged."""
    from napari_vcf.records.atomic import write_atomically
    from napari_vcf.study.signing_keys import read_public_keys
    from napari_vcf.study.study_check import check_study

    report = check_study(
        args.study,
        exports=args.exports,
        receipts=args.receipts,
        keys=None if args.keys is None else read_public_keys(args.keys),
    )
    text = json.dumps({"whole": not report.damages, **asdict(report)}, indent=1)
    if args.json == "-":
        print(text)
        return 1 if report.damages else 0
    if args.json is not None:
        write_atomically(Path(args.json), text + "\n", overwrite=True)
    for damage in report.damages:
        print(f"DAMAGED  {damage}")
    verdict = f"{len(report.damages)} damaged" if report.damages else "all whole"
    print(f"{report.journals} journals, {report.seals} seals, {report.exports} exports: {verdict}.")
    return 1 if report.damages else 0
