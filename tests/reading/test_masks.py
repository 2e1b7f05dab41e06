"""Run lengths give the mask back, and say when they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_vcf.reading import RefusedActionError
from napari_vcf.reading.masks import MaskRecord, decode_mask, encode_mask


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)))
def test_round_trip(mask: np.ndarray) -> None:
    record = encode_mask(mask)
    assert record.voxels == mask.sum()
    np.testing.assert_array_equal(decode_mask(record, mask.shape), mask)
    again = MaskRecord.model_validate_json(record.model_dump_json())
    np.testing.assert_array_equal(decode_mask(again, mask.shape), mask)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_runs_that_do_not_fill_the_grid_are_refused(runs: list[int]) -> None:
    with pytest.raises(RefusedActionError, match="grid has"):
        decode_mask(runs, (1, 1, sum(runs) + 1))


def test_a_false_count_is_refused() -> None:
    with pytest.raises(ValueError, match="voxels"):
        MaskRecord(runs=(3, 2, 3), voxels=3)
