"""The desk on files from real scanners: opened, an instrument used, exported, verified; and what it says of less."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QComboBox

from napari_vcf.reading import read_reading, verify_export
from support.realdata import data_path

pytestmark = pytest.mark.gui


def open_folder(bench, folder):
    bench.desk.saved = True
    bench.front("Case")
    panel = bench.arrangement.case_panel
    panel.open_folder(folder)
    bench.until(lambda: not panel.opener.running, seconds=60)
    bench.settle()
    # What the files do not say is asked at once; these tests say it later, in the panel, or need it not.
    bench.leave_dialogs()


def test_a_height_on_a_ct_and_mr_pair(bench, tmp_path):
    folder = data_path("ctmr_pair_STS_002")
    open_folder(bench, folder)
    desk = bench.desk
    desk.reading.set_spine("L3")
    bench.hands.key("Alt+2")
    bench.front("Calipers")
    middle = bench.viewport.to_world(desk.image.series.grid.center_lps)
    bench.hands.go_to(middle)
    bench.hands.drag([middle + np.array([0, -11.3, 0]), middle + np.array([0, 12.1, 0])], step_px=40)
    path = desk.reading.export(tmp_path / "reading.json")
    assert not verify_export(path, folder).differences
    (caliper,) = read_reading(path).stages["mri"].calipers
    pixel_mm = 1.0 / bench.viewport.viewer.scene.camera.zoom
    assert caliper.mm == pytest.approx(23.4, abs=2 * pixel_mm)


def test_an_adc_map_whose_unit_nobody_states_is_measured_once_the_reader_has_said_it(bench, tmp_path):
    folder = data_path("mr_toshiba_body_adc")
    open_folder(bench, folder)
    desk, hands = bench.desk, bench.hands
    desk.reading.set_spine("L3")
    panel = bench.front("ADC ROI")
    middle = bench.viewport.to_world(desk.image.series.grid.to_lps((128, 150, 3)))
    hands.go_to(middle)
    hands.click_at(middle)
    assert not desk.reading.state.stages[desk.stage].rois
    assert "unit" in bench.said[-1][1]
    case = bench.front("Case")
    hands.choose(case.findChild(QComboBox, "adc_unit"), "1e-6 mm2/s")
    bench.front("ADC ROI")
    hands.go_to(middle)
    for _ in range(3):
        hands.click_at(middle)
        hands.key("Return")
    assert desk.reading.results(desk.stage).adc.lesion is not None, panel.toolTip()
    path = desk.reading.export(tmp_path / "reading.json")
    assert not verify_export(path, folder).differences


@pytest.mark.parametrize(("part", "key", "stage"), [("CT", "Alt+2", "MRI"), ("MR_T1", "Alt+1", "CT")])
def test_one_modality_alone_is_read_and_the_other_stage_says_why_it_is_not(bench, part, key, stage):
    open_folder(bench, data_path(f"ctmr_pair_STS_002/{part}"))
    bench.hands.key(key)
    assert bench.said[-1][1] == f"This case has no image for the {stage} stage."
    bench.front("ADC ROI")
    assert bench.desk.reading is not None
