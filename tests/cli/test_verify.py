"""The command ``verify``: every number of an export again from its images, and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.reading import read_reading
from napari_vcf.records.sealing import seal_text


@pytest.fixture
def export(finished: Path) -> Path:
    return next(path for path in (finished.parent / "out").glob("*.json") if "mri" in path.name)


def test_an_export_agrees_with_its_images(export: Path, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(export), "--images", str(finished.parent / "images" / "Musterfrau_0")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{export.name}: ")
    assert said.endswith("values compared, all agree.\n")


def test_a_changed_number_is_named_and_the_status_is_1(
    export: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = read_reading(export)
    stage = document.stages["mri"]
    first = stage.calipers[0].model_copy(update={"mm": stage.calipers[0].mm + 1.0})
    stages = document.stages | {"mri": stage.model_copy(update={"calipers": (first, *stage.calipers[1:])})}
    changed = tmp_path / "changed.json"
    # Under a seal of its own, so that it is the number that is found.
    changed.write_text(seal_text(document.model_copy(update={"stages": stages})), encoding="utf-8")
    assert main(["verify", str(changed), "--images", str(finished.parent / "images" / "Musterfrau_0")]) == 1
    said = capsys.readouterr().out
    assert "DIFFERS  " in said
    assert said.splitlines()[-1].endswith(" differ.")


def test_other_images_are_not_taken_for_these(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(export), "--images", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("napari-vcf: ")
