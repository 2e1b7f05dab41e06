"""The link by level between images that nobody has joined."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.widgets.linked_views.levels import LevelPoint, link_of


def at(level, space, *point):
    return LevelPoint(level, space, np.array(point, dtype=float))


MARKED = [
    at("L1", "mr", 0, 0, 10), at("L1", "mr", 0, 0, 14), at("L2", "mr", 0, 5, -20),
    at("L1", "ct", 100, 50, 212), at("L2", "ct", 103, 50, 180), at("L3", "ct", 100, 50, 150),
]  # fmt: skip


def test_the_vertebra_nearest_to_what_is_looked_at_links_two_spaces():
    link = link_of(MARKED, "mr", "ct", np.array([3.0, 1.0, 8.0]))
    assert link is not None
    assert link.level == "L1"
    assert link.shift_lps == pytest.approx([100, 50, 200])
    assert np.array([3.0, 1.0, 8.0]) + link.shift_lps == pytest.approx([103, 51, 208])
    link = link_of(MARKED, "mr", "ct", np.array([0.0, 0.0, -30.0]))
    assert link is not None
    assert link.level == "L2"
    assert link.shift_lps == pytest.approx([103, 45, 200])


def test_without_a_vertebra_that_was_marked_in_both_there_is_no_link():
    assert link_of(MARKED, "mr", "mr-2", np.zeros(3)) is None
    assert link_of(MARKED[:2], "mr", "ct", np.zeros(3)) is None
    assert link_of([], "mr", "ct", np.zeros(3)) is None
