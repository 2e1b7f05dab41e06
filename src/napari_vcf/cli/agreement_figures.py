"""``napari-vcf agreement figures``: the figures of a paper from an analysis and from chosen readings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_vcf.agreement.figures import Drawn

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, whose name is two words."""
    parser = subparsers.add_parser(
        "agreement figures",
        help="figures for a paper, PNG at 300 dpi and PDF, with their numbers as CSV",
        description="Draw figures for a paper (needs the extra 'paper'). KIND charts: ADC and other quantities by "
        "group, Bland-Altman, ROC, forest plots, flow of cases. KIND panels: graded vertebrae of chosen readings. KIND "
        "rois: the "
        "ADC rectangles of one reading.",
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    charts = kinds.add_parser("charts", help="charts of an analysis")
    charts.add_argument("readings", nargs="+", metavar="READING", help="as for 'napari-vcf agreement'")
    charts.add_argument("--reference", metavar="PATHOLOGY.csv", help="columns case,pathology")
    charts.add_argument("--positive", choices=("benign", "malignant"), default="benign", help="default: benign")
    charts.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")
    charts.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        help="only figures whose name begins so, also of measurements and pairs of readers that are left out else; "
        "may be given again",
    )
    panels = kinds.add_parser("panels", help="grades of chosen readings, with arrow and outline")
    panels.add_argument(
        "exports", nargs="+", type=Path, metavar="EXPORT.json", help="readings, in the order of the panels"
    )
    rois = kinds.add_parser("rois", help="ADC rectangles in the fractured and the normal vertebra")
    rois.add_argument("exports", nargs=1, type=Path, metavar="EXPORT.json", help="a reading")
    for kind in (panels, rois):
        kind.add_argument(
            "--images", type=Path, required=True, metavar="DIR", help="folder with a folder of images for each case"
        )
        kind.add_argument("--stage", choices=("ct", "mri", "combined"), default="mri", help="default: mri")
    for kind in (charts, panels, rois):
        kind.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the figures")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draw and write.

    Returns
    -------
    int
        0; a refusal is raised.
    """
    from napari_vcf.agreement.errors import AgreementError
    from napari_vcf.agreement.figures import CaseImages, Panel, grading_panels, roi_scheme, write_figures
    from napari_vcf.reading import read_reading

    if args.kind == "charts":
        drawn = _charts(args)
    elif args.kind == "panels":
        panels = [Panel(read_reading(path), args.stage) for path in args.exports]
        lines = [panels[start : start + 4] for start in range(0, len(panels), 4)]
        drawn = [grading_panels(lines, CaseImages(args.images))]
    else:
        drawn = [roi_scheme(read_reading(args.exports[0]), CaseImages(args.images), stage=args.stage)]
    if not drawn:
        raise AgreementError("There is no such figure in these readings.")
    for path in write_figures(drawn, args.out):
        print(path)
    return 0


def _charts(args: argparse.Namespace) -> list[Drawn]:
    from napari_vcf.agreement import analyse, load_readings, make_settings, read_reference
    from napari_vcf.agreement.figures import charts_of

    settings = make_settings(positive=args.positive, seed=args.seed)
    reference = None if args.reference is None else read_reference(args.reference)
    loaded = load_readings(args.readings)
    analysed = analyse(
        loaded.readings,
        reference,
        settings=settings,
        schema_versions=loaded.schema_versions,
        aside=loaded.aside,
    )
    wanted = tuple(args.only or ("",))
    return [one for one in charts_of(analysed, every=bool(args.only)) if one.name.startswith(wanted)]
