"""``napari-vcf export``: the signed readings of a study as JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "export",
        help="write the signed readings of a study as JSON",
        description="Write every signed stage of a study as one JSON file, exactly as it was signed.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--reader", action="append", default=[], metavar="NAME", help="only this reader; repeat")
    parser.add_argument("--versions", action="store_true", help="also versions that do not count, into FOLDER/amended")
    parser.add_argument(
        "--format",
        choices=("json", "csv", "redcap", "imrmc"),
        default="json",
        help="json (default): the signed documents; csv: one row a reading; redcap: data dictionary and records; "
        "imrmc: input of iMRMC",
    )
    parser.add_argument(
        "--reference", type=Path, metavar="PATHOLOGY.csv", help="columns case,pathology; only for imrmc, which needs it"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files."""
    from napari_vcf.study.errors import StudyError
    from napari_vcf.study.signed_exports import export_study, unlisted_exports

    if args.format != "json":
        if args.versions:
            raise StudyError(
                f"--versions goes with the signed documents: a table ({args.format}) holds what counts. Leave it out, "
                "or export with --format json."
            )
        return _write_tables(args)
    written = export_study(args.study, args.out, readers=args.reader, versions=args.versions)
    print(f"{len(written)} signed readings in {args.out.name}.")
    _say_what_came_late(args)
    if left := [path.relative_to(args.out).as_posix() for path in unlisted_exports(args.out)]:
        print(
            f"Not exported, but in the folder: {', '.join(left)}. A case may have been withdrawn, or a reading "
            "amended, since they were written. Nothing is deleted: take away what must not be there. 'agreement' "
            "leaves them out."
        )
    return 0


def _write_tables(args: argparse.Namespace) -> int:
    import tempfile

    from napari_vcf.interchange.csv_tables import table_files
    from napari_vcf.records.atomic import write_atomically
    from napari_vcf.study.signed_exports import export_study

    with tempfile.TemporaryDirectory() as scratch:
        signed = export_study(args.study, scratch, readers=args.reader)
        files = table_files(signed, args.format, reference=args.reference)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomically(args.out / name, text, overwrite=True)
    print(f"{len(signed)} signed readings in {', '.join(files)}.")
    _say_what_came_late(args)
    return 0


def _say_what_came_late(args: argparse.Namespace) -> None:
    from napari_vcf.study.signed_exports import amended_after_consensus

    if late := amended_after_consensus(args.study, readers=args.reader):
        print(
            f"Amended after their consensus: {', '.join(late)}. Their readers knew what had been settled, so the "
            "version before it is the one that is exported"
            + ("; --versions writes these into the folder 'amended'." if args.format == "json" else ".")
        )
