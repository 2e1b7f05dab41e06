"""The registration panel: what is asked of the reader where the images leave something open."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.registration import LEVEL_OPEN, RegistrationResult

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]


@pytest.fixture
def panel(bench):
    bench.desk.set_stage("combined")
    return bench.front("Registration")


def propose(bench, *doubts):
    images = {image.series.role: image.id for image in bench.desk.case.images.values()}
    bench.desk.reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=images[Role.CT], mr_images=[images[Role.T2]],
        mr_point_lps=np.zeros(3), ct_point_lps=np.zeros(3),
        result=RegistrationResult(
            "doubtful", "look", RigidTransform.identity(), 1.0, 0.0, 0.0, {"doubts": list(doubts)}
        ),
    )  # fmt: skip
    bench.settle()


def test_a_level_that_the_images_leave_open_is_counted_by_the_reader(bench, panel):
    propose(bench, LEVEL_OPEN)
    assert panel.form.count_box.isVisibleTo(panel)
    assert "Count the vertebrae" in panel.form.banner.text()
    assert not panel.form.count_button.isEnabled()
    for space, place in (("mr", "C2"), ("ct", "sacrum")):
        panel.form.counted_from[space].setCurrentText(place)
        panel.form.counted_from[space].activated.emit(panel.form.counted_from[space].currentIndex())
    bench.hands.press(panel.form.count_button)
    count = bench.desk.reading.state.registrations["L1"].level_count
    assert (count.mr_from, count.ct_from) == ("C2", "sacrum")
    assert not panel.form.count_box.isVisibleTo(panel)
    assert "counted on MRI from C2, on CT from sacrum" in panel.form.verdict.text()


def test_no_count_is_asked_for_where_it_would_settle_nothing(bench, panel):
    propose(bench, LEVEL_OPEN, "error")
    assert not panel.form.count_box.isVisibleTo(panel)


def test_both_images_lie_side_by_side_while_the_levels_are_counted_and_on_each_other_once_they_were(bench, panel):
    panes, viewport = bench.arrangement.panes, bench.viewport
    before, kept = panes.arrangement, bench.desk.settings.get("layout", "all")
    propose(bench, LEVEL_OPEN)
    (pane,) = panes.panes
    assert pane.shown == bench.image("CT")
    assert bench.desk.modality_of(bench.desk.image_id) == "mr"
    assert viewport.aids.edges_wanted is False
    # Much of the column, at one scale in both.
    assert viewport.viewer.canvas.size[0] / viewport.viewer.scene.camera.zoom > 200.0
    assert pane.zoom == viewport.viewer.scene.camera.zoom
    # Whoever lays the panel down is shown what was there before, and both images again with the panel.
    bench.front("Findings")
    assert panes.arrangement == before
    bench.front("Registration")
    assert panes.panes[0].shown == bench.image("CT")
    for space in ("mr", "ct"):
        panel.form.counted_from[space].setCurrentText("sacrum")
        panel.form.counted_from[space].activated.emit(panel.form.counted_from[space].currentIndex())
    bench.hands.press(panel.form.count_button)
    assert panes.arrangement == before
    assert bench.desk.settings.get("layout", "all") == kept
    assert viewport.aids.edges_wanted


def test_who_chooses_other_panes_while_counting_keeps_them(bench, panel):
    propose(bench, LEVEL_OPEN)
    panes = bench.arrangement.panes
    panes.set_layout("planes")
    bench.desk.reading.refuse_registration("L1", "another level")
    bench.settle()
    assert panes.arrangement == "planes"
    panes.set_layout("all")


def test_where_nothing_is_to_be_counted_the_panes_stay(bench, panel):
    before = bench.arrangement.panes.arrangement
    propose(bench, "error")
    assert bench.arrangement.panes.arrangement == before


def test_a_fit_that_ends_in_another_stage_is_neither_recorded_nor_shown(bench, panel, monkeypatch):
    begun = []
    monkeypatch.setattr(panel.run, "start", lambda *_volumes, **_how: begun.append(True))
    for space, role in (("mr", "T2"), ("ct", "CT")):
        panel.marks[space], panel._marked_on[space] = np.zeros(3), bench.image(role)
        box = panel.form.level[space]
        box.setCurrentText("L1")
    panel.register()
    assert begun
    bench.desk.set_stage("ct")
    assert panel.run._errand._stop
    panel.run.finished.emit(RegistrationResult("ok", "fits", RigidTransform.identity(), 1.0, 0.0, 0.0, {"doubts": []}))
    bench.settle()
    assert not bench.desk.reading.state.registrations
    assert bench.desk.image.series.role is Role.CT
    assert any("nothing has changed" in text for _, text in bench.said)


def test_the_button_names_the_image_that_was_clicked(bench, panel):
    texts = [panel.form.mark_buttons[space].text() for space in ("mr", "ct")]
    assert texts == ["Click its centre on MRI", "Click its centre on CT"]
    bench.desk.show(bench.image("T2"))
    panel.set_marking("mr")
    bench.hands.click_at(bench.world(0, 0, 0))
    bench.settle()
    assert panel.form.mark_buttons["mr"].text() == "✓ Click its centre on T2"
