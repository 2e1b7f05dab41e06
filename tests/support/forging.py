"""A forger who can write everywhere in a study and computes every hash anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from napari_vcf.records.sealing import canonical_json, sha256_of
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import HEAD, JOURNAL
from napari_vcf.study.journal_view import inspect_journal

Change = Callable[[dict], dict | None]


def rewritten(folder: Path, change: Change, progress: Path | None = None) -> tuple[str, str]:
    """A journal computed anew with other contents, without entries that are None then; its ends before and after."""
    view = inspect_journal(folder)
    changed = [(entry.kind, change(json.loads(json.dumps(entry.body))), entry.at) for entry in view.entries]
    entries = [(kind, body, at) for kind, body, at in changed if body is not None]
    shutil.rmtree(folder / "aside", ignore_errors=True)
    times = iter([at for _, _, at in entries] * 3)
    journal = Journal.create(
        folder / "aside", entries[0][0], entries[0][1], clock=lambda: next(times), progress=progress
    )
    for kind, body, at in entries[1:]:
        journal._clock = lambda at=at: at
        journal.append(kind, body)
    for name in (JOURNAL, HEAD):
        (folder / "aside" / name).replace(folder / name)
    shutil.rmtree(folder / "aside")
    return view.sha256, journal.sha256


def resealed(path: Path, change: Callable[[dict], None]) -> tuple[str, str]:
    """A seal with other contents and its own hash computed anew; the hash before and after."""
    document = json.loads(path.read_text(encoding="utf-8"))
    before = document["seal"]["sha256"]
    change(document)
    document["seal"]["sha256"] = ""
    document["seal"]["sha256"] = sha256_of(canonical_json(document))
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    return before, document["seal"]["sha256"]


def registered(root: Path, reader: str, before: str, after: str) -> None:
    """The reader's register with another seal in it."""
    rewritten(
        root / "readings" / reader / "register",
        lambda body: body | {"sha256": after} if body.get("sha256") == before else body,
    )


def forge(root: Path, reader: str, case: str, value: int) -> None:
    """Another confidence in every place of the folder that knows it, with every hash as it must be."""
    folder = root / "readings" / reader / case / "ct-1" / "v1"

    def other(body: dict) -> dict:
        action = body.get("logged", {}).get("action", {})
        if action.get("item") == "confidence":
            action["value"] = value
        return body

    _, end = rewritten(folder, other, root / "readings" / reader / "progress" / f"{case}.ct-1.v1")
    (folder / "snapshot.json").unlink()

    def change(document: dict) -> None:
        document["stages"]["ct"]["findings"]["confidence"]["value"] = value
        document["seal"]["journal_sha256"] = end

    registered(root, reader, *resealed(folder / "seal.json", change))
