"""How documents of earlier schema versions are read: one pure step from each version to the next."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from napari_vcf.reading.protocol import as_it_was

__all__ = ["migrate", "migrate_document"]

Document = dict[str, Any]


def _from_1_0(document: Document) -> Document:
    """1.1 adds seal, consensus and the count of re-readings; a document of 1.0 is a draft and a first reading."""
    return {**document, "schema_version": "1.1.0"}


def _from_1_1(document: Document) -> Document:
    """1.2 adds what of a lesion was taken by threshold; in a document of 1.1 all of it was drawn by hand."""
    return {**document, "schema_version": "1.2.0"}


def _from_1_2(document: Document) -> Document:
    """2.0 gives what is missing, contradictory or worth knowing a code and an item; 1.2 had sentences only."""
    stages = document.get("stages")
    if not isinstance(stages, dict):
        return {**document, "schema_version": "2.0.0"}
    return {
        **document,
        "schema_version": "2.0.0",
        "stages": {name: _with_codes(part) if isinstance(part, dict) else part for name, part in stages.items()},
    }


def _from_2_0(document: Document) -> Document:
    """2.1 says where each slice of the body comes from; in a document of 2.0 all were drawn, and none was proposed."""
    document = {**document, "schema_version": "2.1.0"}
    if isinstance(document.get("protocol"), dict):
        document["protocol"] = as_it_was(document["protocol"])
    stages = document.get("stages")
    if isinstance(stages, dict):
        document["stages"] = {name: _all_drawn(part) for name, part in stages.items()}
    return document


def _from_2_1(document: Document) -> Document:
    """2.2 holds no extent where no lesion is painted, unless the reader said that there is none; 2.1 had G1 there."""
    return {**document, "schema_version": "2.2.0"}


def _from_2_2(document: Document) -> Document:
    """2.3 may leave items out that no image shows, and says what was carried or proposed; in 2.2 nothing was."""
    document = {**document, "schema_version": "2.3.0"}
    if isinstance(document.get("protocol"), dict):
        document["protocol"] = as_it_was(document["protocol"])
    return document


def _from_2_3(document: Document) -> Document:
    """2.4 names a pattern of none beside a painted lesion among the conflicts; 2.3 said nothing of it."""
    return {**document, "schema_version": "2.4.0"}


def _all_drawn(part: Any) -> Any:
    extent = part.get("extent") if isinstance(part, dict) else None
    if not isinstance(extent, dict):
        return part
    drawn = {"slices_proposed": [], "slices_corrected": [], "slices_drawn": extent.get("body_slices", [])}
    return {**part, "extent": {**extent, **drawn}}


def _with_codes(part: Document) -> Document:
    return {
        **part,
        **{
            name: [
                {"code": "uncoded", "item": None, "text": entry} if isinstance(entry, str) else entry
                for entry in part[name]
            ]
            for name in ("missing", "conflicts", "warnings")
            if isinstance(part.get(name), list)
        },
    }


#: Version -> the step that leads to the next one.
STEPS: Final[dict[str, Callable[[Document], Document]]] = {
    "1.0.0": _from_1_0,
    "1.1.0": _from_1_1,
    "1.2.0": _from_1_2,
    "2.0.0": _from_2_0,
    "2.1.0": _from_2_1,
    "2.2.0": _from_2_2,
    "2.3.0": _from_2_3,
}


def migrate_document(document: Document) -> Document:
    """Bring a document to the current schema version.

    Parameters
    ----------
    document : dict
        As read; it is not changed.

    Returns
    -------
    dict
        Of the current version; one of an unknown version comes back as it is, for the schema to refuse.
    """
    version = document.get("schema_version")
    while isinstance(version, str) and version in STEPS:
        document = STEPS[version](document)
        version = document["schema_version"]
    return document


def migrate(text: str) -> str:
    """Bring the text of a document to the current schema version; what is no document comes back as it is."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # The schema refuses it, with the place: it is no JSON, or nested without end.
        return text
    if not isinstance(document, dict) or document.get("schema_version") not in STEPS:
        return text
    return json.dumps(migrate_document(document))
