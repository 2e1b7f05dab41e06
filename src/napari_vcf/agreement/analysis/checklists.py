"""Flow of cases, and what the record answers of CLAIM, STARD and QAREL.

Bossuyt et al., BMJ 2015; 351: h5527 (STARD). Mongan, Moy and Kahn, Radiol Artif Intell 2020; 2: e200029 (CLAIM), of
which the items on data, reference and evaluation concern a study of readers. Lucas et al., J Clin Epidemiol 2010; 63:
854 (QAREL).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vcf.agreement.analysis.recorded import (
    NOT_RECORDED,
    blinding_text,
    computed_text,
    cuts_text,
    interval_text,
    order_of_cases_text,
    order_text,
    protocol_text,
    raters_apart_text,
    reference_text,
    washout_text,
)
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import FlowStep, GrrasItem, LeftOut, Row, Settings
from napari_vcf.agreement.input.readings import ANSWERED, NOT_ASSESSED, Readings
from napari_vcf.agreement.input.reference import Reference
from napari_vcf.agreement.scales import scale_of
from napari_vcf.records.base import STAGES

__all__ = ["claim_items", "flow_of_cases", "qarel_items"]

_BY_AUTHORS = "Not in the record: to be answered by the authors."
_STAGE_NAMES = {"ct": "CT", "mri": "MRI", "combined": "CT + MRI"}


def flow_of_cases(readings: Readings, reference: Reference | None, left_out: Sequence[LeftOut]) -> list[FlowStep]:
    """Cases from the reference to the analysis of the verdicts.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.
    left_out : sequence of LeftOut
        Cases that did not enter an analysis.

    Returns
    -------
    list of FlowStep
    """
    steps = []
    read = set(readings.cases)
    if reference is not None:
        benign = int((reference.pathology == 0).sum())
        known = len(reference.cases)
        text = f"{benign} benign, {known - benign} malignant."
        steps.append(FlowStep(step="Cases with a reference standard", cases=known, note=text))
        unread = len(set(reference.cases) - read)
        without = len(read - set(reference.cases))
        notes = [
            f"{unread} with a reference were not read." if unread else "",
            f"{without} lack it." if without else "",
        ]
        steps.append(FlowStep(step="Cases read", cases=len(read), note=" ".join(filter(None, notes))))
    else:
        steps.append(FlowStep(step="Cases read", cases=len(read), note="No reference standard was given."))
    presence = readings.presence()
    own = [number for number, name in enumerate(readings.readers) if not is_consensus(name)]
    for number, stage in enumerate(STAGES):
        seen = presence[number][own]
        if not seen.any():
            continue
        active = seen[seen.any(axis=1)]
        every = int(active.all(axis=0).sum())
        some = int(active.any(axis=0).sum()) - every
        gaps = f"{some} lack a reader." if some else ""
        out = {
            case
            for entry in left_out
            if (entry.analysis, entry.item, entry.stage) == ("against_reference", "verdict", stage)
            for case in entry.cases
        }
        missing = f"{len(out)} without a verdict of every reader or without pathology." if out else ""
        note = " ".join(part for part in (gaps, missing, _called(readings, number, own)) if part)
        number_of = {1: "the only reader", 2: "both readers"}.get(len(active), f"all {len(active)} readers")
        who = f"Read in {_STAGE_NAMES[stage]} by {number_of}"
        steps.append(FlowStep(step=who, cases=every, note=note))
    return steps


def _called(readings: Readings, stage: int, readers: Sequence[int]) -> str:
    """How many cases each reader called what in a stage."""
    if "verdict" not in readings.items:
        return ""
    item = readings.items.index("verdict")
    here = (readings.stage == stage) & (readings.item == item) & (readings.occasion == 1)
    here &= readings.state == ANSWERED
    names = scale_of("verdict").values
    texts = []
    for reader in readers:
        values = readings.value[here & (readings.reader == reader)].astype(np.int64)
        counts = np.bincount(values, minlength=len(names))
        if counts.any():
            parts = ", ".join(f"{count} {name}" for name, count in zip(names, counts.tolist(), strict=False))
            texts.append(f"{readings.readers[reader]}: {parts}")
    return f"Verdicts \u2013 {'; '.join(texts)}." if texts else ""


def qarel_items(readings: Readings, reference: Reference | None, rows: Sequence[Row]) -> list[GrrasItem]:
    """QAREL items, answered where the readings record it.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.
    rows : sequence of Row
        What was computed.

    Returns
    -------
    list of GrrasItem
    """
    records = readings.records
    source = None if reference is None else reference.source
    pairs = {
        "1 Representative subjects": _BY_AUTHORS,
        "2 Representative raters": _BY_AUTHORS,
        "3 Blinded to the other raters": raters_apart_text(records),
        "4 Blinded to their own earlier findings": f"{blinding_text(records)} {interval_text(records)}",
        "5 Blinded to the reference standard": reference_text(records, source),
        "6 Blinded to clinical information": _BY_AUTHORS,
        "7 Blinded to other cues": blinding_text(records),
        "8 Order of examination varied": f"Stages: {order_text(records)} Cases: {order_of_cases_text(records)}",
        "9 Interval between repeated measurements": f"{interval_text(records)} {washout_text(records)}",
        "10 Test applied and interpreted properly": protocol_text(records),
        "11 Statistical measures": computed_text(rows),
    }
    return [GrrasItem(item=name, text=text) for name, text in pairs.items()]


def claim_items(
    readings: Readings,
    reference: Reference | None,
    settings: Settings,
    rows: Sequence[Row],
    left_out: Sequence[LeftOut],
) -> list[GrrasItem]:
    """CLAIM and STARD items that the record can answer.

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
    left_out : sequence of LeftOut
        Cases that did not enter an analysis.

    Returns
    -------
    list of GrrasItem
    """
    records = readings.records
    stages = ", ".join(_STAGE_NAMES[STAGES[number]] for number in np.unique(readings.stage))
    unsaid = int((readings.state == NOT_ASSESSED).sum())
    out = {case for entry in left_out for case in entry.cases}
    sought = any(row.statistic == "youden_cutoff" and row.value is not None for row in rows)
    tested = any(row.statistic.endswith("_p") and row.value is not None for row in rows)
    pairs = {
        "Study design (prospective or retrospective)": _BY_AUTHORS,
        "Eligibility and sampling of participants": _BY_AUTHORS,
        "Index tests": f"Readings of {stages} by {len(readings.readers)} readers. Protocol: {protocol_text(records)}",
        "Reference standard": (
            f"Pathology of {len(reference.cases)} cases, from {reference.source}. Its rationale: {_BY_AUTHORS}"
            if reference is not None
            else "None was given."
        ),
        "Positive class": f"{settings.positive}, as the analysis was asked for." if reference is not None else "None.",
        "Blinding of readers and assessors": blinding_text(records),
        "Cut-offs": f"Grades, by the protocol: {cuts_text(records)}"
        + (" Measurements: sought in these data, and corrected for optimism." if sought else ""),
        "Indeterminate and missing results": (
            f"{unsaid} of {len(readings)} answers are 'not assessable', a category of its own. "
            + (
                f"{len(out)} cases lack something in some analysis; left_out.csv names them."
                if out
                else "None missing."
            )
        ),
        "De-identification": (
            f"{len(records)} exported readings: pseudonyms of case and reader, and no identity."
            if records
            else NOT_RECORDED
        ),
        "Sample size": _BY_AUTHORS + " 'napari-vcf agreement plan' computes it.",
        "Measures of uncertainty": f"Intervals at {settings.level:.0%}"
        + ("; P values with Holm's correction beside." if tested else "."),
        "Registration, protocol, funding": _BY_AUTHORS,
    }
    return [GrrasItem(item=name, text=text) for name, text in pairs.items()]
