"""What the readings themselves record of how they were made, in the items of GRRAS.

Kottner et al., J Clin Epidemiol 2011; 64: 96: guidelines for reporting reliability and agreement studies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import GrrasItem, Settings
from napari_vcf.agreement.tables.readings import NOT_ASSESSED, ReadingFacts, Readings
from napari_vcf.agreement.tables.reference import Reference
from napari_vcf.records.base import STAGES

__all__ = ["blinding_text", "grras_items", "interval_text", "order_text", "protocol_text"]

_UNKNOWN = "Not recorded in the input."


def grras_items(readings: Readings, reference: Reference | None, settings: Settings) -> list[GrrasItem]:
    """Fill the items that the readings record; the others say that they do not.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.
    settings : Settings
        How the analysis was asked for.

    Returns
    -------
    list of GrrasItem
    """
    records = readings.records
    raters = [reader for reader in readings.readers if not is_consensus(reader)]
    stages = [STAGES[number] for number in np.unique(readings.stage)]
    unsaid = int((readings.state == NOT_ASSESSED).sum())
    pairs = {
        "Raters": f"{len(raters)}: {', '.join(raters)}. Training and experience: {_UNKNOWN[0].lower()}{_UNKNOWN[1:]}",
        "Subjects": f"{len(readings.cases)} cases, stages {', '.join(stages)}." + _pathology(reference),
        "Replicates": _replicates(readings),
        "Status": _status(records),
        "Blinding": blinding_text(records),
        "Order of reading": order_text(records),
        "Interval between readings": interval_text(records),
        "Measurement protocol": protocol_text(records),
        "Answers": f"{len(readings)} answers and measurements; {unsaid} of them 'not assessable'.",
        "Consensus": _consensus(readings),
        "Statistics": (
            f"Intervals at {settings.level:.0%}; {settings.bootstrap} bootstrap samples of cases, seed "
            f"{settings.seed}. Kappa for categories (quadratic weights for grades, named beforehand), ICC(A,1) and "
            "limits of agreement for measurements; the method of each number stands beside it in agreement.json."
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


def protocol_text(records: tuple[ReadingFacts, ...]) -> str:
    """Which protocols the readings were made under."""
    return _listed(record.rules.get("protocol", "") for record in records)


def blinding_text(records: tuple[ReadingFacts, ...]) -> str:
    """What each sitting could see."""
    kinds = Counter(record.facts.get("staging", "") for record in records)
    kinds.pop("", None)
    if not kinds:
        return _UNKNOWN
    words = {"sealed": "each stage sealed before the next opened", "open": "one sitting saw all images (open)"}
    return "; ".join(f"{words.get(kind, kind)}: {count} readings" for kind, count in sorted(kinds.items())) + "."


def _status(records: tuple[ReadingFacts, ...]) -> str:
    words = {"sealed": "sealed (signed and closed)", "draft": "draft (not signed)"}
    return _listed(words.get(record.facts.get("status", ""), "") for record in records)


def order_text(records: tuple[ReadingFacts, ...]) -> str:
    """Order of the stages."""
    return _listed(record.facts.get("stage order", "") for record in records)


def _listed(texts: Iterable[str]) -> str:
    counts = Counter(text for text in texts if text)
    if not counts:
        return _UNKNOWN
    return "; ".join(f"{text} ({count} readings)" for text, count in sorted(counts.items())) + "."


def interval_text(records: tuple[ReadingFacts, ...]) -> str:
    """When the readings were made."""
    days = [record.facts["started"] for record in records if "started" in record.facts]
    if not days:
        return _UNKNOWN
    text = f"Readings were begun between {min(days)} and {max(days)}."
    return text if any(record.occasion > 1 for record in records) else f"{text} No case was read twice by one reader."


def _consensus(readings: Readings) -> str:
    if any(is_consensus(reader) for reader in readings.readers):
        return "A consensus reading was given; it is compared with the reference only."
    return "None in the input: all numbers are from readings before any consensus."
