"""``napari-vcf agreement``: from readings to agreement statistics and a report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_vcf.agreement import AgreementDocument
    from napari_vcf.agreement.figures import FromImages

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "agreement",
        help="agreement of readers, accuracy against pathology, and a report",
        description="Analyse exported readings or a tidy table (case,reader,stage,item,value[,unit]) and write "
        "agreement.json, a CSV file for each table, and report.html.",
    )
    parser.add_argument(
        "readings",
        nargs="+",
        metavar="READING",
        help="exported reading (.json), folder of them, pattern, or tidy table (.csv, .parquet)",
    )
    parser.add_argument(
        "--reference", metavar="PATHOLOGY.csv", help="columns case,pathology and any that describe the cases"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--positive",
        choices=("benign", "malignant"),
        default="benign",
        help="positive class of sensitivity and predictive values (default: benign, as in the paper)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")
    parser.add_argument("--bootstrap", type=int, default=2000, metavar="N", help="bootstrap samples (default: 2000)")
    parser.add_argument("--level", type=float, default=0.95, help="confidence level (default: 0.95)")
    parser.add_argument(
        "--proportions",
        choices=("clopper-pearson", "wilson"),
        default="clopper-pearson",
        help="interval of proportions (default: clopper-pearson)",
    )
    parser.add_argument(
        "--intervals",
        choices=("closed", "transformed", "bootstrap"),
        default="closed",
        help="closed forms where there are any (default); those of kappa, AC and AUC by Fisher's z or the logit, which "
        "hold their level better near 1; or the case bootstrap for kappa, AC, ICC and limits",
    )
    parser.add_argument(
        "--covariance",
        choices=("jackknife", "delong"),
        default="jackknife",
        help="covariance of readers and stages over the cases, where stages are compared over readers (default: "
        "jackknife)",
    )
    parser.add_argument(
        "--margin",
        type=float,
        metavar="D",
        help="also test that a later stage is not worse than an earlier one by D (a share, such as 0.05)",
    )
    parser.add_argument(
        "--model",
        metavar="SIGN,SIGN",
        help="fit a logistic model of these signs, chosen beforehand (needs the extra 'paper')",
    )
    parser.add_argument(
        "--apart",
        action="store_true",
        help="analyse apart what does not fit together (cases, protocols, units, consensus) instead of refusing it",
    )
    parser.add_argument(
        "--repeats",
        action="store_true",
        help="take a second table, or a reader's second export of a case, as a repeated reading",
    )
    parser.add_argument(
        "--without-carried",
        action="store_true",
        help="leave out what rests on drawings that a reader carried from an earlier stage; the report says how many "
        "there are either way",
    )
    parser.add_argument(
        "--figures",
        action="store_true",
        help="also draw the charts for a paper, into DIR/figures and into the report (needs the extra 'paper')",
    )
    parser.add_argument(
        "--images",
        metavar="DIR",
        help="with --figures: also show graded vertebrae and the ADC rectangles, from the images of the cases in this "
        "folder",
    )
    parser.add_argument(
        "--panels",
        metavar="CASE,CASE",
        help="with --images: show these cases (default: the first that has it of each degree and extent)",
    )
    parser.add_argument("--parquet", action="store_true", help="also write the tidy table as readings.parquet")
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Analyse and write.

    Returns
    -------
    int
        0; a refusal is raised.
    """
    from pathlib import Path

    from napari_vcf.agreement import (
        analyse,
        load_readings,
        make_settings,
        read_reference,
        write_analysis,
        write_parquet,
    )

    if args.images is not None and not args.figures:
        args.parser.error("--images is for the figures: add --figures")
    if args.panels is not None and args.images is None:
        args.parser.error("--panels needs --images")
    settings = make_settings(
        positive=args.positive,
        level=args.level,
        seed=args.seed,
        bootstrap=args.bootstrap,
        proportions=args.proportions,
        intervals=args.intervals,
        apart=args.apart,
        covariance=args.covariance,
        margin=args.margin,
        model=[] if args.model is None else [name.strip() for name in args.model.split(",")],
    )
    reference = None if args.reference is None else read_reference(args.reference)
    loaded = load_readings(
        args.readings,
        repeats=args.repeats,
        consensus=args.apart,
        carried="left_out" if args.without_carried else "counted",
    )
    analysed = analyse(
        loaded.readings,
        reference,
        settings=settings,
        masks=loaded.masks,
        schema_versions=loaded.schema_versions,
        aside=loaded.aside,
    )
    pictures = None if args.images is None else _pictures(args, loaded.files)
    written = write_analysis(
        analysed, args.out, figures=args.figures, pictures=() if pictures is None else pictures.drawn
    )
    if args.parquet:
        written.append(write_parquet(loaded.readings, Path(args.out) / "readings.parquet"))
    _summary(analysed.document)
    for remark in () if pictures is None else pictures.remarks:
        print(f"Note: {remark}")
    print(f"{len(written)} files in {args.out}: {', '.join(path.name for path in written)}")
    return 0


def _pictures(args: argparse.Namespace, files: Sequence[Path]) -> FromImages:
    from napari_vcf.agreement.figures import pictures_of_readings

    cases = [] if args.panels is None else [name.strip() for name in args.panels.split(",")]
    return pictures_of_readings(files, args.images, cases=cases)


def _summary(document: AgreementDocument) -> None:
    readers = ", ".join(document.readers)
    stages = ", ".join(document.stages)
    print(f"{document.cases} cases, readers {readers}, stages {stages}; {len(document.rows)} statistics.")
    for label in filter(None, document.parts):
        print(f"{document.name_of(label).capitalize()}: {label}.")
    if document.reference is not None:
        print(f"Positive class: {document.settings.positive}.")
    shown = [
        ("between_readers", "cohen_kappa"),
        ("against_reference", "accuracy"),
        ("against_reference", "cohen_kappa"),
    ]
    for analysis, statistic in shown:
        for row in document.rows:
            if (row.analysis, row.statistic, row.item) == (analysis, statistic, "verdict"):
                value = "not defined" if row.value is None else f"{row.value:.3f}"
                part = f"; {document.name_of(row.part)}" if row.part else ""
                print(f"  {analysis} {row.stage} {' and '.join(row.readers)}: {statistic} {value} (n = {row.n}{part})")
    if document.left_out:
        print(f"{len(document.left_out)} times cases were left out; left_out.csv names them and why.")
    for remark in document.remarks[:20]:
        print(f"Note: {remark}")
