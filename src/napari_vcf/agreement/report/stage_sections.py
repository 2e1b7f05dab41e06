"""The stages compared: over readers and cases, for each reader, and grade by grade; and every P value with Holm's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from napari_vcf.agreement.analysis.joint import FEW_READERS, few_readers, too_close
from napari_vcf.agreement.analysis.multiplicity import several_tests
from napari_vcf.agreement.report.index import STAGE_NAMES, Index, item_label
from napari_vcf.agreement.report.page import Cell, html_table, note
from napari_vcf.agreement.report.words import coefficient, number, p_value, strength
from napari_vcf.agreement.statistics.mrmc import closer_than_cases

__all__ = ["grade_section", "joint_section", "p_value_section", "stage_section"]

_FIGURES = {
    "auc": ("confidence", "Area under the ROC curve"),
    "sensitivity": ("verdict", "Sensitivity"),
    "specificity": ("verdict", "Specificity"),
    "accuracy": ("verdict", "Accuracy"),
}
_LEFT = 'class="left"'


def _statistic(figure: str, what: str) -> str:
    """Name of a row; those of the area under the curve are the short ones."""
    return f"mrmc_{what}" if figure == "auc" and not what.startswith("difference") else f"mrmc_{figure}_{what}"


def joint_section(index: Index) -> str:
    """Stages over readers and cases: one table for each figure of merit."""
    found: dict[str, tuple[str, list[tuple[str | None, tuple[str, ...]]]]] = {}
    for figure, (item, _) in _FIGURES.items():
        keys = [
            (stage, readers)
            for other, stage, readers in index.keys("modalities")
            if other == item and _statistic(figure, "p") in index.rows("modalities", item, stage, readers)
        ]
        if keys:
            found[figure] = (item, keys)
    if not found:
        return ""
    parts = [_joint_table(index, figure, keys) for figure, (_, keys) in found.items()]
    settings = index.document.settings
    text = (
        "Each figure is compared between stages as a mean over the readers (Obuchowski and Rockette; degrees of "
        f"freedom of Hillis; covariances: {settings.covariance}). The first P holds for readers and cases in general. "
        "With readers fixed it speaks of these readers only, with cases fixed of these cases only. This is the test of "
        "the claim that one stage beats another; tests of single readers, below, are not."
    )
    designs = [(len((stage or "").split("_vs_")), len(who)) for _, keys in found.values() for stage, who in keys]
    stages, readers = max(designs)
    few = [few_readers(readers, stages)] if readers < FEW_READERS else []
    margin = settings.margin
    later = (
        note(f"Non-inferiority: one-sided P that the second stage is worse than the first by {margin:g} or more.")
        if margin is not None
        else ""
    )
    narrow = [title for figure, (_, title) in _FIGURES.items() if figure in found and _too_narrow(index, figure, found)]
    warned = [*few, *([too_close(narrow)] if narrow else [])]
    return note(text) + "".join(f'<p class="remark">{escape(words)}</p>' for words in warned) + "".join(parts) + later


def _too_narrow(
    index: Index, figure: str, found: Mapping[str, tuple[str, list[tuple[str | None, tuple[str, ...]]]]]
) -> bool:
    """Whether the readers agree more closely than the sampling of the cases alone would let them."""
    item, keys = found[figure]
    stage, readers = max(keys, key=lambda key: len(key[0] or ""))
    rows = index.rows("modalities", item, stage, readers)
    parts = [rows.get(_statistic(figure, name)) for name in ("ms_tr", "var_error", "cov1", "cov2", "cov3")]
    values = [row.value for row in parts if row is not None and row.value is not None]
    return len(values) == len(parts) and closer_than_cases(*values)


def _joint_table(index: Index, figure: str, keys: Sequence[tuple[str | None, tuple[str, ...]]]) -> str:
    item, title = _FIGURES[figure]
    margin = index.document.settings.margin is not None
    head: list[list[Cell]] = [
        [
            ("Stages", _LEFT),
            "First",
            "Second",
            "Difference (first \u2212 second)",
            "F",
            "df",
            "P",
            "P, readers fixed",
            "P, cases fixed",
            *(["Non-inferiority P"] if margin else []),
        ]
    ]
    body: list[list[Cell]] = []
    for stage, readers in keys:
        rows = index.rows("modalities", item, stage, readers)
        ends = (stage or "").split("_vs_")
        single = [index.row("modalities", item, end, readers, f"mrmc_{figure}") for end in ends]
        pair = len(ends) == 2
        difference = rows.get(f"mrmc_{figure}_difference")
        f, df = rows.get(_statistic(figure, "f")), rows.get(_statistic(figure, "df"))
        p = rows[_statistic(figure, "p")]
        fixed = [rows.get(_statistic(figure, f"p_fixed_{what}")) for what in ("readers", "cases")]
        line: list[Cell] = [
            STAGE_NAMES.get(stage or "", ""),
            coefficient(single[0], 3, break_line=True) if pair else "",
            coefficient(single[1], 3, break_line=True) if pair else "",
            coefficient(difference, 3, break_line=True) if pair else "all at once",
            number(f.value if f else None, 2),
            number(df.value if df else None, 1),
            index.p_with_holm(p),
            *(p_value(row.value if row else None) for row in fixed),
        ]
        if margin:
            line.append(
                p_value(getattr(rows.get(_statistic(figure, "noninferiority_p")), "value", None)) if pair else ""
            )
        body.append(line)
    who = ", ".join(keys[0][1])
    positive = "" if figure == "accuracy" else f", positive class {index.document.settings.positive}"
    return html_table(head, body, caption=f"{title}{positive}; readers {who}")


def stage_section(index: Index) -> str:
    """The stages of each reader: McNemar, paired differences, areas."""
    keys = [
        (readers, stage)
        for item, stage, readers in index.keys("modalities")
        if item in ("verdict", "confidence") and len(readers) == 1
    ]
    if not keys:
        return ""
    positive = index.document.settings.positive
    head: list[list[Cell]] = [
        [("", 'colspan="3" class="blank"')],
        [("Reader", _LEFT), ("Stages", _LEFT), "Cases"],
    ]
    shares = {
        "": "accuracy_difference",
        "sensitivity_": "sensitivity_difference",
        "specificity_": "specificity_difference",
    }
    for title in ("All verdicts", "Sensitivity", "Specificity"):
        head[0].append((title, 'colspan="3" class="group"'))
        head[1] += [("Difference", 'class="gap"'), "Exact P", "Mid-P"]
    head[0].append(("Area under the ROC curve", 'colspan="2" class="group"'))
    head[1] += [("Difference", 'class="gap"'), "DeLong P"]
    body: list[list[Cell]] = []
    for readers, stage in sorted(dict.fromkeys(keys), key=lambda key: key[0]):
        verdict = index.rows("modalities", "verdict", stage, readers)
        area = index.rows("modalities", "confidence", stage, readers)
        some = verdict.get("mcnemar_p") or area.get("auc_difference")
        line: list[Cell] = [readers[0], (STAGE_NAMES.get(stage or "", ""), _LEFT), str(some.n) if some else ""]
        for prefix, share in shares.items():
            line += [
                (coefficient(verdict.get(share), 3, break_line=True), 'class="gap"'),
                index.p_with_holm(verdict.get(f"{prefix}mcnemar_p")),
                p_value(getattr(verdict.get(f"{prefix}mcnemar_mid_p"), "value", None)),
            ]
        line += [
            (coefficient(area.get("auc_difference"), 3, break_line=True), 'class="gap"'),
            index.p_with_holm(area.get("delong_p")),
        ]
        body.append(line)
    text = (
        f"First stage minus second, on the same cases; positive class: {positive}. Intervals of paired shares: Tango. "
        "Below an exact or DeLong P stands Holm's for its family. These rows speak of one reader each."
    )
    return note(text) + html_table(head, body, caption="The stages of each reader")


def grade_section(index: Index) -> str:
    """Agreement of each reader's grades between stages."""
    head: list[list[Cell]] = [
        [
            ("Grade", _LEFT),
            ("Stages", _LEFT),
            ("Reader", _LEFT),
            "n",
            "Agreement",
            "Quadratic-weighted kappa",
            "Linear-weighted kappa",
            ("Scale of the paper", _LEFT),
        ]
    ]
    body: list[list[Cell]] = []
    for item, stage, readers in index.keys("modalities"):
        rows = index.rows("modalities", item, stage, readers)
        weighted = rows.get("weighted_kappa_quadratic")
        if weighted is None:
            continue
        share = rows["percent_agreement"]
        body.append(
            [
                item_label(item),
                (STAGE_NAMES.get(stage or "", ""), _LEFT),
                (readers[0], _LEFT),
                str(weighted.n),
                coefficient(share, 2, break_line=True),
                coefficient(weighted, 2, break_line=True),
                coefficient(rows.get("weighted_kappa_linear"), 2, break_line=True),
                (strength(weighted.value), _LEFT),
            ]
        )
    return html_table(head, body, caption="Grades of one reader in two stages") if body else ""


_MOST_TESTS = 120


def p_value_section(index: Index) -> str:
    """Every test with Holm's P in its family and over the whole report."""
    tests = index.document.hypotheses
    if len(tests) < 2:
        return ""
    head: list[list[Cell]] = [
        [
            ("Family", _LEFT),
            ("Item", _LEFT),
            ("Stage", _LEFT),
            ("Readers", _LEFT),
            ("Test", _LEFT),
            "P",
            "Holm, family",
            "Holm, report",
            *([("Part", _LEFT)] if index.document.parts else []),
        ]
    ]
    shown = sorted(tests, key=lambda test: test.p)[:_MOST_TESTS]
    body: list[list[Cell]] = [
        [
            test.family,
            (item_label(test.item), _LEFT),
            (STAGE_NAMES.get(test.stage or "", test.stage or ""), _LEFT),
            (", ".join(test.readers), _LEFT),
            (test.statistic.removesuffix("_p").replace("_", " "), _LEFT),
            p_value(test.p),
            p_value(test.holm_family),
            p_value(test.holm_report),
            *([(index.document.name_of(test.part), _LEFT)] if index.document.parts else []),
        ]
        for test in shown
    ]
    more = (
        note(f"The {len(shown)} smallest of {len(tests)}; all are in p_values.csv.") if len(tests) > len(shown) else ""
    )
    return f'<p class="remark">{escape(several_tests(tests))}</p>' + html_table(head, body) + more
