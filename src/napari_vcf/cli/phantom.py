"""``napari-vcf phantom``: write the synthetic sample case."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand.

    Parameters
    ----------
    subparsers : argparse action
        Of the command ``napari-vcf``.
    """
    parser = subparsers.add_parser(
        "phantom",
        help="write a synthetic case as DICOM, with its truth beside it",
        description="Write a synthetic lumbar segment with one compressed vertebra as DICOM files. What is known of it "
        "goes into FOLDER-truth.json beside the folder, or where --truth says; no image tells it.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new or empty folder for the images")
    parser.add_argument("--seed", type=int, help="another case: anatomy, fracture and motion are drawn from the number")
    parser.add_argument("--hard", action="store_true", help="with --seed: low signal, strong bias, large turns")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="where the truth goes")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the case; the exit status is 0."""
    from napari_vcf.phantom import PhantomSpec, SpecError, make_case, random_spec, write_dicom, write_truth

    folder: Path = args.folder
    truth_path: Path = args.truth if args.truth else folder.with_name(f"{folder.resolve().name}-truth.json")
    if truth_path.resolve().is_relative_to(folder.resolve()):
        raise SpecError(f"The truth must stay outside the folder of the images: {truth_path} lies inside {folder}.")
    if args.hard and args.seed is None:
        raise SpecError("--hard draws a case, which needs --seed.")
    sample = PhantomSpec()
    spec = sample if args.seed is None else random_spec(args.seed, hard=args.hard, contrasts=sample.contrasts)
    case = make_case(spec)
    files = write_dicom(case, folder)
    write_truth(case.truth, truth_path)
    print(f"{len(files)} images in {folder}; the truth is in {truth_path}")
    return 0
