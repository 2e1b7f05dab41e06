"""Reads ``agreement.json`` of this and of earlier schema versions."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from napari_vcf.agreement.document import SCHEMA_ID, SCHEMA_VERSION, AgreementDocument
from napari_vcf.agreement.errors import AgreementError

__all__ = ["read_agreement"]

#: 1.0.0 lacked the comparison over readers, the tests' correction, models, flow and checklists, 1.1.0 the parts and
#: which of a reader's readings were compared: they stay empty.
_OLDER = ("1.0.0", "1.1.0")


def read_agreement(path: Path | str) -> AgreementDocument:
    """Read the document of an analysis.

    Parameters
    ----------
    path : path
        ``agreement.json``, schema 1.0.0 to 1.2.0.

    Returns
    -------
    AgreementDocument
        In the present schema; what an older one did not have is empty.

    Raises
    ------
    AgreementError
        If the file cannot be read, is no such document, or is newer than this program.
    """
    source = Path(path)
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise AgreementError(f"{source.name} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise AgreementError(f"{source.name} is not JSON ({error}).") from error
    if not isinstance(content, dict) or content.get("schema_id") != SCHEMA_ID:
        raise AgreementError(f"{source.name} is not an agreement.json; 'napari-vcf agreement' writes one.")
    version = content.get("schema_version")
    if version in _OLDER:
        content["schema_version"] = SCHEMA_VERSION
    elif version != SCHEMA_VERSION:
        known = ", ".join((*_OLDER, SCHEMA_VERSION))
        raise AgreementError(f"{source.name} has schema {version}; this program reads {known}. Update the program.")
    try:
        return AgreementDocument.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AgreementError(f"{source.name}: {place}: {first['msg']}.") from error
