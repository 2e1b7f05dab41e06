"""What lies in a study folder and is none of it: copies that a share made of a conflict, strangers, dropped cases."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from napari_vcf.study.damage import Found, WayOut
from napari_vcf.study.study_folder import StudyFolder, StudyRecord

__all__ = ["foreign_files"]

_JOURNAL: Final = r"journal\.(jsonl|head)"
_STAGE: Final = r"(ct|mri|combined)"
#: Paths of the program's files; ``<R>`` is a reader of the study, ``<C>`` a case.
_FILES: Final = (
    r"study\.json",
    r"protocol\.toml",
    r"prepare-report\.json",
    r"roles\.json",
    r"decisions\.progress",
    r"clinical/<C>\.json",
    r"truth/<C>\.json",
    rf"decisions/{_JOURNAL}",
    r"cases/<C>/(case|ct|mr|other|proposal)\.json",
    r"cases/<C>/(ct|mr|other)/[0-9a-f]{32}-\d+(\.padding)?\.npy",
    rf"readings/<R>/register/{_JOURNAL}",
    rf"readings/<R>/progress/<C>\.{_STAGE}-\d+\.v\d+",
    rf"readings/<R>/<C>/{_STAGE}-\d+/v\d+/({_JOURNAL}|(snapshot|seal|signature)\.json)",
    rf"consensus/register/{_JOURNAL}",
    rf"consensus/progress/<C>\.{_STAGE}(-stopped-\d+)?",
    rf"consensus/<C>/{_STAGE}(-stopped-\d+)?/({_JOURNAL}|(seal|signature)\.json)",
)
#: Folders whose content is somebody's own, or is looked at elsewhere.
_OWN: Final = ("exports",)
_TAKEN_OUT: Final = "Restore study.json if it was changed; otherwise this belongs elsewhere, so move it there."
#: Locks, and what an interrupted write left; all begin with a dot.
_OURS: Final = re.compile(
    r"\.(clock|lock|lock-owner(-\d+)?\.json|register|decisions|prepare)|\..+\.[0-9a-f]{16}\.(part|old)"
)


def foreign_files(folder: StudyFolder, record: StudyRecord) -> Iterator[Found]:
    """Everything in a study folder that the program did not write.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    record : StudyRecord
        Its readers and cases.

    Yields
    ------
    Found
        A file or folder, each named once. What lies in a folder that is named is not named again.
    """
    names = {"<R>": _one_of(record.readers), "<C>": _one_of(record.cases)}
    files: list[re.Pattern[str]] = []
    folders: set[str] = set()
    for pattern in _FILES:
        for sign, name in names.items():
            pattern = pattern.replace(sign, name)
        files.append(re.compile(pattern))
        parts = _split(pattern)
        folders.update("/".join(parts[:number]) for number in range(1, len(parts)))
    places = [re.compile(place) for place in folders]
    yield from _walk(folder.root, folder.root, files, places)


def _one_of(names: tuple[str, ...]) -> str:
    return f"({'|'.join(map(re.escape, names))})"


def _split(pattern: str) -> list[str]:
    """Parts of a path; no pattern has a slash within brackets."""
    return pattern.split("/")


def _walk(root: Path, place: Path, files: list[re.Pattern[str]], folders: list[re.Pattern[str]]) -> Iterator[Found]:
    for path in sorted(place.iterdir()):
        name = path.relative_to(root).as_posix()
        mode = path.lstat().st_mode
        if name in _OWN or _OURS.fullmatch(path.name):
            continue
        if stat.S_ISDIR(mode) and any(pattern.fullmatch(name) for pattern in folders):
            yield from _walk(root, path, files, folders)
        elif stat.S_ISDIR(mode):
            yield Found(path, *_stranger(name))
        elif not any(pattern.fullmatch(name) for pattern in files):
            yield Found(path, "it is not a file of the study.", WayOut.COMPARE)
        elif not stat.S_ISREG(mode) and not (stat.S_ISLNK(mode) and path.is_file()):
            yield Found(path, "it is not a regular file.", WayOut.RESTORE)


def _stranger(name: str) -> tuple[str, WayOut]:
    parts = name.split("/")
    if parts[0] == "readings" and len(parts) == 2:
        return f"the study has no such reader. {_TAKEN_OUT}", WayOut.SAID
    if (parts[0] == "readings" and len(parts) == 3) or (parts[0] in ("cases", "consensus") and len(parts) == 2):
        return f"the study has no such case. {_TAKEN_OUT}", WayOut.SAID
    return "it is not a folder of the study.", WayOut.TAKE_AWAY
