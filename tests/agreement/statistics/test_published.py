"""Published examples, each to the digits that were printed."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.agreement.statistics import (
    auc,
    auc_covariance,
    bland_altman,
    compare_auc,
    gwet_ac,
    icc,
    kappa,
    kappa_values,
    mcnemar_exact,
    proportion,
    within_subject_sd,
)

#: Shrout and Fleiss, Psychol Bull 1979; 86: 420, table 2: six targets, four judges.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])

#: Bland and Altman, Lancet 1986; 327: 307, table 1: peak expiratory flow [l/min], two readings with each meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
WRIGHT_AGAIN = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
MINI_AGAIN = [525, 415, 508, 444, 500, 625, 460, 390, 642, 432, 420, 605, 227, 467, 268, 370, 443]

#: Ovarian cancer data of DeLong, DeLong and Clarke-Pearson, Biometrics 1988; 44: 837, as printed in the SAS/STAT User's
#: Guide, example "Comparing Receiver Operating Characteristic Curves": albumin, total protein, K-G score, outcome.
OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1  3.8 5.7 5 1
3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0
4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1
4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1
2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("icc_1_1", 0.17),
        ("icc_a_1", 0.29),
        ("icc_c_1", 0.71),
        ("icc_1_k", 0.44),
        ("icc_a_k", 0.62),
        ("icc_c_k", 0.91),
    ],
)
def test_all_six_correlations_of_shrout_and_fleiss(kind: str, printed: float) -> None:
    assert round(icc(JUDGES, kind).value, 2) == printed


def test_interval_of_shrout_and_fleiss_single_random_judge() -> None:
    # Their ICC(2,1) with F intervals, as R's psych prints it for these data: 0.019 to 0.76.
    estimate = icc(JUDGES, "icc_a_1")
    assert round(estimate.ci_low, 3) == 0.019
    assert round(estimate.ci_high, 2) == 0.76


def test_limits_of_agreement_of_bland_and_altman() -> None:
    # They take 2 standard deviations, and round the SD to 38.8 before going on, hence the tolerance of the limits.
    limits = bland_altman(WRIGHT, MINI, factor=2)
    assert round(limits.bias.value, 1) == -2.1
    assert np.std(np.subtract(WRIGHT, MINI), ddof=1) == pytest.approx(38.8, abs=0.05)
    assert (limits.bias.ci_low, limits.bias.ci_high) == pytest.approx((-22.0, 17.8), abs=0.05)
    assert (limits.lower.value, limits.upper.value) == pytest.approx((-79.7, 75.5), abs=0.1)
    assert (limits.lower.ci_low, limits.lower.ci_high) == pytest.approx((-114.3, -45.1), abs=0.2)
    assert (limits.upper.ci_low, limits.upper.ci_high) == pytest.approx((40.9, 110.1), abs=0.2)


def test_repeated_readings_of_bland_and_altman() -> None:
    # Within-subject SD of the repeated readings: 15.3 (large meter) and 19.9 l/min (mini meter); Bland and Altman,
    # Stat Methods Med Res 1999; 8: 135 and An Introduction to Medical Statistics, from the same data.
    assert round(within_subject_sd(np.column_stack([WRIGHT, WRIGHT_AGAIN])).value, 1) == 15.3
    assert round(within_subject_sd(np.column_stack([MINI, MINI_AGAIN])).value, 1) == 19.9


def test_weighted_kappa_of_cohen_1968() -> None:
    # Cohen, Psychol Bull 1968; 70: 213, table 1: 200 patients, weights of disagreement 1, 3 and 6.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    disagreement = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert round(float(kappa_values(table, 1 - disagreement / 6)[0]), 3) == 0.348
    assert round(kappa(table).value, 3) == 0.492


def test_ac1_of_gwet_2008() -> None:
    # Gwet, Br J Math Stat Psychol 2008; 61: 29: 125 subjects, the paradox of kappa.
    table = [[118, 5], [2, 0]]
    assert round(gwet_ac(table).value, 4) == 0.9408
    assert round(kappa(table).value, 4) == -0.0234


def test_auc_of_delong_and_their_comparison() -> None:
    albumin, protein, score, outcome = np.array(OVARIAN.split(), dtype=float).reshape(-1, 4).T
    truth, kg = outcome == 1, 10 - score
    printed = {"albumin": (0.7366, 0.0927), "kg": (0.7258, 0.1028), "protein": (0.6478, 0.1000)}
    for name, values in (("albumin", albumin), ("kg", kg), ("protein", protein)):
        areas, covariance = auc_covariance(values, truth)
        assert round(float(areas[0]), 4) == printed[name][0]
        assert round(float(np.sqrt(covariance[0, 0])), 4) == printed[name][1]
    # Contrasts against the K-G score, as SAS prints them: total protein -0.0780, albumin 0.0108.
    assert round(compare_auc(protein, kg, truth).difference.value, 4) == -0.0780
    albumin_vs_kg = compare_auc(albumin, kg, truth)
    assert round(albumin_vs_kg.difference.value, 4) == 0.0108
    assert round(albumin_vs_kg.p.value, 4) == 0.9102
    assert auc(albumin, truth).n == 43


def test_proportion_intervals_of_newcombe_1998() -> None:
    # Newcombe, Stat Med 1998; 17: 857, table I: 81 of 263.
    score, exact = proportion(81, 263, interval="wilson"), proportion(81, 263)
    assert (round(score.ci_low, 4), round(score.ci_high, 4)) == (0.2553, 0.3662)
    assert (round(exact.ci_low, 4), round(exact.ci_high, 4)) == (0.2527, 0.3676)
    none = proportion(0, 20, interval="wilson")
    assert (none.ci_low, round(none.ci_high, 4)) == (0.0, 0.1611)
    assert round(proportion(0, 20).ci_high, 4) == 0.1684


def test_smallest_mcnemar_of_the_paper() -> None:
    # 11 errors against 5: P lies between 0.031 (the 5 are among the 11) and 0.21 (none is), as the margins allow.
    n = 150
    mri, nested, disjoint = np.ones(n, bool), np.ones(n, bool), np.ones(n, bool)
    mri[:11] = False
    nested[:5] = False
    disjoint[20:25] = False
    assert round(mcnemar_exact(mri, nested).value, 3) == 0.031
    assert round(mcnemar_exact(mri, disjoint).value, 2) == 0.21
