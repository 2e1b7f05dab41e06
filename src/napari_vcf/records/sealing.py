"""Seals: a document in canonical JSON under its SHA-256.

The canonical form has sorted keys, no spaces, ASCII only, and numbers as Python writes them. The file of a sealed
document is its canonical form and a line end, so that any changed byte is noticed, even one between two values.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from napari_vcf.records.base import FrozenModel

__all__ = ["canonical_json", "check_seal", "seal_text", "sha256_of"]


def canonical_json(document: Any) -> str:
    """Write JSON in the one form that is hashed.

    Parameters
    ----------
    document : object
        Dictionaries, lists, text, finite numbers, booleans, None.

    Returns
    -------
    str
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def seal_text(export: FrozenModel) -> str:
    """Text of a sealed document, with its hash.

    Parameters
    ----------
    export : FrozenModel
        With a seal whose hash is still empty.

    Returns
    -------
    str
        One line of canonical JSON with its line end.
    """
    document = export.model_dump(mode="json")
    document["seal"]["sha256"] = sha256_of(canonical_json({**document, "seal": {**document["seal"], "sha256": ""}}))
    return canonical_json(document) + "\n"


def check_seal(text: str) -> str:
    """Say what is wrong with a sealed document.

    Parameters
    ----------
    text : str
        The whole file.

    Returns
    -------
    str
        A sentence; empty where the seal holds.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        return f"it is not JSON: {error}."
    except RecursionError:
        return "it is nested too deeply to be a sealed reading."
    seal = document.get("seal") if isinstance(document, dict) else None
    if not isinstance(seal, dict) or not isinstance(seal.get("sha256"), str):
        return "it has no seal."
    try:
        if canonical_json(document) + "\n" != text:
            return "it is not in the form in which it was sealed."
    except ValueError:
        return "it holds a number that is not finite."
    except RecursionError:
        return "it is nested too deeply to be a sealed reading."
    expected = sha256_of(canonical_json({**document, "seal": {**seal, "sha256": ""}}))
    if seal["sha256"] != expected:
        return "its content does not belong to its seal; something was changed after signing."
    return ""
