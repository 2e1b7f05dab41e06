"""A proposed body, gone through with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bench):
    panel = bench.front("Lesion extent")
    bench.close_up()
    desk, t2 = bench.desk, bench.image("T2")
    for position, y in (("anterior", -13), ("middle", 0), ("posterior", 13)):
        start, end = bench.viewport.to_lps([bench.world(0, y, 11), bench.world(0, y, -11)], t2)
        desk.reading.place_caliper(
            stage=desk.stage, level="L1", position=position, image=t2, start_lps=start, end_lps=end
        )
    bench.settle()
    return panel


def masks(bench):
    return bench.desk.reading.state.stages[bench.desk.stage].masks


def body_slices(bench):
    from napari_vcf.reading.masks import decode_mask

    return np.flatnonzero(decode_mask(masks(bench).body, masks(bench).grid.shape).any(axis=(1, 2))).tolist()


def text(panel, name):
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def propose(bench, panel):
    bench.hands.key("2")
    bench.hands.key("A")
    bench.until(lambda: not panel.proposal.errand.running and panel.model.proposed.kinds, seconds=60)
    bench.settle()
    return panel.model.proposed


def test_a_body_is_proposed_after_the_estimate_and_counts_slice_by_slice_as_it_is_accepted(bench, panel):
    hands, model = bench.hands, panel.model
    hands.key("A")
    assert any("Give your own estimate" in sentence for _, sentence in bench.said)
    assert masks(bench) is None
    # The slice was on the screen before there was anything to look at on it.
    bench.viewport.step_slice(1)
    bench.viewport.step_slice(-1)

    proposed = propose(bench, panel)
    slices = proposed.waiting
    assert len(slices) >= 5
    here = model.current_index()
    assert here == 4
    assert model.unseen(slices) == tuple(index for index in slices if index != here)
    assert "No body outlined yet" in text(panel, "result")
    assert body_slices(bench) == []
    # Dashed: many short lines, each seen.
    assert len(panel.proposal_drawing.picture.paths) > 10
    assert "Proposed, dashed" in text(panel, "guide")

    hands.key("Return")
    bench.settle()
    assert proposed.kinds[here] == "proposed"
    assert body_slices(bench) == [here]
    assert model.current_index() == 5
    hands.key("Del")
    assert proposed.kinds[5] == "rejected"
    assert model.current_index() == 6
    hands.key("Ctrl+Z")
    assert proposed.kinds[5] == "waiting"
    hands.press(panel.button("accept"))
    assert proposed.kinds[6] == "proposed"
    results = bench.desk.reading.results(bench.desk.stage)
    assert list(results.painted.body_slices) == [4, 6]
    # Nobody has said anything of a lesion yet.
    assert results.extent is None


def test_dragging_the_contour_corrects_it_and_elsewhere_the_image_moves(bench, panel):
    from qtpy.QtCore import QEvent

    hands, model = bench.hands, panel.model
    proposed = propose(bench, panel)
    before = proposed.shape_on(4)
    contour = panel.contour.contour()
    top = contour[np.argmin(contour[:, 0] + 0.2 * np.abs(contour[:, 1] - contour[:, 1].mean()))]
    place = np.array([bench.viewport.current_slice_mm, *top])
    hands.move_to(place)
    assert panel.contour.near is not None
    hands._mouse(QEvent.Type.MouseButtonPress, hands.pixel(place), down=True)
    for up in np.linspace(0.5, 4.0, 8):
        hands._mouse(QEvent.Type.MouseMove, hands.pixel(place - (0.0, up, 0.0)), down=True)
    assert panel.contour.pulled is not None
    assert body_slices(bench) == []
    hands._mouse(QEvent.Type.MouseButtonRelease, hands.pixel(place - (0.0, 4.0, 0.0)), down=False)
    bench.settle()
    after = proposed.shape_on(4)
    assert proposed.kinds[4] == "corrected"
    assert after.sum() > before.sum()
    assert not (before & ~after).any()
    assert body_slices(bench) == [4]
    # Enter leaves the correction as it is.
    hands.key("Return")
    assert np.array_equal(proposed.shape_on(4), after)
    assert model.current_index() == 5

    changes, center = len(bench.desk.reading.log), bench.viewport.viewer.scene.camera.center
    middle = bench.world(0, 0, 0)
    hands.drag([middle, middle + np.array([0.0, 3.0, 3.0])])
    assert len(bench.desk.reading.log) == changes
    assert bench.viewport.viewer.scene.camera.center != center


def test_the_brush_begins_with_what_is_proposed(bench, panel):
    proposed = propose(bench, panel)
    before, slices = proposed.shape_on(4), proposed.waiting
    bench.hands.key("Shift+B")
    bench.settle()
    # It lies under the brush, and is no body yet.
    assert body_slices(bench) == []
    contour = panel.contour.contour()
    corner = np.array([bench.viewport.current_slice_mm, *contour[np.argmin(contour.sum(axis=1))]])
    bench.hands.drag([corner, corner + np.array([0.0, 2.0, 2.0])])
    bench.settle()
    assert proposed.kinds[4] == "corrected"
    assert body_slices(bench) == [4]
    after = proposed.shape_on(4)
    assert 0 < after.sum() < before.sum()
    assert not (after & ~before).any()
    assert proposed.waiting == tuple(index for index in slices if index != 4)
    bench.hands.key("K")
    assert np.flatnonzero(panel.model.layers.masks()[0].any(axis=(1, 2))).tolist() == [4]


def test_who_accepts_everything_unseen_is_warned_and_nothing_unseen_counts(bench, panel):
    proposed = propose(bench, panel)
    slices = proposed.waiting
    bench.hands.key("Shift+Return")
    bench.settle()
    assert bench.said[-1][0] == "warning"
    assert "Not counted" in bench.said[-1][1]
    assert body_slices(bench) == [4]
    assert proposed.waiting == tuple(index for index in slices if index != 4)
    bench.hands.key("N")
    here = panel.model.current_index()
    assert here in slices
    bench.hands.key("Return")
    assert body_slices(bench) == sorted([4, here])


def test_a_proposal_that_is_ready_takes_nothing_away_from_a_reader_who_went_on(bench, panel):
    bench.hands.key("2")
    bench.hands.key("A")
    calipers = bench.front("Calipers")
    bench.until(lambda: not panel.proposal.errand.running and panel.model.proposed.kinds, seconds=60)
    bench.settle()
    assert bench.arrangement.tools.active is calipers
    assert body_slices(bench) == []
    # Its slice is on the screen, but not what is proposed on it.
    assert panel.model.unseen(panel.model.proposed.waiting) == panel.model.proposed.waiting
    bench.front("Lesion extent")
    assert panel.model.current_index() not in panel.model.unseen(panel.model.proposed.waiting)
    assert panel.model.proposed.waiting
    bench.hands.key("A")
    assert panel.mode == "check"


def test_every_cell_of_the_strip_tells_its_slice_and_leads_there(bench, panel):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    proposed = propose(bench, panel)
    strip = panel.proposal.strip
    assert "waits" in strip.tells(6)
    assert "not yet looked at" in strip.tells(6)
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(strip, left, Qt.KeyboardModifier.NoModifier, strip.cell(6).center().toPoint())
    bench.settle()
    assert panel.model.current_index() == 6
    assert "not yet looked at" not in strip.tells(6)
    bench.hands.key("Return")
    assert proposed.kinds[6] == "proposed"
    assert "as proposed" in strip.tells(6)


def test_an_outline_replaces_what_is_proposed_on_its_slice_and_fills_nothing_that_waits(bench, panel):
    proposed = propose(bench, panel)
    bench.hands.key("O")
    for slice_lps in (9.6, -9.6):
        bench.viewport.go_to_slice(float(bench.world(slice_lps, 0, 0)[0]))
        for y, z in ((-15, 11), (15, 11), (15, -11), (-15, -11)):
            bench.hands.click_at(bench.world(slice_lps, y, z))
        bench.hands.key("Return")
    drawn = [index for index, kind in proposed.kinds.items() if kind == "drawn"]
    assert drawn == [2, 6]
    assert body_slices(bench) == [2, 6]
    assert {3, 4, 5} <= set(proposed.waiting)


def test_a_protocol_that_forbids_proposals_offers_none(bench):
    from support.cases import asked_again
    from support.synthetic_case import make_case

    bench.desk.saved = True
    bench.desk.open_case(make_case(), protocol=asked_again(body_proposal=False))
    bench.desk.set_stage("combined")
    bench.desk.reading.set_spine("L1")
    panel = bench.front("Lesion extent")
    bench.settle()
    assert not panel.proposal.isVisible()
    bench.hands.key("2")
    bench.hands.key("A")
    bench.settle()
    assert masks(bench) is None
    assert any("protocol does not allow" in sentence for _, sentence in bench.said)
