"""Plans of a study: tables of cases and readers, with a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_vcf.agreement.document import AgreementDocument
from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.output_folder import output_folder
from napari_vcf.agreement.report.svg import COLOURS, SOFT, Axis, Drawing, ticks
from napari_vcf.agreement.statistics import (
    Pilot,
    icc_cases,
    icc_test_cases,
    kappa_cases,
    mcnemar_cases,
    mrmc_cases,
    mrmc_power,
)
from napari_vcf.agreement.statistics.mrmc import Components
from napari_vcf.records.atomic import write_atomically

__all__ = ["Plan", "pilot_of", "plan_auc", "plan_icc", "plan_icc_test", "plan_kappa", "plan_mcnemar", "write_plan"]

_STEPS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_COMPONENTS = ("ms_t", "ms_r", "ms_tr", "var_r", "var_tr", "var_error", "cov1", "cov2", "cov3")


@dataclass(frozen=True, slots=True)
class Plan:
    """A table of what a study needs.

    Attributes
    ----------
    title : str
        What is planned, in a sentence.
    method : str
        How, with the source.
    columns : tuple of str
        Headings; the curve draws the last column over the first.
    rows : tuple of tuple
        Numbers; None where no number of cases suffices.
    """

    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float | None, ...], ...]

    def text(self) -> str:
        """Return the table as text."""
        cells = [
            list(self.columns),
            *(["more readers" if cell is None else f"{cell:g}" for cell in row] for row in self.rows),
        ]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.columns))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
        return "\n".join([self.title, self.method, "", *lines])


def plan_kappa(kappa: float, prevalence: float, width: float, *, level: float = 0.95) -> Plan:
    """Cases for an interval of kappa, and for narrower and wider ones; see `kappa_cases`."""
    rows = [(step * width, kappa_cases(kappa, prevalence, step * width, level=level)) for step in _widths(width)]
    return Plan(
        f"Two readers, two categories: kappa {kappa:g}, prevalence {prevalence:g}, interval at {level:.0%}.",
        "Standard error of Fleiss, Cohen and Everitt (1969).",
        ("width of the interval", "cases"),
        tuple(rows),
    )


def plan_icc(icc: float, readers: Sequence[int], width: float, *, level: float = 0.95) -> Plan:
    """Cases for an interval of an ICC, by number of readers; see `icc_cases`."""
    return Plan(
        f"ICC {icc:g}, interval at {level:.0%} not wider than {width:g}.",
        "Bonett (2002).",
        ("readers", "cases"),
        tuple((count, icc_cases(icc, count, width, level=level)) for count in readers),
    )


def plan_icc_test(
    least: float, expected: float, readers: Sequence[int], *, alpha: float = 0.05, power: float = 0.8
) -> Plan:
    """Cases to show that an ICC exceeds a least value, by number of readers; see `icc_test_cases`."""
    return Plan(
        f"ICC above {least:g} where {expected:g} is expected, one-sided {alpha:g}, power {power:g}.",
        "Walter, Eliasziw and Donner (1998).",
        ("readers", "cases"),
        tuple((count, icc_test_cases(least, expected, count, alpha=alpha, power=power)) for count in readers),
    )


def plan_mcnemar(discordant: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> Plan:
    """Cases for McNemar's test, and for smaller and larger differences; see `mcnemar_cases`."""
    sizes = [step * difference for step in _STEPS if abs(step * difference) <= discordant]
    if not sizes:
        sizes = [difference]
    return Plan(
        f"One reader, two stages: {discordant:g} of the cases right in one stage only, two-sided {alpha:g}, power "
        f"{power:g}.",
        "Connor (1987).",
        ("difference", "cases"),
        tuple((size, mcnemar_cases(discordant, size, alpha=alpha, power=power)) for size in sizes),
    )


def plan_auc(
    pilot: Pilot, difference: float, readers: Sequence[int], *, alpha: float = 0.05, power: float = 0.8
) -> Plan:
    """Cases for a difference of two areas, by number of readers; see `mrmc_cases`."""
    rows = []
    for count in readers:
        cases = mrmc_cases(pilot, difference, count, alpha=alpha, power=power)
        same = mrmc_power(pilot, difference, count, pilot.cases, alpha=alpha)
        rows.append((float(count), round(same, 4), cases))
    return Plan(
        f"Difference of two areas of {difference:g} over readers and cases, two-sided {alpha:g}, power {power:g}; "
        f"variance components of a pilot of {pilot.cases} cases.",
        "Hillis, Obuchowski and Berbaum (2011), readers and cases random.",
        ("readers", f"power with {pilot.cases} cases", "cases"),
        tuple(rows),
    )


def _widths(width: float) -> list[float]:
    return [step for step in _STEPS if step * width < 2]


def pilot_of(document: AgreementDocument, figure: str = "auc") -> Pilot:
    """Variance components of an analysis.

    Parameters
    ----------
    document : AgreementDocument
        The pilot's ``agreement.json``.
    figure : {"auc", "sensitivity", "specificity", "accuracy"}
        Figure of merit.

    Returns
    -------
    Pilot

    Raises
    ------
    AgreementError
        If the document has none, or was analysed apart.
    """
    if document.parts:
        raise AgreementError(
            f"The pilot was analysed apart in {len(document.parts)} parts, and a plan rests on one: "
            f"{'; '.join(filter(None, document.parts))}. Run 'napari-vcf agreement' on the readings of one of them."
        )
    prefix = "mrmc_" if figure == "auc" else f"mrmc_{figure}_"
    # The comparison with most stages comes last.
    rows = {row.statistic: row for row in document.rows if row.analysis == "modalities" and row.value is not None}
    found = {name: rows.get(f"{prefix}{name}") for name in _COMPONENTS}  # type: ignore[call-overload]
    if any(row is None for row in found.values()):
        raise AgreementError(
            f"The pilot holds no variance components of {figure}: they need two or more readers, two or more stages, a "
            "reference, and napari-vcf of schema 1.1.0 or later. Run 'napari-vcf agreement' on the pilot again."
        )
    cases = next(row.n for row in found.values() if row is not None)
    return Pilot(Components(**{name: float(row.value) for name, row in found.items() if row is not None}), cases)


def write_plan(plan: Plan, folder: Path | str) -> list[Path]:
    """Write ``plan.csv``, ``plan.txt`` and the curve ``plan.svg``.

    Parameters
    ----------
    plan : Plan
        The plan.
    folder : path
        Made where it does not exist.

    Returns
    -------
    list of Path

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    lines = [",".join(plan.columns), *(",".join("" if c is None else f"{c:g}" for c in row) for row in plan.rows)]
    files = {"plan.csv": "\n".join(lines) + "\n", "plan.txt": plan.text() + "\n", "plan.svg": _curve(plan)}
    with output_folder(folder) as target:
        for name, text in files.items():
            write_atomically(target / name, text, overwrite=True)
    return [target / name for name in files]


def _curve(plan: Plan) -> str:
    """Cases over the first column."""
    points = [(float(row[0] or 0), float(row[-1])) for row in plan.rows if row[-1] is not None]
    drawing = Drawing(520, 340, plan.title, 1.4)
    if not points:
        drawing.words(20, 40, "No number of cases suffices: more readers are needed.")
        return drawing.render()
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x = Axis(min(xs) - 0.05 * (max(xs) - min(xs) or 1), max(xs) + 0.05 * (max(xs) - min(xs) or 1), 64, 500)
    y = Axis(0, max(ys) * 1.1, 284, 16)
    for value in ticks(y.low, y.high, 6):
        drawing.line(x.start, y.at(value), x.end, y.at(value), colour="#e6eaee", width=0.7)
        drawing.words(x.start - 6, y.at(value) + 4, f"{value:g}", size=10.5, anchor="end", colour=SOFT)
    for value in xs:
        drawing.words(x.at(value), y.start + 16, f"{value:g}", size=10.5, anchor="middle", colour=SOFT)
    drawing.line(x.start, y.start, x.end, y.start, colour=SOFT)
    drawing.line(x.start, y.start, x.start, y.end, colour=SOFT)
    drawing.path([(x.at(a), y.at(b)) for a, b in points], colour=COLOURS[0], width=2)
    for a, b in points:
        drawing.mark(x.at(a), y.at(b), "circle", colour=COLOURS[0], size=3.2)
        drawing.words(x.at(a), y.at(b) - 8, f"{b:g}", size=10.5, anchor="middle")
    drawing.words((x.start + x.end) / 2, 324, plan.columns[0], size=11.5, anchor="middle")
    drawing.words(14, (y.start + y.end) / 2, plan.columns[-1], size=11.5, anchor="middle", turn=-90)
    return drawing.render()
