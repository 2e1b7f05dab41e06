"""The count during a stroke is that of the whole image."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.measure import body_box, lesion_extent, recount_extent


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 0.3))
def test_counting_in_the_box_equals_counting_the_image(seed, share):
    rng = np.random.default_rng(seed)
    body = rng.random((7, 20, 18)) < share
    body[3, 9, 9] = True
    lesion = rng.random(body.shape) < 0.5
    box = body_box(body)
    found = recount_extent(body[box], lesion[box], box, slices=7, voxel_mm3=2.5, mid_slice=3)
    inside = lesion & body
    assert found == lesion_extent(body.sum(axis=(1, 2)), inside.sum(axis=(1, 2)), voxel_mm3=2.5, mid_slice=3)


def test_an_empty_body_has_no_box():
    assert body_box(np.zeros((3, 4, 5), dtype=bool)) is None
