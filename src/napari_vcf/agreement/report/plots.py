"""The plots of the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vcf.agreement.analysis.collect import Pairing
from napari_vcf.agreement.document import Roc, Row
from napari_vcf.agreement.report.index import STAGE_NAMES, item_label
from napari_vcf.agreement.report.svg import COLOURS, INK, LINE, SOFT, Axis, Drawing, ticks
from napari_vcf.agreement.report.words import coefficient, measure, number
from napari_vcf.agreement.statistics import proportion

__all__ = ["bland_altman_plot", "forest_plot", "roc_plot"]

_SHAPES = {"cohen_kappa": "circle", "weighted_kappa_quadratic": "diamond", "icc_a_1": "square"}
_LEGEND = {"circle": "Cohen's kappa", "diamond": "quadratic-weighted kappa", "square": "ICC(A,1)"}


def forest_plot(rows: Sequence[Row], title: str) -> str:
    """Primary coefficient of each item with its interval, one line for each stage.

    Parameters
    ----------
    rows : sequence of Row
        Rows of one set of readers, in order.
    title : str
        For screen readers.

    Returns
    -------
    str
        SVG.
    """
    items = list(dict.fromkeys(row.item for row in rows))
    step, gap, top = 17.0, 8.0, 34.0
    height = top + sum(step * sum(row.item == item for row in rows) + gap for item in items) + 52
    drawing = Drawing(760, height, title, stretch=1.2)
    shown = [v for row in rows for v in (row.value, row.ci_low) if v is not None]
    low = min(-0.05, *(max(value, -1.0) for value in shown)) if shown else -0.05
    axis = Axis(np.floor(low * 5) / 5 if low < -0.05 else 0.0, 1.0, 300, 610)
    bottom = height - 46
    for least, most in ((0.8, 1.0), (0.4, 0.6)):
        drawing.box(axis.at(least), top - 10, axis.at(most) - axis.at(least), bottom - top + 10, fill="#eef3f6")
    for value in ticks(axis.low, axis.high, 7):
        drawing.line(axis.at(value), top - 10, axis.at(value), bottom, colour=LINE, width=0.7)
        drawing.words(axis.at(value), bottom + 15, number(value, 1), size=10.5, anchor="middle", colour=SOFT)
    drawing.line(axis.start, bottom, axis.end, bottom, colour=SOFT)
    drawing.words(0, 12, "Item and stage", size=10.5, colour=SOFT, weight=600)
    drawing.words(axis.start, 12, "Coefficient with interval", size=10.5, colour=SOFT, weight=600)
    drawing.words(752, 12, "Value (interval)", size=10.5, anchor="end", colour=SOFT, weight=600)
    y = top
    for item in items:
        drawing.words(0, y + 4, _short(item_label(item), 38), size=11.5, weight=600)
        for row in (row for row in rows if row.item == item):
            _forest_line(drawing, axis, row, y)
            y += step
        y += gap
    x = axis.start
    for shape, words in _LEGEND.items():
        drawing.mark(x + 5, height - 12, shape, colour=COLOURS[0], size=4)
        drawing.words(x + 14, height - 8, words, size=10.5, colour=SOFT)
        x += 34 + 6.2 * len(words)
    return drawing.render()


def _forest_line(drawing: Drawing, axis: Axis, row: Row, y: float) -> None:
    drawing.words(292, y + 4, STAGE_NAMES.get(row.stage or "", row.stage or ""), size=10.5, anchor="end", colour=SOFT)
    if row.value is None:
        drawing.words(axis.start + 6, y + 4, "not defined", size=10.5, colour=SOFT)
        drawing.words(752, y + 4, "\u2013", size=11, anchor="end")
        return
    if row.ci_low is not None and row.ci_high is not None:
        left, right = (axis.at(max(bound, axis.low)) for bound in (row.ci_low, row.ci_high))
        drawing.line(left, y, right, y, colour=COLOURS[0], width=1.6)
        for end in (left, right):
            drawing.line(end, y - 3, end, y + 3, colour=COLOURS[0], width=1.6)
    drawing.mark(axis.at(max(row.value, axis.low)), y, _SHAPES.get(row.statistic, "circle"), colour=COLOURS[0], size=4)
    drawing.words(752, y + 4, coefficient(row), size=11, anchor="end")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def bland_altman_plot(pairing: Pairing, bias: Row, lower: Row, upper: Row, *, most_points: int) -> str:
    """Differences against means, with bias and limits of agreement and their intervals.

    Parameters
    ----------
    pairing : Pairing
        The measurements.
    bias, lower, upper : Row
        Bias and limits.
    most_points : int
        Points to draw; the first ones of the (already random) sample.

    Returns
    -------
    str
        SVG.
    """
    place = pairing.place
    drawing = Drawing(
        380, 290, f"Bland-Altman plot of {item_label(place.item)}, {STAGE_NAMES.get(place.stage or '', '')}", 1.1
    )
    values = pairing.values[:most_points]
    means, differences = values.mean(axis=1), values[:, 0] - values[:, 1]
    edges = [v for row in (lower, upper) for v in (row.value, row.ci_low, row.ci_high) if v is not None]
    y_low, y_high = _range([*differences.tolist(), *edges, 0.0])
    x_low, x_high = _range(means.tolist())
    x, y = Axis(x_low, x_high, 54, 296), Axis(y_low, y_high, 238, 14)
    unit = f" [{pairing.unit}]" if pairing.unit not in ("", "1") else ""
    _frame(drawing, x, y, f"Mean of both{unit}", f"Difference{unit}")
    drawing.line(x.start, y.at(0), x.end, y.at(0), colour=SOFT, width=0.8)
    for row, colour, dash in ((bias, COLOURS[0], ""), (lower, COLOURS[1], "5 3"), (upper, COLOURS[1], "5 3")):
        if row.value is None:
            continue
        if row.ci_low is not None and row.ci_high is not None:
            high_edge = y.at(row.ci_high)
            drawing.box(x.start, high_edge, x.end - x.start, y.at(row.ci_low) - high_edge, fill=colour, opacity=0.13)
        drawing.line(x.start, y.at(row.value), x.end, y.at(row.value), colour=colour, width=1.5, dash=dash)
    radius = 2.2 if len(means) <= 300 else 1.5
    opacity = 0.65 if len(means) <= 300 else 0.35
    drawing.dots(
        [(x.at(m), y.at(d)) for m, d in zip(means, differences, strict=True)],
        colour=INK,
        radius=radius,
        opacity=opacity,
    )
    _limit_words(drawing, y, (upper, bias, lower))
    return drawing.render()


def _limit_words(drawing: Drawing, y: Axis, rows: tuple[Row, Row, Row]) -> None:
    names = ("+1.96 SD", "Bias", "\u22121.96 SD")
    colours = (COLOURS[1], COLOURS[0], COLOURS[1])
    heights = [y.at(row.value) if row.value is not None else 0.0 for row in rows]
    # Keep the words of near lines from running into one another.
    heights[1] = max(heights[1], heights[0] + 26)
    heights[2] = max(heights[2], heights[1] + 26)
    for row, name, colour, height in zip(rows, names, colours, heights, strict=True):
        drawing.words(302, height - 2, name, size=10, colour=colour, weight=600)
        drawing.words(302, height + 10, measure(row.value), size=10, colour=colour)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.06 * (high - low) or max(abs(high) * 0.1, 1.0)
    return low - pad, high + pad


def _frame(drawing: Drawing, x: Axis, y: Axis, x_label: str, y_label: str) -> None:
    for value in ticks(y.low, y.high, 6):
        drawing.line(x.start, y.at(value), x.end, y.at(value), colour="#e6eaee", width=0.7)
        drawing.words(x.start - 5, y.at(value) + 3.5, _tick(value), size=9.5, anchor="end", colour=SOFT)
    for value in ticks(x.low, x.high, 5):
        drawing.line(x.at(value), y.start, x.at(value), y.start + 4, colour=SOFT, width=0.8)
        drawing.words(x.at(value), y.start + 15, _tick(value), size=9.5, anchor="middle", colour=SOFT)
    drawing.line(x.start, y.start, x.end, y.start, colour=SOFT)
    drawing.line(x.start, y.start, x.start, y.end, colour=SOFT)
    drawing.words((x.start + x.end) / 2, y.start + 32, x_label, size=10.5, anchor="middle")
    middle = (y.start + y.end) / 2
    drawing.words(11, middle, y_label, size=10.5, anchor="middle", turn=-90)


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "\u2212")


def roc_plot(curves: Sequence[tuple[Roc, Row | None]], title: str, level: float) -> str:
    """ROC curves of one reader's stages, each point with its intervals.

    Parameters
    ----------
    curves : sequence of (Roc, Row)
        Points, and the area under them.
    title : str
        For screen readers.
    level : float
        Confidence level of the crosses.

    Returns
    -------
    str
        SVG.
    """
    legend = 18 * len(curves)
    drawing = Drawing(380, 372 + legend, title)
    x, y = Axis(0, 1, 54, 366), Axis(0, 1, 326, 14)
    _frame(drawing, x, y, "1 \u2212 specificity", "Sensitivity")
    drawing.line(x.at(0), y.at(0), x.at(1), y.at(1), colour=LINE, width=1, dash="3 3")
    for position, (curve, area) in enumerate(curves):
        colour, dash = COLOURS[position % len(COLOURS)], ("", "6 3", "2 2")[position % 3]
        shares = [
            (fp / curve.negatives, tp / curve.positives)
            for fp, tp in zip(curve.false_positives, curve.true_positives, strict=True)
        ]
        for fp, tp in zip(curve.false_positives, curve.true_positives, strict=True):
            if (fp, tp) != (curve.negatives, curve.positives):
                _cross(drawing, x, y, (fp, curve.negatives), (tp, curve.positives), colour, level)
        points = [(x.at(a), y.at(b)) for a, b in [(0.0, 0.0), *shares]]
        drawing.path(points, colour=colour, width=2, dash=dash)
        for point in points[1:-1]:
            drawing.mark(*point, "circle", colour=colour, size=2.8)
        line = 378 + 18 * position
        drawing.path([(60, line - 4), (90, line - 4)], colour=colour, width=2, dash=dash)
        name = STAGE_NAMES.get(curve.stage, curve.stage)
        drawing.words(98, line, f"{name}: AUC {coefficient(area, 3)}", size=11)
    return drawing.render()


def _cross(
    drawing: Drawing, x: Axis, y: Axis, across: tuple[int, int], up: tuple[int, int], colour: str, level: float
) -> None:
    a, b = proportion(*across, level=level), proportion(*up, level=level)
    if a.value is None or b.value is None or None in (a.ci_low, a.ci_high, b.ci_low, b.ci_high):
        return
    left, right, low, high = (float(v) for v in (a.ci_low, a.ci_high, b.ci_low, b.ci_high) if v is not None)
    soft = f"{colour}88"
    drawing.line(x.at(left), y.at(b.value), x.at(right), y.at(b.value), colour=soft, width=1)
    drawing.line(x.at(a.value), y.at(low), x.at(a.value), y.at(high), colour=soft, width=1)
