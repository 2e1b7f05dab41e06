"""Cut-offs of measurements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.agreement.statistics import youden_cutoff

#: Score of depression by suicide attempt (no, yes), 532 persons; counts of the data set of the R package cutpointr
#: (Thiele and Hirschfeld, J Stat Softw 2021; 98 (11)), from von Glischinski et al., Psychiatry Res 2016; 235: 111.
SCORES = {0: (376, 2), 1: (52, 2), 2: (12, 3), 3: (12, 1), 4: (28, 8), 5: (10, 4), 6: (5, 9), 7: (0, 3)}
SCORES |= {8: (0, 1), 9: (0, 1), 10: (1, 1), 11: (0, 1)}


def persons() -> tuple[np.ndarray, np.ndarray]:
    values = np.concatenate([np.repeat(float(score), sum(counts)) for score, counts in SCORES.items()])
    truth = np.concatenate([np.repeat([False, True], counts) for counts in SCORES.values()])
    return values, truth


def test_cutoff_of_the_published_example() -> None:
    # cutpointr prints: cut-off 2 (>=), sensitivity 0.8889, specificity 0.8629, their sum 1.7518.
    found = youden_cutoff(*persons())
    assert found.high_is_positive
    assert 1 < found.cutoff.value < 2
    assert round(found.sensitivity.value, 4) == 0.8889
    assert round(found.specificity.value, 4) == 0.8629
    assert round(found.index.value + 1, 4) == 1.7518
    assert (found.sensitivity.n, found.specificity.n) == (36, 496)


def test_a_sought_cutoff_is_worth_less_in_other_cases() -> None:
    found = youden_cutoff(*persons())
    assert found.index_corrected.value < found.index.value
    assert found.cutoff.ci_low <= found.cutoff.value <= found.cutoff.ci_high


def test_noise_keeps_nothing_after_the_correction() -> None:
    rng = np.random.default_rng(1)
    apparent, corrected = [], []
    for number in range(60):
        found = youden_cutoff(rng.normal(size=40), np.arange(40) < 20, samples=200, seed=number)
        apparent.append(found.index.value)
        corrected.append(found.index_corrected.value)
    assert np.mean(apparent) > 0.15
    assert abs(np.mean(corrected)) < 0.1


@given(st.integers(0, 2**32 - 1))
def test_the_cutoff_is_the_best_of_all_and_the_sign_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, 24).astype(float)
    truth = np.concatenate([[True, False], rng.random(22) < 0.5])
    found = youden_cutoff(values, truth, samples=0)
    sign = 1 if found.high_is_positive else -1
    best = max(
        (sign * values[truth] >= sign * cut).mean() - (sign * values[~truth] >= sign * cut).mean()
        for cut in (*np.unique(values), sign * np.inf)
    )
    assert found.index.value == pytest.approx(max(best, 0.0), abs=1e-12)
    turned = youden_cutoff(-values, truth, samples=0)
    assert turned.index.value == pytest.approx(found.index.value, abs=1e-12) or np.ptp(values) == 0
