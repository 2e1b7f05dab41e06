"""What is analysed apart stays apart: in the numbers, in the tables and in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.readings import of_protocol, put
from support.running import refuse, run, write_table


def two_sites(folder: Path, *, same_names: bool) -> Path:
    """Two readers, three cases for each of two protocols, in a folder for each."""
    for site, first, changes in (("a", 0, {}), ("b", 3, {"degree_cuts": ("1/4", "3/4")})):
        for number in range(3):
            for reader in ("R1", "R2"):
                case = f"C{first + number}"
                name = f"case{number}_{reader}" if same_names else f"{case}_{reader}"
                put(folder / site / f"{name}.json", case, reader, of_protocol("mri", **changes))
    return folder


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path: Path, capsys: Any) -> None:
    folder = two_sites(tmp_path / "sites", same_names=True)
    said = refuse(capsys, tmp_path, folder)
    assert "a/case0_R1.json" in said
    assert "b/case0_R1.json" in said
    found = run(tmp_path, folder, "--apart", "--bootstrap", "0")
    rows = found.find(analysis="between_readers", item="compression_degree", statistic="percent_agreement")
    assert [row["n"] for row in rows] == [3, 3]
    assert len({row["note"] for row in rows}) == 2
    assert len(found.document["sources"]) == 12


def test_a_table_beside_two_protocols_is_refused_as_it_names_none(tmp_path: Path, capsys: Any) -> None:
    folder = two_sites(tmp_path / "sites", same_names=False)
    rows = [[f"C{number}", "R3", "mri", "verdict", "benign", ""] for number in range(6)]
    said = refuse(capsys, tmp_path, folder, write_table(tmp_path / "t.csv", rows), "--apart")
    assert "t.csv does not say to which part its answers belong" in said
    assert "one after the other" in said


def test_masks_of_a_stage_stay_with_the_protocol_of_its_file(tmp_path: Path) -> None:
    # As a study exports them, each stage is a file of its own, here under a protocol of its own.
    for number in range(3):
        for reader in ("R1", "R2"):
            case = f"C{number}"
            put(tmp_path / "in" / f"{case}_{reader}_mri.json", case, reader, of_protocol("mri"))
            other = of_protocol("ct", degree_cuts=("1/4", "3/4"))
            put(tmp_path / "in" / f"{case}_{reader}_ct.json", case, reader, other)
    found = run(tmp_path, tmp_path / "in", "--apart", "--bootstrap", "0")
    masks = found.find(item="body_mask", stage="mri", statistic="dice")
    assert len(masks) == len({row["note"] for row in masks}) == 1
