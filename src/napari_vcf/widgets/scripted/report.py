"""What the scripted reader measured, against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from napari_vcf.geometry import RigidTransform
from napari_vcf.measure import POSITIONS
from napari_vcf.phantom import PhantomTruth
from napari_vcf.reading import Reading, Stage

__all__ = ["LIMITS", "Line", "compare", "table"]

#: Largest accepted difference by kind.
LIMITS = {"height": 1.0, "loss": 5.0, "share": 0.03, "adc": 5.0, "registration": 2.0}
_ROWS: dict[str, str] = {"height": "mm", "loss": "points", "share": "", "adc": "%", "registration": "mm"}


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the table.

    Attributes
    ----------
    name : str
        What was measured.
    measured, truth : str
        As text, with unit.
    difference : str
        As text, with unit.
    good : bool
        Whether it is within its limit.
    """

    name: str
    measured: str
    truth: str
    difference: str
    good: bool


def compare(reading: Reading, truth: PhantomTruth) -> list[Line]:
    """Every measured number of a reading against the truth.

    Parameters
    ----------
    reading : Reading
        The finished reading.
    truth : PhantomTruth
        Of its case.

    Returns
    -------
    list of Line
    """
    lines: list[Line] = []
    for stage in reading.protocol.stages:
        asks = partial(reading.protocol.asks, stage)
        lines += _heights(reading, truth, stage) if asks("compression_degree") else []
        lines += _extent(reading, truth, stage) if asks("lesion_extent") else []
        lines += _adc(reading, truth, stage) if asks("adc") else []
    return lines + _registration(reading, truth)


def _number(name: str, kind: str, measured: float, truth: float, difference: float, form: str, unit: str) -> Line:
    limit = LIMITS[kind]
    return Line(
        name,
        f"{measured:{form}} {unit}".strip(),
        f"{truth:{form}} {unit}".strip(),
        f"{difference:+.2f} {_ROWS[kind]} (limit {limit:g})".replace(" (", " (", 1),
        bool(abs(difference) < limit),
    )


def _grade(name: str, measured: str | None, truth: str) -> Line:
    return Line(name, str(measured), truth, "", measured == truth)


def _missing(name: str) -> Line:
    return Line(name, "missing", "", "", good=False)


def _heights(reading: Reading, truth: PhantomTruth, stage: Stage) -> list[Line]:
    results = reading.results(stage)
    lines = []
    for level in (truth.level_above, truth.level, truth.level_below):
        for position in POSITIONS:
            name = f"{stage}: {level} {position} height"
            mm = results.heights[level].at(position) if level in results.heights else None
            true = truth.heights_mm[level][position]
            lines.append(_missing(name) if mm is None else _number(name, "height", mm, true, mm - true, ".2f", "mm"))
    loss = results.height_loss
    if loss is None or loss.graded_loss is None:
        return [*lines, _missing(f"{stage}: height loss")]
    true_loss = max(truth.loss.values())
    lines.append(
        _number(
            f"{stage}: height loss",
            "loss",
            100 * loss.graded_loss,
            100 * true_loss,
            100 * (loss.graded_loss - true_loss),
            ".1f",
            "%",
        )
    )
    degree = "I" if true_loss < 1 / 3 else "II" if true_loss <= 2 / 3 else "III"
    return [*lines, _grade(f"{stage}: degree of compression", loss.degree, degree)]


def _extent(reading: Reading, truth: PhantomTruth, stage: Stage) -> list[Line]:
    extent = reading.results(stage).extent
    if extent is None:
        return [_missing(f"{stage}: lesion share")]
    share = truth.lesion_share
    fraction = float(extent.fraction)
    grade = f"G{min(4, int(share * 4) + 1)}"
    return [
        _number(f"{stage}: lesion share", "share", fraction, share, fraction - share, ".3f", ""),
        _grade(f"{stage}: lesion extent", extent.grade, grade),
    ]


def _adc(reading: Reading, truth: PhantomTruth, stage: Stage) -> list[Line]:
    adc = reading.results(stage).adc
    lines = []
    for tissue, summary, true in (
        ("lesion", adc.lesion, truth.adc_um2_per_s["lesion"]),
        ("normal", adc.normal, truth.adc_um2_per_s["marrow"]),
    ):
        name = f"{stage}: ADC {tissue}"
        if summary is None:
            lines.append(_missing(name))
            continue
        mean = summary.mean_um2_per_s
        lines.append(_number(name, "adc", mean, true, 100 * (mean / true - 1), ".0f", "um2/s"))
    return lines


def _registration(reading: Reading, truth: PhantomTruth) -> list[Line]:
    name = f"registration at {truth.level}"
    entry = reading.state.registrations.get(truth.level)
    if entry is None or entry.ct_to_mr is None or entry.acceptance != "accepted":
        return [_missing(name)]
    error = truth.target_error_mm(RigidTransform(np.array(entry.ct_to_mr)))
    return [
        Line(name, f"{error:.2f} mm", "0 mm", f"(limit {LIMITS['registration']:g})", error < LIMITS["registration"])
    ]


def table(lines: list[Line]) -> str:
    """The lines as a table for the terminal."""
    head = ("", "measured", "truth", "difference", "")
    rows = [
        head,
        *((line.name, line.measured, line.truth, line.difference, "ok" if line.good else "OFF") for line in lines),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
