"""A DICOMDIR: not needed to find images, but the only one to know which of them are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from napari_vcf.dicom.files.header import Header

__all__ = ["DIRECTORY_RECORDS", "missing_files"]

#: The element that makes a file a directory.
DIRECTORY_RECORDS: Final = 0x00041220
_FILE_ID: Final = 0x00041500


def missing_files(directory: Path, header: Header) -> list[str]:
    """Files that a directory names and that are not there.

    Parameters
    ----------
    directory : Path
        The DICOMDIR.
    header : Header
        Its elements.

    Returns
    -------
    list of str
        As the directory writes them, with slashes; in its order.
    """
    listed: dict[Path, dict[str, Path]] = {}
    missing: list[str] = []
    for record in header.items(DIRECTORY_RECORDS):
        parts = record.tokens(_FILE_ID)
        if parts and not _is_there(directory.parent, parts, listed):
            missing.append("/".join(parts))
    return list(dict.fromkeys(missing))


def _is_there(folder: Path, parts: tuple[str, ...], listed: dict[Path, dict[str, Path]]) -> bool:
    """Whether a path is below a folder; copies from a disc often change to small letters."""
    place = folder
    for part in parts:
        if place not in listed:
            listed[place] = _names_in(place)
        found = listed[place].get(part)
        if found is None:
            return False
        place = found
    return True


def _names_in(folder: Path) -> dict[str, Path]:
    try:
        paths = list(folder.iterdir())
    except OSError:  # no folder, or closed: the scan names a folder that it cannot list
        return {}
    # ISO 9660 writes a version behind the name, which some copies keep.
    return {path.name.partition(";")[0].rstrip(".").upper(): path for path in paths}
