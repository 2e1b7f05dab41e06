"""Height loss: degrees change exactly at the cuts, references are what the reader says they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.measure import Heights, MeasureError, ReferenceVertebra, VertebraStatus, height_loss

INTACT_30 = ReferenceVertebra(Heights(30.0, 30.0, 30.0), "intact")
ABSENT = ReferenceVertebra(Heights(), "not_in_view")


def degree(anterior: float, reference: float = 30.0) -> str | None:
    neighbour = ReferenceVertebra(Heights(reference, reference, reference), "intact")
    fractured = Heights(anterior, reference, reference)
    return height_loss(fractured, neighbour, neighbour, rule="mean_adjacent").degree


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_degree_is_that_of_the_exact_ratio(lost: int, kept: int) -> None:
    reference = (lost + kept) / 64  # binary fractions: the heights themselves carry no rounding
    loss = Fraction(lost, lost + kept)
    expected = "I" if loss < Fraction(1, 3) else "III" if loss > Fraction(2, 3) else "II"
    assert degree(kept / 64, reference) == expected


@given(st.tuples(st.integers(1, 98), st.integers(1, 98)).filter(lambda pair: pair[0] < pair[1]), st.integers(0, 99))
def test_whatever_cuts_a_protocol_has_the_degree_changes_exactly_there(cuts: tuple[int, int], lost: int) -> None:
    low, high = cuts
    result = height_loss(
        Heights(99.0 - lost, 99.0, 99.0) if lost < 99 else Heights(1e-9, 99.0, 99.0),
        ReferenceVertebra(Heights(99.0, 99.0, 99.0), "intact"),
        ABSENT,
        rule="mean_adjacent",
        cuts=(f"{low}/99", f"{high}/99"),
    )
    assert result.degree == ("I" if lost < low else "III" if lost > high else "II")


@pytest.mark.parametrize(
    ("height", "expected"), [(20.0, "II"), (10.0, "II"), (20.001, "I"), (9.999, "III"), (30.0, "I"), (36.0, "I")]
)
def test_a_loss_on_a_cut_is_degree_two(height: float, expected: str) -> None:
    assert degree(height) == expected


def test_rounding_of_a_square_root_does_not_move_a_loss_off_its_cut() -> None:
    reference = 0.1 * 3  # 0.30000000000000004
    assert degree(0.1, reference) == "II"
    assert degree(0.2, reference) == "II"


def test_the_largest_loss_is_graded_and_its_position_named() -> None:
    result = height_loss(Heights(24.0, 15.0, 27.0), INTACT_30, INTACT_30, rule="mean_adjacent")
    assert (result.graded_position, result.graded_loss, result.degree) == ("middle", pytest.approx(0.5), "II")
    assert [item.loss for item in result.losses] == pytest.approx([0.2, 0.5, 0.1])


def test_a_negative_loss_is_kept_and_graded_one() -> None:
    result = height_loss(Heights(33.0, 31.0, 33.0), INTACT_30, INTACT_30, rule="mean_adjacent")
    assert result.graded_loss == pytest.approx(1 - 31 / 30)
    assert result.degree == "I"


def test_distance_is_to_the_nearest_cut_and_borderline_within_the_protocols_margin() -> None:
    result = height_loss(Heights(18.0, 30, 30), INTACT_30, INTACT_30, rule="above", borderline_within=0.05)
    assert result.nearest_cut == "1/3"
    assert result.distance_to_cut == pytest.approx(0.4 - 1 / 3)
    assert result.borderline is False
    near = height_loss(Heights(19.0, 30, 30), INTACT_30, INTACT_30, rule="above", borderline_within=0.05)
    assert near.borderline is True


@pytest.mark.parametrize(
    ("above", "below", "expected_reference"),
    [
        (ReferenceVertebra(Heights(28.0, 28.0, 28.0), "intact"), INTACT_30, 29.0),
        (ReferenceVertebra(Heights(28.0, 28.0, 28.0), "not_intact"), INTACT_30, 30.0),
        (ReferenceVertebra(Heights(28.0, 28.0, 28.0), "intact"), ABSENT, 28.0),
    ],
)
def test_mean_adjacent_uses_the_intact_neighbours_only(
    above: ReferenceVertebra, below: ReferenceVertebra, expected_reference: float
) -> None:
    result = height_loss(Heights(15.0, 20.0, 25.0), above, below, rule="mean_adjacent")
    assert {item.reference_mm for item in result.losses} == {expected_reference}


@pytest.mark.parametrize("status", [None, "not_intact", "not_in_view"])
def test_no_degree_without_an_intact_reference(status: VertebraStatus | None) -> None:
    reference = ReferenceVertebra(Heights(30.0, 30.0, 30.0), status)
    result = height_loss(Heights(15.0, 20.0, 25.0), reference, reference, rule="mean_adjacent")
    assert result.degree is None
    assert "intact" in result.reason


def test_no_degree_while_a_height_is_missing_because_the_largest_loss_is_not_known() -> None:
    result = height_loss(Heights(15.0, None, 25.0), INTACT_30, INTACT_30, rule="mean_adjacent")
    assert result.degree is None
    assert "middle height of the fractured vertebra" in result.reason
    assert len(result.losses) == 2


def test_an_intact_neighbour_that_is_half_measured_is_not_half_used() -> None:
    half = ReferenceVertebra(Heights(30.0, None, 30.0), "intact")
    result = height_loss(Heights(15.0, 20.0, 25.0), half, INTACT_30, rule="mean_adjacent")
    assert result.degree is None
    assert "middle reference height" in result.reason


def test_own_posterior_is_refused_where_the_posterior_wall_is_crushed() -> None:
    crushed = height_loss(Heights(12.0, 14.0, 20.0), INTACT_30, INTACT_30, rule="own_posterior")
    assert crushed.degree is None
    assert "posterior wall" in crushed.reason
    sound = height_loss(Heights(12.0, 14.0, 29.0), INTACT_30, INTACT_30, rule="own_posterior")
    assert sound.graded_loss == pytest.approx(1 - 12 / 29)


def test_own_posterior_says_where_it_could_not_be_checked() -> None:
    result = height_loss(Heights(12.0, 14.0, 29.0), ABSENT, ABSENT, rule="own_posterior")
    assert result.degree == "II"
    assert "could not be checked" in result.note


@pytest.mark.parametrize("height", [0.0, -3.0, float("nan"), float("inf")])
def test_impossible_heights_are_refused(height: float) -> None:
    with pytest.raises(MeasureError, match="not a height"):
        Heights(height, 20.0, 20.0)
