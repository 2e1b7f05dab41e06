"""``napari-vcf fetch``: images of a list of cases from a DICOM server, one folder a case."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "add_server_arguments", "run"]


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a server."""
    parser.add_argument("--dicomweb", default="", metavar="URL", help="DICOMweb service, https://host/dicom-web")
    parser.add_argument("--dicom", default="", metavar="TITLE@HOST:PORT", help="DICOM service")
    parser.add_argument("--title", default="NAPARI-VCF", help="application entity title of this side")
    parser.add_argument(
        "--tls", action="store_true", help="speak TLS with the DICOM service; its certificate is checked"
    )


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "fetch",
        help="bring the images of a list of cases from a DICOM server",
        description="Bring the images of a list of cases from a DICOM server, one folder a case, ready for "
        "'study create'. A case appears only when it is whole; the same command goes on where it broke off. Name and "
        "password come from NAPARI_VCF_DICOM_USER and NAPARI_VCF_DICOM_PASSWORD or the keyring, never from a file. "
        "Needs the extra 'dicom'.",
    )
    parser.add_argument(
        "list", type=Path, metavar="CASES.csv", help="columns case and one or more of patient_id, study_date, study_uid"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="IMAGES", help="folder of all cases")
    add_server_arguments(parser)
    parser.add_argument(
        "--modality", action="append", metavar="CT", help="only this modality; repeat (default: CT, MR)"
    )
    parser.add_argument("--series", default="", metavar="REGEX", help="only series whose description contains this")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="connections at once (default: 4)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bring each case; one that fails does not stop the others."""
    from napari_vcf.errors import NapariVcfError
    from napari_vcf.interchange.extra import needs_extra

    with needs_extra():
        from napari_vcf.interchange.connecting import connect
        from napari_vcf.interchange.fetching import MODALITIES, fetch_case, read_list

        wanted = read_list(args.list)
        server = connect(dicomweb=args.dicomweb, dicom=args.dicom, title=args.title, tls=args.tls)
    failed = 0
    for case in wanted:
        try:
            found = fetch_case(
                server,
                case,
                args.out,
                modalities=args.modality or MODALITIES,
                series=args.series,
                workers=args.workers,
                progress=_show if sys.stderr.isatty() else None,
            )
        except NapariVcfError as error:
            failed += 1
            print(f"{case.case}: {error}", file=sys.stderr)
        else:
            print(f"{case.case}: {found.objects} images, {found.retrieved} of them now.")
    if failed:
        print(f"{failed} of {len(wanted)} cases are not whole. Run the same command again.", file=sys.stderr)
    return 1 if failed else 0


def _show(done: int, total: int, what: str) -> None:
    end = "\n" if done == total else ""
    print(f"\r{what}: {done} of {total}", end=end, file=sys.stderr, flush=True)
