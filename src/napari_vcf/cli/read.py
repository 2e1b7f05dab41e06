"""``napari-vcf read``: the reading desk on a study."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "read",
        help="read the cases of a study",
        description="Open napari with the reading desk on a reader's worklist; the next case opens by itself.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    parser.add_argument("--reader", required=True, metavar="NAME", help="your pseudonym in the study")
    parser.add_argument(
        "--receipts",
        type=Path,
        metavar="FILE",
        help="file outside of the study that gets a line for each signature; keep it",
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="your signing key, from 'napari-vcf study key'")
    parser.add_argument(
        "--clock-is-right", action="store_true", help="say that this machine's clock is right, where it was doubted"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it closes; the exit status is 0."""
    from napari_vcf.study import open_study

    # Before the window, so that what is wrong with the study is said where the command was given.
    key = None
    if args.key is not None:
        from napari_vcf.study.signing_keys import ReaderKey

        key = ReaderKey(args.key, getpass.getpass("Passphrase of the key: "))
    study = open_study(args.study).as_reader(
        args.reader, receipts=args.receipts, key=key, clock_is_right=args.clock_is_right
    )

    import napari

    from napari_vcf.widgets.study.study_window import begin_study
    from napari_vcf.widgets.window.launch import open_window

    begin_study(open_window(), study)
    napari.run()
    return 0
