"""Folders into which a study was exported: which of their files are readings to be analysed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.records.export_list import AMENDED, LIST, SET_ASIDE, is_as_written, listed_files

__all__ = ["chosen_files", "set_aside"]

_NAMED = 10


def chosen_files(
    files: Sequence[Path], inputs: Iterable[str | Path], *, consensus: bool
) -> tuple[list[Path], list[str]]:
    """Leave out what lies in the export of a study and is no reading to be compared.

    Left out are versions that were amended later, what was settled in consensus, and what the list of the folder does
    not name, such as a file of an earlier export whose case was withdrawn since. A folder without such a list was
    gathered by hand and is taken as it is.

    Parameters
    ----------
    files : sequence of Path
        All files of the input.
    inputs : iterable of path
        What was given.
    consensus : bool
        Whether what was settled in consensus stays.

    Returns
    -------
    chosen : list of Path
        In the same order.
    remarks : list of str
        What was left out, and why.

    Raises
    ------
    AgreementError
        If a list is not as the export wrote it.
    """
    places = [place for place in (Path(given) for given in inputs) if (place / LIST).is_file()]
    lists: dict[Path, frozenset[str] | None] = {}
    chosen: list[Path] = []
    beside: list[str] = []
    unlisted: dict[str, list[str]] = {}
    for path in files:
        folder = _export_of(path, places) if path.suffix.lower() == ".json" else None
        if folder is None:
            chosen.append(path)
            continue
        if folder not in lists:
            lists[folder] = _list_of(folder)
        listed, name = lists[folder], path.relative_to(folder).as_posix()
        if name.startswith(f"{AMENDED}/") or ("_consensus_" in path.name and not consensus):
            beside.append(path.name)
        elif listed is not None and name not in listed:
            unlisted.setdefault(folder.name, []).append(name)
        else:
            chosen.append(path)
    remarks = []
    if beside:
        what = (
            "1 file of the study's export is no reading"
            if len(beside) == 1
            else (f"{len(beside)} files of the study's export are no readings")
        )
        remarks.append(f"{what} before a consensus, or superseded, and left out: {_few(sorted(beside))}.")
    for folder_name, names in unlisted.items():
        what = "1 file is" if len(names) == 1 else f"{len(names)} files are"
        remarks.append(
            f"{what} not on the list {LIST} of folder '{folder_name}' and left out: {_few(sorted(names))}. An earlier "
            "export left them, or somebody else; readings that are to be analysed nevertheless belong in another "
            "folder."
        )
    return chosen, remarks


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_NAMED])}{' and more' if len(names) > _NAMED else ''}"


def _export_of(path: Path, places: Sequence[Path]) -> Path | None:
    """The folder of the export to which a file belongs, however the file was named."""
    near = [path.parent, *([path.parent.parent] if path.parent.name == AMENDED else [])]
    for folder in near:
        if (folder / LIST).is_file():
            return folder
    return next((place for place in places if path.is_relative_to(place)), None)


def _list_of(folder: Path) -> frozenset[str] | None:
    """Names on the list of a folder; None where the list is of other files, and so not that of an export."""
    try:
        text = (folder / LIST).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AgreementError(f"{LIST} of folder '{folder.name}' cannot be read ({error.strerror}).") from error
    written = is_as_written(text)
    if written is False:
        raise AgreementError(
            f"{LIST} of folder '{folder.name}' is not as the export wrote it, so it cannot say which readings count. "
            "Export the study into an empty folder."
        )
    names = frozenset(listed_files(text))
    return names if written or any(name.endswith(".json") for name in names) else None


def set_aside(inputs: Iterable[str | Path], files: Iterable[Path]) -> dict[tuple[str, str], str]:
    """What the coordinators of studies set aside, from the table beside their exports.

    Parameters
    ----------
    inputs : iterable of path
        What was given.
    files : iterable of Path
        The files that were found in it.

    Returns
    -------
    dict of (str, str) to str
        Case and stage to the reason; the stage is ``all`` for a case that was withdrawn.

    Raises
    ------
    AgreementError
        If a line lacks the case, the stage or the reason.
    """
    found: dict[tuple[str, str], str] = {}
    for folder in dict.fromkeys([*(Path(given) for given in inputs), *(path.parent for path in files)]):
        path = folder / SET_ASIDE
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            for number, line in enumerate(csv.DictReader(stream), start=2):
                if not (line.get("case") and line.get("stage") and line.get("reason")):
                    raise AgreementError(f"{path.name}, line {number}: a case, a stage and a reason are asked for.")
                found[line["case"], line["stage"]] = line["reason"]
    return found


def is_aside(aside: Mapping[tuple[str, str], str], case: str, stage: str) -> tuple[str, str] | None:
    """The entry by which a stage of a case was set aside, if there is one."""
    return next((key for key in ((case, "all"), (case, stage)) if key in aside), None)
