"""Flow of cases, sentences on method, and what the record answers of CLAIM, STARD and QAREL.

Bossuyt et al., BMJ 2015; 351: h5527 (STARD). Mongan, Moy and Kahn, Radiol Artif Intell 2020; 2: e200029 (CLAIM), of
which the items on data, reference and evaluation concern a study of readers. Lucas et al., J Clin Epidemiol 2010; 63:
854 (QAREL).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vcf.agreement.analysis.grras import blinding_text, interval_text, order_text, protocol_text
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import FlowStep, GrrasItem, LeftOut, Row, Settings
from napari_vcf.agreement.tables.readings import Readings
from napari_vcf.agreement.tables.reference import Reference
from napari_vcf.records.base import STAGES

__all__ = ["claim_items", "flow_of_cases", "methods_sentences", "qarel_items"]

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
        note = " ".join(part for part in (gaps, missing) if part)
        number_of = {1: "the only reader", 2: "both readers"}.get(len(active), f"all {len(active)} readers")
        who = f"Read in {_STAGE_NAMES[stage]} by {number_of}"
        steps.append(FlowStep(step=who, cases=every, note=note))
    return steps


def qarel_items(readings: Readings, reference: Reference | None) -> list[GrrasItem]:
    """QAREL items, answered where the readings record it.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.

    Returns
    -------
    list of GrrasItem
    """
    records = readings.records
    consensus = any(is_consensus(name) for name in readings.readers)
    blind = blinding_text(records)
    pairs = {
        "1 Representative subjects": _BY_AUTHORS,
        "2 Representative raters": _BY_AUTHORS,
        "3 Blinded to the other raters": (
            "Each reading was made and sealed apart; a consensus reading is analysed apart."
            if records and all(record.facts.get("status") == "sealed" for record in records)
            else "Not recorded in the input for every reading: some were not sealed in a study."
        )
        + (" The input holds a consensus reading." if consensus else ""),
        "4 Blinded to their own earlier findings": interval_text(records),
        "5 Blinded to the reference standard": (
            "The record of a reading holds no pathology; the reference came from a file of its own."
            if reference is not None
            else "No reference standard was given."
        ),
        "6 Blinded to clinical information": _BY_AUTHORS,
        "7 Blinded to other cues": blind,
        "8 Order of examination varied": order_text(records),
        "9 Interval between repeated measurements": interval_text(records),
        "10 Test applied and interpreted properly": protocol_text(records),
        "11 Statistical measures": "Named beforehand for each kind of item; see the sentences on method.",
    }
    return [GrrasItem(item=name, text=text) for name, text in pairs.items()]


def claim_items(readings: Readings, reference: Reference | None, settings: Settings) -> list[GrrasItem]:
    """CLAIM and STARD items that the record can answer.

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
    stages = ", ".join(_STAGE_NAMES[STAGES[number]] for number in np.unique(readings.stage))
    pairs = {
        "Study design (prospective or retrospective)": _BY_AUTHORS,
        "Eligibility and sampling of participants": _BY_AUTHORS,
        "Index tests": f"Readings of {stages} by {len(readings.readers)} readers. Protocol: {protocol_text(records)}",
        "Reference standard": (
            f"Pathology of {len(reference.cases)} cases, from {reference.source}. Its rationale: {_BY_AUTHORS}"
            if reference is not None
            else "None was given."
        ),
        "Positive class": f"{settings.positive}, set before the analysis." if reference is not None else "None.",
        "Blinding of readers and assessors": blinding_text(records),
        "Cut-offs": "Confidence: every cut is shown. Measurements: sought in these data, corrected for optimism.",
        "Indeterminate and missing results": (
            "'Not assessable' is a category of its own; cases left out are named with the reason in left_out.csv."
        ),
        "De-identification": "Cases and readers stand under pseudonyms.",
        "Sample size": _BY_AUTHORS + " 'napari-vcf agreement plan' computes it.",
        "Measures of uncertainty": f"Intervals at {settings.level:.0%}; P values with Holm's correction beside.",
        "Registration, protocol, funding": _BY_AUTHORS,
    }
    return [GrrasItem(item=name, text=text) for name, text in pairs.items()]


def methods_sentences(rows: Sequence[Row], settings: Settings, software: dict[str, str]) -> list[str]:
    """Sentences on method for what was computed, ready to be quoted.

    Parameters
    ----------
    rows : sequence of Row
        What was computed.
    settings : Settings
        How.
    software : dict of str to str
        Versions.

    Returns
    -------
    list of str
    """
    computed = {row.statistic for row in rows if row.value is not None}
    level, positive = f"{settings.level:.0%}", settings.positive
    shares = "Clopper and Pearson" if settings.proportions == "clopper-pearson" else "Wilson"
    covariance = "the jackknife" if settings.covariance == "jackknife" else "DeLong"
    chosen = [
        (
            {"cohen_kappa", "weighted_kappa_quadratic"},
            "Agreement between readers on categories was measured by Cohen's kappa, and on grades by kappa with "
            f"quadratic weights, with {level} confidence intervals (Fleiss, Cohen and Everitt).",
        ),
        ({"gwet_ac1"}, "Gwet's AC1 (AC2 for grades) and PABAK are given beside, because kappa depends on prevalence."),
        (
            {"icc_a_1"},
            "Agreement on measurements was measured by the intraclass correlation coefficient for absolute agreement "
            "of single readings, two-way model (ICC(A,1)), and by the limits of agreement of Bland and Altman.",
        ),
        (
            {"fleiss_kappa", "krippendorff_alpha_interval"},
            "Agreement of all readers at once was measured by the kappas of Fleiss and of Conger and by Krippendorff's "
            "alpha, with bootstrap intervals over cases.",
        ),
        (
            {"accuracy"},
            f"Sensitivity, specificity and predictive values (positive class: {positive}) are given with {shares} "
            "intervals.",
        ),
        (
            {"mrmc_p", "mrmc_sensitivity_p"},
            "Stages were compared over readers and cases by the analysis of variance of Obuchowski and Rockette with "
            f"the degrees of freedom of Hillis, covariances by {covariance}; readers and cases were taken as random.",
        ),
        (
            {"mcnemar_p"},
            "Verdicts of one reader in two stages were compared by the exact McNemar test, with Tango's interval of "
            "the paired difference.",
        ),
        ({"delong_p"}, "Areas under the ROC curves of one reader were compared after DeLong."),
        (
            {"youden_cutoff"},
            "Cut-offs of measured quantities are those of the largest Youden index; their worth was corrected for "
            f"optimism by {settings.bootstrap} bootstrap samples of cases.",
        ),
        (
            {"model_auc"},
            "A logistic model of signs chosen beforehand was fitted by maximum likelihood; area and calibration slope "
            "were corrected for optimism by the bootstrap.",
        ),
        (
            {"chi2_p", "t_p"},
            "Benign and malignant cases were compared by Pearson's chi-squared test without continuity correction, "
            "Fisher's exact test where an expected count was below 5, and Student's t test.",
        ),
    ]
    found = [text for names, text in chosen if names & computed]
    if computed & {"mrmc_p", "mcnemar_p", "chi2_p", "t_p", "delong_p"}:
        found.append("P values are two-sided; Holm's correction is given within each family and over all tests.")
    version = software.get("napari-vcf", "")
    found.append(f"Analyses were made with napari-vcf {version} (seed {settings.seed}), research software.")
    return found
