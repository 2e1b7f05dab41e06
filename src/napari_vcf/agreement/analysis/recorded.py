"""Sentences on how the readings were made, from what each of them records; a guideline's items are made of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from napari_vcf.agreement.document import Row
from napari_vcf.agreement.input.readings import CONSENSUS, ReadingFacts

__all__ = [
    "NOT_RECORDED",
    "blinding_text",
    "computed_text",
    "cuts_text",
    "interval_text",
    "order_of_cases_text",
    "order_text",
    "protocol_text",
    "raters_apart_text",
    "reference_text",
    "status_text",
    "washout_text",
]

NOT_RECORDED = "Not recorded in the input."
_Records = Sequence[ReadingFacts]

#: What is computed, in the words of the guidelines, by the statistic that tells of it.
_WORDS = {
    "cohen_kappa": "Cohen's kappa",
    "weighted_kappa_quadratic": "kappa with quadratic weights for grades",
    "gwet_ac1": "Gwet's AC1",
    "icc_a_1": "ICC(A,1)",
    "bland_altman_bias": "limits of agreement",
    "fleiss_kappa": "kappa of Fleiss and of Conger",
    "krippendorff_alpha_interval": "Krippendorff's alpha",
    "dice": "Dice and the 95 % Hausdorff distance",
    "accuracy": "accuracy, sensitivity, specificity and predictive values",
    "auc": "area under the ROC curve",
    "mrmc_p": "analysis of variance over readers and cases of the area",
    "mrmc_sensitivity_p": "the same of sensitivity, specificity and accuracy",
    "mcnemar_p": "exact McNemar test",
    "delong_p": "DeLong's test",
    "youden_cutoff": "Youden's cut-off",
    "model_auc": "a logistic model",
    "chi2_p": "Pearson's chi-squared test",
    "t_p": "Student's t test",
}


def _own(records: _Records) -> list[ReadingFacts]:
    """Readings before any consensus."""
    return [record for record in records if record.reader != CONSENSUS]


def _listed(texts: Iterable[str]) -> str:
    counts = Counter(text for text in texts if text)
    if not counts:
        return NOT_RECORDED
    return "; ".join(f"{text} ({count} readings)" for text, count in sorted(counts.items())) + "."


def protocol_text(records: _Records) -> str:
    """Which protocols the readings were made under."""
    return _listed(record.rules.get("protocol", "") for record in records)


def cuts_text(records: _Records) -> str:
    """The cuts of the grades, as the protocols of the readings say."""
    return _listed(record.facts.get("cuts", "") for record in records)


def status_text(records: _Records) -> str:
    """Whether the readings were signed."""
    words = {"sealed": "sealed (signed and closed)", "draft": "draft (not signed)"}
    return _listed(words.get(record.facts.get("status", ""), "") for record in records)


def blinding_text(records: _Records) -> str:
    """What each sitting could see."""
    kinds = Counter(record.facts.get("staging", "") for record in records)
    kinds.pop("", None)
    if not kinds:
        return NOT_RECORDED
    words = {"sealed": "each stage sealed before the next opened", "open": "one sitting saw all images (open)"}
    return "; ".join(f"{words.get(kind, kind)}: {count} readings" for kind, count in sorted(kinds.items())) + "."


def raters_apart_text(records: _Records) -> str:
    """Whether every reading was signed by one reader before a consensus was."""
    own = _own(records)
    if not own:
        return NOT_RECORDED
    sealed = [record for record in own if "sealed" in record.facts]
    text = f"{len(sealed)} of {len(own)} readings were each signed by one reader and closed"
    settled: dict[tuple[str, str], datetime] = {}
    for record in records:
        if record.reader == CONSENSUS and "sealed" in record.facts:
            for stage in record.facts.get("stages", "").split(", "):
                when = datetime.fromisoformat(record.facts["sealed"])
                settled[record.case, stage] = min(when, settled.get((record.case, stage), when))
    if not settled:
        return f"{text}; no consensus is in the input."
    late = [
        record
        for record in sealed
        for stage in record.facts.get("stages", "").split(", ")
        if (record.case, stage) in settled
        and datetime.fromisoformat(record.facts["sealed"]) > settled[record.case, stage]
    ]
    if late:
        return f"{text}; {len(late)} of them after the consensus on the same case and stage."
    return f"{text}, all before the consensus on the same case and stage."


def order_text(records: _Records) -> str:
    """Order in which each reader signed the stages of a case; that of the protocol where none was signed."""
    own = _own(records)
    if not own:
        return NOT_RECORDED
    signed: dict[tuple[str, str, int], list[tuple[datetime, str]]] = {}
    for record in own:
        if "sealed" in record.facts:
            when = datetime.fromisoformat(record.facts["sealed"])
            signed.setdefault((record.case, record.reader, record.occasion), []).append(
                (when, record.facts.get("stages", ""))
            )
    if not signed:
        return "By the protocol: " + _listed(record.facts.get("stage order", "") for record in own)
    orders = Counter(", ".join(stage for _, stage in sorted(stages)) for stages in signed.values())
    return "As signed: " + "; ".join(f"{order} ({n} cases and readers)" for order, n in sorted(orders.items())) + "."


def order_of_cases_text(records: _Records) -> str:
    """Whether the readers took the cases in different orders."""
    orders: dict[str, dict[tuple[str, str, int], int]] = {}
    for record in _own(records):
        if "position" in record.facts:
            where = (record.case, record.facts.get("stages", ""), record.occasion)
            orders.setdefault(record.reader, {})[where] = int(record.facts["position"])
    if not orders:
        return NOT_RECORDED
    sequences = {tuple(sorted(places, key=places.__getitem__)) for places in orders.values()}
    if len(orders) == 1:
        return "One reader; the order of cases is recorded in each reading."
    if len(sequences) == len(orders):
        return f"Each of the {len(orders)} readers took the cases in an order of their own."
    return f"{len(orders)} readers took the cases in {len(sequences)} different orders."


def washout_text(records: _Records) -> str:
    """Least time between two signatures of a reader in one case."""
    days = [float(r.facts["days since previous stage"]) for r in records if "days since previous stage" in r.facts]
    if not days:
        return NOT_RECORDED
    return f"At least {min(days):.2f} days (median {sorted(days)[len(days) // 2]:.2f}) lie between a reader's stages."


def interval_text(records: _Records) -> str:
    """When the readings were made."""
    days = [record.facts["started"] for record in records if "started" in record.facts]
    if not days:
        return NOT_RECORDED
    text = f"Readings were begun between {min(days)} and {max(days)}."
    return text if any(record.occasion > 1 for record in records) else f"{text} No case was read twice by one reader."


def reference_text(records: _Records, source: str | None) -> str:
    """Whether a reading could hold the reference."""
    if source is None:
        return "No reference standard was given."
    if not records:
        return f"Not recorded in the input. The reference came from a file of its own, {source}."
    return (
        f"The {len(records)} exported readings have no place for the reference, which came from a file of its own, "
        f"{source}."
    )


def computed_text(rows: Sequence[Row]) -> str:
    """What was computed, in words."""
    computed = {row.statistic for row in rows if row.value is not None}
    names = [words for statistic, words in _WORDS.items() if statistic in computed]
    return f"{'; '.join(names)}." if names else "Nothing could be computed."
