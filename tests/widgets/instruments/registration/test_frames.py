"""One MR frame of reference joined to another in the window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]


@pytest.fixture
def apart(empty_bench):
    """A case whose ADC map lies in a frame of reference of its own, and the controls that join it."""
    from support.cases import memory_case

    bench = empty_bench
    bench.open(memory_case(frame_of_reference_uid="1.2.3.9", seconds_after_injection=95.0))
    bench.desk.reading.set_spine("L1")
    panel = bench.front("Registration")
    return bench, panel.frames


def press(bench, widget):
    bench.hands.press(widget)
    bench.settle()


def test_the_same_place_is_clicked_on_both_and_joins_them_until_they_are_separated(apart):
    bench, frames = apart
    desk, viewport = bench.desk, bench.viewport
    adc, t2 = bench.image("ADC"), bench.image("T2")
    assert frames.isVisibleTo(bench.arrangement.main)
    assert frames.chosen().id == adc
    assert not desk.joined("mr-2", "mr")
    press(bench, frames.mark_moving)
    assert desk.image_id == adc
    there = viewport.frame.to_world(np.array([-0.8, 10.0, 28.0]))
    bench.hands.click_at(there)
    bench.settle()
    # The other one comes to the front by itself.
    assert desk.image_id == t2
    bench.hands.click_at(viewport.frame.to_world(np.array([-0.8, 10.0, 0.0])))
    bench.settle()
    assert not desk.reading.state.frame_joins
    press(bench, frames.join_button)
    (join,) = desk.reading.state.frame_joins
    assert (join.image, join.to_image, join.how) == (adc, t2, "marked")
    assert desk.joined("mr-2", "mr")
    moved = desk.between("mr-2", "mr").apply((0.0, 0.0, 0.0))
    assert moved == pytest.approx([0.0, 0.0, -28.0], abs=0.6)
    assert viewport.overlaid[0] == adc
    press(bench, frames.separate_button)
    assert not desk.joined("mr-2", "mr")


def test_who_says_that_the_patient_lay_still_joins_them_as_they_are(apart):
    bench, frames = apart
    press(bench, frames.still_button)
    (join,) = bench.desk.reading.state.frame_joins
    assert join.how == "stated"
    assert bench.desk.between("mr-2", "mr").apply((1.0, 2.0, 3.0)) == pytest.approx([1, 2, 3])


def test_a_refused_fit_joins_nothing(apart):
    from napari_vcf.registration import RegistrationResult

    bench, frames = apart
    frames.marks = {bench.image("ADC"): np.zeros(3), bench.image("T2"): np.zeros(3)}
    frames.refresh()
    assert frames.join_button.isEnabled()
    frames.result = RegistrationResult("refused", "The two images hardly overlap where they were marked.", None, 1.0)
    frames.refresh()
    assert not frames.join_button.isEnabled()
    assert "hardly overlap" in frames.banner.text()
    frames.join()
    assert not bench.desk.reading.state.frame_joins


def test_the_fit_runs_beside_the_window_and_is_joined_only_when_that_is_said(apart):
    bench, frames = apart
    frames.marks = {bench.image("ADC"): np.zeros(3), bench.image("T2"): np.zeros(3)}
    frames.refresh()
    press(bench, frames.fit_button)
    bench.until(lambda: frames.result is not None, seconds=60)
    assert not bench.desk.reading.state.frame_joins
    assert frames.result.reason in frames.banner.text()


def test_images_of_one_frame_need_no_joining(bench):
    panel = bench.front("Registration")
    assert not panel.frames.isVisibleTo(bench.arrangement.main)


def test_the_bar_says_how_long_after_the_injection_an_image_was_taken(apart):
    from qtpy.QtWidgets import QToolButton

    bench, _ = apart
    button = bench.arrangement.bar.findChild(QToolButton, "image_ADC")
    assert button.text() == "ADC +95 s"
    assert "95 s after the injection" in button.toolTip()
    assert bench.arrangement.bar.findChild(QToolButton, "image_T2").text() == "T2"


def test_the_bar_tells_diffusion_series_of_one_b_value_apart_by_it():
    from types import SimpleNamespace

    from napari_vcf.dicom import Role
    from napari_vcf.widgets.window.bar import button_text

    def text(label, *b_values):
        volumes = [SimpleNamespace(b_value=b) for b in b_values]
        return button_text(
            SimpleNamespace(
                label=label, series=SimpleNamespace(role=Role.DWI, volumes=volumes, seconds_after_injection=None)
            )
        )

    assert (text("DWI", 50.0), text("DWI 2", 800.0)) == ("DWI b 50", "DWI 2 b 800")
    # One that holds several has a box to choose from.
    assert text("DWI", 0.0, 800.0) == "DWI"
