"""The command ``phantom``: images in a folder, and their truth outside of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.cli import main
from napari_vcf.phantom import PhantomCase


def test_the_command_writes_images_and_puts_the_truth_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_case: PhantomCase
) -> None:
    monkeypatch.setattr(
        "napari_vcf.phantom.make_case", lambda spec: PhantomCase(spec, small_case.volumes, small_case.truth)
    )
    target = tmp_path / "case"
    assert main(["phantom", str(target), "--seed", "3"]) == 0
    assert {p.suffix for p in target.rglob("*") if p.is_file()} == {".dcm"}
    truth = json.loads((tmp_path / "case-truth.json").read_text())
    assert truth["level"] == small_case.truth.level
    assert np.array(truth["ct_to_mr"]) == pytest.approx(small_case.truth.ct_to_mr.matrix)


def test_the_command_refuses_to_put_the_truth_among_the_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["phantom", str(tmp_path / "case"), "--truth", str(tmp_path / "case" / "truth.json")]) == 1
    assert "outside" in capsys.readouterr().err
    assert not (tmp_path / "case").exists()


def test_the_command_refuses_a_negative_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom", str(tmp_path / "case"), "--seed", "-5"]) == 1
    assert "The seed is a whole number from 0, not -5." in capsys.readouterr().err
    assert not (tmp_path / "case").exists()
