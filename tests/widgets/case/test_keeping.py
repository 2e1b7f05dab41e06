"""What is read in `open` is kept, and the window offers to go on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vcf.phantom import PhantomSpec, make_case, write_dicom
from napari_vcf.reading import read_reading

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("kept") / "case"
    write_dicom(make_case(PhantomSpec(seed=3, mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0)), place)
    return place


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    return tmp_path / "napari-vcf-readings"


def opened(bench, begin):
    """Open something, and return the question that comes, if one does."""
    from qtpy.QtWidgets import QMessageBox

    panel = bench.front("Case")
    # Whether to leave what is open is asked elsewhere.
    bench.desk.saved = True
    begin(panel)
    bench.until(lambda: not panel.opener.running, seconds=60)
    bench.settle()
    return panel.findChild(QMessageBox, "go_on")


def test_a_reading_left_without_export_is_offered_again(bench, folder):
    from qtpy.QtWidgets import QPushButton

    desk = bench.desk
    assert opened(bench, lambda panel: panel.open_folder(folder)) is None
    assert desk.kept
    assert desk.stage == "ct"
    desk.reading.set_spine("L2")
    desk.reading.answer("ct", "verdict", "benign")
    log = desk.reading.log
    assert desk.unsaved
    # As after a kill: nothing is asked, and nothing written on the way out.
    desk.close()

    box = opened(bench, lambda panel: panel.open_folder(folder))
    assert "2 changes" in box.text()
    assert desk.reading is None
    bench.hands.press(box.findChild(QPushButton, "go_on_yes"))
    bench.until(lambda: desk.reading is not None)
    assert desk.reading.log == log
    assert desk.reading.state.stages["ct"].answers["verdict"].value == "benign"
    assert desk.unsaved
    desk.close()

    # A new one leaves it as it is.
    box = opened(bench, lambda panel: panel.open_folder(folder))
    bench.hands.press(box.findChild(QPushButton, "go_on_no"))
    bench.until(lambda: desk.reading is not None)
    assert desk.reading.log == ()
    desk.close()
    box = opened(bench, lambda panel: panel.open_folder(folder))
    assert "2 changes" in box.text()
    box.reject()


def test_an_exported_reading_is_opened_again_as_the_next_version(bench, folder, tmp_path):
    desk = bench.desk
    opened(bench, lambda panel: panel.open_folder(folder))
    desk.reading.set_spine("L2")
    path = desk.export(tmp_path / "one.json")
    desk.close()
    # It is in an export: nothing is offered.
    assert opened(bench, lambda panel: panel.open_folder(folder)) is None
    desk.close()

    assert opened(bench, lambda panel: panel.open_reading(path, folder)) is None
    assert desk.reading.state.spine.fractured == "L2"
    assert not desk.unsaved
    desk.reading.answer("ct", "verdict", "malignant")
    desk.close()
    box = opened(bench, lambda panel: panel.open_reading(path, folder))
    assert "one change" in box.text()
    from qtpy.QtWidgets import QPushButton

    bench.hands.press(box.findChild(QPushButton, "go_on_yes"))
    bench.until(lambda: desk.reading is not None)
    second = read_reading(desk.export(tmp_path / "two.json"))
    assert (second.version, second.continues.version) == (2, 1)
    assert second.stages["ct"].state().answers["verdict"].value == "malignant"


def test_where_nothing_can_be_kept_the_reading_says_so(bench, folder, shelf):
    shelf.write_text("in the way")
    opened(bench, lambda panel: panel.open_folder(folder))
    assert bench.desk.reading is not None
    assert not bench.desk.kept
    assert any("kept only once it is exported" in sentence for _, sentence in bench.said)
