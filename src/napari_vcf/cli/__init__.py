"""The command ``napari-vcf``: one module of this package for each subcommand."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence

from napari_vcf.errors import NapariVcfError
from napari_vcf.notice import INTENDED_USE
from napari_vcf.version import __version__

__all__ = ["build_parser", "main"]


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every subcommand.

    A subcommand is a module of this package with ``add_parser(subparsers)``, which sets ``run`` as a default.

    Returns
    -------
    argparse.ArgumentParser
    """
    parser = argparse.ArgumentParser(
        prog="napari-vcf",
        description="Structured reading of vertebral compression fractures on CT and MRI.",
        epilog=INTENDED_USE,
    )
    parser.add_argument("--version", action="version", version=f"napari-vcf {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _modules():
        importlib.import_module(f"{__name__}.{module}").add_parser(subparsers)
    return parser


def _modules() -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def _joined(argv: Sequence[str]) -> list[str]:
    """Arguments with a subcommand of two words, such as ``agreement plan`` (module ``agreement_plan``), made one."""
    pairs = {module.replace("_", " ") for module in _modules() if "_" in module}
    words = " ".join(argv[:2])
    return [words, *argv[2:]] if words in pairs else list(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if left out.

    Returns
    -------
    int
        Exit status: 0 done, 1 refused or differing, 2 wrong arguments, 130 interrupted (Ctrl+C), 141 where nobody reads
        the output any more.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file may have a name that the terminal cannot show; its other names must still be shown.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            return _run(argv)
        finally:
            # What is still waiting fails here, where it can be caught, and not while Python ends.
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # As `head` does: whoever reads has seen enough. The status is that of a program that a pipe ended.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(argv: Sequence[str] | None) -> int:
    args = build_parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    try:
        status: int = args.run(args)
    except NapariVcfError as error:
        print(f"napari-vcf: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        # A full disk, a folder that may not be written: the person can help it, and a traceback would not say how.
        place = "" if error.filename is None else f"{error.filename}: "
        print(f"napari-vcf: {place}{error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("napari-vcf: interrupted.", file=sys.stderr)
        return 130
    return status
