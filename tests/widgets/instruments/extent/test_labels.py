"""A label map of another program taken as a proposed body, in the dialog of a real window."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom.labels import LabelMap
from napari_vcf.geometry import Grid
from support.labelfiles import stored, write_nifti
from support.synthetic_case import CENTER

pytestmark = pytest.mark.gui

#: Axial voxels of 1.5 mm, stored in another order and direction than the image's.
OWN = Grid.from_axes(
    (50, 40, 40), origin_lps=CENTER - (29.0, 29.0, 37.0), column_direction=(1, 0, 0), row_direction=(0, 1, 0),
    spacing_mm=(1.5, 1.5, 1.5),
)  # fmt: skip


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


def body(shift_mm: float = 0.0) -> np.ndarray:
    slices, rows, columns = np.indices(OWN.shape)
    offset = OWN.to_lps(np.stack([columns, rows, slices], axis=-1)) - CENTER - (0, 0, shift_mm)
    return np.asarray((np.abs(offset) < (17.0, 16.0, 12.0)).all(axis=-1))


def write(path: Path, mask: np.ndarray, name: str = "Vertebral body L1") -> Path:
    return write_nifti(path, *stored(mask.astype(np.uint8), OWN, (1, 2, 0), (True, False, True)), {1: name})


def opened(bench, panel):
    from napari_vcf.widgets.instruments.extent.label_dialog import LabelDialog

    return next((each for each in panel.findChildren(LabelDialog) if each.isVisible()), None)


def ask(bench, panel, path: Path):
    """Ask for the dialog by its key, and type the file's name."""
    from qtpy.QtWidgets import QLineEdit

    bench.hands.key("2")
    bench.hands.key("S")
    bench.until(lambda: opened(bench, panel) is not None)
    dialog = opened(bench, panel)
    line = dialog.findChild(QLineEdit, "label_file_line")
    line.setText(str(path))
    line.editingFinished.emit()
    dialog.form.container["file"].value = path
    done(bench, dialog)
    return dialog


def done(bench, dialog) -> None:
    bench.until(
        lambda: not dialog.errand.running and (dialog.proposed is not None or dialog.trouble.text()), seconds=30
    )
    bench.settle()


def click(bench, dialog, name: str) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    widget = dialog.form.control(name) if name in ("belongs", "level") else dialog.ok
    place = widget.rect().center()
    if name in ("belongs", "level"):
        place.setX(8)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    bench.settle()


def test_a_label_map_is_proposed_once_the_reader_confirms_patient_and_vertebra(bench, panel, tmp_path):
    bench.hands.key("S")
    assert any("Give your own estimate" in sentence for _, sentence in bench.said)
    dialog = ask(bench, panel, write(tmp_path / "own.nii.gz", body()))
    assert "named L1, and you read L1" in dialog.told.text()
    assert not dialog.ok.isEnabled()
    click(bench, dialog, "belongs")
    assert not dialog.ok.isEnabled()
    click(bench, dialog, "level")
    assert dialog.ok.isEnabled()
    click(bench, dialog, "ok")
    bench.leave_dialogs()

    masks = bench.desk.reading.state.stages[bench.desk.stage].masks
    assert masks.body.voxels == 0
    assert masks.proposal.source.body.file == "own.nii.gz"
    proposed = panel.model.proposed
    assert len(proposed.waiting) >= 6
    assert panel.mode == "check"
    assert len(panel.proposal_drawing.picture.paths) > 10
    here = panel.model.current_index()
    bench.hands.key("Return")
    bench.settle()
    assert proposed.kinds[here] == "label_map"
    assert not proposed.outdated
    bench.desk.saved = True


def test_a_label_map_is_read_and_looked_at_beside_the_window(bench, panel, tmp_path, monkeypatch):
    """A DICOM segmentation of a whole body reads a hundred segments for the label at the heights."""
    whole, asked = LabelMap.classes_at, []

    def classes_at(labels, point):
        asked.append(threading.current_thread())
        return whole(labels, point)

    monkeypatch.setattr(LabelMap, "classes_at", classes_at)
    dialog = ask(bench, panel, write(tmp_path / "own.nii.gz", body()))
    assert dialog.proposed is not None
    assert asked
    assert threading.main_thread() not in asked
    dialog.reject()


def test_a_label_that_is_named_otherwise_is_told_and_taken_only_at_the_readers_word(bench, panel, tmp_path):
    dialog = ask(bench, panel, write(tmp_path / "own.nii.gz", body(), "Vertebral body T12"))
    assert "named T12, and you read L1: they differ" in dialog.told.text()
    click(bench, dialog, "belongs")
    click(bench, dialog, "level")
    click(bench, dialog, "ok")
    assert any("named T12; it was taken as the body of L1 at your word" in sentence for _, sentence in bench.said)
    assert bench.desk.reading.state.spine.fractured == "L1"
    bench.desk.saved = True


def test_a_label_of_another_place_is_refused_in_the_dialog(bench, panel, tmp_path):
    dialog = ask(bench, panel, write(tmp_path / "own.nii.gz", body(26.0)))
    assert "does not contain the middle of the heights" in dialog.trouble.text()
    click(bench, dialog, "belongs")
    assert not dialog.ok.isEnabled()
    dialog.reject()
    assert bench.desk.reading.state.stages[bench.desk.stage].masks is None


def test_a_whole_vertebra_is_refused_until_a_label_of_the_body_is_chosen(bench, panel, tmp_path):
    array = body().astype(np.uint8)
    array[:, -6:, :][array[:, -12:-6, :] > 0] = 2
    array[20:28, 33:, 16:24] = 2
    path = write_nifti(tmp_path / "total.nii.gz", *stored(array, OWN), {1: "L1 corpus", 2: "vertebrae_L1"})
    dialog = ask(bench, panel, path)
    assert dialog.proposed is not None
    box = dialog.form.container["label"]
    box.value = box.choices[1]
    done(bench, dialog)
    assert "whole vertebra" in dialog.trouble.text()
    assert dialog.proposed is None
    box.value = box.choices[0]
    done(bench, dialog)
    assert dialog.proposed is not None
    dialog.reject()


def test_a_label_map_that_is_dropped_on_the_window_leads_to_the_dialog(bench, panel, tmp_path):
    from napari_vcf.widgets.case.dropping import take_dropped

    bench.hands.key("2")
    path = write(tmp_path / "a_seg-body_msk.nii.gz", body())
    take_dropped(bench.arrangement.case_panel, [path])
    bench.until(lambda: opened(bench, panel) is not None)
    dialog = opened(bench, panel)
    done(bench, dialog)
    assert dialog.proposed is not None
    dialog.reject()


def test_a_label_map_without_a_case_is_told_where_it_goes(window, tmp_path):
    from napari_vcf.widgets.case.dropping import take_dropped

    said: list[str] = []
    window.desk.message.connect(lambda text, _kind: said.append(text))
    take_dropped(window.arrangement.case_panel, [write(tmp_path / "a_seg-body_msk.nii.gz", body())])
    assert any("open the images first" in text and "From labels" in text for text in said)
