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


#: One moment as people write it, and what else is promised to be refused, by what is said of it.
REFUSED = {
    "a date": """
        fall on May 17, 2023 | May 17th | MAY 2023 | may 17, 2023 | in may 2023 | May '23 | 17 May | 17May2023
        17-May-2023 | 17th of May 2023 | the 3rd of September | Sept. 3 | 2023 May 17 | 2023-May-17 | Jan 2
        Dec. 24th, 2022 | Sturz am 12. Mai 2023 | 12. Mai | 12. Oktober 2023 | im März 2023 | 3. Dez. 2022
        1. Jänner 2023 | am 12.5. gestürzt | vom 3.11. an | 12. 5. 2023 | Juli 2023 | chute le 3 mars 2023
        1er août | 14 juillet | février 2023 | 3 déc. 2022 | el 17 de mayo de 2023 | 17 de mayo | enero de 2023
        3 de diciembre | 2023年5月17日 | 2023年5月 | 5月17日跌倒 | 二〇二三年五月 | 五月十七日
        于2023-05-17跌倒 | ２０２３．０５．１７ | 23年5月 | 5/2023 | 05.2023 | 5-2023 | 2023-05 | 2023/5
        2023.05 | 12.5.23 | 2023 05 12 | 12 05 2023 | 2023 / 05 / 12 | 17–05–2023 | 5/17/2023 | 2023-05-17T10:00
    """,
    "above 89": """
        patient aged 92 | age 92 | age: 95 | aged 101 | 92yo woman | 92 y/o | 92 y.o. | 92-year-old | 92 yrs
        104 years | 92 y | woman, 92, back pain | female 92 | male (93) | 92F | 93 M | F/92 | 92-year old
        a woman of 92 | 91 female | 92 Jahre alt | 92-jährige Patientin | 92jähriger Mann
        im Alter von 92 Jahren | Alter 92 | Frau, 92 | 92 J. alt | 92 ans | âgée de 92 ans | femme 92 | 92 años
        edad 92 | mujer de 92 | 92岁 | 92 周岁 | 女，92 | 年龄92 | 九十二岁 | ninety-two years old
        in her nineties | a nonagenarian | Zweiundneunzigjährige | quatre-vingt-douze ans | noventa y dos años
    """,
    "by name": """
        seen by Herr Meyer | Herrn Meyer | Frau Schmidt | Dr. Huber | Dr.Huber | Frau Dr. Huber | Prof. Huber
        Doctor Smith | Mr Smith | Mrs. Smith | Ms Smith | Hr. Meyer | Fr. Meyer | Mme Dupont | Monsieur Dupont
        Mlle. Petit | Docteur Petit | Sr. García | Sra. García | Señora García | Dra. Gómez | 王先生 | 李女士
        张医生
    """,
    "year of birth": "born in 1931 | geb. 1931 | Jahrgang 1931 | née en 1931 | nacida en 1931 | 1931年出生 | DOB 1931",
}
TAKEN = """
    T12 | L1/2 | L4/5 and L5/S1 | C5/6, C6/7 | L1/2/3 | T11-L1 | 3/5 strength | strength 4/5 on the left
    PSA 12.5 | PSA 12.5. No pain | pain for 3 months | pain since 3 weeks | aged 75 | aged 89 | 89 years
    75yo man | 10/10 pain | VAS 7/10 | 7-8/10 | AVR 2019 | pulse 92, woman of 58
    patient: 90 degrees of flexion | 1998年生活 | above 89 | fracture in 1998 | since 2019 | surgery 2 years ago
    BP 120/90 | pulse 92 | SpO2 95% | SpO2 95 % | 98 kg | woman 95 kg | 100 m | walks 100 m | flexion 90 degrees
    95° | 120 mg | 1000-2000 IU | calcium 500-1000 mg daily | prednisolone 12.5 mg | Hb 9.5 g/dl
    T-score -2.5 / -3.1 | BMI 24.3 | EF 55 % | Gleason 3+4 | pT2 N0 M0 | temperature 38.5 | fever 101F
    Kyphosis of 25 degrees | may have osteoporosis | grade 2 may progress | pain may last 3 days
    May have metastases | T12 may be old | marrow 3 | decompression 2 | markers 12 | 2 maintained
    decreased 20 % | an augmented 3 | july | in spring | ages 60 to 70 | stage 3 | ECOG 1-2 | 2 of 3 vertebrae
    58-jährige Frau mit Rückenschmerzen | M. Bechterew | M. Paget | Fr. T12 | Fr. L1
    75 Jahre, Schmerzen seit 3 Wochen | seit 2.5 Jahren | Druckschmerz über L1, CRP 12.5 mg/l | Frau, 58
    femme de 58 ans, douleur depuis 3 mois | mujer de 58 años, dolor desde hace 3 meses | 58岁，腰痛3个月
    女性，58岁，无外伤 | 腰痛3年2个月 | 该女士腰痛 | 看医生后好转 | MS since 2010 | Sr 90 | prior to surgery
    drinks 3 beers | 5 to 10 mg | strength 3/5. 2019 surgery | grade 3. 2019 surgery
    24-36 months | 2 x 500 mg | 1.5 T | b 800 s/mm2 | Cobb 92 degrees
"""


def _each(table: str) -> list[str]:
    return [text.strip() for line in table.strip().splitlines() for text in line.split("|")]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, table in REFUSED.items() for text in _each(table)])
def test_what_is_promised_to_be_refused_is_refused_however_it_is_written(kind: str, text: str) -> None:
    for whole in (text, f"back pain, {text}, no trauma", f"{text}."):
        assert any(kind in found for found in identity_in(whole, HEADERS)), whole


@pytest.mark.parametrize("text", _each(TAKEN))
def test_clinical_numbers_and_words_are_not_refused(text: str) -> None:
    for whole in (text, f"back pain, {text}, no trauma"):
        assert list(identity_in(whole, HEADERS)) == [], whole


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
