"""The command ``schema``: what it prints is the schema that exports are checked by."""

from __future__ import annotations

import json

import jsonschema
import pytest

from napari_vcf.cli import main
from napari_vcf.reading import json_schema


def test_the_printed_schema_is_that_of_the_exports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json_schema()
    jsonschema.Draft202012Validator.check_schema(printed)
