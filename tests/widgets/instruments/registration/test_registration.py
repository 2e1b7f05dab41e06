"""The registration panel: what is asked of the reader where the images leave something open."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.registration import LEVEL_OPEN, RegistrationResult

pytestmark = pytest.mark.gui


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
