"""What is refused, with its place, and what is analysed apart when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_vcf.agreement import (
    MixedReadingsError,
    TableError,
    analyse,
    load_readings,
    read_reference,
    readings_from_frame,
)
from support.running import answers, refuse, run, write_table

GOOD = answers("verdict", {"A": ["benign", "malignant", "benign"], "B": ["benign", "malignant", "malignant"]})


def write(folder: Path, rows: list[Any], name: str = "table.csv") -> Path:
    return write_table(folder / name, rows)


def test_an_unknown_value_is_refused_with_its_line(capsys: Any, tmp_path: Path) -> None:
    rows = [*GOOD, ["C004", "A", "ct", "verdict", "maybe", ""]]
    said = refuse(capsys, tmp_path, write(tmp_path, rows))
    assert "table.csv, line 8" in said
    assert "'maybe'" in said
    assert "benign, malignant" in said


def test_lines_are_counted_through_quoted_cells_and_blank_lines(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(
        'case,reader,stage,item,value\n"C\n1",A,ct,verdict,benign\n\nC2,A,ct,verdict,sure\n', encoding="utf-8"
    )
    assert "table.csv, line 5" in refuse(capsys, tmp_path, path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["C004", "A", "xray", "verdict", "benign", ""], "unknown stage 'xray'"),
        (["C004", "A", "ct", "confidence", "6", ""], "unknown value '6' of confidence"),
        (["C004", "A", "ct", "compression_degree", "IV", ""], "unknown value 'IV'"),
        (["C004", "A", "ct", "verdict", "Benign", ""], "unknown value 'Benign'"),
        (["C004", "A", "ct", "verdit", "benign", ""], "Is 'verdict' meant?"),
        (["C004", "A", "ct", "height_anterior", "nan", "mm"], "unknown value 'nan'"),
        (["C004", "A", "ct", "height_anterior", "12,5", "mm"], "unknown value '12,5'"),
        (["C004", "A", "ct", "height_anterior", "-1e+308", "mm"], "unknown value '-1e+308'"),
        (["C004", "A", "ct", "height_anterior", "1e-160", "mm"], "unknown value '1e-160'"),
        (["", "A", "ct", "verdict", "benign", ""], "the case is empty"),
        (["C004", " ", "ct", "verdict", "benign", ""], "the reader is empty"),
    ],
)
def test_what_is_not_understood_is_refused(capsys: Any, tmp_path: Path, row: list[str], words: str) -> None:
    said = refuse(capsys, tmp_path, write(tmp_path, [*GOOD, row]))
    assert words in said
    assert "line 8" in said


def test_a_doubled_answer_is_refused_with_both_places(capsys: Any, tmp_path: Path) -> None:
    said = refuse(capsys, tmp_path, write(tmp_path, [*GOOD, GOOD[1]]))
    assert "table.csv, line 8" in said
    assert "table.csv, line 3" in said
    other = write(tmp_path, GOOD, "again.csv")
    said = refuse(capsys, tmp_path, write(tmp_path, GOOD), other)
    assert "again.csv, line 2" in said
    assert "--repeats" in said


@pytest.mark.parametrize("column", ["case", "reader", "stage", "item", "value"])
def test_a_missing_column_is_named(capsys: Any, tmp_path: Path, column: str) -> None:
    names = [name for name in ("case", "reader", "stage", "item", "value") if name != column]
    said = refuse(capsys, tmp_path, write_table(tmp_path / "t.csv", [["x"] * 4], names))
    assert f"missing column {column}" in said


def test_columns_that_are_not_used_are_said(tmp_path: Path) -> None:
    rows = [[*row, "x"] for row in GOOD]
    found = run(
        tmp_path, write_table(tmp_path / "t.csv", rows, ("case", "reader", "stage", "item", "value", "unit", "mood"))
    )
    assert any("'mood'" in remark for remark in found.document["remarks"])


@pytest.mark.parametrize(
    "text", ["", "case,reader,stage,item,value\n", "\x00\x01", "case;reader;stage;item;value\n1;2;3;4;5\n"]
)
def test_files_that_are_no_tables(capsys: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert "t.csv" in refuse(capsys, tmp_path, path)


def test_a_table_with_other_separators_is_told_to_use_commas(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("case;reader;stage;item;value\nC1;A;ct;verdict;benign\n", encoding="utf-8")
    assert "separated by semicolons; commas are expected" in refuse(capsys, tmp_path, path)
    path.write_text("case;pathology\nC1;benign\n", encoding="utf-8")
    assert "separated by semicolons" in refuse(capsys, tmp_path, write(tmp_path, GOOD), "--reference", path)


def test_spaces_around_names_are_no_part_of_them(tmp_path: Path) -> None:
    rows = [[f" {case}", f"{reader} ", f"{stage} ", f" {item}", *rest] for case, reader, stage, item, *rest in GOOD[:3]]
    pathology = write_table(
        tmp_path / "p.csv", [["C001 ", "benign"], ["C002", "malignant"], ["C003", "benign"]], ("case", "pathology")
    )
    found = run(tmp_path, write(tmp_path, [*rows, *GOOD[3:]]), "--reference", pathology, "--bootstrap", "0")
    assert found.document["readers"] == ["A", "B"]
    assert found.one(analysis="between_readers", statistic="percent_agreement")["n"] == 3


@pytest.mark.parametrize("power", [-60, 59])
def test_measurements_of_any_size_give_a_number_or_words(tmp_path: Path, power: int) -> None:
    rows = answers("gap_mm", {"A": [f"{v}e{power}" for v in (1, 2, 5, 3)], "B": [f"{v}e{power}" for v in (2, 2, 4, 3)]})
    found = run(tmp_path, write(tmp_path, rows), "--bootstrap", "0")
    # An overflow would have no place in the document, which takes finite numbers only.
    assert all(row["value"] is not None or row["note"] for row in found.rows)


def test_bytes_that_are_no_text(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"case,reader,stage,item,value\n\xff\xfe,A,ct,verdict,benign\n")
    assert "UTF-8" in refuse(capsys, tmp_path, path)


def test_paths_that_name_nothing(capsys: Any, tmp_path: Path) -> None:
    assert "neither a file nor a folder" in refuse(capsys, tmp_path, tmp_path / "none.csv")
    (tmp_path / "empty").mkdir()
    assert "no exported reading" in refuse(capsys, tmp_path, tmp_path / "empty")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert "notes.txt" in refuse(capsys, tmp_path, tmp_path / "notes.txt")


def test_different_case_sets_are_refused_with_the_list_or_analysed_apart(capsys: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path, [*GOOD, ["C004", "A", "ct", "verdict", "benign", ""], ["C005", "A", "ct", "verdict", "benign", ""]]
    )
    said = refuse(capsys, tmp_path, path)
    assert "Case sets differ in stage ct: reader 'B' lacks 2 cases: C004, C005" in said
    found = run(tmp_path, path, "--apart")
    assert found.one(statistic="cohen_kappa")["n"] == 3
    assert found.document["left_out"][0]["cases"] == ["C004", "C005"]
    assert any("lacks 2 cases" in remark for remark in found.document["remarks"])


def test_different_units_are_refused_or_analysed_apart(capsys: Any, tmp_path: Path) -> None:
    rows = answers("adc_lesion", {"A": [1.1, 1.2, 1.3]}, unit="1e-3 mm2/s") + answers(
        "adc_lesion", {"B": [1100, 1200, 1300]}, unit="um2/s"
    )
    path = write(tmp_path, rows)
    said = refuse(capsys, tmp_path, path)
    assert "Units of adc_lesion differ: '1e-3 mm2/s' (A); 'um2/s' (B)" in said
    found = run(tmp_path, path, "--apart", "--bootstrap", "0")
    assert all(row["value"] is None for row in found.find(statistic="icc_a_1"))


def test_adc_on_different_scales_is_noticed_without_units(capsys: Any, tmp_path: Path) -> None:
    rows = answers("adc_lesion", {"A": [1.05, 1.2, 0.9], "B": [1050, 1210, 880]})
    said = refuse(capsys, tmp_path, write(tmp_path, rows))
    assert "ADC scales differ: the median of adc_lesion is 1.05 for reader 'A' and 1050 for reader 'B'" in said
    assert "ADC scales differ" in refuse(capsys, tmp_path, write(tmp_path, rows), "--apart")


@pytest.mark.parametrize("line", ["C009,A,ct,verdict", "C009,A,ct,verdict,benign,,", "C009"])
def test_a_row_with_too_few_or_too_many_cells_is_refused(capsys: Any, tmp_path: Path, line: str) -> None:
    path = write(tmp_path, GOOD)
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    assert "table.csv, line 8" in refuse(capsys, tmp_path, path)


def test_a_consensus_reading_is_refused_or_compared_with_the_reference_only(capsys: Any, tmp_path: Path) -> None:
    rows = [*GOOD, *answers("verdict", {"Consensus": ["benign", "malignant", "benign"]})]
    path = write(tmp_path, rows)
    assert "'Consensus' is a consensus reading" in refuse(capsys, tmp_path, path)
    pathology = write_table(
        tmp_path / "p.csv", [["C001", "benign"], ["C002", "malignant"], ["C003", "benign"]], ("case", "pathology")
    )
    found = run(tmp_path, path, "--apart", "--reference", pathology, "--bootstrap", "0")
    assert {tuple(row["readers"]) for row in found.find(analysis="between_readers")} == {("A", "B")}
    assert found.one(analysis="against_reference", readers=["Consensus"], statistic="accuracy")["value"] == 1
    assert not found.find(analysis="groups", readers=["Consensus"])


def test_one_reader_alone_has_nobody_to_agree_with(capsys: Any, tmp_path: Path) -> None:
    path = write(tmp_path, answers("verdict", {"A": ["benign", "malignant"]}))
    assert "two readers" in refuse(capsys, tmp_path, path)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("case,truth\nC001,benign\n", "missing column pathology"),
        ("case,pathology\nC001,bening\n", "p.csv, line 2: unknown pathology 'bening'"),
        ("case,pathology\nC001,benign\nC001,benign\n", "p.csv, line 3: case 'C001' a second time"),
        ("case,pathology\n,benign\n", "p.csv, line 2: the case is empty"),
        ("case,pathology\nC001\n", "p.csv, line 2: 1 cells under 2 columns"),
        ("case,pathology\nC001,benign\nC002,benign\n", "lacks 1 case(s) that were read: C003"),
        ("case,pathology\nC001,benign\nC002,benign\nC003,benign\nC004,benign\n", "1 case(s) that nobody read: C004"),
        ("case,pathology\n", "holds no case"),
        (
            "case,pathology,age\nC001,benign,61\nC002,benign,\nC003,benign,1e200\n",
            "p.csv, line 4: 1e+200 in column 'age'",
        ),
    ],
)
def test_a_reference_that_does_not_fit_is_refused(capsys: Any, tmp_path: Path, lines: str, words: str) -> None:
    reference = tmp_path / "p.csv"
    reference.write_text(lines, encoding="utf-8")
    assert words in refuse(capsys, tmp_path, write(tmp_path, GOOD), "--reference", reference)


@pytest.mark.parametrize("word", ["nan", "NA", "60y", "inf"])
def test_a_word_among_ages_is_refused_with_its_line_and_column(capsys: Any, tmp_path: Path, word: str) -> None:
    pathology = tmp_path / "p.csv"
    head = "case,pathology,age,level\nC001,benign,61,L1\n"
    pathology.write_text(f"{head}C002,malignant,{word},L1\nC003,benign,48,12\n", encoding="utf-8")
    said = refuse(capsys, tmp_path, write(tmp_path, GOOD), "--reference", pathology)
    assert f"p.csv, line 3: '{word}' in column 'age'" in said
    # An empty cell is missing, and a column that is mostly words holds categories.
    pathology.write_text(f"{head}C002,malignant,,L1\nC003,benign,48,12\n", encoding="utf-8")
    age, level = read_reference(pathology).baselines
    assert age.categories == ()
    assert level.categories == ("12", "L1")


@pytest.mark.parametrize(("option", "value"), [("--level", "1.5"), ("--bootstrap", "-1"), ("--seed", "-2")])
def test_options_out_of_range(capsys: Any, tmp_path: Path, option: str, value: str) -> None:
    assert value in refuse(capsys, tmp_path, write(tmp_path, GOOD), option, value)


def test_a_frame_is_checked_like_a_file() -> None:
    frame = pd.DataFrame(GOOD, columns=["case", "reader", "stage", "item", "value", "unit"])
    assert len(readings_from_frame(frame)) == 6
    frame.loc[4, "value"] = "who knows"
    with pytest.raises(TableError, match="row 5"):
        readings_from_frame(frame)


def test_differences_are_all_listed_in_the_error(tmp_path: Path) -> None:
    rows = [
        *GOOD[:-1],
        *answers("loss_anterior", {"A": [0.1]}, unit="1"),
        *answers("loss_anterior", {"B": [10]}, unit="%"),
    ]
    loaded = load_readings([write(tmp_path, rows)])
    with pytest.raises(MixedReadingsError) as caught:
        analyse(loaded.readings)
    assert len(caught.value.differences) == 2
