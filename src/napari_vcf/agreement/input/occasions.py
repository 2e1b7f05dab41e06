"""Which reading of a case an exported file is: the first, a repeated one, or another version of one that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.input.readings import CONSENSUS
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.state import Continued
from napari_vcf.records.base import Stage

__all__ = ["Occasions"]

_ONE = "they are two versions of one reading, and no repeated one. Name only the version that counts."


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that was read: what another one is compared with, without its masks."""

    path: Path
    name: str
    occasion: int
    version: int
    signed: bool
    started_at: datetime
    exported_at: datetime
    continues: Continued | None

    def goes_on_from(self, other: _Seen) -> bool:
        """Whether it continues the other, or may do so by way of versions that are not there."""
        earlier = self.continues
        if earlier is None or other.version > earlier.version:
            return False
        if other.version == earlier.version:
            return hashlib.sha256(other.path.read_bytes()).hexdigest() == earlier.sha256
        return other.exported_at <= earlier.exported_at


class Occasions:
    """Counts the readings of each stage of a case by a reader, and refuses two versions of one.

    Parameters
    ----------
    repeats : bool
        Whether a further file of a stage is a repeated reading where it does not count its readings itself.
    """

    def __init__(self, *, repeats: bool) -> None:
        self._repeats = repeats
        self._seen: dict[tuple[str, str, str], list[_Seen]] = {}

    def of(self, export: ReadingExport, path: Path, name: str) -> int:
        """Count a file.

        Parameters
        ----------
        export : ReadingExport
            What it holds.
        path : Path
            The file.
        name : str
            What it is called in messages.

        Returns
        -------
        int
            Its occasion, from 1.

        Raises
        ------
        AgreementError
            If it is another version of a reading that is there, or a repeated reading in some of its stages only.
        """
        reader = CONSENSUS if export.kind == "consensus" else export.reader
        before = {stage: self._seen.setdefault((export.case, reader, stage), []) for stage in export.stages}
        seen = _Seen(
            path,
            name,
            export.occasion,
            export.version if export.seal is None else export.seal.version,
            export.seal is not None,
            export.started_at,
            export.exported_at,
            export.continues,
        )
        for stage, files in before.items():
            for other in files:
                if why := self._versions(seen, other):
                    who = f"stage {stage} of case {export.case} by {reader}"
                    raise AgreementError(f"{name} and {other.name} both hold {who}{why}: {_ONE}")
        # A signed document says which reading it is, and so does one that counts.
        if self._repeats and not seen.signed and seen.occasion == 1 and export.kind == "reading":
            seen = replace(seen, occasion=self._next(name, before))
        for files in before.values():
            files.append(seen)
        return seen.occasion

    def _versions(self, one: _Seen, other: _Seen) -> str:
        """In which way two files of a stage are versions of one reading; empty where they are not."""
        if one.signed and other.signed:
            return f", signed as versions {other.version} and {one.version}" if one.occasion == other.occasion else ""
        if one.goes_on_from(other) or other.goes_on_from(one):
            return ", and one goes on from the other"
        # Two states of an unsigned reading, or copies. Unless repeats are sought, the doubled answer is named.
        if self._repeats and one.started_at == other.started_at and one.occasion == other.occasion:
            return ", begun at the same moment"
        return ""

    def _next(self, name: str, before: Mapping[Stage, list[_Seen]]) -> int:
        counts = {stage: 1 + max((other.occasion for other in files), default=0) for stage, files in before.items()}
        if len(set(counts.values())) > 1:
            words = ", ".join(f"reading {count} of stage {stage}" for stage, count in counts.items())
            raise AgreementError(
                f"{name} would be {words}: it cannot be told which of its stages are a repeated reading. Give each "
                "reading as one file, or as one file for each stage."
            )
        return next(iter(counts.values()), 1)
