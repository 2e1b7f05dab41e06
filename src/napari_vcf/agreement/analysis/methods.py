"""Sentences on method, ready to be quoted: of what was computed, between whom, and with which intervals."""

from __future__ import annotations

from collections.abc import Sequence

from napari_vcf.agreement.document import Analysis, Row, Settings
from napari_vcf.agreement.names import PLACEMENTS

__all__ = ["methods_sentences"]

#: Between whom categories and measurements are compared, as a sentence says it.
_BETWEEN: dict[Analysis, str] = {
    "between_readers": "between readers",
    "within_reader": "between repeated readings of one reader",
    "modalities": "between the grades of one reader in two stages",
}


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
    positive = settings.positive
    shares = "Clopper and Pearson" if settings.proportions == "clopper-pearson" else "Wilson"
    covariance = "the jackknife" if settings.covariance == "jackknife" else "DeLong"
    chosen = [
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
            "Cut-offs of measured quantities are those of the largest Youden index"
            + (
                f"; their worth was corrected for optimism by {settings.bootstrap} bootstrap samples of cases."
                if "youden_index_corrected" in computed
                else "."
            ),
        ),
        (
            {"model_auc"},
            "A logistic model of signs chosen beforehand was fitted by maximum likelihood"
            + (
                "; area and calibration slope were corrected for optimism by the bootstrap."
                if "model_auc_corrected" in computed
                else "."
            ),
        ),
        (
            {"chi2_p", "t_p"},
            "Benign and malignant cases were compared by Pearson's chi-squared test without continuity correction, "
            "Fisher's exact test where an expected count was below 5, and Student's t test.",
        ),
    ]
    found = [*_on_agreement(rows, settings), *(text for names, text in chosen if names & computed)]
    if computed & {"mrmc_p", "mcnemar_p", "chi2_p", "t_p", "delong_p"}:
        found.append("P values are two-sided; Holm's correction is given within each family and over all tests.")
    version = software.get("napari-vcf", "")
    found.append(f"Analyses were made with napari-vcf {version} (seed {settings.seed}), research software.")
    return found


def _on_agreement(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Sentences on agreement, between those who were compared."""
    computed = [row for row in rows if row.value is not None]
    found: list[str] = []
    resampled = f"percentiles of {settings.bootstrap} bootstrap samples of cases"
    closed = "Fleiss, Cohen and Everitt"
    if settings.intervals == "transformed":
        closed += ", on the scale of Fisher's z"

    def intervals(way: str) -> str:
        text = f", with {settings.level:.0%} confidence intervals"
        if settings.intervals == "bootstrap":
            return f"{text} ({resampled})" if settings.bootstrap else ""
        return f"{text} ({way})"

    def between(*statistics: str) -> str:
        places = {row.analysis for row in computed if row.statistic in statistics and row.repeat != PLACEMENTS}
        return _listed([words for analysis, words in _BETWEEN.items() if analysis in places])

    def compared(*statistics: str) -> set[str]:
        return {row.statistic for row in computed if row.analysis in _BETWEEN and row.statistic in statistics}

    kappas = compared("cohen_kappa", "weighted_kappa_quadratic")
    if kappas:
        # Grades have an unweighted kappa as well, so categories are told by what only they have.
        parts = [
            "on categories by Cohen's kappa" if compared("pabak") else "",
            "on grades by kappa with quadratic weights" if "weighted_kappa_quadratic" in kappas else "",
        ]
        how = " and ".join(filter(None, parts)) or "by Cohen's kappa"
        found.append(f"Agreement {between('cohen_kappa')} was measured {how}{intervals(closed)}.")
    if compared("gwet_ac1"):
        beside = [
            "Gwet's AC1" if compared("pabak") else "",
            "Gwet's AC2" if compared("gwet_ac2_quadratic") else "",
            "PABAK" if compared("pabak") else "",
        ]
        named = [name for name in beside if name]
        found.append(
            f"{_listed(named)} {'is' if len(named) == 1 else 'are'} given beside, because kappa depends on prevalence."
        )
    if any(row.statistic == "cohen_kappa" and row.analysis == "against_reference" for row in computed):
        found.append(
            f"Agreement of verdicts with pathology was measured by Cohen's kappa, with {settings.level:.0%} confidence "
            f"intervals ({closed})."
        )
    if place := between("icc_a_1"):
        limits = ", and by the limits of agreement of Bland and Altman" if compared("bland_altman_bias") else ""
        found.append(
            f"Agreement on measurements {place} was measured by the intraclass correlation coefficient for absolute "
            f"agreement of single readings, two-way model (ICC(A,1)){intervals('McGraw and Wong')}{limits}."
        )
    if any(row.statistic == "icc_a_1" and row.repeat == PLACEMENTS for row in computed):
        found.append(
            "Agreement of the placements of a region in one reading was measured by ICC(A,1) and the within-subject "
            "standard deviation."
        )
    return found


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
