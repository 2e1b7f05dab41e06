"""What napari asks the plugin about: folders and DICOMDIR, and no file of anybody else."""

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
