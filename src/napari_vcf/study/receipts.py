"""Receipts: what a reader keeps of each signature outside of the study, so that a later forgery can be told.

Whoever can write everywhere in a study can compute every hash in it anew. A receipt is one line, kept elsewhere, that
names the hash of what was signed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from napari_vcf.language import say
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage, Timestamp
from napari_vcf.records.errors import system_says
from napari_vcf.study.errors import StudyError
from napari_vcf.study.regular_files import read_regular

__all__ = ["Receipt", "append_receipt", "read_receipts"]

_MARK: Final = "napari-vcf-receipt-1"


class Receipt(FrozenModel):
    """One signature."""

    study: Pseudonym
    reader: Pseudonym
    case: Pseudonym
    stage: Stage
    occasion: int
    version: int
    sha256: str
    sealed_at: Timestamp

    def __str__(self) -> str:
        """Its line, without the end."""
        place = f"{self.study} {self.reader} {self.case} {self.stage} {self.occasion} {self.version}"
        return f"{_MARK} {place} {self.sha256} {self.sealed_at.isoformat()}"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a file of receipts; ``receipt`` is None where it is none."""

    number: int
    receipt: Receipt | None


def append_receipt(path: Path, receipt: Receipt, study: Path) -> None:
    """Write a receipt behind the others; it is on the disk when this returns.

    Raises
    ------
    StudyError
        If it cannot be written, or the file lies in the study, where it would be worth nothing.
    """
    if path.absolute().resolve().is_relative_to(study.absolute().resolve()):
        raise StudyError(say("The file of receipts must lie outside of the study: in it, it would be worth nothing."))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            read_regular(path)
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(f"{receipt}\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise StudyError(
            say(
                "The receipt could not be written to {name}: {value}. Keep this line: {receipt}",
                name=path.name,
                value=system_says(error),
                receipt=receipt,
            )
        ) from error


def read_receipts(path: Path) -> list[ReceiptLine]:
    """Read a file of receipts; blank lines are left out.

    Raises
    ------
    StudyError
        If it cannot be read.
    """
    try:
        text = read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        raise StudyError(
            say(
                "The file of receipts {name} cannot be read: {value}.",
                name=path.name,
                value=system_says(error),
            )
        ) from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            found.append(ReceiptLine(number, _parsed(line.split())))
    return found


def _parsed(words: list[str]) -> Receipt | None:
    if len(words) != 9 or words[0] != _MARK:
        return None
    names = ("study", "reader", "case", "stage", "occasion", "version", "sha256", "sealed_at")
    fields: dict[str, object] = dict(zip(names, words[1:], strict=True))
    try:
        fields["sealed_at"] = datetime.fromisoformat(words[8])
        return Receipt.model_validate(fields)
    except (ValueError, ValidationError):
        return None
