"""Agreement of more than two readers: published examples and what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from napari_vcf.agreement import StatisticError
from napari_vcf.agreement.statistics import conger_kappa, fleiss_kappa, krippendorff_alpha

#: Fleiss, Psychol Bull 1971; 76: 378, table 1: 30 patients, six psychiatrists each, five diagnoses.
DIAGNOSES = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
NONE = np.nan
#: Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011: four observers, twelve units, seven gaps.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T


def test_kappa_of_fleiss() -> None:
    counts = [[int(digit) for digit in line] for line in DIAGNOSES.split()]
    ratings = np.array([np.repeat(np.arange(5), row) for row in counts], dtype=float)
    found = fleiss_kappa(ratings, 5)
    assert round(found.value, 3) == 0.430
    assert found.ci_low < found.value < found.ci_high
    assert found.n == 30


@pytest.mark.parametrize(("metric", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorff(metric: str, printed: float) -> None:
    found = krippendorff_alpha(OBSERVERS - 1, metric, categories=5)
    assert round(found.value, 3) == printed
    # One unit was seen by one observer only, who has nobody to agree with.
    assert found.n == 11


@given(st.integers(0, 2**32 - 1))
def test_conger_is_cohen_for_two_readers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 3, size=(12, 2)).astype(float)
    expected = cohen_kappa_score(ratings[:, 0], ratings[:, 1], labels=[0, 1, 2])
    found = conger_kappa(ratings, 3, samples=0)
    assert found.value == pytest.approx(expected, abs=1e-12) or (found.value is None and np.isnan(expected))


def test_perfect_agreement_is_one_and_a_single_category_is_not_defined() -> None:
    alike = np.repeat(np.arange(3.0), 4)[:, None] * np.ones(3)
    for found in (fleiss_kappa(alike, 3), conger_kappa(alike, 3), krippendorff_alpha(alike, "ordinal", categories=3)):
        assert found.value == pytest.approx(1)
    same = np.zeros((5, 3))
    for found in (fleiss_kappa(same, 3), conger_kappa(same, 3), krippendorff_alpha(same, "interval")):
        assert found.value is None
        assert found.note


def test_interval_alpha_does_not_depend_on_unit_and_origin() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(1100, 200, (20, 1)) + rng.normal(0, 60, (20, 4))
    first = krippendorff_alpha(values, "interval", samples=0)
    second = krippendorff_alpha(values / 1000 - 7, "interval", samples=0)
    assert first.value == pytest.approx(second.value, abs=1e-9)


def test_categories_outside_the_scale_are_refused() -> None:
    with pytest.raises(StatisticError, match="outside"):
        fleiss_kappa([[0, 1, 3]], 3)
    with pytest.raises(StatisticError, match="number of categories"):
        krippendorff_alpha([[0, 1, 2]], "nominal")
