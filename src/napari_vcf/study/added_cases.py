"""Cases that the coordinator adds while a study runs: pseudonyms, the key, and an entry among the decisions."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from napari_vcf.records.base import utc_now
from napari_vcf.study.decisions import Decision, decisions_locked, read_decisions, write_decision
from napari_vcf.study.errors import StudyError, says_what_is_out_of_reach
from napari_vcf.study.reasons import checked_reason
from napari_vcf.study.study_folder import Key, KeyCase, StudyFolder, case_folders, default_key, read_key, write_key

__all__ = ["add_cases"]


@says_what_is_out_of_reach
def add_cases(
    root: Path | str,
    images: Sequence[Path | str],
    reason: str,
    *,
    key: Path | str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> tuple[str, ...]:
    """Add cases to a study; every reader reads them behind everything that was there before.

    Parameters
    ----------
    root : path
        The study folder.
    images : sequence of path
        Folders, each of which holds one folder for each case.
    reason : str
        Why; readers can read it.
    key : path, optional
        The key file; beside the study folder if left out.

    Returns
    -------
    tuple of str
        Their pseudonyms; prepare them next.

    Raises
    ------
    StudyError
        If a folder belongs to a case already, the key or the reason is missing, or the entry cannot be written.
    """
    folder = StudyFolder(Path(root))
    said = checked_reason(reason, "Say why cases are added", StudyError)
    path = default_key(folder.root) if key is None else Path(key)
    folder.read()
    # Whoever else adds cases waits here: both would take the same pseudonyms.
    with decisions_locked(folder) as lock:
        record, _ = folder.read()
        before = read_key(path, record.study)
        # Of an addition that was broken off between key and entry.
        kept = {case: link for case, link in before.cases.items() if case in record.cases}
        added = _named(record.cases, kept, case_folders([Path(given) for given in images]))
        links = {case: KeyCase(folder=str(place), salt=secrets.token_hex(16)) for case, place in added.items()}
        # The key first: an entry whose cases nobody can find could not be taken back.
        write_key(path, Key(study=record.study, cases={**kept, **links}), overwrite=True)
        try:
            write_decision(folder, Decision(kind="cases_added", cases=tuple(added), reason=said), clock, lock)
        except StudyError:
            # A share may write an entry and say that it has not. What the key names in vain does no harm.
            with contextlib.suppress(StudyError, OSError):
                folder.read()
                if not any(set(added) & set(entry.cases) for entry in read_decisions(folder).entries):
                    write_key(path, before, overwrite=True)
            raise
    return tuple(added)


def _named(cases: Sequence[str], kept: dict[str, KeyCase], folders: list[Path]) -> dict[str, Path]:
    """Pseudonyms for folders that no case has yet."""
    known = {Path(link.folder) for link in kept.values()}
    if twice := [place.name for place in folders if place in known]:
        raise StudyError(f"{len(twice)} of these folders belong to cases of the study already, as '{twice[0]}' does.")
    secrets.SystemRandom().shuffle(folders)
    width = len(cases[0]) - 1
    return {f"C{number:0{width}d}": place for number, place in enumerate(folders, start=len(cases) + 1)}
