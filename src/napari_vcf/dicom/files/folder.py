"""The files of a folder, whatever they are called and however deep they lie; what is no file is refused by name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from napari_vcf.dicom.errors import FolderError
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

__all__ = ["Refusal", "files_below", "folder_of"]

_IGNORED: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not read.

    Attributes
    ----------
    path : Path
        Relative to the scanned folder.
    reason : str
        Why, for a technician.
    unread : bool
        Whether the disk did not give it: another time it may be read, and be an image.
    """

    path: Path
    reason: str
    unread: bool = False


def folder_of(folder: Path) -> Path:
    """The folder that a person means: itself, or where the DICOMDIR lies that is named.

    Parameters
    ----------
    folder : Path
        A folder, or a DICOMDIR.

    Returns
    -------
    Path

    Raises
    ------
    FolderError
        If it is missing, or neither.
    """
    if not folder.exists():
        raise FolderError(say("The folder {folder} does not exist.", folder=folder))
    if folder.is_dir():
        return folder
    if folder.name.upper().startswith("DICOMDIR"):
        # A DICOM directory lists what lies beside and below it; the files themselves say more, and are always right.
        return folder.parent
    raise FolderError(say("{folder} is a file, not a folder; give the folder that holds the images.", folder=folder))


def files_below(root: Path, refused: list[Refusal]) -> Iterator[str]:
    """Every file in a folder and its subfolders.

    Parameters
    ----------
    root : Path
        The folder.
    refused : list of Refusal
        Gets what is neither a file nor a folder that can be listed.

    Yields
    ------
    str
        Path relative to the folder, with slashes.

    Raises
    ------
    FolderError
        If the folder itself cannot be listed.
    """
    waiting = [""]
    reason: str
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(root / prefix) as entries:
                members = list(entries)
        except OSError as error:
            reason = say("The folder cannot be listed: {reason}.", reason=system_says(error))
            if not prefix:
                raise FolderError(reason) from error
            refused.append(Refusal(Path(prefix), reason, unread=True))
            continue
        for entry in members:
            name = prefix + entry.name
            unread = False
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                    continue
                reason = _no_file(entry)
            except OSError as error:
                reason = say("The file cannot be looked at: {reason}.", reason=system_says(error))
                # Links in a circle will never be more than that.
                unread = error.errno != errno.ELOOP
            if entry.name.lower() in _IGNORED:
                continue
            if not reason:
                yield name
            else:
                refused.append(Refusal(Path(name), reason, unread=unread))


def _no_file(entry: os.DirEntry[str]) -> str:
    """Why an entry of a folder is no file to open; empty where it is one."""
    # Opening a pipe would wait for ever.
    if entry.is_file():
        return ""
    if entry.is_dir():
        # A link may lead in a circle, or to another patient.
        return say("This is a link to a folder, which is not followed; put the folder itself there, or open it.")
    return say("This is not a regular file, or a link to nothing.")
