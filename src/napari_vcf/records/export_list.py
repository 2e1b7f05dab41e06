"""What the export of a study leaves beside its files, for those who take the folder up: names, and the list."""

from __future__ import annotations

from typing import Final

from napari_vcf.records.sealing import sha256_of

__all__ = ["AMENDED", "LIST", "SET_ASIDE", "is_as_written", "listed_files", "text_of_list"]

#: The list of the files, in the format of ``sha256sum -c``.
LIST: Final = "SHA256SUMS"
#: The table of what the coordinator set aside, with the reasons.
SET_ASIDE: Final = "set-aside.csv"
#: Folder of the versions that were amended later.
AMENDED: Final = "amended"
#: Begins the last line, which other tools take for a comment.
_MARK: Final = "# "


def text_of_list(files: dict[str, str]) -> str:
    """The list as it is written, closed by a line with its own hash.

    Parameters
    ----------
    files : dict of str to str
        Name, from the folder of the list, to SHA-256.

    Returns
    -------
    str
    """
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return f"{text}{_MARK}{sha256_of(text)}\n"


def listed_files(text: str) -> dict[str, str]:
    """Name to hash of every file on a list, whoever wrote it."""
    lines = (line.partition("  ") for line in text.splitlines() if not line.startswith("#"))
    return {name: sha256 for sha256, _, name in lines if name}


def is_as_written(text: str) -> bool | None:
    """Whether a list is as an export wrote it; None for one without the closing line, which is of another origin."""
    body, found, mark = text.rpartition(_MARK)
    return mark == f"{sha256_of(body)}\n" if found else None
