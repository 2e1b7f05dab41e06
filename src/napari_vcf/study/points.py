"""The coordinator's points: where the fractured vertebra lies on MRI and on CT, for registrations computed ahead.

The file never goes into the study.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from napari_vcf.study.errors import StudyError
from napari_vcf.study.study_folder import Key

__all__ = ["COLUMNS", "CasePoints", "read_points"]

COLUMNS: Final = ("case", "mr_x", "mr_y", "mr_z", "ct_x", "ct_y", "ct_z")
#: No scanner's table is that long: such a number is not in mm, or of another column.
_FARTHEST_MM: Final = 5000.0

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CasePoints:
    """The centre of the fractured body in each, LPS mm."""

    mr: Triple
    ct: Triple


def read_points(path: Path | str, key: Key) -> dict[str, CasePoints]:
    """Read the coordinator's points; all lines are right, or none is taken.

    Parameters
    ----------
    path : path
        CSV with the columns of `COLUMNS`; a case is called by its pseudonym, by its folder of images, or by that
        folder's name.
    key : Key
        Which folder is which case.

    Returns
    -------
    dict of str to CasePoints
        By pseudonym; cases without a line are not in it.

    Raises
    ------
    StudyError
        If the file cannot be read, or a line of it is wrong; the sentence names the first lines by their number, and
        no patient.
    """
    source = Path(path)
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError("The file of points cannot be read; it is to be CSV in UTF-8.") from error
    header = [name.strip().lower() for name in rows[0]] if rows else []
    lacking = [name for name in COLUMNS if header.count(name) != 1]
    if lacking:
        raise StudyError(
            f"The file of points needs each of these columns once, with commas between: {', '.join(COLUMNS)}. "
            f"Not so: {', '.join(lacking)}."
        )
    places = [header.index(name) for name in COLUMNS]
    names = _names(key)
    found: dict[str, CasePoints] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(field.strip() for field in row):
            continue
        try:
            case, points = _line(row, len(header), places, names)
            if case in found:
                raise StudyError(f"case {case} has a line already")
            found[case] = points
        except StudyError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise StudyError(f"The file of points is not used: {'; '.join(wrong[:3])}{more}.")
    return found


def _names(key: Key) -> dict[str, str | None]:
    """What a line may call a case; None where two folders have one name."""
    names: dict[str, str | None] = {}
    for case, links in key.cases.items():
        name = Path(links.folder).name
        names[name] = case if name not in names else None
    for case, links in key.cases.items():
        names[links.folder] = names[case] = case
    return names


def _line(row: list[str], width: int, places: list[int], names: Mapping[str, str | None]) -> tuple[str, CasePoints]:
    if len(row) != width:
        raise StudyError(f"it has {len(row)} fields, and the header has {width}")
    called, *texts = (row[place].strip() for place in places)
    case = names.get(called, names.get(called.rstrip("/\\")))
    if case is None:
        raise StudyError(
            "two folders of this study have that name; give the whole path"
            if called in names
            else "the study has no such case or folder"
        )
    numbers = []
    for name, text in zip(COLUMNS[1:], texts, strict=True):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= _FARTHEST_MM:
            raise StudyError(f"{name} is no number in mm with a decimal point")
        numbers.append(value)
    return case, CasePoints((numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5]))
