"""What is open is left for another case only with a yes to what it is by then, and Cancel opens nothing."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from pathlib import Path

import pytest

from napari_vcf.phantom import PhantomSpec, make_case, write_dicom

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("panel") / "case"
    write_dicom(make_case(PhantomSpec(seed=5, mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0)), place)
    return place


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """What of unpacked archives is on the disk."""
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return lambda: list(place.glob("napari-vcf-zip-*"))


@pytest.fixture
def archive(folder, tmp_path) -> Path:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for file in folder.rglob("*"):
            if file.is_file():
                opened.write(file, file.relative_to(folder).as_posix())
    return path


@pytest.fixture
def asked(monkeypatch):
    """Answers each question whether to leave what is open; how often it was asked."""
    from qtpy.QtWidgets import QMessageBox

    questions: list[str] = []

    def answer(yes: bool) -> list[str]:
        button = QMessageBox.StandardButton.Discard if yes else QMessageBox.StandardButton.Cancel

        def question(_parent: object, _title: str, text: str, *_: object) -> object:
            questions.append(text)
            return button

        monkeypatch.setattr(QMessageBox, "question", question)
        return questions

    return answer


def finish(bench) -> None:
    bench.until(lambda: not bench.arrangement.case_panel.opener.running, seconds=60)
    bench.settle()


def test_changes_made_while_another_case_is_read_are_asked_about(bench, folder, asked):
    desk, panel = bench.desk, bench.arrangement.case_panel
    reading = desk.reading
    desk.saved = True
    questions = asked(False)
    panel.open_folder(folder)
    assert not questions
    reading.set_spine("L2")
    finish(bench)
    assert len(questions) == 1
    assert desk.reading is reading
    assert desk.unsaved
    assert bench.said[-1][1] == "Nothing was opened."
    assert not panel.progress.isVisible()
    # What was agreed to is not asked again, unless there is more to it by then.
    asked(True)
    panel.open_folder(folder)
    assert len(questions) == 2
    finish(bench)
    assert len(questions) == 2
    assert desk.reading is not reading


def test_changes_after_a_yes_are_asked_about_once_more(bench, folder, asked):
    desk, panel = bench.desk, bench.arrangement.case_panel
    reading = desk.reading
    assert desk.unsaved
    questions = asked(True)
    panel.open_folder(folder)
    reading.set_spine("L2")
    asked(False)
    finish(bench)
    assert len(questions) == 2
    assert desk.reading is reading


def test_of_a_case_that_is_not_opened_after_all_nothing_is_left(bench, archive, asked, unpacked, tmp_path):
    desk, panel = bench.desk, bench.arrangement.case_panel
    desk.saved = True
    asked(False)
    panel.show_when_open(tmp_path / "report.dcm")
    panel.open_zip(archive)
    desk.reading.set_spine("L2")
    finish(bench)
    assert bench.said[-1][1] == "Nothing was opened."
    assert not unpacked()
    # The report belonged to it.
    desk.saved = True
    bench.said.clear()
    panel.open_zip(archive)
    finish(bench)
    assert not [text for kind, text in bench.said if kind == "error"]
    assert len(unpacked()) == 1
    assert all(desk.volume(image.id) is not None for image in desk.images())


def test_cancel_opens_nothing_also_where_everything_is_read_already(bench, archive, unpacked, monkeypatch):
    from napari_vcf.widgets.case import opening

    desk, panel = bench.desk, bench.arrangement.case_panel
    desk.saved = True
    reading, read = desk.reading, threading.Event()

    def load(*args, **named):
        found = load_case(*args, **named)
        read.set()
        return found

    load_case = opening.load_case
    monkeypatch.setattr(opening, "load_case", load)
    panel.open_zip(archive)
    # The window hears of it only once it is its turn again.
    assert read.wait(60)
    panel.cancel_button.click()
    finish(bench)
    assert bench.said[-1] == ("info", "Cancelled; nothing was opened.")
    assert desk.reading is reading
    assert not unpacked()


def test_a_dialog_that_asked_for_a_file_is_gone_when_it_is_closed(bench, tmp_path):
    from qtpy.QtWidgets import QFileDialog

    main, panel = bench.arrangement.main, bench.arrangement.case_panel
    bench.desk.export(tmp_path / "C001_R1.json")
    asked = (
        panel.ask_folder,
        panel.ask_reading,
        lambda: panel.ask_images_of(tmp_path / "a.json"),
        panel.dicom.ask_dicom,
    )
    for ask in asked:
        ask()
        (dialog,) = main.findChildren(QFileDialog)
        dialog.reject()
        bench.until(lambda: not main.findChildren(QFileDialog))
