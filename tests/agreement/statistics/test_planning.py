"""Sample sizes: published tables, and what must hold."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.agreement import StatisticError
from napari_vcf.agreement.statistics import (
    Pilot,
    auc_figures,
    icc_cases,
    icc_test_cases,
    kappa,
    kappa_cases,
    mcnemar_cases,
    mrmc_cases,
    mrmc_power,
    obuchowski_rockette,
)
from support.vandyke import ratings


@pytest.fixture(scope="module")
def pilot() -> Pilot:
    found = obuchowski_rockette(auc_figures(*ratings()))
    return Pilot(found.components, found.cases)


@pytest.mark.parametrize(("readers", "cases"), [(6, 251), (7, 211), (8, 188), (9, 173), (10, 163)])
def test_cases_for_a_difference_of_areas(pilot: Pilot, readers: int, cases: int) -> None:
    # Chakraborty, Observer Performance Methods for Diagnostic Imaging, 2017, chapter 11, and the vignettes of RJafroc:
    # Van Dyke's data as the pilot, the effect seen there, power 0.8, readers and cases random.
    assert mrmc_cases(pilot, 0.04380032, readers) == cases


@pytest.mark.parametrize(
    ("least", "expected", "readers", "cases"), [(0.0, 0.2, 2, 152), (0.6, 0.8, 2, 39), (0.7, 0.9, 2, 18)]
)
def test_cases_to_show_an_icc(least: float, expected: float, readers: int, cases: int) -> None:
    # Recomputed by the formula of Walter, Eliasziw and Donner, Stat Med 1998; 17: 101, one-sided 0.05, power
    # 0.8: 1 + 2 (1.64485 + 0.84162)^2 k / ((ln C)^2 (k - 1)), C = (1 + k r0 / (1 - r0)) / (1 + k r1 / (1 - r1)).
    assert icc_test_cases(least, expected, readers) == cases


def test_cases_for_an_interval_of_an_icc() -> None:
    # Bonett, Stat Med 2002; 21: 1331, the example that ptenklooster.nl (Psychometric sample size calculators) prints:
    # two readings, expected 0.8, width 0.2: 51 by the approximation, 55 with 5 times the ICC added.
    assert icc_cases(0.8, 2, 0.2) == 55


def test_more_readers_or_cases_are_more_power(pilot: Pilot) -> None:
    powers = [mrmc_power(pilot, 0.05, readers, 150) for readers in (3, 5, 8, 12)]
    assert powers == sorted(powers)
    powers = [mrmc_power(pilot, 0.05, 5, cases) for cases in (50, 100, 400)]
    assert powers == sorted(powers)
    assert mrmc_cases(pilot, 0.02, 2) is None


def test_the_planned_interval_of_kappa_has_its_width() -> None:
    cases = kappa_cases(0.7, 0.3, 0.2)
    both = 0.09 + 0.7 * 0.21
    table = np.round(100_000 * np.array([[both, 0.3 - both], [0.3 - both, 0.4 + both]])).astype(int)
    found = kappa(table)
    assert (found.ci_high - found.ci_low) * np.sqrt(table.sum() / cases) == pytest.approx(0.2, abs=0.002)


def test_mcnemar_of_connor() -> None:
    # ((1.959964 sqrt(0.4) + 0.841621 sqrt(0.4 - 0.04)) / 0.2) squared is 76.1.
    assert mcnemar_cases(0.4, 0.2) == 77


def test_an_interval_of_an_icc_needs_fewer_cases_with_more_readers() -> None:
    cases = [icc_cases(0.8, readers, 0.2) for readers in (2, 3, 4)]
    assert cases == sorted(cases, reverse=True)


def test_impossible_plans_are_refused(pilot: Pilot) -> None:
    for call in (
        lambda: kappa_cases(1.2, 0.5, 0.2),
        lambda: icc_cases(0.8, 1, 0.2),
        lambda: mcnemar_cases(0.1, 0.2),
        lambda: icc_test_cases(0.9, 0.8, 2),
        lambda: mrmc_power(pilot, 0.0, 3, 100),
        lambda: mcnemar_cases(0.4, 0.2, power=1.0),
    ):
        with pytest.raises(StatisticError):
            call()
