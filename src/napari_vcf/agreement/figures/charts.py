"""Charts of an analysis: ADC by group, Bland-Altman, ROC curves, forest plot, flow of cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_vcf.agreement.analysis import Analysed, Quantity
from napari_vcf.agreement.document import Roc, Row
from napari_vcf.agreement.figures.drawn import COLUMN_IN, DASHES, MARKERS, PAGE_IN, PALETTE, Drawn, new_figure, styled
from napari_vcf.agreement.report.index import STAGE_NAMES, Index, item_label
from napari_vcf.agreement.report.primary import primary_rows
from napari_vcf.agreement.report.words import difference_words, measure, number, p_value
from napari_vcf.agreement.scales import PATHOLOGY, PLACEMENT
from napari_vcf.agreement.statistics import proportion

__all__ = ["charts_of"]

_UNITS = {"um2/s": "µm²/s", "cm3": "cm³"}


#: What a grade or a mean is made of: tabulated, and drawn on request only.
_PARTS = re.compile(r"height_(?!loss)|loss_|body_volume|lesion_volume|lesion_fraction_mid_slice|adc_(lesion|normal)_\d")


def charts_of(analysed: Analysed, *, every: bool = False) -> list[Drawn]:
    """Draw the charts of a paper.

    Parameters
    ----------
    analysed : Analysed
        The analysis.
    every : bool
        Whether each single height, loss and volume is drawn as well, and every pair of readers.

    Returns
    -------
    list of Drawn

    Raises
    ------
    AgreementError
        If matplotlib is not installed.
    """
    document = analysed.document
    with styled():
        drawn = _flow(analysed)
        for label in document.labels:
            of_part = _of_part(analysed.of_part(label), every=every)
            name = document.name_of(label)
            if name:
                words = f"{name.capitalize()}: {label}."
                of_part = [
                    replace(one, name=_file_name(one.name, name.replace(" ", "")), legend=f"{one.legend} {words}")
                    for one in of_part
                ]
            drawn += of_part
        return drawn


def _of_part(analysed: Analysed, *, every: bool) -> list[Drawn]:
    """Charts of what was analysed together."""
    index = Index(analysed.document)
    return [
        *_quantities(index, [q for q in analysed.quantities if every or not _PARTS.match(q.place.item)]),
        *_bland_altman(index, analysed, every=every),
        *_rocs(index),
        *_forest(index, every=every),
    ]


def _file_name(*parts: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in "_".join(part for part in parts if part))
    return kept or "figure"


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else f" [{_UNITS.get(unit, unit)}]"


def _flow(analysed: Analysed) -> list[Drawn]:
    steps = analysed.document.flow
    if not steps:
        return []
    figure = new_figure(PAGE_IN, 0.95 * len(steps) + 0.2)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(len(steps) - 0.1, -0.6)
    for place, step in enumerate(steps):
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#eef3f6", "edgecolor": "#5b6875"}
        axes.text(0.3, place, f"{step.step}\n$n$ = {step.cases}", va="center", bbox=box)
        axes.text(5.2, place, step.note, va="center", wrap=True, color="#3c4853")
        if place < len(steps) - 1:
            arrow = {"arrowstyle": "-|>", "color": "#5b6875"}
            axes.annotate("", (1.2, place + 0.66), (1.2, place + 0.34), arrowprops=arrow)
    rows = tuple((step.step, step.cases, step.note) for step in steps)
    return [Drawn("flow_of_cases", "Flow of cases (STARD).", figure, ("step", "cases", "note"), rows)]


def _quantities(index: Index, quantities: Sequence[Quantity]) -> list[Drawn]:
    """Points, box, and mean with SD of each measured quantity, benign beside malignant; P above."""
    drawn = []
    groups: dict[tuple[str, str | None], list[Quantity]] = {}
    for quantity in quantities:
        groups.setdefault((quantity.place.item, quantity.place.stage), []).append(quantity)
    for (item, stage), own in groups.items():
        figure = new_figure(min(PAGE_IN, 0.8 + 2.3 * len(own)), 3.2)
        panels = figure.subplots(1, len(own), sharey=True, squeeze=False)[0]
        rows: list[tuple[object, ...]] = []
        words = []
        every = np.concatenate([quantity.values for quantity in own])
        extent = (float(every.min()), float(every.max()))
        for axes, quantity in zip(panels, own, strict=True):
            reader = quantity.place.readers[0]
            p = index.row("groups", item, stage, quantity.place.readers, "t_p")
            _one_quantity(axes, quantity, reader)
            _bracket(axes, extent, None if p is None else p.value)
            for name, values in _by_group(quantity):
                n, sd = len(values), float(values.std(ddof=1)) if len(values) > 1 else None
                quartiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist() if n else [None] * 5
                mean = float(values.mean()) if n else None
                rows.append((reader, name, n, mean, sd, *quartiles, None if p is None else p.value))
                words.append(f"{reader}, {name}: {measure(mean)} \u00b1 {measure(sd)} (n = {n})")
        panels[0].set_ylabel(f"{item_label(item)}{_unit(own[0].unit)}")
        where = STAGE_NAMES.get(stage or "", stage or "")
        legend = (
            f"{item_label(item)} of benign and malignant vertebral compression fractures ({where}). Points: "
            f"cases; box: "
            f"median and quartiles; diamond and bar: mean and SD; P: Student's t. {'; '.join(words)}."
        )
        columns = ("reader", "group", "n", "mean", "sd", "min", "q1", "median", "q3", "max", "t_p")
        drawn.append(Drawn(_file_name("by_group", item, stage or ""), legend, figure, columns, tuple(rows)))
    return drawn


def _by_group(quantity: Quantity) -> list[tuple[str, Any]]:
    return [(name, quantity.values[quantity.pathology == code]) for code, name in enumerate(PATHOLOGY)]


def _one_quantity(axes: Any, quantity: Quantity, title: str) -> None:
    rng = np.random.default_rng(0)
    for place, (_, values) in enumerate(_by_group(quantity)):
        if not len(values):
            continue
        colour, marker = PALETTE[place], MARKERS[place]
        x = place + rng.uniform(-0.16, 0.16, len(values)) - 0.12
        axes.scatter(x, values, s=9, color=colour, marker=marker, alpha=0.55, linewidths=0)
        axes.boxplot(
            values,
            positions=[place],
            widths=0.5,
            showfliers=False,
            medianprops={"color": "#1c2733"},
            boxprops={"linewidth": 0.9},
        )
        spread = values.std(ddof=1) if len(values) > 1 else 0.0
        style = {"color": "#1c2733", "capsize": 3, "markersize": 5, "markerfacecolor": "white", "zorder": 4}
        axes.errorbar(place + 0.36, values.mean(), spread, fmt="D", **style)
    axes.set_xticks([0, 1], [name.capitalize() for name in PATHOLOGY])
    axes.set_xlim(-0.55, 1.6)
    axes.set_title(title)


def _bracket(axes: Any, extent: tuple[float, float], p: float | None) -> None:
    """P of the two groups above the points, at the same height for every reader."""
    low, high = extent
    span = (high - low) or 1.0
    foot, top = high + 0.04 * span, high + 0.08 * span
    axes.plot([0, 0, 1, 1], [foot, top, top, foot], color="#1c2733", linewidth=0.8)
    axes.text(0.5, top, f"P {'' if p is not None and p < 0.001 else '= '}{p_value(p)}", ha="center", va="bottom")
    axes.set_ylim(low - 0.06 * span, top + 0.12 * span)


#: Pairs of readers that are drawn unless all are asked for.
_MOST_PAIRS = 6
#: Lines of a forest plot that a page holds.
_MOST_LINES = 44


def _bland_altman(index: Index, analysed: Analysed, *, every: bool) -> list[Drawn]:
    drawn: list[Drawn] = []
    shown = list(dict.fromkeys(pairing.place.readers for pairing in analysed.pairings))
    shown = shown if every else shown[:_MOST_PAIRS]
    for pairing in analysed.pairings:
        place = pairing.place
        names = [f"bland_altman_{name}" for name in ("bias", "lower", "upper")]
        found = [
            index.row(place.analysis, place.item, place.stage, place.readers, name, place.repeat) for name in names
        ]
        rows = [row for row in found if row is not None and row.value is not None]
        if len(rows) < 3 or PLACEMENT.match(place.item) or place.readers not in shown:
            continue
        if not every and _PARTS.match(place.item):
            continue
        figure = new_figure(COLUMN_IN, 2.9)
        axes = figure.add_subplot()
        means = pairing.values.mean(axis=1)
        differences = pairing.values[:, 0] - pairing.values[:, 1]
        axes.axhline(0, color="#5b6875", linewidth=0.6)
        for row, colour, dash in zip(rows, (PALETTE[0], PALETTE[1], PALETTE[1]), ("-", "--", "--"), strict=True):
            axes.axhline(row.value or 0.0, color=colour, linestyle=dash)
            if row.ci_low is not None and row.ci_high is not None:
                axes.axhspan(row.ci_low, row.ci_high, color=colour, alpha=0.13, linewidth=0)
            axes.annotate(
                measure(row.value),
                (1.01, row.value or 0.0),
                xycoords=("axes fraction", "data"),
                va="center",
                color=colour,
            )
        axes.scatter(means, differences, s=10, color="#1c2733", alpha=0.6, linewidths=0)
        unit = _unit(pairing.unit)
        axes.set_xlabel(f"Mean of both{unit}")
        who = difference_words(place.readers, place.repeat)
        axes.set_ylabel(f"{who}{unit}")
        axes.set_title(f"{item_label(place.item)}, {STAGE_NAMES.get(place.stage or '', '')}")
        legend = (
            f"Bland-Altman plot of {item_label(place.item)} ({STAGE_NAMES.get(place.stage or '', '')}; "
            f"{who if place.repeat else ', '.join(place.readers)}; n = {rows[0].n}): bias {measure(rows[0].value)}, "
            f"limits of agreement {measure(rows[1].value)} to {measure(rows[2].value)}; bands: "
            f"{index.document.settings.level:.0%} intervals."
        )
        numbers = tuple((row.statistic, row.value, row.ci_low, row.ci_high, row.n) for row in rows)
        # The first two readings keep the name that they have where there are no more.
        later = "" if place.repeat == "1_vs_2" else place.repeat
        name = _file_name("bland_altman", place.item, place.stage or "", *place.readers, later)
        drawn.append(Drawn(name, legend, figure, ("statistic", "value", "ci_low", "ci_high", "n"), numbers))
    return drawn


def _rocs(index: Index) -> list[Drawn]:
    """Curves of all stages for each reader, with a band of exact intervals of sensitivity."""
    by_reader: dict[str, list[Roc]] = {}
    for curve in index.document.roc:
        if curve.item == "confidence":
            by_reader.setdefault(curve.readers[0], []).append(curve)
    if not by_reader:
        return []
    columns_of_page = min(len(by_reader), 2)
    lines = -(-len(by_reader) // columns_of_page)
    figure = new_figure(COLUMN_IN * columns_of_page, 3.5 * lines)
    panels = figure.subplots(lines, columns_of_page, squeeze=False).ravel()
    rows: list[tuple[object, ...]] = []
    level = index.document.settings.level
    for axes, (reader, curves) in zip(panels, by_reader.items(), strict=False):
        for place, curve in enumerate(curves):
            x = np.array([0, *curve.false_positives]) / curve.negatives
            y = np.array([0, *curve.true_positives]) / curve.positives
            bounds = [proportion(hits, curve.positives, level=level) for hits in (0, *curve.true_positives)]
            low, high = ([getattr(b, end) or 0.0 for b in bounds] for end in ("ci_low", "ci_high"))
            area = index.row("against_reference", "confidence", curve.stage, (reader,), "auc")
            name = STAGE_NAMES.get(curve.stage, curve.stage)
            colour = PALETTE[place % len(PALETTE)]
            label = f"{name}: {number(area.value if area else None, 3)}"
            style = {"linestyle": DASHES[place % 4], "marker": MARKERS[place % 4], "markersize": 3.5}
            axes.plot(x, y, color=colour, label=label, **style)
            axes.fill_between(x, low, high, color=colour, alpha=0.1, linewidth=0)
            rows += [
                (reader, curve.stage, None if cut is None else cut, a, b, lo, hi)
                for cut, a, b, lo, hi in zip((None, *curve.thresholds), x.tolist(), y.tolist(), low, high, strict=True)
            ]
        axes.plot([0, 1], [0, 1], color="#9aa5af", linewidth=0.7, linestyle=":")
        axes.set_aspect("equal")
        axes.set_xlabel("1 \u2212 specificity")
        axes.set_ylabel("Sensitivity")
        axes.set_title(reader)
        axes.legend(loc="lower right", title="Area under the curve")
    for axes in panels[len(by_reader) :]:
        axes.set_axis_off()
    legend = (
        f"ROC curves of the readers' confidence in each stage; positive class: "
        f"{index.document.settings.positive}. Bands: "
        f"exact {level:.0%} intervals of sensitivity at each cut."
    )
    columns = ("reader", "stage", "threshold", "one_minus_specificity", "sensitivity", "ci_low", "ci_high")
    return [Drawn("roc_stages", legend, figure, columns, tuple(rows))]


def _forest(index: Index, *, every: bool) -> list[Drawn]:
    """The coefficient named beforehand of each item and stage, for each pair of readers, a page at a time."""
    drawn = []
    readers_of = index.readers_of("between_readers")
    for readers in readers_of if every else readers_of[:_MOST_PAIRS]:
        rows = [row for row in primary_rows(index, "between_readers", readers) if row.value is not None]
        parts = {
            "": [row for row in rows if row.statistic != "icc_a_1"],
            "measured": [row for row in rows if row.statistic == "icc_a_1" and (every or not _PARTS.match(row.item))],
        }
        for kind, of_kind in parts.items():
            pages = [of_kind[start : start + _MOST_LINES] for start in range(0, len(of_kind), _MOST_LINES)]
            for place, page in enumerate(pages, start=1):
                name = _file_name("forest", kind, *readers, str(place) if place > 1 else "")
                drawn.append(_forest_page(index, readers, page, name))
    return drawn


def _forest_page(index: Index, readers: tuple[str, ...], rows: Sequence[Row], name: str) -> Drawn:
    level = index.document.settings.level
    figure = new_figure(PAGE_IN, 0.9 + 0.2 * len(rows))
    axes = figure.add_subplot()
    marks = {"cohen_kappa": "o", "weighted_kappa_quadratic": "D", "icc_a_1": "s"}
    labels = {"cohen_kappa": "Cohen's kappa", "weighted_kappa_quadratic": "weighted kappa", "icc_a_1": "ICC(A,1)"}
    for place, row in enumerate(rows):
        value = row.value or 0.0
        low = value if row.ci_low is None else row.ci_low
        high = value if row.ci_high is None else row.ci_high
        axes.plot([low, high], [place, place], color=PALETTE[0], linewidth=1.2)
        axes.plot([value], [place], marks.get(row.statistic, "o"), color=PALETTE[0], markersize=4)
        interval = "" if row.ci_low is None else f" ({number(row.ci_low, 2)} to {number(row.ci_high, 2)})"
        text = f"{number(value, 2)}{interval}"
        axes.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
    names = [f"{item_label(row.item)}, {STAGE_NAMES.get(row.stage or '', '')}" for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=7.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0, color="#9aa5af", linewidth=0.6)
    axes.set_xlim(min(0.0, *(r.ci_low if r.ci_low is not None else 0.0 for r in rows)) - 0.02, 1.02)
    axes.set_xlabel("Coefficient with interval")
    axes.set_title(" and ".join(readers))
    for statistic in dict.fromkeys(row.statistic for row in rows):
        axes.plot([], [], marks.get(statistic, "o"), color=PALETTE[0], markersize=4, label=labels.get(statistic))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    numbers = tuple((r.item, r.stage, r.statistic, r.value, r.ci_low, r.ci_high, r.n) for r in rows)
    legend = f"Agreement of {' and '.join(readers)} by item and stage, with {level:.0%} intervals."
    columns = ("item", "stage", "statistic", "value", "ci_low", "ci_high", "n")
    return Drawn(name, legend, figure, columns, numbers)
