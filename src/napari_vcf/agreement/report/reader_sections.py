"""Agreement between and within readers: forest plots, tables, confusion matrices, Bland-Altman and ROC plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_vcf.agreement.analysis.collect import Pairing
from napari_vcf.agreement.document import CrossTable, Roc, Row
from napari_vcf.agreement.report.index import STAGE_NAMES, Index, item_label
from napari_vcf.agreement.report.page import Cell, figure, html_table, note
from napari_vcf.agreement.report.plots import bland_altman_plot, forest_plot, roc_plot
from napari_vcf.agreement.report.primary import primary_rows
from napari_vcf.agreement.report.words import (
    coefficient,
    difference_words,
    interval,
    measure,
    number,
    percent,
    repeat_words,
    strength,
)
from napari_vcf.agreement.scales import PLACEMENT, form_order

__all__ = ["agreement_section", "bland_altman_section", "mask_section", "matrix_section", "roc_section"]

_ALL_POINTS = 24_000
_MOST_PAIRS = 6


def _pairs(index: Index, analysis: str) -> list[tuple[str, ...]]:
    return index.readers_of(analysis)[:_MOST_PAIRS]


def agreement_section(index: Index, analysis: str) -> str:
    """Forest plot and table of each set of readers."""
    parts = []
    shown = _pairs(index, analysis)
    for readers, repeat in index.comparisons(analysis):
        rows = primary_rows(index, analysis, readers, repeat) if readers in shown else []
        if not rows:
            continue
        names = " and ".join(readers) + (f", {repeat_words(repeat)}" if repeat else "")
        title = f"{names}: item by item"
        parts.append(f"<h3>{_escaped(names)}</h3>")
        # One drawing per stretch of items, so that none is cut by the end of a printed page.
        for part in _stretches(rows, 34):
            parts.append(
                figure(
                    forest_plot(part, title), "Forest plot.", "The coefficient named beforehand for each kind of item."
                )
            )
        parts.append(_categories(index, analysis, readers, repeat))
        parts.append(_measures(index, analysis, readers, repeat))
    left = len(index.readers_of(analysis)) - _MOST_PAIRS
    if parts and left > 0:
        parts.append(note(f"{left} further sets of readers are in agreement.json and agreement.csv."))
    return "".join(parts)


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


def _stretches(rows: Sequence[Row], most: int) -> list[list[Row]]:
    found: list[list[Row]] = [[]]
    for item in dict.fromkeys(row.item for row in rows):
        own = [row for row in rows if row.item == item]
        if found[-1] and len(found[-1]) + len(own) > most:
            found.append([])
        found[-1] += own
    return found


def _categories(index: Index, analysis: str, readers: tuple[str, ...], repeat: str) -> str:
    head: list[list[Cell]] = [
        [
            ("Item", 'class="left"'),
            ("Stage", 'class="left"'),
            "n",
            "Agreement",
            "Kappa",
            "Quadratic-weighted",
            "Linear-weighted",
            "AC1 or AC2 (quadratic)",
            "PABAK",
            "Pos. / neg. agreement",
            ("Scale of the paper", 'class="left"'),
        ]
    ]
    body: list[list[Cell]] = []
    heads = []
    last = ""
    for row in primary_rows(index, analysis, readers, repeat):
        rows = index.rows(analysis, row.item, row.stage, readers, repeat)
        if "cohen_kappa" not in rows:
            continue
        if row.item != last:
            heads.append(len(body))
        share = rows["percent_agreement"]
        ac = rows.get("gwet_ac2_quadratic") or rows.get("gwet_ac1")
        specific = [rows[name].value for name in ("positive_agreement", "negative_agreement") if name in rows]
        body.append(
            [
                item_label(row.item) if row.item != last else "",
                (STAGE_NAMES.get(row.stage or "", ""), 'class="left nowrap"'),
                str(share.n),
                percent(share.value),
                _two_lines(rows, "cohen_kappa"),
                _two_lines(rows, "weighted_kappa_quadratic"),
                _two_lines(rows, "weighted_kappa_linear"),
                coefficient(ac, break_line=True),
                _two_lines(rows, "pabak"),
                " / ".join(number(value, 2) for value in specific),
                (strength(row.value), 'class="left"'),
            ]
        )
        last = row.item
    return html_table(head, body, caption="Categories", heads=heads) if body else ""


def _two_lines(rows: Mapping[str, Row], statistic: str) -> str:
    return coefficient(rows[statistic], break_line=True) if statistic in rows else ""


def _measures(index: Index, analysis: str, readers: tuple[str, ...], repeat: str) -> str:
    head: list[list[Cell]] = [
        [
            ("Item", 'class="left"'),
            ("Stage", 'class="left"'),
            "n",
            "ICC(A,1)",
            "ICC(A,k)",
            "ICC(C,1)",
            "Bias",
            "Limits of agreement",
            "Within-subject SD",
            "Repeatability",
            "wCV",
        ]
    ]
    body: list[list[Cell]] = []
    heads = []
    last = ""
    for row in primary_rows(index, analysis, readers, repeat):
        rows = index.rows(analysis, row.item, row.stage, readers, repeat)
        if "icc_a_1" not in rows:
            continue
        if row.item != last:
            heads.append(len(body))
        limits = [rows.get(f"bland_altman_{name}") for name in ("lower", "upper")]
        ends = [measure(limit.value) for limit in limits if limit is not None]
        bias = rows.get("bland_altman_bias")
        body.append(
            [
                index.measured(row.item) if row.item != last else "",
                (STAGE_NAMES.get(row.stage or "", ""), 'class="left nowrap"'),
                str(row.n),
                _two_lines(rows, "icc_a_1"),
                number(rows["icc_a_k"].value, 2),
                number(rows["icc_c_1"].value, 2) if "icc_c_1" in rows else "",
                f"{measure(bias.value)}\n{interval(bias, measured=True)}" if bias is not None else "",
                " to ".join(ends),
                measure(rows["within_subject_sd"].value),
                measure(rows["repeatability_coefficient"].value),
                percent(rows["wcv"].value),
            ]
        )
        last = row.item
    return html_table(head, body, caption="Measurements", heads=heads) if body else ""


def bland_altman_section(index: Index, pairings: Sequence[Pairing]) -> str:
    """Bland-Altman plot of each pair of measurements."""
    chosen = {analysis: set(_pairs(index, analysis)) for analysis in ("between_readers", "within_reader")}
    shown = [
        p
        for p in pairings
        if len(p.values) >= 2
        and p.place.readers in chosen.get(p.place.analysis, set())
        and not PLACEMENT.match(p.place.item)
    ]
    if not shown:
        return ""
    most = max(120, _ALL_POINTS // len(shown))
    parts = []
    for pairing in shown:
        place = pairing.place
        names = [f"bland_altman_{name}" for name in ("bias", "lower", "upper")]
        rows = [index.row(place.analysis, place.item, place.stage, place.readers, name, place.repeat) for name in names]
        if any(row is None or row.value is None for row in rows):
            continue
        bias, lower, upper = (row for row in rows if row is not None)
        drawing = bland_altman_plot(pairing, bias, lower, upper, most_points=most)
        who = difference_words(place.readers, place.repeat)
        some = f" A sample of {most} points is drawn." if bias.n > min(most, len(pairing.values)) else ""
        words = f"{STAGE_NAMES.get(place.stage or '', '')}; {who}; n = {bias.n}.{some}"
        parts.append(figure(drawing, f"{item_label(place.item)}.", words))
    if not parts:
        return ""
    text = "Bias (blue) and limits of agreement (orange, bias \u00b1 1.96 SD of the difference); bands are intervals."
    return f'{note(text)}<div class="figures">{"".join(parts)}</div>'


def matrix_section(index: Index) -> str:
    """Confusion matrices: between readers, within readers, and verdict against pathology."""
    shown = {analysis: set(_pairs(index, analysis)) for analysis in ("between_readers", "within_reader")}
    blocks: dict[str, dict[str, list[CrossTable]]] = {}
    for table in index.document.cross_tables:
        if table.analysis == "against_reference" or table.readers in shown.get(table.analysis, set()):
            blocks.setdefault(_sides(table), {}).setdefault(table.item, []).append(table)
    if not blocks:
        return ""
    parts = [note("Darker: a larger share of the row.")]
    for sides, items in blocks.items():
        parts.append(f"<h3>{_escaped(sides)}</h3>")
        for item in sorted(items, key=form_order):
            parts.append(f"<h4>{_escaped(item_label(item))}</h4>")
            parts.append(f'<div class="matrices">{"".join(_matrix(table) for table in items[item])}</div>')
    return "".join(parts)


def _sides(table: CrossTable) -> str:
    if table.analysis == "against_reference":
        return f"{table.readers[0]} (rows) and pathology (columns)"
    if len(table.readers) > 1:
        return f"{table.readers[0]} (rows) and {table.readers[1]} (columns)"
    first, _, second = table.repeat.partition("_vs_")
    return f"{table.readers[0]}, reading {first} (rows) and reading {second} (columns)"


def _matrix(table: CrossTable) -> str:
    head: list[list[Cell]] = [["", *(label.replace("_", " ") for label in table.columns)]]
    body: list[list[Cell]] = []
    for label, counts in zip(table.rows, table.counts, strict=True):
        row: list[Cell] = [label.replace("_", " ")]
        total = sum(counts)
        for count in counts:
            share = count / total if total else 0.0
            # White to the accent colour; white ink where it gets dark.
            tint = [round(244 - share * (244 - dark)) for dark in (11, 92, 138)]
            ink = "#fff" if share > 0.55 else "#1c2733"
            row.append((str(count), f'style="background:rgb({tint[0]},{tint[1]},{tint[2]});color:{ink}"'))
        body.append(row)
    return html_table(head, body, caption=STAGE_NAMES.get(table.stage or "", ""), kind="matrix")


def roc_section(index: Index) -> str:
    """ROC curves of each reader, the stages in one drawing."""
    by_reader: dict[str, list[Roc]] = {}
    for curve in index.document.roc:
        if curve.item != "confidence":
            continue
        by_reader.setdefault(curve.readers[0], []).append(curve)
    level = index.document.settings.level
    parts = []
    for reader, curves in by_reader.items():
        areas = [index.row("against_reference", "confidence", curve.stage, (reader,), "auc") for curve in curves]
        drawing = roc_plot(list(zip(curves, areas, strict=True)), f"ROC curves of {reader}", level)
        words = (
            f"Positive class: {curves[0].positive}. Points: cuts of the confidence, with {level:.0%} exact intervals."
        )
        parts.append(figure(drawing, f"{reader}.", words))
    return f'<div class="figures">{"".join(parts)}</div>' if parts else ""


def mask_section(index: Index) -> str:
    """Overlap of painted masks."""
    head: list[list[Cell]] = [
        [
            ("Mask", 'class="left"'),
            ("Stage", 'class="left"'),
            ("Readers", 'class="left"'),
            "n",
            "Dice",
            "95 % Hausdorff distance [mm]",
        ]
    ]
    body: list[list[Cell]] = []
    for analysis in ("between_readers", "within_reader"):
        keys = [(key, repeat) for _, repeat in index.comparisons(analysis) for key in index.keys(analysis, repeat)]
        for (item, stage, readers), repeat in dict.fromkeys(keys):
            rows = index.rows(analysis, item, stage, readers, repeat)
            if "dice" in rows:
                overlap, distance = rows["dice"], rows["hausdorff95_mm"]
                who = " and ".join(readers) + (f", {repeat_words(repeat)}" if repeat else "")
                names = (who, 'class="left"')
                stage_name = (STAGE_NAMES.get(stage or "", ""), 'class="left"')
                body.append(
                    [item_label(item), stage_name, names, str(overlap.n), coefficient(overlap), coefficient(distance)]
                )
    return html_table(head, body) if body else ""
