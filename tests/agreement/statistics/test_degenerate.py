"""Data that define nothing are answered in words, never with NaN and never with a crash."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics import (
    Estimate,
    auc,
    bland_altman,
    chi_squared,
    compare_auc,
    contingency,
    fisher_exact,
    gwet_ac,
    icc,
    kappa,
    mcnemar_exact,
    pabak,
    percent_agreement,
    proportion,
    repeatability_coefficient,
    t_test,
    wcv,
    welch_test,
    within_subject_sd,
)


def in_words(estimate: Estimate) -> bool:
    return estimate.value is None and estimate.ci_low is None and estimate.ci_high is None and len(estimate.note) > 10


def without_interval(estimate: Estimate) -> bool:
    return estimate.value is not None and estimate.ci_low is None and len(estimate.note) > 10


def sound(estimate: Estimate) -> bool:
    numbers = [v for v in (estimate.value, estimate.ci_low, estimate.ci_high) if v is not None]
    return all(math.isfinite(v) for v in numbers) and (estimate.value is not None or bool(estimate.note))


def test_one_category_only() -> None:
    table = [[30, 0], [0, 0]]
    assert in_words(kappa(table))
    assert in_words(kappa(table, kind="quadratic"))
    # Chance agreement of AC1 is zero here, so it is defined: that is why it stands beside kappa.
    assert gwet_ac(table).value == 1
    assert percent_agreement(table).value == 1


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_cases(n: int) -> None:
    table = [[n, 0], [0, 0]]
    assert in_words(kappa(table))
    assert in_words(gwet_ac(table))
    assert in_words(percent_agreement(table))
    assert in_words(pabak(table))
    x = np.full((n, 2), 3.0)
    assert in_words(icc(x))
    assert in_words(within_subject_sd(x))
    assert in_words(repeatability_coefficient(x))
    assert in_words(wcv(x))
    assert in_words(bland_altman(x[:, 0], x[:, 1]).upper)
    assert in_words(t_test(x[:, 0], x[:, 1]).statistic)


def test_no_case_at_all() -> None:
    assert in_words(proportion(0, 0))
    assert in_words(percent_agreement([[0, 0], [0, 0]]))
    assert in_words(pabak([[0, 0], [0, 0]]))
    assert in_words(mcnemar_exact([], []))
    assert in_words(auc([], []))
    assert in_words(chi_squared([[0, 0], [0, 0]]).p)


def test_perfect_agreement() -> None:
    assert kappa([[10, 0], [0, 5]]).value == 1
    assert without_interval(kappa([[10, 0], [0, 5]]))
    x = np.column_stack([np.arange(9.0), np.arange(9.0)])
    assert icc(x).value == pytest.approx(1)
    assert without_interval(icc(x))
    assert without_interval(bland_altman(x[:, 0], x[:, 1]).lower)
    assert without_interval(within_subject_sd(x))


def test_readers_that_differ_by_a_constant() -> None:
    x = np.column_stack([np.arange(9.0), np.arange(9.0) + 2])
    assert icc(x, "icc_c_1").value == pytest.approx(1)
    assert 0 < icc(x, "icc_a_1").value < 1
    assert sound(icc(x, "icc_a_1"))


def test_no_variance_between_cases() -> None:
    assert in_words(icc(np.full((12, 3), 0.1 + 0.2)))
    assert in_words(t_test([1.0, 1.0], [1.0, 1.0]).p)
    assert in_words(welch_test([1.0, 1.0], [1.0, 1.0]).p)


def test_one_group_only() -> None:
    assert in_words(auc([1, 2, 3], [True, True, True]))
    assert in_words(compare_auc([1, 2], [2, 1], [False, False]).p)
    assert in_words(chi_squared([[5, 0], [7, 0]]).statistic)
    assert in_words(fisher_exact([[5, 0], [7, 0]]))


def test_equal_scores_have_no_test() -> None:
    truth = np.array([True, False] * 10)
    score = np.arange(20.0)
    comparison = compare_auc(score, score, truth)
    assert comparison.difference.value == 0
    assert in_words(comparison.p)


def test_no_discordant_pair() -> None:
    test = mcnemar_exact([True, False], [True, False])
    assert test.value == 1
    assert "discordant" in test.note


def test_coefficient_of_variation_of_values_that_are_not_positive() -> None:
    assert in_words(wcv([[0.1, 0.2], [-0.1, 0.1]]))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(StatisticError, match="paired"):
        bland_altman([1.0, 2.0], [1.0])
    with pytest.raises(StatisticError, match="paired"):
        contingency([0, 1], [0], 2)
    with pytest.raises(StatisticError, match="outside"):
        contingency([0, 2], [0, 1], 2)
    with pytest.raises(StatisticError, match="finite"):
        icc([[1.0, np.nan], [1.0, 2.0]])
    with pytest.raises(StatisticError, match="not a proportion"):
        proportion(3, 2)


@settings(max_examples=150, deadline=None)
@given(arrays(np.int64, (3, 3), elements=st.integers(0, 4)))
def test_no_table_gives_anything_but_a_number_or_words(table: np.ndarray) -> None:
    for kind in ("unweighted", "linear", "quadratic"):
        assert sound(kappa(table, kind=kind))
        assert sound(gwet_ac(table, kind=kind))
        assert sound(kappa(table, kind=kind, unordered=1))
    assert sound(pabak(table))
    assert sound(chi_squared(table).p)
    assert sound(fisher_exact(table[:, :2]))


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(0, 5), st.just(2)), elements=st.sampled_from([0.0, 0.1, 1.0, 1e6, -3.5]))
)
def test_no_measurements_give_anything_but_a_number_or_words(x: np.ndarray) -> None:
    for kind in ("icc_1_1", "icc_1_k", "icc_a_1", "icc_a_k", "icc_c_1", "icc_c_k"):
        assert sound(icc(x, kind))
    limits = bland_altman(x[:, 0], x[:, 1])
    for estimate in (limits.bias, limits.lower, limits.upper, within_subject_sd(x), wcv(x, samples=50)):
        assert sound(estimate)
    for test in (t_test(x[:, 0], x[:, 1]), welch_test(x[:, 0], x[:, 1])):
        assert sound(test.statistic)
        assert sound(test.p)
