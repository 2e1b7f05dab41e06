"""The protocol of readings outside a study, in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from napari_vcf.language import say
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.protocol import Protocol, as_it_was
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.errors import system_says

__all__ = ["read_protocol_file", "write_protocol_file"]


def read_protocol_file(path: Path) -> Protocol:
    """Read a protocol; one that was written whole decides what it did not know yet as it was then.

    Raises
    ------
    ReadingError
        If the file cannot be read or is no protocol; the first wrong place is named.
    """
    try:
        return Protocol.model_validate_json(_whole(path.read_text(encoding="utf-8")), strict=True)
    except OSError as error:
        raise ReadingError(
            say("The protocol {path} cannot be read: {strerror}.", path=path, strerror=system_says(error))
        ) from error
    except UnicodeDecodeError as error:
        raise ReadingError(say("The protocol {path} is not UTF-8 text.", path=path)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or say("the file")
        raise ReadingError(
            say("{path} is not a protocol: {place}: {first}.", path=path, place=place, first=first["msg"])
        ) from error


def _whole(text: str) -> str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # what is wrong with it is said by whoever checks it
        return text
    # The program writes every decision; who writes a file by hand names only some, and takes the rest as it is now.
    return json.dumps(as_it_was(content)) if isinstance(content, dict) and "stage_items" in content else text


def write_protocol_file(path: Path, protocol: Protocol, *, overwrite: bool = False) -> None:
    """Write a protocol; raises `WriteError` where the file exists and must not be replaced, or the disk refuses."""
    write_atomically(path, protocol.model_dump_json(indent=1) + "\n", overwrite=overwrite)
