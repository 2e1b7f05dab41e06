"""``napari-vcf schema``: print the JSON Schema of the export."""

from __future__ import annotations

import argparse
import json
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("schema", help="print the JSON Schema of an exported reading")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    from napari_vcf.reading import json_schema

    del args
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return 0
