"""Lesion extent: whole numbers of voxels decide the grade."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.measure import MeasureError, lesion_extent


def extent(lesion: int, body: int, **options: object):
    return lesion_extent([body], [lesion], voxel_mm3=2.0, mid_slice=0, **options)


@given(st.integers(1, 10**7), st.data())
def test_grade_is_that_of_the_exact_ratio(body: int, data: st.DataObject) -> None:
    lesion = data.draw(st.integers(0, body))
    share = Fraction(lesion, body)
    expected = f"G{1 + (share >= Fraction(1, 4)) + (share >= Fraction(1, 2)) + (share >= Fraction(3, 4))}"
    assert extent(lesion, body).grade == expected


@given(
    st.lists(st.fractions(Fraction(1, 99), Fraction(98, 99), max_denominator=99), min_size=3, max_size=3, unique=True),
    st.integers(1, 10**6),
    st.data(),
)
def test_whatever_cuts_a_protocol_has_the_grade_changes_exactly_there(
    cuts: list[Fraction], body: int, data: st.DataObject
) -> None:
    cuts = sorted(cuts)
    # On a cut, one voxel to either side of it, or anywhere.
    near = [round(cut * body) + step for cut in cuts for step in (-1, 0, 1)]
    lesion = data.draw(st.one_of(st.sampled_from(near), st.integers(0, body)).filter(lambda n: 0 <= n <= body))
    found = extent(lesion, body, cuts=tuple(f"{cut.numerator}/{cut.denominator}" for cut in cuts)).grade
    assert found == f"G{1 + sum(Fraction(lesion, body) >= cut for cut in cuts)}"


@pytest.mark.parametrize(
    ("lesion", "grade"),
    [(0, "G1"), (24, "G1"), (25, "G2"), (49, "G2"), (50, "G3"), (74, "G3"), (75, "G4"), (100, "G4")],
)
def test_a_share_on_a_cut_falls_into_the_class_above(lesion: int, grade: str) -> None:
    assert extent(lesion, 100).grade == grade


@pytest.mark.parametrize(("lesion", "entire"), [(94, False), (95, True), (100, True)])
def test_entire_is_a_flag_of_its_own(lesion: int, entire: bool) -> None:
    result = extent(lesion, 100)
    assert result.grade == "G4"
    assert result.entire is entire


def test_volumes_area_share_and_slices() -> None:
    result = lesion_extent([0, 40, 60, 0], [0, 10, 20, 0], voxel_mm3=5.0, mid_slice=2)
    assert (result.body_cm3, result.lesion_cm3) == pytest.approx((0.5, 0.15))
    assert result.fraction == pytest.approx(0.3)
    assert result.mid_slice_fraction == pytest.approx(20 / 60)
    assert result.body_slices == (1, 2)
    assert result.distance_to_cut == pytest.approx(0.05)


def test_lesion_outside_the_body_and_an_empty_body_are_refused() -> None:
    with pytest.raises(MeasureError, match="outside"):
        lesion_extent([10, 0], [5, 1], voxel_mm3=1.0, mid_slice=0)
    with pytest.raises(MeasureError, match="empty"):
        lesion_extent(np.zeros(3, int), np.zeros(3, int), voxel_mm3=1.0, mid_slice=0)
