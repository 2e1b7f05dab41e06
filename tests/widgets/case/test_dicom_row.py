"""DICOM from the window: images from an archive, the reading as DICOM objects, and a report shown over its images."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom
import pytest
from qtpy.QtWidgets import QDialog, QLineEdit, QPushButton, QTableWidget

from support.made_readings import make

pytestmark = pytest.mark.gui


def dialog(bench, name: str) -> QDialog:
    bench.until(lambda: bench.arrangement.case_panel.findChildren(QDialog, name))
    (found,) = bench.arrangement.case_panel.findChildren(QDialog, name)
    return found


@pytest.fixture
def read(empty_bench, tmp_path: Path):
    """A reading of files on the desk, exported."""
    bench = empty_bench
    made = make("CT only", tmp_path)
    bench.open(made.reading.case)
    for action in made.reading.log:
        bench.desk.reading.apply(action.action)
    bench.desk.export(tmp_path / "C001_R1.json", overwrite=True)
    bench.settle()
    return made


def test_the_reading_is_written_as_dicom_and_shown_again_over_its_images(empty_bench, read, tmp_path: Path) -> None:
    bench = empty_bench
    pytest.importorskip("highdicom", reason="highdicom, which writes these objects, is not installed")
    from napari_vcf.widgets.plugin import get_reader

    row = bench.arrangement.case_panel.dicom
    assert row.dicom_button.isEnabled()
    row.write_dicom(tmp_path / "out")
    bench.until(lambda: not row.errand.running, seconds=60)
    report = tmp_path / "out" / "C001_R1.sr.dcm"
    assert report.exists()
    assert "numbers written and read back" in bench.said[-1][1]
    # Dropped on its images.
    opened = get_reader(str(report))
    assert opened is not None
    assert opened(str(report)) == [(None,)]
    shown = dialog(bench, "report_dialog")
    table = shown.findChild(QTableWidget, "report_table")
    texts = {table.item(line, 3).text() for line in range(table.rowCount())}
    heights = bench.desk.reading.results("ct").height_loss
    assert repr(heights.graded_loss) in texts
    assert "made on the images of the open case" in shown.belonging.text()
    shown.close()
    # A slice of the images is nothing that is taken for a report.
    slice_file = next(path for path in read.images.rglob("*") if path.is_file())
    assert get_reader(str(slice_file.rename(slice_file.with_suffix(".dcm")))) is None


def test_a_report_on_other_images_is_not_shown_over_these(bench, tmp_path: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom, which writes these objects, is not installed")
    from napari_vcf.interchange.writing import write_dicom

    made = make("CT only", tmp_path)
    (report, *_) = write_dicom(made.path, made.images, tmp_path / "out").files
    row = bench.arrangement.case_panel.dicom
    row.say_report(report)
    assert "report on other images" in bench.said[-1][1]
    assert not row.findChildren(QDialog, "report_dialog")


def test_dicom_is_not_written_of_a_reading_that_came_while_the_folder_was_asked_for(bench, tmp_path: Path) -> None:
    from qtpy.QtWidgets import QFileDialog

    from support.synthetic_case import make_case

    bench.desk.export(tmp_path / "C001_R1.json")
    row = bench.arrangement.case_panel.dicom
    row.ask_dicom()
    asked = next(d for d in row.findChildren(QFileDialog, "dicom_folder_dialog") if d.isVisible())
    bench.open(make_case())
    bench.desk.export(tmp_path / "other.json")
    asked.fileSelected.emit(str(tmp_path))
    assert "no longer open" in bench.said[-1][1]
    assert not row.errand.running


class Files:
    """A server that has what lies in a folder."""

    def __init__(self, folder: Path) -> None:
        self.objects = [pydicom.dcmread(path) for path in sorted(folder.rglob("*")) if path.is_file()]

    def studies(self, wanted: object) -> list[object]:
        from napari_vcf.interchange.servers import StudyEntry

        first = self.objects[0]
        return [StudyEntry(str(first.StudyInstanceUID), "20240131", "spine", "CT", str(len(self.objects)))]

    def find(self, wanted: object) -> list[str]:
        return [str(self.objects[0].StudyInstanceUID)]

    def instances(self, study_uid: str) -> list[object]:
        from napari_vcf.interchange.servers import Instance

        return [
            Instance(study_uid, str(d.SeriesInstanceUID), str(d.SOPInstanceUID), str(d.SOPClassUID), "CT", "")
            for d in self.objects
        ]

    def retrieve(self, wanted: Iterable[object]) -> Iterator[object]:
        from napari_vcf.interchange.servers import Received

        names = {each.sop_uid for each in wanted}
        for dataset in self.objects:
            if str(dataset.SOPInstanceUID) in names:
                stream = io.BytesIO()
                dataset.save_as(stream)
                yield Received(str(dataset.SOPInstanceUID), stream.getvalue())


def test_a_study_is_searched_for_brought_whole_and_opened(bench, tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("pynetdicom", reason="the extra 'dicom' is not installed")
    from napari_vcf.interchange import connecting

    made = make("CT only", tmp_path)
    asked: list[dict[str, object]] = []

    def connect(**named: object) -> Files:
        asked.append(named)
        return Files(made.images)

    monkeypatch.setattr(connecting, "connect", connect)
    bench.desk.saved = True
    # The form keeps the name that the folder before had.
    brought = tmp_path / "brought" / bench.arrangement.case_panel.case_name.text()
    bench.hands.key("Ctrl+Shift+A")
    shown = dialog(bench, "archive_dialog")
    shown.search_button.click()
    assert "every study of the server is not listed" in shown.trouble.text()
    assert not asked
    for name, text in (
        ("archive_server", "https://pacs.example.org/dicom-web"),
        ("archive_patient_id", "P1"),
        ("archive_folder", str(tmp_path / "brought")),
    ):
        shown.findChild(QLineEdit, name).setText(text)
    shown.search_button.click()
    bench.until(lambda: shown.table.rowCount() == 1, seconds=20)
    assert [shown.table.item(0, column).text() for column in range(4)] == ["2024-01-31", "spine", "CT", "10"]
    assert asked[0]["dicomweb"] == "https://pacs.example.org/dicom-web"
    panel = bench.arrangement.case_panel
    assert shown.open_button.isEnabled()
    said: list[str] = []
    shown.fetching.failed.connect(said.append)
    shown.open_button.click()
    bench.until(lambda: said or brought.exists(), seconds=60)
    assert not said
    bench.until(lambda: brought.exists() and not panel.opener.running, seconds=30)
    bench.until(lambda: [image.label for image in bench.desk.case.images.values()] == ["CT"], seconds=30)
    assert len(list(brought.iterdir())) == 10


def test_neither_button_nor_key_is_there_while_a_study_is_read(window, tmp_path: Path) -> None:
    from napari_vcf.study import open_study
    from napari_vcf.widgets.study.study_window import WORKLIST, begin_study
    from napari_vcf.widgets.window.arrangement import OtherDeskError
    from support.studies import make_study

    panel = begin_study(window.arrangement, open_study(make_study(tmp_path, cases=1)).as_reader("R1"))
    try:
        window.until(lambda: panel.study_desk.session is not None)
        window.settle()
        main = window.arrangement.main
        assert not [b for b in main.findChildren(QPushButton) if b.objectName() in ("open_archive", "export_dicom")]
        for key in ("Ctrl+Shift+A", "Ctrl+Shift+M"):
            window.hands.key(key)
        assert not main.findChildren(QDialog, "archive_dialog")
        with pytest.raises(OtherDeskError):
            window.arrangement.case_panel  # noqa: B018
    finally:
        panel.study_desk.dispose()
        window.desk.disposed.disconnect(panel.study_desk.dispose)
        window.arrangement.replace_panel(WORKLIST, "Case", panel.instead_of)
        menu = main.menuBar()
        menu.setEnabled(True)
        menu.show()
