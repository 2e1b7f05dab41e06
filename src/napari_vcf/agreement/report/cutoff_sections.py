"""Measured quantities with their cut-offs, and the logistic model of signs."""

from __future__ import annotations

from napari_vcf.agreement.analysis.model import MODEL
from napari_vcf.agreement.document import LogisticModel, Row
from napari_vcf.agreement.report.index import STAGE_NAMES, Index
from napari_vcf.agreement.report.page import Cell, html_table, note
from napari_vcf.agreement.report.words import coefficient, interval, measure, number, p_value

__all__ = ["cutoff_section", "model_section"]

_LEFT = 'class="left"'


def cutoff_section(index: Index) -> str:
    """ROC, Youden's cut-off, and what of it is optimism."""
    head: list[list[Cell]] = [
        [
            ("Quantity", _LEFT),
            ("Stage", _LEFT),
            ("Reader", _LEFT),
            "n",
            "AUC",
            ("Positive at", _LEFT),
            "Sensitivity",
            "Specificity",
            "Youden index",
            "Corrected for optimism",
            "Sensitivity, corrected",
            "Specificity, corrected",
        ]
    ]
    body: list[list[Cell]] = []
    high = {(curve.item, curve.stage, curve.readers): _rising(curve.thresholds) for curve in index.document.roc}
    for item, stage, readers in index.keys("against_reference"):
        rows = index.rows("against_reference", item, stage, readers)
        cut = rows.get("youden_cutoff")
        if cut is None:
            continue
        sign = "\u2265" if high.get((item, stage or "", readers), True) else "\u2264"
        where = f"{sign} {measure(cut.value)}\n{interval(cut, measured=True)}"
        body.append(
            [
                index.measured(item),
                (STAGE_NAMES.get(stage or "", ""), _LEFT),
                (readers[0], _LEFT),
                str(cut.n),
                coefficient(rows.get("auc"), 3, break_line=True),
                (where, 'class="left nowrap"'),
                *(_two_lines(rows, name) for name in _SHOWN),
            ]
        )
    if not body:
        return ""
    text = (
        f"Positive class: {index.document.settings.positive}. A cut-off that was sought in the same cases promises too "
        "much: the corrected figures are what may be hoped for in other cases. Readers were never shown any of this."
    )
    return note(text) + html_table(head, body, caption="Cut-offs of measured quantities (Youden)")


_SHOWN = (
    "cutoff_sensitivity",
    "cutoff_specificity",
    "youden_index",
    "youden_index_corrected",
    "cutoff_sensitivity_corrected",
    "cutoff_specificity_corrected",
)


def _rising(thresholds: tuple[float, ...]) -> bool:
    """Whether high values are the positive ones: thresholds then fall."""
    return len(thresholds) < 2 or thresholds[0] > thresholds[-1]


def _two_lines(rows: dict[str, Row], name: str) -> str:
    return coefficient(rows.get(name), 2, break_line=True)


def model_section(index: Index) -> str:
    """Odds ratios, discrimination and calibration of each reader's model."""
    parts = [_model(index, model) for model in index.document.models]
    if not parts:
        return ""
    text = (
        "Signs chosen beforehand; odds ratios with Wald intervals. The corrected area and slope say how the model "
        "would do in other cases; a slope well below 1 means that its risks are too extreme. Readers were never shown "
        "any of this."
    )
    return note(text) + "".join(parts)


def _model(index: Index, model: LogisticModel) -> str:
    rows = index.rows("against_reference", MODEL, model.stage, model.readers)
    head: list[list[Cell]] = [[("Sign", _LEFT), f"Odds ratio for {model.positive}", "P"]]
    body: list[list[Cell]] = []
    for sign in model.signs:
        own = index.rows("against_reference", sign, model.stage, model.readers)
        ratio, p = own.get("odds_ratio"), own.get("odds_ratio_p")
        body.append([sign.replace("_", " "), coefficient(ratio, 2, break_line=True), p_value(p.value if p else None)])
    names = {
        "model_auc": "AUC",
        "model_auc_corrected": "corrected for optimism",
        "calibration_slope_corrected": "calibration slope, corrected",
        "brier_score": "Brier score",
        "events_per_variable": "events per coefficient",
    }
    facts = "; ".join(f"{words} {number(rows[name].value, 3)}" for name, words in names.items() if name in rows)
    where = f"{', '.join(model.readers)}, {STAGE_NAMES.get(model.stage, model.stage)}"
    points: list[list[Cell]] = [
        [str(point.n), number(point.predicted, 2), number(point.observed, 2)] for point in model.calibration
    ]
    calibration = html_table(
        [["Cases", "Mean predicted", "Observed share"]], points, caption=f"Calibration, {where}", kind="plain"
    )
    return (
        html_table(head, body, caption=f"Logistic model, {where}, n = {model.cases}") + note(f"{facts}.") + calibration
    )
