#!/usr/bin/env python3
"""Bring the catalogues of sentences up to date with the sources, and say what is not translated.

``python tools/language.py`` adds the sentences that are new in the sources and takes out those that are gone; the new
ones are then translated by hand in ``src/napari_vcf/language/*.po``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

SOURCES = Path(__file__).resolve().parent.parent / "src" / "napari_vcf"
CATALOGUES = SOURCES / "language"
#: What says a sentence that is written out; what is made of other words is in `of_models`.
SAYERS = {"say", "tr"}


@dataclass(frozen=True)
class Said:
    """One place of the sources that says a sentence.

    Attributes
    ----------
    place : str
        File and line.
    by : str
        ``"say"`` or ``"tr"``.
    template : str or None
        The sentence; None where it is not written out.
    names : frozenset of str
        Values that are given to it.
    at_import : bool
        Whether it is said while the module is loaded.
    """

    place: str
    by: str
    template: str | None
    names: frozenset[str]
    at_import: bool


def said_in(path: Path) -> Iterator[Said]:
    """Every sentence that a file of the sources says."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _said_below(tree, path.relative_to(SOURCES).as_posix(), at_import=True)


def _said_below(node: ast.AST, file: str, *, at_import: bool) -> Iterator[Said]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in SAYERS:
            first = child.args[0] if child.args else None
            written = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
            names = frozenset(keyword.arg for keyword in child.keywords if keyword.arg is not None)
            yield Said(f"{file}:{child.lineno}", child.func.id, written, names, at_import)
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _said_below(child, file, at_import=at_import and not later)


def said() -> list[Said]:
    """Every sentence that the sources say."""
    files = sorted(path for path in SOURCES.rglob("*.py") if path.parent != CATALOGUES)
    return [entry for path in files for entry in said_in(path)]


def of_models() -> set[str]:
    """Sentences that are not written out where they are said: titles of forms, values of a record as words."""
    from typing import get_args

    from napari_vcf.measure import POSITIONS, ReferenceTissue, Side
    from napari_vcf.notice import INTENDED_USE
    from napari_vcf.reading.findings import FORMS, value_words
    from napari_vcf.reading.protocol import Protocol
    from napari_vcf.records.errors import SYSTEM_REASONS
    from napari_vcf.widgets.case.archive_dialog import ArchiveSearch
    from napari_vcf.widgets.case.exporting import Leaving
    from napari_vcf.widgets.case.image_statement import ImageStatement
    from napari_vcf.widgets.case.panel import CaseNames
    from napari_vcf.widgets.common.forms import sentences_of
    from napari_vcf.widgets.instruments.adc_roi.model import TISSUE_NAMES
    from napari_vcf.widgets.instruments.calipers.table import ROWS
    from napari_vcf.widgets.instruments.extent.label_dialog import LabelsAsked
    from napari_vcf.widgets.instruments.extent.threshold import TISSUES, ThresholdSettings

    found = {INTENDED_USE, INTENDED_USE.split(":")[0], *SYSTEM_REASONS}
    for model in (ArchiveSearch, CaseNames, ImageStatement, LabelsAsked, Leaving, Protocol, ThresholdSettings):
        found.update(sentences_of(model))
    for form in FORMS.values():
        found.update(value_words(value) for item in form.values() for value in item.values if isinstance(value, str))
    found.update(name.lower() for name in (*TISSUE_NAMES.values(), *TISSUES.values()))
    assert set(TISSUES) == set(get_args(ReferenceTissue))
    found.update(word for position in POSITIONS for word in (position, position.capitalize()))
    found.update((*get_args(Side), *ROWS, "accepted", "rejected"))
    statuses = ("ok", "doubtful", "refused")
    found.update(word for status in statuses for word in (status, status.capitalize()))
    return found


def wanted() -> set[str]:
    """Every sentence that a catalogue must have."""
    return {entry.template for entry in said() if entry.template} | of_models()


def placeholders(template: str) -> set[tuple[str, str]]:
    """What stands in braces: names, and how their values are written."""
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name is not None}


def read(path: Path) -> Catalog:
    """A catalogue."""
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem, abort_invalid=True)


def update(path: Path) -> list[str]:
    """Bring a catalogue up to date; returns what it does not translate."""
    before = {entry.id: entry.string for entry in read(path) if entry.id}
    after = Catalog(locale=path.stem, fuzzy=False)
    for sentence in sorted(wanted()):
        after.add(sentence, before.get(sentence, ""))
    with path.open("wb") as stream:
        write_po(stream, after, width=0, omit_header=False, sort_output=True)
    _settle_header(path)
    return [str(entry.id) for entry in after if entry.id and not entry.string]


def _settle_header(path: Path) -> None:
    """Leave out what changes with every run or with the version of Babel."""
    head, gap, body = path.read_text(encoding="utf-8").partition("\n\n")
    told = ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Language-Team", "Report-Msgid")
    kept = [line for line in head.splitlines() if not line.startswith("#") and not any(word in line for word in told)]
    kept = [line.replace("PROJECT VERSION", "napari-vcf") for line in kept]
    path.write_text("\n".join(kept) + gap + body, encoding="utf-8")


def main() -> int:
    """Update all of them; the exit status tells whether something is left to translate."""
    left = {path.name: update(path) for path in sorted(CATALOGUES.glob("*.po"))}
    for name, sentences in left.items():
        for sentence in sentences:
            print(f"{name}: {sentence!r}")
    return int(any(left.values()))


if __name__ == "__main__":
    sys.exit(main())
