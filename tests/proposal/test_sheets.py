"""A smooth sheet with much evidence, against trying every sheet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from napari_vcf.proposal.sheets import best_sheet


def _costs(evidence: np.ndarray, sheets: np.ndarray, weight: float, limit: float) -> np.ndarray:
    gained = np.take_along_axis(evidence[None], sheets[..., None], -1).sum(axis=(1, 2, 3))
    steps = [np.minimum(weight * np.diff(sheets, axis=axis) ** 2, limit).sum(axis=(1, 2)) for axis in (1, 2)]
    return steps[0] + steps[1] - gained


@pytest.mark.parametrize("seed", range(4))
def test_hardly_any_sheet_is_better_even_in_pure_noise(seed):
    every = np.array(list(itertools.product(range(1, 5), repeat=9))).reshape(-1, 3, 3)
    evidence = np.random.default_rng(seed).normal(0, 2, (3, 3, 6))
    # The outermost places are for the parabola alone.
    evidence[..., (0, 5)] = -10
    found = np.rint(best_sheet(evidence, np.arange(6.0), stiffness=(0.7, 0.7), limit=3.0)).astype(int)
    own = _costs(evidence, found[None], 0.7, 3.0)[0]
    assert (_costs(evidence, every, 0.7, 3.0) < own - 1e-9).mean() < 0.005


def test_one_wrong_column_does_not_tear_the_sheet():
    evidence = np.zeros((7, 7, 21))
    evidence[:, :, 10] = 5.0
    evidence[3, 3] = 0.0
    evidence[3, 3, 18] = 6.0
    sheet = best_sheet(evidence, np.arange(21.0), stiffness=(1.0, 1.0), limit=9.0)
    assert np.abs(sheet - 10).max() < 0.51


def test_a_sheet_follows_a_slope():
    evidence = np.zeros((9, 9, 30))
    for i in range(9):
        evidence[i, :, 5 + 2 * i] = 20.0
    sheet = best_sheet(evidence, np.arange(30.0), stiffness=(1.0, 1.0), limit=9.0)
    assert np.abs(sheet - (5 + 2 * np.arange(9))[:, None]).max() < 0.51
