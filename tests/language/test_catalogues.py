"""Every sentence of the window stands in every catalogue, with a translation that says the same values."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from napari_vcf.language import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
WIDGETS = ROOT / "src" / "napari_vcf" / "widgets"
CODES = sorted(set(LANGUAGES) - {"en"})

pytestmark = pytest.mark.skipif(not (ROOT / "tools").exists(), reason="not run from a source tree")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("language_tool", ROOT / "tools" / "language.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_language_but_english_has_a_catalogue():
    found = {path.stem for path in (ROOT / "src" / "napari_vcf" / "language").glob("*.po")}
    assert found == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_has_the_sentences_of_the_sources_and_no_others(code, tool):
    catalogue = {entry.id for entry in tool.read(tool.CATALOGUES / f"{code}.po") if entry.id}
    assert catalogue == tool.wanted(), "python tools/language.py brings the catalogue up to date."


@pytest.mark.parametrize("code", CODES)
def test_every_sentence_is_translated_and_says_the_same_values_in_the_same_notation(code, tool):
    wrong = [
        entry.id
        for entry in tool.read(tool.CATALOGUES / f"{code}.po")
        if entry.id and (not entry.string.strip() or tool.placeholders(entry.id) != tool.placeholders(entry.string))
    ]
    assert wrong == []


@pytest.mark.parametrize("code", CODES)
def test_a_translation_says_every_number_of_the_sentence(code, tool):
    def numbers(text: str) -> list[str]:
        return sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(r"\{[^}]*\}", "", text)))

    wrong = [
        entry.id
        for entry in tool.read(tool.CATALOGUES / f"{code}.po")
        if entry.id and numbers(entry.id) != numbers(entry.string)
    ]
    assert wrong == []


def test_a_sentence_is_written_out_where_it_is_said_and_given_exactly_its_values(tool):
    wrong = [
        entry.place
        for entry in tool.said()
        if entry.template is None
        # A sentence without values is taken as it stands, braces and all.
        or (entry.names and {name for name, _ in tool.placeholders(entry.template)} != entry.names)
    ]
    assert wrong == []


def test_nothing_is_translated_while_modules_are_loaded_because_the_language_is_chosen_later(tool):
    assert [entry.place for entry in tool.said() if entry.by == "tr" and entry.at_import] == []
