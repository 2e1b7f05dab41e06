"""What the scripted reader sees, and where it drags."""

from __future__ import annotations

import numpy as np

from napari_vcf.widgets.scripted.eye import best_limit, lesion_seen, pull_of


def box(top: int, bottom: int) -> np.ndarray:
    mask = np.zeros((40, 40), dtype=bool)
    mask[top:bottom, 10:30] = True
    return mask


def test_a_contour_is_let_be_where_no_patch_is_large_enough_to_be_seen():
    assert pull_of(box(10, 30), box(10, 30), (1.0, 1.0)) is None
    # One row of twenty-one is less than a twentieth of the body, two of twenty-two are more.
    assert pull_of(box(10, 30), box(10, 31), (1.0, 1.0)) is None
    assert pull_of(box(10, 30), box(10, 32), (1.0, 1.0)) is not None


def test_a_contour_is_dragged_to_the_edge_where_the_largest_patch_is():
    drawn, seen = box(10, 30), box(14, 30)
    seen[30, 12:16] = True
    pull = pull_of(drawn, seen, (1.0, 1.0))
    assert pull is not None
    assert pull.grab[0] == 9.5
    assert pull.to[0] == 13.5


def test_the_lesion_goes_on_to_the_edge_of_the_body_as_it_was_drawn():
    lesion = lesion_seen(box(8, 30), box(10, 30), box(10, 15))
    assert np.array_equal(lesion, box(8, 15))


def test_the_best_limit_marks_as_much_as_is_seen():
    assert best_limit(np.arange(10.0), 3, [1.5, 4.5, 6.5, 8.5]) == 6.5
