"""The stages of each reader compared: right and wrong verdicts, confidence, and the grades of CT and MRI."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.categorical import categorical_agreement
from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PATHOLOGY, oriented_confidence
from napari_vcf.agreement.statistics import compare_auc, mcnemar_exact, mcnemar_mid_p, paired_difference
from napari_vcf.records.base import STAGES

__all__ = ["grades_between_stages", "kept_for_stages", "modalities"]

_TableByStage = Mapping[str, Mapping[str, ItemTable]]
_SHARES: dict[str, tuple[Statistic, Statistic, Statistic]] = {
    "sensitivity": ("sensitivity_difference", "sensitivity_mcnemar_p", "sensitivity_mcnemar_mid_p"),
    "specificity": ("specificity_difference", "specificity_mcnemar_p", "specificity_mcnemar_mid_p"),
}


def kept_for_stages(table: ItemTable) -> bool:
    """Whether an item is compared between stages."""
    return table.scale.kind == "ordinal" or table.scale.item == "verdict"


def modalities(found: Collected, readings: Readings, by_stage: _TableByStage, truth: NDArray[np.int64]) -> None:
    """Compare the stages of each reader on the same cases.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    by_stage : mapping
        Tables by stage and item.
    truth : ndarray of int, shape (all cases,)
        Position in `PATHOLOGY`, -1 where not known.
    """
    for first, second in combinations([stage for stage in STAGES if stage in by_stage], 2):
        for reader in range(len(readings.readers)):
            for item in ("verdict", "confidence"):
                one, two = by_stage[first].get(item), by_stage[second].get(item)
                if one is not None and two is not None and one.asked[reader, 0] and two.asked[reader, 0]:
                    _compare(found, readings, (one, two), reader, truth)


def grades_between_stages(found: Collected, readings: Readings, by_stage: _TableByStage) -> None:
    """Add each reader's agreement with himself between stages, for the grades that several stages give.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    by_stage : mapping
        Tables by stage and item.
    """
    for first, second in combinations([stage for stage in STAGES if stage in by_stage], 2):
        for item, one in by_stage[first].items():
            two = by_stage[second].get(item)
            if two is None or one.scale.kind != "ordinal" or item == "confidence":
                continue
            for reader, name in enumerate(readings.readers):
                if not (is_consensus(name) or not one.asked[reader, 0] or not two.asked[reader, 0]):
                    _grades(found, readings, (one, two), reader)


def _paired(
    readings: Readings, pair: tuple[ItemTable, ItemTable], reader: int, *, unsaid_counts: bool
) -> NDArray[np.float64]:
    """Answers of a reader in two stages, shape (2, all cases)."""
    answers = np.full((2, len(readings.cases)), np.nan)
    for line, table in zip(answers, pair, strict=True):
        unsaid = table.not_assessed[:, reader, 0] & (not unsaid_counts)
        line[table.cases] = np.where(unsaid, np.nan, table.values[:, reader, 0])
    return answers


def _grades(found: Collected, readings: Readings, pair: tuple[ItemTable, ItemTable], reader: int) -> None:
    stages = (pair[0].stage, pair[1].stage)
    place = Place("modalities", pair[0].scale.item, "_vs_".join(stages), (readings.readers[reader],))
    answers = _paired(readings, pair, reader, unsaid_counts=True)
    both = np.isfinite(answers).all(axis=0)
    some = np.isfinite(answers).any(axis=0) & ~both
    found.leave_out(place, np.array(readings.cases)[some].tolist(), "not answered in both stages")
    start = len(found.rows)
    categorical_agreement(found, place, pair[0].scale, answers[0, both], answers[1, both])
    note = f"One reader, {stages[0]} against {stages[1]}."
    found.rows[start:] = [row.model_copy(update={"note": f"{row.note} {note}".strip()}) for row in found.rows[start:]]


def _compare(
    found: Collected, readings: Readings, pair: tuple[ItemTable, ItemTable], reader: int, truth: NDArray[np.int64]
) -> None:
    settings = found.settings
    item = pair[0].scale.item
    stages = (pair[0].stage, pair[1].stage)
    place = Place("modalities", item, "_vs_".join(stages), (readings.readers[reader],))
    answers = _paired(readings, pair, reader, unsaid_counts=False)
    both = np.isfinite(answers).all(axis=0) & (truth >= 0)
    some = np.isfinite(answers).any(axis=0) & ~both
    found.leave_out(
        place, np.array(readings.cases)[some].tolist(), "not answered in both stages, or pathology not known"
    )
    answers, known = answers[:, both], truth[both]
    order = f"First: {stages[0]}, second: {stages[1]}."
    true = known == PATHOLOGY.index(settings.positive)
    if item == "verdict":
        _verdicts(found, place, answers == known, true, order)
        return
    scores = oriented_confidence(answers, settings.positive)
    result = compare_auc(scores[0], scores[1], true, level=settings.level)
    note = f"{order} Positive class: {settings.positive}."
    found.add(place, "auc_difference", result.difference, note)
    found.add(place, "delong_p", result.p, note)


def _verdicts(found: Collected, place: Place, right: NDArray[np.bool_], true: NDArray[np.bool_], order: str) -> None:
    """McNemar and the paired difference: of all cases, of the positive, and of the negative ones."""
    level = found.settings.level
    found.add(place, "mcnemar_p", mcnemar_exact(*right), order)
    found.add(place, "mcnemar_mid_p", mcnemar_mid_p(*right), order)
    found.add(place, "accuracy_difference", paired_difference(*right, level=level), order)
    for name, kind in (("sensitivity", true), ("specificity", ~true)):
        note = f"{order} Positive class: {found.settings.positive}."
        names = _SHARES[name]
        found.add(place, names[0], paired_difference(*right[:, kind], level=level), note)
        found.add(place, names[1], mcnemar_exact(*right[:, kind]), note)
        found.add(place, names[2], mcnemar_mid_p(*right[:, kind]), note)
