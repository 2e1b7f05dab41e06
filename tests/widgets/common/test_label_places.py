"""Labels beside structures: never over one, never over each other, and not farther away than they must be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.widgets.common.label_places import Label, outline_of, place_labels

#: Three bodies of a spine that leans, mm as (row, column): 24 high, 30 deep, one above the other.
BODIES = [
    np.array([(0.0, 0.0), (3.0, 30.0), (24.0, 1.0), (27.0, 31.0)]) + offset
    for offset in ((0.0, 0.0), (30.0, 6.0), (60.0, 16.0))
]


def samples(center, size):
    """Points of a label, close together."""
    half = np.array(size) / 2 - 1e-6
    rows, columns = (np.linspace(-reach, reach, 11) for reach in half)
    return center + np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


@given(zoom=st.floats(0.2, 40.0), wide=st.floats(60.0, 160.0), sides=st.lists(st.sampled_from([-1, 0, 1]), max_size=9))
def test_at_any_zoom_no_label_lies_on_a_body_or_on_another_label(zoom, wide, sides):
    from matplotlib.path import Path
    from scipy.spatial import ConvexHull

    bodies = [body * zoom for body in BODIES]
    labels = [
        Label(bodies[number % 3].mean(axis=0) + np.array([0.0, 5.0 * side * zoom]), (17.0, wide), side)
        for number, side in enumerate(sides)
    ]
    places = place_labels(labels, [outline_of(body) for body in bodies], gap=3.0)
    for place, label in zip(places, labels, strict=True):
        for body in bodies:
            hull = body[ConvexHull(body).vertices]
            assert not Path(hull).contains_points(samples(place, label.size)).any()
            inside = (np.abs(hull - place) < np.array(label.size) / 2).all(axis=1)
            assert not inside.any()
    for one in range(len(places)):
        for two in range(one):
            assert (np.abs(places[one] - places[two]) >= [17.0 - 1e-6, wide - 1e-6]).any()


def test_a_label_stands_on_its_side_and_at_the_height_of_what_it_names():
    body = BODIES[0] * 5.0
    anchor = body.mean(axis=0)
    left, right = place_labels(
        [Label(anchor, (17.0, 100.0), -1), Label(anchor, (17.0, 100.0), 1)], [outline_of(body)], gap=4.0
    )
    assert left[0] == right[0] == anchor[0]
    assert left[1] + 50 < body[:, 1].min() < body[:, 1].max() < right[1] - 50
    # And close to it.
    assert body[:, 1].min() - (left[1] + 50) < 25
    assert (right[1] - 50) - body[:, 1].max() < 25


def test_points_on_one_line_have_an_outline_too():
    sides = outline_of(np.array([[0.0, 5.0], [10.0, 5.0], [20.0, 5.0]]))
    (place,) = place_labels([Label(np.array([10.0, 5.0]), (17.0, 40.0), 0)], [sides])
    assert abs(place[1] - 5.0) >= 20.0


@given(left=st.floats(-140.0, 600.0), wide=st.floats(60.0, 160.0), side=st.sampled_from([-1, 1]))
def test_a_label_of_what_is_seen_is_seen_whole_and_clear_of_what_is_written_there(left, wide, side):
    body = BODIES[0] * 5.0
    view = np.array([-200.0, body[:, 1].min() - left]), np.array([400.0, body[:, 1].min() - left + 620.0])
    letter = np.array([-22.0, view[0][1]]), np.array([22.0, view[0][1] + 44.0])
    edge = body[:, 1].min() if side < 0 else body[:, 1].max()
    anchor = np.array([body[:, 0].mean(), edge])
    (place,) = place_labels(
        [Label(anchor, (17.0, wide), side)], [outline_of(body)], gap=4.0, view=view, reserved=[letter]
    )
    half = np.array([17.0, wide]) / 2
    assert (np.abs(place - (letter[0] + letter[1]) / 2) >= half + 22.0).any()
    if view[0][1] <= edge <= view[1][1]:
        assert (place - half >= view[0]).all()
        assert (place + half <= view[1]).all()
    else:
        # What names a point outside of the view stays with it.
        assert (place[1] - edge) * side > 0


def test_a_label_without_room_on_its_side_stands_on_the_other():
    body = BODIES[0] * 5.0
    # Nor is there room above or below it.
    view = np.array([0.0, body[:, 1].min() - 20.0]), np.array([135.0, body[:, 1].max() + 200.0])
    anchor = np.array([body[:, 0].mean(), body[:, 1].min()])
    (place,) = place_labels([Label(anchor, (17.0, 120.0), -1)], [outline_of(body)], gap=4.0, view=view)
    assert place[1] - 60.0 >= body[:, 1].max()


@given(
    above=st.floats(-40.0, 200.0),
    back=st.floats(-160.0, 760.0),
    wide=st.floats(60.0, 160.0),
    side=st.sampled_from([-1, 1]),
)
def test_a_label_of_what_is_not_seen_is_not_cut_at_the_edge_of_the_view(above, back, wide, side):
    view = np.zeros(2), np.array([600.0, 620.0])
    body = BODIES[0] * 5.0
    body = body - body.max(axis=0) + np.array([60.0 - above, back])
    edge = body[:, 1].min() if side < 0 else body[:, 1].max()
    anchor = np.array([body[:, 0].mean(), edge])
    (place,) = place_labels([Label(anchor, (17.0, wide), side)], [outline_of(body)], gap=4.0, view=view)
    half = np.array([17.0, wide]) / 2
    low, high = place - half, place + half
    whole = (low >= view[0]).all() and (high <= view[1]).all()
    assert whole or (high <= view[0]).any() or (low >= view[1]).any()


def test_where_there_is_little_room_a_label_stands_closer_rather_than_cut():
    body = BODIES[0] * 5.0
    # Room for the label and a quarter of the gap, and on one side only.
    view = np.array([0.0, body[:, 1].min() - 128.0]), np.array([135.0, body[:, 1].max() + 20.0])
    anchor = np.array([body[:, 0].mean(), body[:, 1].max()])
    (place,) = place_labels([Label(anchor, (17.0, 120.0), 1)], [outline_of(body)], gap=24.0, view=view)
    assert view[0][1] <= place[1] - 60.0
    assert place[1] + 60.0 <= body[:, 1].min()
