"""What a reader is told of a patient: entered by the coordinator, searched for identity, the same for all readers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.study import DamagedError, StudyError, check_study, create_study, open_study, prepare_study
from napari_vcf.study.clinical_text import clinical_text_of, identity_in, set_clinical_text
from napari_vcf.study.identity import HeadersSay
from napari_vcf.study.study_folder import StudyFolder
from support.patients import IDENTITY, write_patient
from support.studies import Clock, protocol_text

TEXT = "58 years, back pain for three weeks, no trauma"
HEADERS = HeadersSay(frozenset({"Doe^Jane", "19680102"}), {}, frozenset({"Doe", "Jane", "Li"}))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Doe, 58 years", "a name"),
        ("pain since li came", "a name"),
        ("born 19680102", "the headers"),
        ("pain since 2026-01-03", "a date"),
        ("pain since 3 March 2026", "a date"),
        ("number 12345678", "identifier"),
        ("file HOSP-4711-XY of the neighbour", "identifier"),
        ("see A1234", "identifier"),
        ("ask a.b@clinic.org", "electronic mail"),
        ("referred by Dr. Muster", "by name"),
        ("94-year-old", "above 89"),
    ],
)
def test_identity_in_a_text_is_found(text: str, kind: str) -> None:
    assert any(kind in found for found in identity_in(text, HEADERS))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "T12 fracture in 1998? Listhesis L4/5, T-score -2.5",
        "above 89 years",
        "CA-125 raised, 1000mg calcium, T11-T12",
    ],
)
def test_what_says_nothing_of_who_it_is_passes(text: str) -> None:
    assert list(identity_in(text, HEADERS)) == []


def begun(tmp_path: Path, allowed: str = "shown") -> Path:
    write_patient(tmp_path / "images" / "Erika")
    (tmp_path / "protocol.toml").write_text(protocol_text(clinical_text=allowed, stages=["ct"]), encoding="utf-8")
    create_study(
        tmp_path / "study", protocol=tmp_path / "protocol.toml", readers=["R1"], seed=1, images=[tmp_path / "images"]
    )
    return tmp_path / "study"


def test_the_protocol_decides_whether_there_is_any(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="keeps clinical text from the readers"):
        set_clinical_text(begun(tmp_path, "none"), "C001", TEXT)


def test_a_reader_sees_it_and_another_one_in_its_place_is_noticed(tmp_path: Path) -> None:
    root = begun(tmp_path)
    with pytest.raises(StudyError, match="not taken") as refused:
        set_clinical_text(root, "C001", f"{IDENTITY['PatientName'].split('^')[0].lower()}, 58 years")
    assert "muster" not in str(refused.value).lower()
    assert main(["study", "clinical", str(root), "--case", "C001", "--text", TEXT]) == 0
    prepare_study(root, workers=0)
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        assert session.clinical == TEXT
    assert check_study(root).damages == ()
    with pytest.raises(StudyError, match="being read already"):
        set_clinical_text(root, "C001", "another text")
    shutil.rmtree(root / "clinical")
    with pytest.raises(DamagedError, match="not the one with which this reading was begun"):
        open_study(root, clock=Clock()).as_reader("R1").next_case()
    assert "clinical text" in check_study(root).damages[0].what
    assert clinical_text_of(StudyFolder(root), "C001") is None
