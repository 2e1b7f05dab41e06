"""The command ``doctor``: what is wrong is said in words, and nobody is named."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.cli import doctor, main

_GOOD = {
    "binding": "PySide6",
    "qt": "6.9.0",
    "platform": "xcb",
    "screens": [{"width": 1920, "height": 1080, "scale": 1.0}],
    "gl": {"vendor": "Maker", "renderer": "Card", "version": "4.6"},
}


def _answer(monkeypatch: pytest.MonkeyPatch, *, out: Any = None, err: str = "") -> None:
    code = 0 if out is not None else 1
    done = subprocess.CompletedProcess([], code, stdout=f"a remark\n{json.dumps(out)}\n", stderr=err)
    monkeypatch.setattr(doctor.subprocess, "run", lambda *args, **kwargs: done)


def _found(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, dict[str, str]]]]:
    status = main(["doctor", "--json", *arguments])
    sections = json.loads(capsys.readouterr().out)
    return status, {name: {item["item"]: item for item in found} for name, found in sections.items()}


def test_a_good_machine_has_nothing_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _answer(monkeypatch, out=_GOOD)
    status, found = _found(capsys)
    assert status == 0
    assert found["Program"]["napari"]["text"] == importlib.metadata.version("napari")
    assert "ruff" not in found["Program"]
    assert "Folder" not in found


def test_drawing_in_software_and_a_small_screen_are_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gl = {"vendor": "Mesa", "renderer": "llvmpipe (LLVM 15)", "version": "4.5"}
    _answer(monkeypatch, out={**_GOOD, "screens": [{"width": 1280, "height": 720, "scale": 1.5}], "gl": gl})
    status, found = _found(capsys)
    assert status == 0
    assert found["Window"]["OpenGL"]["state"] == "warning"
    assert found["Window"]["Screen"]["state"] == "warning"
    assert "1280 x 720" in found["Window"]["Screen"]["text"]


def test_no_opengl_is_a_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _answer(monkeypatch, out={**_GOOD, "gl": None})
    status, found = _found(capsys)
    assert (status, found["Window"]["OpenGL"]["state"]) == (1, "fault")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("qtpy.QtBindingsNotFoundError: No Qt bindings could be found", "napari-vcf[pyside6]"),
        ("ImportError: libEGL.so.1: cannot open shared object file: No such file", "libEGL.so.1 is missing"),
        ("qt.qpa.xcb: could not connect to display \n", "no display can be opened"),
        ("", "it said nothing"),
    ],
)
def test_a_qt_that_does_not_start_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, words: str
) -> None:
    _answer(monkeypatch, err=said)
    status, found = _found(capsys)
    assert status == 1
    assert words in found["Window"]["Qt"]["text"]


def test_a_package_that_is_missing_or_too_old_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answer(monkeypatch, out=_GOOD)
    wanted = ["absent-package>=1", "numpy>=999", "absent-extra; extra == 'dicom'", "other-extra; extra == 'dev'"]
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: wanted)
    status, found = _found(capsys)
    assert status == 1
    assert found["Program"]["absent-package"]["state"] == "fault"
    assert ">=999" in found["Program"]["numpy"]["text"]
    assert found["Program"]["absent-extra"]["state"] == "ok"
    assert "other-extra" not in found["Program"]


def test_the_folder_of_a_study_is_tried_and_the_words_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_window", lambda: [])
    assert main(["doctor", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "Locks: A lock that one process holds keeps another one out." in printed
    assert str(Path.home()) not in printed


def test_a_folder_that_is_not_there_is_refused_before_anything_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", str(tmp_path / "absent")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "absent is not a folder" in printed.err
