"""``napari-vcf consensus``: what readers who have signed settle between them."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "consensus",
        help="settle what the readers of a study differ in",
        description="Show what differs between the readers of a case, with their drawings side by side, and settle it.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    parser.add_argument("--case", required=True, metavar="C", help="pseudonym of the case")
    parser.add_argument("--stage", choices=["ct", "mri", "combined"], help="the stage; default: the first of the study")
    parser.add_argument(
        "--anew",
        action="store_true",
        help="set aside what was begun on this stage and not signed, because a reading was amended since",
    )
    parser.add_argument(
        "--receipts",
        type=Path,
        metavar="FILE",
        help="file outside of the study that gets a line for each signature; keep it",
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="a signing key, from 'napari-vcf study key'")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it closes; the exit status is 0."""
    from napari_vcf.study import open_consensus, open_study
    from napari_vcf.study.confirmations import Confirmations

    stages = open_study(args.study).protocol.protocol.stages
    stage = args.stage or stages[0]
    # Before the window, so that what keeps the case closed is said where the command was given.
    open_consensus(args.study, args.case, stage, anew=args.anew).close()
    key = None
    if args.key is not None:
        from napari_vcf.study.signing_keys import ReaderKey

        key = ReaderKey(args.key, getpass.getpass("Passphrase of the key: "))
    confirmations = Confirmations(args.receipts, key)

    import napari

    from napari_vcf.widgets.study.study_window import open_consensus_window

    open_consensus_window(args.study, args.case, stages, stage, confirmations)
    napari.run()
    return 0
