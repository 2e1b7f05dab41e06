"""Independent implementations, 200 random data sets each, to 1e-8."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from napari_vcf.agreement.statistics import (
    accuracy,
    agreement_weights,
    auc,
    auc_covariance,
    bland_altman,
    chi_squared,
    contingency,
    dice,
    fisher_exact,
    gwet_ac,
    hausdorff95_mm,
    icc,
    kappa,
    mcnemar_exact,
    proportion,
    t_test,
    welch_test,
    within_subject_sd,
)

SETS = 200
CLOSE = {"rel": 1e-8, "abs": 1e-8}


def ratings(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(2, 6)), int(rng.integers(20, 200))
    a = np.concatenate([np.arange(k), rng.integers(0, k, n)])
    b = np.where(rng.random(a.size) < rng.uniform(0.3, 0.9), a, rng.integers(0, k, a.size))
    return a, b, k


@pytest.mark.parametrize("kind", ["unweighted", "linear", "quadratic"])
def test_kappa_against_scikit_learn_and_statsmodels(kind: str) -> None:
    wt = None if kind == "unweighted" else kind
    for seed in range(SETS):
        a, b, k = ratings(seed)
        table = contingency(a, b, k)
        mine = kappa(table, kind=kind)
        assert mine.value == pytest.approx(cohen_kappa_score(a, b, labels=list(range(k)), weights=wt), **CLOSE)
        theirs = cohens_kappa(table, weights=np.arange(k) if wt else None, wt=wt)
        assert mine.value == pytest.approx(theirs.kappa, **CLOSE)
        assert mine.ci_low == pytest.approx(max(-1, theirs.kappa_low), **CLOSE)
        assert mine.ci_high == pytest.approx(min(1, theirs.kappa_upp), **CLOSE)


def gwet_by_cases(a: np.ndarray, b: np.ndarray, k: int, weights: np.ndarray) -> tuple[float, float]:
    """AC1/AC2 and its standard error, case by case from the definition."""
    use = np.array([((a == c).mean() + (b == c).mean()) / 2 for c in range(k)])
    scale = weights.sum() / (k * (k - 1))
    expected = scale * sum(p * (1 - p) for p in use)
    agree = np.array([weights[i, j] for i, j in zip(a, b, strict=True)])
    value = (agree.mean() - expected) / (1 - expected)
    contributions = []
    for i, j, w in zip(a, b, agree, strict=True):
        chance = scale * ((1 - use[i]) + (1 - use[j])) / 2
        contributions.append((w - expected) / (1 - expected) - 2 * (1 - value) * (chance - expected) / (1 - expected))
    n = len(a)
    return value, np.sqrt(((np.array(contributions) - value) ** 2).sum() / (n * (n - 1)))


@pytest.mark.parametrize("kind", ["unweighted", "linear", "quadratic"])
def test_gwet_against_its_definition_case_by_case(kind: str) -> None:
    for seed in range(SETS):
        a, b, k = ratings(seed)
        value, error = gwet_by_cases(a, b, k, agreement_weights(k, kind))
        mine = gwet_ac(contingency(a, b, k), kind=kind)
        assert mine.value == pytest.approx(value, **CLOSE)
        assert mine.ci_low == pytest.approx(value - stats.t.ppf(0.975, len(a) - 1) * error, **CLOSE)


def anova(x: np.ndarray) -> tuple[float, float, float]:
    """Mean squares of cases, raters and rest from a least-squares fit with dummy variables."""
    n, k = x.shape
    y = x.ravel()
    case, rater = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
    one = np.ones((y.size, 1))
    cases, raters = (case[:, None] == np.arange(1, n)).astype(float), (rater[:, None] == np.arange(1, k)).astype(float)

    def rss(design: np.ndarray) -> float:
        fit, *_ = np.linalg.lstsq(design, y, rcond=None)
        return float(((y - design @ fit) ** 2).sum())

    full = rss(np.hstack([one, cases, raters]))
    msr = (rss(np.hstack([one, raters])) - full) / (n - 1)
    msc = (rss(np.hstack([one, cases])) - full) / (k - 1)
    return msr, msc, full / ((n - 1) * (k - 1))


def test_icc_against_least_squares() -> None:
    for seed in range(SETS):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(3, 25)), int(rng.integers(2, 5))
        x = rng.normal(size=(n, 1)) * rng.uniform(0.3, 3) + rng.normal(size=k) * 0.3 + rng.normal(size=(n, k))
        msr, msc, mse = anova(x)
        a1 = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
        assert icc(x, "icc_a_1").value == pytest.approx(a1, **CLOSE)
        assert icc(x, "icc_c_1").value == pytest.approx((msr - mse) / (msr + (k - 1) * mse), **CLOSE)
        assert icc(x, "icc_a_k").value == pytest.approx((msr - mse) / (msr + (msc - mse) / n), **CLOSE)
        consistency = icc(x, "icc_c_k")
        assert consistency.value == pytest.approx(1 - mse / msr, **CLOSE)
        low = 1 - mse / msr * stats.f.ppf(0.975, n - 1, (n - 1) * (k - 1))
        assert consistency.ci_low == pytest.approx(low, **CLOSE)


def test_proportions_against_statsmodels() -> None:
    rng = np.random.default_rng(1)
    for _ in range(SETS):
        n = int(rng.integers(1, 300))
        count = int(rng.integers(0, n + 1))
        for mine, theirs in (("clopper-pearson", "beta"), ("wilson", "wilson")):
            estimate = proportion(count, n, interval=mine)
            low, high = proportion_confint(count, n, method=theirs)
            assert (estimate.ci_low, estimate.ci_high) == pytest.approx((low, high), **CLOSE)


def test_accuracy_and_mcnemar_against_statsmodels_and_counts() -> None:
    rng = np.random.default_rng(2)
    for _ in range(SETS):
        truth, one, two = (rng.random(80) < 0.5 for _ in range(3))
        result = accuracy(one, truth)
        assert result.sensitivity.value == pytest.approx(one[truth].mean(), **CLOSE)
        assert result.specificity.value == pytest.approx((~one[~truth]).mean(), **CLOSE)
        assert result.ppv.value == pytest.approx(truth[one].mean(), **CLOSE)
        assert result.npv.value == pytest.approx((~truth[~one]).mean(), **CLOSE)
        right = np.array([one == truth, two == truth])
        table = contingency(right[0].astype(int), right[1].astype(int), 2)
        assert mcnemar_exact(*right).value == pytest.approx(mcnemar(table, exact=True).pvalue, **CLOSE)


def delong_by_pairs(x: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas and covariance from all pairs of a positive and a negative case, as the paper defines them."""
    v10, v01 = [], []
    for row in x:
        kernel = (row[truth][:, None] > row[~truth]) + 0.5 * (row[truth][:, None] == row[~truth])
        v10.append(kernel.mean(axis=1))
        v01.append(kernel.mean(axis=0))
    m, n = truth.sum(), (~truth).sum()
    return np.mean(v10, axis=1), np.cov(v10) / m + np.cov(v01) / n


def test_auc_against_scikit_learn_and_delong_by_pairs() -> None:
    for seed in range(SETS):
        rng = np.random.default_rng(seed)
        truth = np.concatenate([[True, True, False, False], rng.random(int(rng.integers(20, 100))) < 0.5])
        x = np.clip(np.round(rng.normal(3, 1.2, (2, truth.size)) + truth), 1, 5)
        areas, covariance = auc_covariance(x, truth)
        expected, spread = delong_by_pairs(x, truth)
        assert areas == pytest.approx(expected, **CLOSE)
        assert covariance == pytest.approx(spread, **CLOSE)
        assert auc(x[0], truth).value == pytest.approx(roc_auc_score(truth, x[0]), **CLOSE)


def test_group_tests_against_scipy_and_statsmodels() -> None:
    for seed in range(SETS):
        rng = np.random.default_rng(seed)
        table = rng.integers(1, 30, (int(rng.integers(2, 5)), 2))
        test = chi_squared(table)
        theirs = stats.chi2_contingency(table, correction=False)
        assert (test.statistic.value, test.p.value) == pytest.approx((theirs.statistic, theirs.pvalue), **CLOSE)
        small = rng.integers(0, 9, (2, 2)) + np.eye(2, dtype=int)
        assert fisher_exact(small).value == pytest.approx(stats.fisher_exact(small).pvalue, **CLOSE)
        a, b = rng.normal(size=int(rng.integers(2, 40))), rng.normal(0.3, 2, int(rng.integers(2, 40)))
        for mine, usevar in ((t_test(a, b), "pooled"), (welch_test(a, b), "unequal")):
            t, p, _ = CompareMeans(DescrStatsW(a), DescrStatsW(b)).ttest_ind(usevar=usevar)
            assert (mine.statistic.value, mine.p.value) == pytest.approx((t, p), **CLOSE)


def test_fisher_of_more_rows_against_enumeration_by_random_tables() -> None:
    table = np.array([[3, 1], [1, 4], [0, 2]])
    rows, first, n = table.sum(axis=1), int(table[:, 0].sum()), int(table.sum())
    dist = stats.multivariate_hypergeom(rows, first)
    seen = dist.pmf(table[:, 0])
    total = sum(
        dist.pmf([i, j, first - i - j])
        for i in range(rows[0] + 1)
        for j in range(rows[1] + 1)
        if 0 <= first - i - j <= rows[2] and dist.pmf([i, j, first - i - j]) <= seen * (1 + 1e-9)
    )
    assert fisher_exact(table).value == pytest.approx(total, **CLOSE)
    assert n == 11


def test_limits_and_within_subject_sd_against_scipy() -> None:
    for seed in range(SETS):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=int(rng.integers(2, 60)))
        b = a + rng.normal(0.2, 0.5, a.size)
        limits = bland_altman(a, b)
        interval = stats.ttest_rel(a, b).confidence_interval(0.95)
        assert (limits.bias.ci_low, limits.bias.ci_high) == pytest.approx((interval.low, interval.high), **CLOSE)
        assert limits.upper.value - limits.lower.value == pytest.approx(2 * 1.96 * np.std(a - b, ddof=1), **CLOSE)
        inner = np.sqrt(np.mean([np.var(pair, ddof=1) for pair in zip(a, b, strict=True)]))
        assert within_subject_sd(np.column_stack([a, b])).value == pytest.approx(inner, **CLOSE)


def test_masks_against_brute_force() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        a, b = (rng.random((4, 7, 8)) < 0.4 for _ in range(2))
        spacing = rng.uniform(0.5, 5, 3)
        assert dice(a, b) == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()), **CLOSE)
        borders = []
        for mask in (a, b):
            padded = np.pad(mask, 1)
            inside = np.ones_like(mask)
            for axis in range(3):
                for shift in (-1, 1):
                    inside &= np.roll(padded, shift, axis)[1:-1, 1:-1, 1:-1]
            borders.append(np.argwhere(mask & ~inside) * spacing)
        distances = cdist(*borders)
        expected = np.percentile(np.concatenate([distances.min(axis=1), distances.min(axis=0)]), 95)
        assert hausdorff95_mm(a, b, spacing) == pytest.approx(expected, **CLOSE)


def test_transformed_intervals_are_fishers_z_and_the_logit() -> None:
    for seed in range(SETS):
        a, b, k = ratings(seed)
        table = contingency(a, b, k)
        plain, bent = kappa(table), kappa(table, transformed=True)
        error = (plain.ci_high - plain.value) / stats.norm.ppf(0.975)
        if plain.ci_high < 1:
            z, step = np.arctanh(plain.value), stats.norm.ppf(0.975) * error / (1 - plain.value**2)
            assert (bent.ci_low, bent.ci_high) == pytest.approx((np.tanh(z - step), np.tanh(z + step)), **CLOSE)
        assert -1 < bent.ci_low < bent.value < bent.ci_high < 1
        truth = a > 0
        areas, covariance = auc_covariance(b, truth)
        if 0 < areas[0] < 1:
            odds = np.log(areas[0] / (1 - areas[0]))
            step = stats.norm.ppf(0.975) * np.sqrt(covariance[0, 0]) / (areas[0] * (1 - areas[0]))
            found = auc(b, truth, transformed=True)
            expected = 1 / (1 + np.exp(-(odds + np.array([-step, step]))))
            assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected), **CLOSE)
