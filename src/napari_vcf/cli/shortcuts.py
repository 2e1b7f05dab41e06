"""``napari-vcf shortcuts``: the keys of the reading desk, and the file in which a reader chooses others."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "shortcuts",
        help="print all keys of the reading desk, check a reader's own, or write a file to change them in",
        description="Print every action and its keys in the form of the file in which a reader chooses other keys.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="write the file to start from, with all lines commented out")
    what.add_argument("--check", action="store_true", help="say whether the file can be used")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print, write or check."""
    from napari_vcf.widgets.common.shortcuts_in_force import keys_path, keys_template, read_keys, write_keys_template

    if args.write:
        print(f"The keys are in {write_keys_template()}; it is read when the desk starts.")
    elif args.check:
        if keys_path().exists():
            read_keys(keys_path())
            print(f"The keys in {keys_path()} can be used.")
        else:
            print(f"There is no file {keys_path()}; the usual keys are in force.")
    else:
        print(f"# {keys_path()}")
        print(keys_template(), end="")
    return 0
