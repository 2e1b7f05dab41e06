"""The command ``check``: one line for each damage, JSON for scripts, and the exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from napari_vcf.cli import main


def test_a_study_that_is_whole_is_said_to_be(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(finished), "--exports", str(finished.parent / "out")]) == 0
    assert capsys.readouterr().out.endswith("3 seals, 3 exports: all whole.\n")


@pytest.mark.parametrize("where", ["-", "report.json"])
def test_a_changed_byte_is_named_on_the_screen_and_in_json(
    finished: Path, tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(finished, tmp_path / "study")
    seal = next(root.glob("readings/R1/C001/ct-1/v1/seal.json"))
    seal.write_text(seal.read_text(encoding="utf-8").replace("L1", "L2", 1), encoding="utf-8")
    target = where if where == "-" else str(tmp_path / where)
    assert main(["check", str(root), "--json", target]) == 1
    said = capsys.readouterr().out
    found = json.loads(said if where == "-" else (tmp_path / where).read_text(encoding="utf-8"))
    assert found["whole"] is False
    assert any("seal.json" in str(damage) for damage in found["damages"])
    if where != "-":
        assert "DAMAGED  readings/R1/C001/ct-1/v1/seal.json" in said
        assert said.splitlines()[-1].endswith(f"{len(found['damages'])} damaged.")
