"""The logistic model of signs."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.agreement import StatisticError
from napari_vcf.agreement.statistics import fit_logistic


def test_one_sign_gives_the_odds_ratio_of_its_table() -> None:
    # 2 x 2: with the sign 30 positive and 10 negative, without it 20 and 40: odds ratio 30 * 40 / (10 * 20) = 6.
    sign = np.repeat([1.0, 1.0, 0.0, 0.0], [30, 10, 20, 40])[:, None]
    truth = np.repeat([True, False, True, False], [30, 10, 20, 40])
    fit = fit_logistic(sign, truth, ["sign"])
    assert fit.terms[1].odds_ratio == pytest.approx(6, rel=1e-5)
    # Woolf's standard error of the log odds ratio.
    assert fit.terms[1].standard_error == pytest.approx(np.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 40), rel=1e-4)
    assert fit.events_per_variable == 50
    assert fit.auc_corrected < fit.auc + 1e-9
    assert 0.7 < fit.slope_corrected < 1.1


def test_many_signs_of_noise_are_mostly_optimism() -> None:
    rng = np.random.default_rng(2)
    signs = rng.integers(0, 2, (80, 8)).astype(float)
    fit = fit_logistic(signs, np.arange(80) < 40, [f"s{n}" for n in range(8)], samples=100)
    assert fit.auc - fit.auc_corrected > 0.05
    assert fit.slope_corrected < 0.8


def test_separation_and_copies_are_refused_in_words() -> None:
    sign = np.repeat([0.0, 1.0], 10)
    with pytest.raises(StatisticError, match="separation"):
        fit_logistic(sign[:, None], sign == 1, ["sign"])
    with pytest.raises(StatisticError, match="same as the others"):
        fit_logistic(np.column_stack([sign, sign]), np.arange(20) % 3 == 0, ["a", "b"])
