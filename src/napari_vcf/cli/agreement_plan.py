"""``napari-vcf agreement plan``: how many cases and readers a study needs."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_parser", "run"]


def _readers(text: str) -> list[int]:
    """Numbers of readers: ``2``, ``2,3,5`` or ``2-10``."""
    try:
        counts: list[int] = []
        for part in text.split(","):
            first, dash, last = part.partition("-")
            counts += range(int(first), int(last) + 1) if dash else [int(first)]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of readers, such as 2, 2,3,5 or 2-10") from error
    if not counts or min(counts) < 2 or max(counts) > 100:
        raise argparse.ArgumentTypeError(f"'{text}': readers count from 2 to 100")
    return counts


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, whose name is two words."""
    parser = subparsers.add_parser(
        "agreement plan",
        help="how many cases and readers a study needs",
        description="Cases and readers for a wanted interval or power: a table, and with --out a curve.",
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    kappa = kinds.add_parser("kappa", help="interval of kappa of two readers, two categories")
    kappa.add_argument("--kappa", type=float, required=True, help="kappa that is expected")
    kappa.add_argument("--prevalence", type=float, default=0.5, help="share of the first category (default: 0.5)")
    _width(kappa)
    icc = kinds.add_parser("icc", help="interval of an ICC, or power to exceed a least value (--above)")
    icc.add_argument("--icc", type=float, required=True, help="ICC that is expected")
    icc.add_argument("--readers", type=_readers, default=[2, 3, 4, 5], metavar="N[-N]", help="readers (default: 2-5)")
    icc.add_argument("--above", type=float, help="plan a test that the ICC exceeds this value, instead of an interval")
    _width(icc, required=False)
    _power(icc)
    auc = kinds.add_parser("auc", help="difference of two stages over readers and cases, from a pilot's agreement.json")
    auc.add_argument("--pilot", type=Path, required=True, metavar="agreement.json", help="analysis of a pilot")
    auc.add_argument("--difference", type=float, required=True, help="difference of the mean figures to be found")
    auc.add_argument("--readers", type=_readers, default=list(range(2, 11)), metavar="N[-N]", help="default: 2-10")
    auc.add_argument(
        "--figure",
        choices=("auc", "sensitivity", "specificity", "accuracy"),
        default="auc",
        help="figure of merit (default: auc)",
    )
    _power(auc)
    mcnemar = kinds.add_parser("mcnemar", help="right verdicts of one reader in two stages")
    mcnemar.add_argument("--discordant", type=float, required=True, help="share of cases right in one stage only")
    mcnemar.add_argument("--difference", type=float, required=True, help="difference of the shares right")
    _power(mcnemar)
    for kind in (kappa, icc, auc, mcnemar):
        kind.add_argument("--out", type=Path, metavar="DIR", help="also write plan.csv, plan.txt and plan.svg")
    parser.set_defaults(run=run)


def _width(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--width", type=float, required=required, help="whole width of the interval")
    parser.add_argument("--level", type=float, default=0.95, help="confidence level (default: 0.95)")


def _power(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--alpha", type=float, default=0.05, help="level of the test (default: 0.05)")
    parser.add_argument("--power", type=float, default=0.8, help="power (default: 0.8)")


def run(args: argparse.Namespace) -> int:
    """Plan and print.

    Returns
    -------
    int
        0; a refusal is raised.
    """
    from napari_vcf.agreement import plan as plans
    from napari_vcf.agreement.errors import AgreementError
    from napari_vcf.agreement.migrations import read_agreement

    test = {"alpha": args.alpha, "power": args.power} if hasattr(args, "power") else {}
    if args.kind == "kappa":
        plan = plans.plan_kappa(args.kappa, args.prevalence, args.width, level=args.level)
    elif args.kind == "mcnemar":
        plan = plans.plan_mcnemar(args.discordant, args.difference, **test)
    elif args.kind == "auc":
        pilot = plans.pilot_of(read_agreement(args.pilot), args.figure)
        plan = plans.plan_auc(pilot, args.difference, args.readers, **test)
    elif args.above is not None:
        plan = plans.plan_icc_test(args.above, args.icc, args.readers, **test)
    elif args.width is not None:
        plan = plans.plan_icc(args.icc, args.readers, args.width, level=args.level)
    else:
        raise AgreementError("A plan for an ICC needs --width (an interval) or --above (a test).")
    print(plan.text())
    if args.out is not None:
        written = plans.write_plan(plan, args.out)
        print(f"{len(written)} files in {args.out}: {', '.join(path.name for path in written)}")
    return 0
