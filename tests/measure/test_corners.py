"""Three heights from four corners: true on any body, refused where the corners say nothing clear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from napari_vcf.measure import MeasureError, NoEdge, check_corners, edge_finder, middle_height
from support.bodies import Body, mr_image

bodies = st.builds(
    Body,
    anterior=st.floats(10, 32),
    posterior=st.floats(16, 32),
    depth=st.floats(24, 42),
    hollow=st.tuples(st.floats(0, 3), st.floats(0, 3)),
    tilt_deg=st.floats(-45, 45),
    at=st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
)
#: The three ways in which a body breaks, and an intact one.
SHAPES = {
    "intact": Body(),
    "wedge": Body(anterior=14.0, posterior=27.0, hollow=(1.5, 1.0)),
    "biconcave": Body(anterior=24.0, posterior=26.0, hollow=(4.5, 4.0)),
    "crush": Body(anterior=13.0, posterior=15.0, hollow=(1.2, 0.8)),
}


@given(bodies)
def test_without_an_image_the_middle_height_stands_midway_and_square_between_straight_endplates(body):
    found = middle_height(*body.walls())
    assert found.fitted == (False, False)
    half = (body.anterior + body.posterior) / 4
    assert found.upper == pytest.approx(body.lps(0, half), abs=1e-9)
    assert found.lower == pytest.approx(body.lps(0, -half), abs=1e-9)
    front, back = body.walls()
    slopes = [(back[i] - front[i]) / np.linalg.norm(back[i] - front[i]) for i in (0, 1)]
    assert (found.upper - found.lower) @ (slopes[0] + slopes[1]) == pytest.approx(0, abs=1e-9)


@given(bodies, st.floats(-50, 50), st.floats(-500, 500), st.floats(-500, 500))
def test_moving_and_turning_a_body_moves_its_heights_and_changes_none(body, turn, back, up):
    assume(abs(body.tilt_deg + turn) < 80)
    moved = replace(body, tilt_deg=body.tilt_deg + turn, at=(back, up))
    one, other = middle_height(*body.walls()), middle_height(*moved.walls())
    assert other.mm == pytest.approx(one.mm, abs=1e-9)


@given(bodies, st.floats(0.6, 1.6))
def test_a_body_of_twice_the_size_has_twice_the_middle_height(body, factor):
    one, other = middle_height(*body.walls()), middle_height(*body.scaled(factor).walls())
    assert other.mm == pytest.approx(factor * one.mm, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    scale=st.floats(0.85, 1.15),
    tilt=st.floats(-35, 35),
    at=st.tuples(st.floats(-6, 6), st.floats(-6, 6)),
    hand=st.integers(0, 10_000),
)
def test_a_fitted_end_lies_on_the_endplate_whatever_the_body(shape, scale, tilt, at, hand):
    """The corners are put down by a hand of half a millimetre's standard deviation."""
    body = replace(SHAPES[shape].scaled(scale), tilt_deg=tilt, at=at)
    walls = [wall + np.random.default_rng(hand).normal(0, 0.5, (2, 3)) * (0, 1, 1) for wall in body.walls()]
    found = middle_height(*walls, edge_finder(mr_image([body]), is_ct=False))
    straight = middle_height(*walls)
    front, back = body.walls()
    up = (front[0] + back[0] - front[1] - back[1]) / np.linalg.norm(front[0] + back[0] - front[1] - back[1])
    for end, without, truth, fitted in zip(
        (found.upper, found.lower), (straight.upper, straight.lower), body.middle, found.fitted, strict=True
    ):
        if fitted:
            assert abs((end - truth) @ up) < 0.8
        else:
            assert end == pytest.approx(without, abs=1e-9)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_on_a_clear_image_both_ends_are_found_from_exact_corners(shape):
    body = SHAPES[shape]
    found = middle_height(*body.walls(), edge_finder(mr_image([body]), is_ct=False))
    assert found.fitted == (True, True)
    assert found.mm == pytest.approx(body.middle_mm, abs=0.5)


def test_where_the_image_shows_no_edge_the_ends_stay_straight_and_say_so():
    body = SHAPES["biconcave"]
    flat = replace(mr_image([]), data=np.full((3, 150, 150), 400.0, np.float32))
    found = middle_height(*body.walls(), edge_finder(flat, is_ct=False))
    assert found.fitted == (False, False)
    assert found.mm == pytest.approx((body.anterior + body.posterior) / 2)


def test_two_edges_that_are_both_followed_to_the_middle_decide_nothing():
    """An edge at every height: whatever is expected is seen."""
    found = middle_height(*SHAPES["intact"].walls(), lambda point, _outward, _across: point)
    assert found.fitted == (False, False)


def test_ends_that_would_pass_each_other_are_not_taken():
    def far_inside(point, outward, _across):
        return point - 1.5 * outward

    low = Body(anterior=6.0, posterior=6.0, depth=40.0)
    assert middle_height(*low.walls(), far_inside).mm >= 0.5


def test_a_coarse_image_is_looked_at_once_and_not_step_by_step():
    asked = []
    middle_height(*Body().walls(), lambda *line: asked.append(line) or NoEdge.COARSE)
    assert len(asked) == 12


@given(bodies, st.sampled_from(["crossed", "upside down", "back to front"]))
def test_corners_in_another_order_are_refused(body, order):
    front, back = body.walls()
    walls, sentence = {
        "crossed": ((front, back[::-1]), "cross"),
        "upside down": ((front[::-1], back[::-1]), "below"),
        "back to front": ((back, front), "behind"),
    }[order]
    with pytest.raises(MeasureError, match=sentence if order != "crossed" else "cross|below|line"):
        check_corners(*walls)


def test_a_corner_between_the_others_could_be_that_of_several_bodies():
    front, back = Body().walls()
    with pytest.raises(MeasureError, match="several bodies"):
        check_corners(front, np.array([back[0], (front[0] + front[1] + back[0]) / 3]))


@pytest.mark.parametrize(
    ("walls", "sentence"),
    [
        (([[0, 0, 10], [0, 0, -10]], [[0, 0, 10], [0, 30, -10]]), "same place"),
        (([[0, 0, 30], [0, 0, 20]], [[0, 0, 10], [0, 0, 0]]), "one line"),
        (([[0, 0, 10], [0, 0, -10]], [[9, 30, 10], [0, 30, -10]]), "one slice"),
        (([[-15, 0, 10], [-15, 0, -10]], [[15, 0, 10], [15, 0, -10]]), "sagittal"),
        (([[0, 0, 10]], [[0, 30, 10], [0, 30, -10]]), "two corners"),
        (([[0, 0, 10], [0, 0, float("nan")]], [[0, 30, 10], [0, 30, -10]]), "two corners"),
        (([[0, 0, 10], [0, 0, -10]], [[0, 2, 22], [0, 2, 2]]), "askew"),
    ],
)
def test_corners_that_are_none_are_refused_in_a_sentence(walls, sentence):
    with pytest.raises(MeasureError, match=sentence):
        middle_height(*walls)
