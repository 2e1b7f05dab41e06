"""What is dropped on the window or chosen in its File menu is opened, asked about or refused in a sentence.

No other reader gets it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.phantom import PhantomSpec, make_case, write_dicom

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("dropped") / "case"
    write_dicom(make_case(PhantomSpec(seed=4, mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0)), place)
    return place


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))


@pytest.fixture
def settled(bench):
    """Wait for what was begun; what the window then says last, and the question that it asks, if it does."""
    from qtpy.QtWidgets import QMessageBox

    def wait(*paths: Path):
        bench.until(lambda: not bench.arrangement.case_panel.opener.running, seconds=60)
        bench.settle()
        # Whatever it was, no layer of another reader lies on the desk.
        assert [layer for layer in bench.viewport.viewer.layers if layer.name in {p.stem for p in paths}] == []
        return (bench.said or [("", "")])[-1][1], bench.arrangement.case_panel.findChild(QMessageBox, "dropped")

    bench.front("Case")
    bench.desk.saved = True
    return wait


@pytest.fixture
def drop(bench, settled):
    """Drop paths on the image; what the window then says last, and the question that it asks, if it does."""
    from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from qtpy.QtGui import QDragEnterEvent, QDropEvent
    from qtpy.QtWidgets import QApplication, QWidget

    main = bench.arrangement.main
    target = next(widget for widget in main.findChildren(QWidget) if type(widget).__name__ == "QtViewer")

    def drop(*paths: Path):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        buttons = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        # Qt drops only where something was dragged in before.
        QApplication.sendEvent(target, QDragEnterEvent(QPoint(20, 20), Qt.DropAction.CopyAction, data, *buttons))
        event = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, *buttons)
        QApplication.sendEvent(target, event)
        return settled(*paths)

    return drop


@pytest.fixture
def choose(bench, settled, monkeypatch):
    """Choose paths in one of napari's own dialogs, opened from its menu or by its key."""
    from napari._qt import qt_viewer

    def choose(entry: str, *paths: Path):
        names = [str(path) for path in paths]
        monkeypatch.setattr(qt_viewer.QtViewer, "_open_file_dialog_uni", lambda _self, _caption: names)
        monkeypatch.setattr(qt_viewer.QFileDialog, "getExistingDirectory", lambda *_, **__: names[0])
        if entry.startswith("Ctrl"):
            bench.hands.key(entry)
        else:
            next(action for action in _file_actions(bench) if action.objectName() == entry).trigger()
        return settled(*paths)

    return choose


def _file_actions(bench):
    menu = next(a.menu() for a in bench.arrangement.main.menuBar().actions() if a.text().replace("&", "") == "File")
    menu.aboutToShow.emit()
    for action in menu.actions():
        yield action
        if action.menu() is not None:
            yield from action.menu().actions()


def test_a_zip_is_unpacked_opened_and_read(bench, drop, folder, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in folder.rglob("*"):
            if path.is_file():
                opened.write(path, path.relative_to(folder).as_posix())
    before = bench.desk.case
    drop(archive)
    assert bench.desk.case is not before
    assert {"CT", "T2"} <= {image.label for image in bench.desk.case.images.values()}
    assert bench.desk.reading.state.spine is None


def test_a_zip_that_is_none_is_refused_and_what_was_open_stays(bench, drop, tmp_path):
    archive = tmp_path / "broken.zip"
    archive.write_bytes(b"no archive at all")
    before = bench.desk.case
    assert "broken.zip is not a zip file" in drop(archive)[0]
    assert bench.desk.case is before


def test_of_a_single_file_its_folder_is_offered(bench, drop, folder):
    one = next(path for path in folder.rglob("*") if path.is_file())
    before = bench.desk.case
    _, box = drop(one)
    assert one.name in box.text()
    assert bench.desk.case is before
    (yes,) = [b for b in box.buttons() if b.text() == one.parent.name]
    bench.hands.press(yes)
    bench.until(lambda: bench.desk.case is not before, seconds=60)


def test_of_several_folders_one_is_asked_for(bench, drop, folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    before = bench.desk.case
    _, box = drop(other, folder)
    assert {"other", "case"} <= {b.text() for b in box.buttons()}
    bench.hands.press(next(b for b in box.buttons() if b.text() == "case"))
    bench.until(lambda: bench.desk.case is not before, seconds=60)


def test_what_others_read_is_refused_in_a_sentence(bench, drop, tmp_path):
    before = bench.desk.case
    for name, said in (
        ("t2.mha", "t2.mha is a MetaImage file, which is not read here"),
        ("letter.pdf", "letter.pdf is not an image that is read here"),
    ):
        (tmp_path / name).write_bytes(b"ObjectType = Image\n")
        assert said in drop(tmp_path / name)[0]
    assert bench.desk.case is before


def test_of_a_file_of_nrrd_the_folder_is_offered_and_one_without_a_place_is_refused_there(bench, drop, tmp_path):
    before = bench.desk.case
    placeless = tmp_path / "nrrd" / "t2.nrrd"
    placeless.parent.mkdir()
    placeless.write_bytes(b"NRRD0004\ntype: short\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n\n" + bytes(16))
    _, box = drop(placeless)
    assert "t2.nrrd" in box.text()
    box.reject()
    said, _ = drop(placeless.parent)
    assert "No image could be read from the 1 files of the folder" in said
    assert bench.desk.case is before


@pytest.mark.parametrize("name", ["t2_sag.nii.gz", "t2_sag.nrrd"])
def test_a_folder_of_nifti_or_nrrd_is_opened(bench, drop, tmp_path, name):
    import SimpleITK

    before = bench.desk.case
    place = tmp_path / "volumes"
    place.mkdir()
    voxels = np.random.default_rng(1).integers(0, 900, (12, 40, 40)).astype(np.int16)
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing((0.9, 0.9, 4.0))
    SimpleITK.WriteImage(image, str(place / name))
    drop(place)
    bench.until(lambda: bench.desk.case is not before, seconds=60)
    (opened,) = bench.desk.case.images.values()
    assert opened.series.grid.shape == (12, 40, 40)


_OPEN = "napari.window.file.open_"
_WITH = "napari.window.file._open_"


@pytest.mark.parametrize("entry", [_OPEN + "files_dialog", _WITH + "files_with_plugin", "Ctrl+O", "Ctrl+Alt+O"])
def test_a_file_of_another_kind_chosen_in_the_menu_is_refused_and_one_of_a_case_offers_its_folder(
    bench, choose, folder, tmp_path, entry
):
    before = bench.desk.case
    foreign = tmp_path / "t2.mha"
    foreign.write_bytes(b"ObjectType = Image\n")
    assert "is a MetaImage file, which is not read here" in choose(entry, foreign)[0]
    picture = tmp_path / "scan.png"
    picture.write_bytes(b"\x89PNG")
    assert "scan.png is not an image that is read here" in choose(entry, picture)[0]
    one = next(path for path in folder.rglob("*") if path.is_file())
    _, box = choose(entry, one)
    assert one.name in box.text()
    box.reject()
    assert bench.desk.case is before


@pytest.mark.parametrize("entry", [_OPEN + "folder_dialog", _WITH + "folder_with_plugin", "Ctrl+Shift+O"])
def test_a_folder_chosen_in_the_menu_is_opened_on_the_desk(bench, choose, folder, entry):
    before = bench.desk.case
    choose(entry, folder)
    assert bench.desk.case is not before
    assert {"CT", "T2"} <= {image.label for image in bench.desk.case.images.values()}


def test_a_zip_chosen_in_the_menu_is_read_like_one_that_is_dropped(bench, choose, folder, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in folder.rglob("*"):
            if path.is_file():
                opened.write(path, path.relative_to(folder).as_posix())
    before = bench.desk.case
    choose("Ctrl+O", archive)
    assert bench.desk.case is not before
