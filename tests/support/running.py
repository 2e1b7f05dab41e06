"""Runs the command on small tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from napari_vcf.cli import main

COLUMNS = ("case", "reader", "stage", "item", "value", "unit")


def write_table(path: Path, rows: Iterable[Sequence[object]], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def answers(
    item: str, by_reader: dict[str, Sequence[object]], *, stage: str = "ct", unit: str = ""
) -> list[list[object]]:
    """Rows of one item: the i-th answer is case C001 + i."""
    return [
        [f"C{number:03d}", reader, stage, item, value, unit]
        for reader, values in by_reader.items()
        for number, value in enumerate(values, start=1)
    ]


class Result:
    """What the command wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.document: dict[str, Any] = json.loads((folder / "agreement.json").read_text(encoding="utf-8"))
        self.rows: list[dict[str, Any]] = self.document["rows"]

    def find(self, **wanted: Any) -> list[dict[str, Any]]:
        return [row for row in self.rows if all(row[name] == value for name, value in wanted.items())]

    def one(self, **wanted: Any) -> dict[str, Any]:
        found = self.find(**wanted)
        assert len(found) == 1, f"{len(found)} rows fit {wanted}"
        return found[0]

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")


def run(folder: Path, *arguments: str | Path) -> Result:
    out = folder / "out"
    assert main(["agreement", *map(str, arguments), "--out", str(out)]) == 0
    return Result(out)


def refuse(capsys: Any, folder: Path, *arguments: str | Path) -> str:
    """The sentence with which the command refuses; nothing is written."""
    out = folder / "refused"
    assert main(["agreement", *map(str, arguments), "--out", str(out)]) == 1
    assert not out.exists()
    return str(capsys.readouterr().err)
