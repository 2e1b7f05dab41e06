"""What the manifest tells napari: files it is asked about, commands, menus, preferences."""

from __future__ import annotations

from pathlib import Path

import pytest
from npe2 import PluginManager, PluginManifest


@pytest.fixture
def manager() -> PluginManager:
    manager = PluginManager()
    manager.register(PluginManifest.from_distribution("napari-vcf"))
    return manager


@pytest.mark.parametrize(
    ("name", "asked"), [("DICOMDIR", True), ("scan.tif", False), ("photo.png", False), ("t.csv", False)]
)
def test_napari_asks_for_a_dicomdir_and_for_no_common_file(
    manager: PluginManager, tmp_path: Path, name: str, asked: bool
) -> None:
    (tmp_path / name).touch()
    readers = list(manager.iter_compatible_readers([str(tmp_path / name)]))
    assert [reader.command for reader in readers] == ["napari-vcf.read_folder"] * asked


def test_napari_asks_for_a_folder(manager: PluginManager, tmp_path: Path) -> None:
    assert [reader.command for reader in manager.iter_compatible_readers([str(tmp_path)])] == ["napari-vcf.read_folder"]


def test_the_manifest_names_categories_menus_and_a_picture_that_is_there(manager: PluginManager) -> None:
    from importlib.resources import files

    manifest = manager.get_manifest("napari-vcf")
    assert {"Annotation", "Measurement", "Registration", "Segmentation"} <= {str(c) for c in manifest.categories}
    package, _, resource = str(manifest.icon).partition(":")
    assert files(package).joinpath(resource).read_text(encoding="utf-8").startswith("<svg")
    menus = {name: [item.command for item in items] for name, items in manifest.contributions.menus.items()}
    assert menus == {
        "napari/layers/measure": ["napari-vcf.calipers", "napari-vcf.adc"],
        "napari/layers/register": ["napari-vcf.registration"],
        "napari/layers/segment": ["napari-vcf.extent"],
    }


@pytest.mark.gui
def test_no_command_fails_when_it_is_called_without_a_path(bench) -> None:
    from napari._app_model import get_app_model
    from napari.utils.notifications import notification_manager
    from qtpy.QtWidgets import QFileDialog

    app = get_app_model()
    manifest = PluginManifest.from_distribution("napari-vcf")
    seen = len(notification_manager.records)
    for command in manifest.contributions.commands:
        if command.id == "napari-vcf.sample":
            continue
        app.commands.execute_command(command.id).result(timeout=5)
        bench.settle()
    dialogs = [d for d in bench.arrangement.main.findChildren(QFileDialog) if d.isVisible()]
    assert len(dialogs) == 1
    for dialog in dialogs:
        dialog.reject()
        # It has keys of its own as long as it is there.
        dialog.deleteLater()
    assert [str(record) for record in notification_manager.records[seen:]] == []
    assert bench.arrangement.docks["Findings"].isVisible()


@pytest.mark.gui
def test_preferences_choose_the_cache_folder_and_the_log(bench, tmp_path: Path, monkeypatch) -> None:
    from napari.settings import get_plugin_settings
    from napari.utils.notifications import notification_manager

    from napari_vcf.dicom import cache_folder
    from napari_vcf.widgets.common.preferences import log_path

    monkeypatch.delenv("NAPARI_VCF_CACHE")
    files = get_plugin_settings("napari-vcf").files
    usual = cache_folder()
    try:
        files.cache_folder = str(tmp_path)
        assert cache_folder() == tmp_path
        files.cache_folder = "here"
        assert cache_folder() == tmp_path
        assert "not the whole path" in notification_manager.records[-1].message
        files.cache_folder = "off"
        assert cache_folder() is None
        files.log = "warnings"
        bench.desk.message.emit("A warning for the log.", "warning")
        bench.desk.message.emit("Nothing for the log.", "info")
        written = log_path().read_text(encoding="utf-8")
        assert "A warning for the log." in written
        assert "Nothing for the log." not in written
    finally:
        files.cache_folder, files.log = "", "off"
    assert cache_folder() == usual


@pytest.mark.gui
def test_warnings_and_errors_are_notifications_of_napari_as_well(bench) -> None:
    from napari.utils.notifications import notification_manager

    for kind, text in (("info", "It went well."), ("warning", "Look again."), ("error", "It cannot be.")):
        bench.desk.message.emit(text, kind)
        assert bench.arrangement.bar.message.text() == text
    last = [(str(record.severity), record.message) for record in notification_manager.records[-2:]]
    assert last == [("warning", "Look again."), ("error", "It cannot be.")]


@pytest.mark.gui
def test_opening_shows_in_the_activity_dock_and_is_stopped_there(bench, tmp_path: Path) -> None:
    import threading

    from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar
    from qtpy.QtWidgets import QProgressBar

    go_on = threading.Event()
    opener = bench.arrangement.case_panel.opener
    stopped: list[str] = []
    opener.failed.connect(stopped.append)

    def prepare(report) -> Path:
        report(3, 10, "reading")
        go_on.wait(20)
        return tmp_path

    opener.open(prepare, pseudonym="C001")
    try:
        dock = bench.arrangement.main._activity_dialog
        bench.until(lambda: dock.findChildren(QtLabeledProgressBar), seconds=5)
        bar = dock.findChildren(QtLabeledProgressBar)[0]
        bench.until(lambda: bar.qt_progress_bar.value() == 3, seconds=5)
        assert (bar.qt_progress_bar.minimum(), bar.qt_progress_bar.maximum()) == (0, 10)
        assert "Opening a case, reading" in bar.description_label.text()
        # No bar anywhere runs without an end: each of its frames has the whole window drawn.
        assert all(b.maximum() > b.minimum() for b in bench.arrangement.main.findChildren(QProgressBar))
        bar.cancel_button.click()
    finally:
        go_on.set()
    bench.until(lambda: not opener.running, seconds=10)
    opener.failed.disconnect(stopped.append)
    assert stopped == [""]
    bench.until(lambda: not dock.findChildren(QtLabeledProgressBar), seconds=5)
