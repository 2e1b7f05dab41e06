"""``napari-vcf send``: DICOM objects to a server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from napari_vcf.cli.fetch import add_server_arguments

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "send",
        help="send what 'napari-vcf dicom' wrote to a DICOM server",
        description="Send DICOM objects to a server, by STOW-RS or C-STORE; the answer to each is checked. Needs the "
        "extra 'dicom'.",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="DICOM files, or folders of them")
    add_server_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send, and name what was not taken."""
    from napari_vcf.interchange.extra import needs_extra

    with needs_extra():
        from napari_vcf.interchange.connecting import connect
        from napari_vcf.interchange.servers import read_object

        server = connect(dicomweb=args.dicomweb, dicom=args.dicom, title=args.title, tls=args.tls)
    paths = [path for given in args.files for path in (sorted(given.glob("*.dcm")) if given.is_dir() else [given])]
    names = {}
    objects = []
    for path in paths:
        dataset = read_object(path)
        names[str(dataset.SOPInstanceUID)] = path.name
        objects.append(dataset)
    if not objects:
        print("napari-vcf: there is no DICOM file to send.", file=sys.stderr)
        return 1
    failed = server.store(objects)
    for uid, reason in failed:
        print(f"{names[uid]}: not taken: {reason}.", file=sys.stderr)
    print(f"{len(objects) - len(failed)} of {len(objects)} objects taken.")
    return 1 if failed else 0
