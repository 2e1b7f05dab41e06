"""The commands that open a window: what they refuse before there is one, and what is in it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vcf.cli import main
from support.studies import make_study


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    return make_study(tmp_path, cases=1, stages=["mri"])


@pytest.fixture
def no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> None:
        pytest.fail("A window was opened.")

    monkeypatch.setattr("napari_vcf.widgets.window.launch.open_window", opened)
    monkeypatch.setattr("napari_vcf.widgets.study.study_window.open_consensus_window", opened)


def test_what_is_wrong_is_said_before_there_is_a_window(
    begun: Path, tmp_path: Path, no_window: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.json").write_text('{"snapping": "perhaps"}', encoding="utf-8")
    (tmp_path / "latin.json").write_bytes(b"\xe9")
    for command, words in (
        (["read", str(begun), "--reader", "R9"], "has no reader 'R9'"),
        (["read", str(tmp_path / "none"), "--reader", "R1"], "This folder is not a study"),
        (["consensus", str(begun), "--case", "C001"], "C001"),
        (["consensus", str(begun), "--case", "C009"], "C009"),
        (["open", str(tmp_path), "--protocol", str(tmp_path / "rules.json")], "snapping"),
        (["open", str(tmp_path), "--protocol", str(tmp_path / "latin.json")], "is not UTF-8 text"),
        (["open", str(tmp_path), "--protocol", str(tmp_path / "none.json")], "cannot be read"),
    ):
        assert main(command) == 1, command
        said = capsys.readouterr().err
        assert said.startswith("napari-vcf: "), command
        assert words in said, command


@pytest.fixture
def shared(window, monkeypatch: pytest.MonkeyPatch):
    """The commands get the tests' window, and come back at once."""
    monkeypatch.setattr("napari_vcf.widgets.window.launch.open_window", lambda: window.arrangement)
    monkeypatch.setattr("napari.run", lambda: None)
    yield window
    window.desk.saved = True
    window.desk.close()


@pytest.mark.gui
def test_open_reads_the_folder_under_the_names_that_were_given(shared, tmp_path: Path) -> None:
    from support.patients import write_patient

    write_patient(tmp_path / "case")
    names = ["--case", "C042", "--reader", "R7", "--study", "TRIAL"]
    assert main(["open", str(tmp_path / "case"), *names]) == 0
    shared.until(lambda: shared.desk.reading is not None, seconds=30)
    reading = shared.desk.reading
    assert (reading.case.pseudonym, reading.reader, reading.study) == ("C042", "R7", "TRIAL")
    assert {image.label for image in reading.case.images.values()} == {"CT", "T1", "T2", "ADC"}


@pytest.mark.gui
def test_demo_begins_the_sample_case(shared, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(shared.arrangement.case_panel, "open_sample", lambda: begun.append(True))
    assert main(["demo"]) == 0
    assert begun == [True]


@pytest.mark.gui
def test_read_begins_the_worklist_of_the_reader_and_of_nobody_else(shared, begun: Path, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr("napari_vcf.widgets.study.study_window.begin_study", lambda *given: seen.append(given))
    assert main(["read", str(begun), "--reader", "R2"]) == 0
    ((arrangement, study),) = seen
    assert arrangement is shared.arrangement
    assert study.reader == "R2"
