"""All P values of a report, named, and corrected for there being several."""

from __future__ import annotations

from collections.abc import Sequence

from napari_vcf.agreement.document import Hypothesis, Row, Statistic
from napari_vcf.agreement.statistics import holm

__all__ = ["hypotheses", "several_tests"]

#: Family of each kind of test. The second form of a test (Welch's t, the mid-P, fixed readers) asks the same question
#: again and is no further test.
_FAMILIES: dict[Statistic, str] = {
    "mrmc_p": "stages over readers: area under the curve",
    "mrmc_sensitivity_p": "stages over readers: verdict",
    "mrmc_specificity_p": "stages over readers: verdict",
    "mrmc_accuracy_p": "stages over readers: verdict",
    "mrmc_noninferiority_p": "stages over readers: non-inferiority",
    "mrmc_sensitivity_noninferiority_p": "stages over readers: non-inferiority",
    "mrmc_specificity_noninferiority_p": "stages over readers: non-inferiority",
    "mrmc_accuracy_noninferiority_p": "stages over readers: non-inferiority",
    "delong_p": "stages of single readers: area under the curve",
    "mcnemar_p": "stages of single readers: verdict",
    "sensitivity_mcnemar_p": "stages of single readers: verdict",
    "specificity_mcnemar_p": "stages of single readers: verdict",
    "chi2_p": "benign against malignant",
    "fisher_p": "benign against malignant",
    "t_p": "benign against malignant",
    "odds_ratio_p": "signs in a logistic model",
}


def hypotheses(rows: Sequence[Row]) -> list[Hypothesis]:
    """Every test of a report, with Holm's correction within its family and over the whole report.

    Parameters
    ----------
    rows : sequence of Row
        All rows.

    Returns
    -------
    list of Hypothesis
        In the order of the rows; chi-squared gives way where Fisher's exact test stands beside it, and baseline
        comparisons are a family of their own.
    """
    exact = {
        (row.part, row.item, row.stage, row.readers)
        for row in rows
        if row.statistic == "fisher_p" and row.value is not None
    }
    tests = [
        row
        for row in rows
        if row.value is not None
        and row.statistic in _FAMILIES
        and not (row.statistic == "chi2_p" and (row.part, row.item, row.stage, row.readers) in exact)
    ]
    families = [_family(row) for row in tests]
    p = [min(float(row.value or 0.0), 1.0) for row in tests]
    whole = holm(p)
    within = [0.0] * len(tests)
    for family in dict.fromkeys(families):
        own = [number for number, name in enumerate(families) if name == family]
        for number, value in zip(own, holm([p[number] for number in own]), strict=True):
            within[number] = float(value)
    return [
        Hypothesis(
            analysis=row.analysis,
            item=row.item,
            stage=row.stage,
            readers=row.readers,
            statistic=row.statistic,
            family=family,
            p=value,
            holm_family=inner,
            holm_report=float(outer),
            part=row.part,
        )
        for row, family, value, inner, outer in zip(tests, families, p, within, whole, strict=True)
    ]


def _family(row: Row) -> str:
    if row.analysis == "groups":
        return "baseline" if row.stage is None else f"{_FAMILIES[row.statistic]}: {', '.join(row.readers)}"
    return _FAMILIES[row.statistic]


def several_tests(tests: Sequence[Hypothesis]) -> str:
    """Say how many tests a report holds and what that means."""
    small = sum(test.p < 0.05 for test in tests)
    left = sum(test.holm_report < 0.05 for test in tests)
    return (
        f"This report holds {len(tests)} tests; {small} of their P values are below 0.05, where about "
        f"{0.05 * len(tests):.0f} would be by chance if nothing differed. After Holm's correction over the whole "
        f"report {left} remain. Name the one comparison that the study was made for before looking at the "
        "others; Holm's P stands beside each."
    )
