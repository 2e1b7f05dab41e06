"""What the readings themselves record of how they were made, in the items of GRRAS.

Kottner et al., J Clin Epidemiol 2011; 64: 96: guidelines for reporting reliability and agreement studies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vcf.agreement.analysis.recorded import (
    NOT_RECORDED,
    blinding_text,
    computed_text,
    interval_text,
    order_of_cases_text,
    order_text,
    protocol_text,
    status_text,
    washout_text,
)
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import GrrasItem, Row, Settings
from napari_vcf.agreement.input.readings import NOT_ASSESSED, Readings
from napari_vcf.agreement.input.reference import Reference
from napari_vcf.records.base import STAGES

__all__ = ["grras_items"]


def grras_items(
    readings: Readings, reference: Reference | None, settings: Settings, rows: Sequence[Row]
) -> list[GrrasItem]:
    """Fill the items that the readings record; the others say that they do not.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.
    settings : Settings
        How the analysis was asked for.
    rows : sequence of Row
        What was computed.

    Returns
    -------
    list of GrrasItem
    """
    records = readings.records
    raters = [reader for reader in readings.readers if not is_consensus(reader)]
    stages = [STAGES[number] for number in np.unique(readings.stage)]
    unsaid = int((readings.state == NOT_ASSESSED).sum())
    pairs = {
        "Raters": f"{len(raters)}: {', '.join(raters)}. Training and experience: n{NOT_RECORDED[1:]}",
        "Subjects": f"{len(readings.cases)} cases, stages {', '.join(stages)}." + _pathology(reference),
        "Replicates": _replicates(readings),
        "Status": status_text(records),
        "Blinding": blinding_text(records),
        "Order of reading": f"Stages: {order_text(records)} Cases: {order_of_cases_text(records)}",
        "Interval between readings": f"{interval_text(records)} Between stages: {washout_text(records)}",
        "Measurement protocol": protocol_text(records),
        "Answers": f"{len(readings)} answers and measurements; {unsaid} of them 'not assessable'.",
        "Consensus": _consensus(readings),
        "Statistics": (
            f"Intervals at {settings.level:.0%}; {settings.bootstrap} bootstrap samples of cases, seed "
            f"{settings.seed}. Computed: {computed_text(rows)} The method of each number stands beside it in "
            "agreement.json."
        ),
    }
    return [GrrasItem(item=name, text=text) for name, text in pairs.items()]


def _pathology(reference: Reference | None) -> str:
    if reference is None:
        return " No reference standard was given."
    benign = int((reference.pathology == 0).sum())
    return f" Reference: {benign} benign, {reference.pathology.size - benign} malignant."


def _replicates(readings: Readings) -> str:
    most = int(readings.occasion.max())
    placed = sorted({record.facts.get("placements", "") for record in readings.records} - {""})
    text = (
        "One reading of each case by each reader." if most == 1 else f"Up to {most} readings of a case by one reader."
    )
    return f"{text} ROI placements: {', '.join(placed)}." if placed else text


def _consensus(readings: Readings) -> str:
    if any(is_consensus(reader) for reader in readings.readers):
        return "A consensus reading was given; it is compared with the reference only."
    return "None in the input: all numbers are from readings before any consensus."
