"""``napari-vcf open``: the reading desk on a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "open",
        help="open the reading desk on the folder of a case",
        description="Open napari with the reading desk on the folder of one case (CT, MRI or both).",
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        help="folder with one case (or its DICOMDIR); left out, the window asks for it",
    )
    parser.add_argument(
        "--reading",
        metavar="FILE",
        type=Path,
        help="an exported reading of these images: look at it, and go on with it as a new version",
    )
    parser.add_argument("--case", metavar="NAME", default="C001", help="pseudonym of the case (default C001)")
    parser.add_argument("--reader", metavar="NAME", default="R1", help="pseudonym of the reader (default R1)")
    parser.add_argument("--study", metavar="NAME", default="STUDY", help="name of the study (default STUDY)")
    parser.add_argument("--protocol", metavar="FILE", type=Path, help="protocol of the study, JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it closes; the exit status is 0."""
    from napari_vcf.dicom import folder_of
    from napari_vcf.reading import ExportError, read_reading
    from napari_vcf.reading.protocol_file import read_protocol_file

    if args.reading is not None:
        if args.folder is None:
            raise ExportError("An exported reading is opened on its images: give their folder as well.")
        # Refused here, before a window opens for nothing.
        read_reading(args.reading)
    folder = None if args.folder is None else folder_of(args.folder)
    protocol = None if args.protocol is None else read_protocol_file(args.protocol)

    import napari

    from napari_vcf.widgets.window.launch import open_window

    panel = open_window().case_panel
    panel.protocol = protocol
    for field, text in ((panel.case_name, args.case), (panel.reader_name, args.reader), (panel.study_name, args.study)):
        field.setText(text)
    if folder is not None and args.reading is not None:
        panel.open_reading(args.reading, folder)
    elif folder is not None:
        panel.open_folder(folder)
    napari.run()
    return 0
