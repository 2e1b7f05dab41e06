"""Every sentence of the window stands in every catalogue, with a translation that says the same values."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
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


#: What is no sentence although it looks like one: names that only the program reads, and what must not be translated.
_NOT_SHOWN = {
    "napari-vcf file": "name of the log's handler",
    "Sample case is being opened": "mark of a layer that goes again at once",
    "Reading desk bar": "name of a dock without a title",
    "Linked panes": "name of a dock without a title",
    "layer list": "object name of napari's",
    "layer controls": "object name of napari's",
    "Value error, ": "what pydantic puts in front of a sentence of ours",
    "grey over nothing": "name of a colormap",
    "CT + MRI": "the same in every language",
    "MetaImage": "the same in every language",
    " mm², no value": "stands in the image, where letters are Latin",
    "look_through comes first.": "for whoever changes the program",
    "Instruments": "group of keys that the sheet leaves out",
    "Automatic": "key of a table whose entry is a sentence",
    "# Keys of the reading desk. Take the # off a line and write another key; a list gives an action several keys.": (
        "comment of a file, beside names that are English"
    ),
    "# The file is read when the program starts. In the panels, each panel has keys of its own.": "the same",
}
#: Calls whose texts nobody reads: names, styles, searches, and layers, whose names are the record's.
_QUIET = re.compile(
    r"(setObjectName|setStyleSheet|dress|findChild|findChildren|startswith|endswith|removeprefix|TypeVar|Formatter"
    r"|QKeySequence|cast|LockedDrawing|logging\.\w+|LookupError|frozenset|bind_action|picture\.text|Field|getattr)$"
)
#: Names of keys, prefixes of names, marks without words, and what stands in a shader.
_NO_WORDS = re.compile(
    r"((Alt|Ctrl|Shift)\+)*(\w|Home|Esc|Del|Up|Down|Left|Right|Return|Enter|Backspace|)|[a-z_]+\.|<span style=.color:"
    r"|\w+\(u_\w+(, \w+)*\)|(float|return|if\\\() [^\"]*[;}]"
)
#: Names of panels, which are what their sentence is in English.
_PANELS = {"Case", "Registration", "Calipers", "Lesion extent", "ADC ROI", "Findings"}


def _bare(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a file that look like words for people and go through no catalogue."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        words = re.sub(r"<[^>]*>|&nbsp;", " ", node.value)
        if not re.search(r"[A-Za-z]{2,}[,.:;)'’]* +[(A-Za-z'{]|^ *[A-Z][a-z]{2,}|[a-z]{2,}[.…?!]$", words):
            continue
        if _NO_WORDS.fullmatch(node.value) or node.value in {*_NOT_SHOWN, *_PANELS} or not _is_read(node, parents):
            continue
        yield node.lineno, node.value


def _is_read(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a text may come before the person."""
    if isinstance(parents[node], ast.Expr):
        return False
    while node in parents:
        above = parents[node]
        if isinstance(above, ast.Compare | ast.arguments) or (
            isinstance(above, ast.AnnAssign) and node is not above.value
        ):
            return False
        if isinstance(above, ast.Subscript) and node is above.slice:
            return False
        if isinstance(above, ast.Assign) and ast.unparse(above.targets[0]) in ("__all__", "_STYLE", "CHOSEN_STYLE"):
            return False
        if isinstance(above, ast.Assign) and ast.unparse(above.targets[0]).endswith(("QUIET_STYLE", "frame")):
            return False
        if isinstance(above, ast.keyword) and above.arg in ("name", "style"):
            return False
        if isinstance(above, ast.Call) and node is not above.func:
            called = ast.unparse(above.func)
            if called.split(".")[-1] in {"say", "tr", "Sentence"} or _QUIET.search(called):
                return False
        node = above
    return True


def test_no_sentence_of_the_window_goes_past_the_catalogue():
    found = [
        f"{path.relative_to(WIDGETS).as_posix()}:{line}: {text!r}"
        for path in sorted(WIDGETS.rglob("*.py"))
        # What works the window in tests and demonstrations says nothing in it.
        if "scripted" not in path.parts
        for line, text in _bare(path)
    ]
    assert found == []
