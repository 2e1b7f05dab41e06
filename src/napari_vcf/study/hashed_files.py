"""Small files that carry their own hash: canonical JSON, so that any changed byte is noticed."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from napari_vcf.language import say
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import FrozenModel
from napari_vcf.records.errors import system_says, what_helps
from napari_vcf.records.sealing import canonical_json, sha256_of
from napari_vcf.study.errors import DamagedError, StudyError
from napari_vcf.study.regular_files import read_regular
from napari_vcf.study.versions import model_of

__all__ = ["check_record", "read_record", "record_text", "write_record"]

_Record = TypeVar("_Record", bound=FrozenModel)


def record_text(record: FrozenModel) -> str:
    """Text of a record's file: the record and its SHA-256, in canonical JSON, and a line end."""
    content = record.model_dump(mode="json")
    return canonical_json({"record": content, "sha256": sha256_of(canonical_json(content))}) + "\n"


def write_record(
    path: Path, record: FrozenModel, *, overwrite: bool = False, check: Callable[[], None] | None = None
) -> None:
    """Write a record whole or not at all; see `write_atomically`.

    Raises
    ------
    WriteError
        If it cannot be written; an earlier file is untouched.
    """
    write_atomically(path, record_text(record), overwrite=overwrite, check=check)


def check_record(data: bytes) -> bool:
    """Whether the file of a record is as it was written."""
    return _content(data.decode("utf-8", "replace")) is not None


def _content(text: str) -> Any:
    """What a record holds; None where its hash does not."""
    try:
        document = json.loads(text)
        content = document["record"]
        whole = canonical_json(document) + "\n" == text and document["sha256"] == sha256_of(canonical_json(content))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return content if whole else None


def read_record(path: Path, model: type[_Record], what: str) -> _Record:
    """Read a record and check its hash.

    Parameters
    ----------
    path : Path
        The file.
    model : type
        What it holds.
    what : str
        Its name in sentences.

    Raises
    ------
    StudyError
        If the file cannot be read, or is of a version that this program does not know.
    DamagedError
        If it is not as it was written.
    """
    try:
        text = read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        gone = isinstance(error, FileNotFoundError) or error.errno == errno.EINVAL
        helps = say("Restore it from a backup") if gone else what_helps(error)
        raise StudyError(
            say(
                "{what} ({name}) cannot be read: {value}. {helps}.",
                what=what,
                name=path.name,
                value=system_says(error),
                helps=helps,
            )
        ) from error
    content = _content(text)
    if content is None:
        raise DamagedError(
            say("{what} ({name}) is not as it was written; restore it from a backup.", what=what, name=path.name)
        )
    return model_of(content, model, say("{what} ({name})", what=what, name=path.name))
