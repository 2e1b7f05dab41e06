"""How much a place looks like body: by what was seen within it, around it, and in neither."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.proposal.tissue import Tissue, likeness


def _layers(contrasts: int) -> tuple[Tissue, np.ndarray, np.ndarray, np.ndarray]:
    """Body, a dark layer around it that no histogram is taken from, and tissue beyond, along the first axis."""
    values = np.concatenate([np.full(20, 100.0), np.full(4, 20.0), np.full(16, 180.0)])
    noise = np.random.default_rng(5).normal(0.0, 8.0, (contrasts, 40, 12, 12))
    images = [values[:, None, None] + one for one in noise]
    place = np.arange(40)[:, None, None] * np.ones((1, 12, 12))
    tissue = Tissue(signal=images[0], noise=1.0, smooth=images, nearby=[np.empty(0)] * contrasts)
    return tissue, place < 20, place >= 24, (place >= 20) & (place < 24)


@pytest.mark.parametrize("contrasts", [1, 2, 3])
def test_what_was_seen_in_the_body_looks_like_it_and_what_was_seen_around_it_does_not(contrasts):
    tissue, body, around, _ = _layers(contrasts)
    like = likeness(tissue, body, around)
    assert np.median(like[body]) > 0.5
    assert np.median(like[around]) < -0.5


@pytest.mark.parametrize("contrasts", [2, 3])
def test_cortex_that_was_seen_in_neither_does_not_look_like_body(contrasts):
    """Between marrow and fat lies cortex: a wall would come to lie anywhere in it, and so too far out on average."""
    tissue, body, around, cortex = _layers(contrasts)
    assert np.median(likeness(tissue, body, around)[cortex]) < -1.0
