"""The report: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from napari_vcf.agreement.analysis.pipeline import Analysed
from napari_vcf.agreement.document import AgreementDocument, LeftOut, Row
from napari_vcf.agreement.report.cutoff_sections import cutoff_section, model_section
from napari_vcf.agreement.report.flow_sections import (
    Picture,
    checklist_section,
    figure_section,
    flow_section,
    methods_section,
)
from napari_vcf.agreement.report.group_sections import group_section, verdict_section
from napari_vcf.agreement.report.index import STAGE_NAMES, Index, item_label
from napari_vcf.agreement.report.page import Cell, html_table, note, page
from napari_vcf.agreement.report.reader_sections import (
    agreement_section,
    bland_altman_section,
    mask_section,
    matrix_section,
    roc_section,
)
from napari_vcf.agreement.report.several_sections import several_section
from napari_vcf.agreement.report.stage_sections import grade_section, joint_section, p_value_section, stage_section
from napari_vcf.agreement.report.words import repeat_words

__all__ = ["report_html"]

_NAMED_CASES = 12
_WORDS = {
    "between_readers": "between readers",
    "within_reader": "within a reader",
    "against_reference": "against pathology",
    "groups": "benign and malignant compared",
    "modalities": "stages compared",
}


def report_html(analysed: Analysed, figures: Sequence[Picture] = ()) -> str:
    """Write the report of an analysis.

    Parameters
    ----------
    analysed : Analysed
        The document, and the pairs for the plots.
    figures : sequence of Picture
        Figures for the paper, to be shown as well.

    Returns
    -------
    str
        A whole HTML file, with nothing outside it.
    """
    document = analysed.document
    whole = Index(document)
    numbers = [section for label in document.labels for section in _numbers(analysed.of_part(label), document, label)]
    sections = [
        ("remarks", "What to know first", _remarks(whole)),
        ("parts", "Parts that are analysed apart", _parts(document)),
        ("flow", "Flow of cases (STARD)", flow_section(document)),
        *numbers,
        ("figures", "Figures for the paper", figure_section(figures)),
        ("tests", "Every P value, corrected for there being several", p_value_section(whole)),
        ("undefined", "Statistics that the data do not define", _undefined(document)),
        ("left-out", "What was left out, and why", _left_out(document)),
        ("methods", "Sentences on method, to be quoted", methods_section(document)),
        ("grras", "How the readings were made (GRRAS)", _grras(document)),
        ("checklists", "CLAIM, STARD and QAREL, as the record fills them", checklist_section(document)),
    ]
    return page("Reader agreement", _header(document), sections, _footer(document))


def _numbers(analysed: Analysed, whole: AgreementDocument, label: str) -> list[tuple[str, str, str]]:
    """Sections of numbers that belong together; of a part that was analysed apart they bear its name."""
    index = Index(analysed.document)
    sections = [
        ("groups", "Benign and malignant cases (Tables 1 to 4)", group_section(index)),
        ("diagnostic", "Diagnostic value (Tables 5 and 6)", verdict_section(index)),
        ("joint", "Stages compared over readers and cases (MRMC)", joint_section(index)),
        ("stages", "Stages compared, reader by reader", stage_section(index) + grade_section(index)),
        ("cutoffs", "Measured quantities and their cut-offs", cutoff_section(index)),
        ("model", "A model of signs", model_section(index)),
        ("between", "Agreement between readers", agreement_section(index, "between_readers")),
        ("several", "Agreement of all readers at once", several_section(index)),
        ("within", "Agreement within readers", agreement_section(index, "within_reader")),
        ("masks", "Painted masks", mask_section(index)),
        ("roc", "ROC curves", roc_section(index)),
        ("limits", "Bland-Altman plots", bland_altman_section(index, analysed.pairings)),
        ("matrices", "Confusion matrices", matrix_section(index)),
    ]
    name = whole.name_of(label)
    if not name:
        return sections
    return [
        (f"{anchor}-{name.replace(' ', '-')}", f"{title} \u2013 {name}", markup) for anchor, title, markup in sections
    ]


def _parts(document: AgreementDocument) -> str:
    named = [(document.name_of(label), label) for label in document.parts if label]
    lines = "".join(f"<li>{escape(name.capitalize())}: {escape(label)}</li>" for name, label in named)
    return f'<ul class="plain">{lines}</ul>' if lines else ""


def _header(document: AgreementDocument) -> str:
    stages = ", ".join(STAGE_NAMES.get(stage, stage) for stage in document.stages)
    facts = {
        "Readers": ", ".join(document.readers) if len(document.readers) <= 6 else str(len(document.readers)),
        "Cases": str(document.cases),
        "Stages": stages,
        "Reference": "pathology" if document.reference else "none",
        "Positive class": document.settings.positive if document.reference else "\u2013",
        "Intervals": f"{document.settings.level:.0%}",
    }
    cards = "".join(f"<li>{escape(name)}<b>{escape(text)}</b></li>" for name, text in facts.items())
    return (
        "<h1>Agreement of readers and diagnostic value</h1>"
        '<div class="soft">Vertebral compression fractures on CT and MRI, from the readings before any consensus</div>'
        f'<ul class="facts">{cards}</ul><p class="use">{escape(document.intended_use)}</p>'
    )


def _remarks(index: Index) -> str:
    elsewhere = index.paper_remarks()
    texts = [remark for remark in index.document.remarks if remark not in elsewhere]
    if not texts:
        return ""
    shown = "".join(f"<li>{escape(text)}</li>" for text in texts[:40])
    more = note(f"{len(texts) - 40} further remarks are in agreement.json.") if len(texts) > 40 else ""
    return f'<ul class="plain">{shown}</ul>{more}'


def _where(document: AgreementDocument, one: Row | LeftOut, readers: str) -> str:
    which = repeat_words(one.repeat) if one.repeat else ""
    parts = [item_label(one.item), STAGE_NAMES.get(one.stage or "", ""), readers, which, document.name_of(one.part)]
    return "; ".join(part for part in parts if part)


def _undefined(document: AgreementDocument) -> str:
    head: list[list[Cell]] = [
        [
            ("Analysis", 'class="left"'),
            ("Item, stage, readers", 'class="left"'),
            ("Statistics", 'class="left"'),
            ("Why", 'class="left"'),
        ]
    ]
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for row in document.rows:
        if row.value is None:
            key = (row.analysis, _where(document, row, ", ".join(row.readers)), row.note)
            grouped.setdefault(key, []).append(row.statistic.replace("_", " "))
    body: list[list[Cell]] = [
        [_WORDS[analysis], (where, 'class="left"'), (", ".join(names), 'class="left"'), (why, 'class="left"')]
        for (analysis, where, why), names in grouped.items()
    ]
    return html_table(head, body) if body else ""


def _left_out(document: AgreementDocument) -> str:
    if not document.left_out:
        return note("Nothing: every case that was read entered every analysis.")
    head: list[list[Cell]] = [
        [("Reason", 'class="left"'), ("Analyses and items", 'class="left"'), "Cases", ("Which", 'class="left"')]
    ]
    # The same cases are missing for the same reason in several analyses: say it once.
    grouped: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for entry in document.left_out:
        where = _where(document, entry, "")
        words = f"{_WORDS[entry.analysis]} {' and '.join(entry.readers)}".strip()
        grouped.setdefault((entry.reason, where, entry.cases), []).append(words)
    body: list[list[Cell]] = []
    for (reason, where, cases), analyses in list(grouped.items())[:400]:
        names = ", ".join(cases[:_NAMED_CASES])
        names += f" and {len(cases) - _NAMED_CASES} more" if len(cases) > _NAMED_CASES else ""
        what = f"{where}\n{', '.join(dict.fromkeys(analyses))}"
        body.append([reason, (what, 'class="left"'), str(len(cases)), (names, 'class="left"')])
    more = note(f"{len(grouped) - 400} further entries are in agreement.json.") if len(grouped) > 400 else ""
    return html_table(head, body) + more


def _grras(document: AgreementDocument) -> str:
    items = "".join(f"<dt>{escape(entry.item)}</dt><dd>{escape(entry.text)}</dd>" for entry in document.grras)
    text = (
        "Guidelines for Reporting Reliability and Agreement Studies (Kottner et al. 2011), as the readings record it."
    )
    return f"{note(text)}<dl>{items}</dl>"


def _footer(document: AgreementDocument) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in document.software.items())
    text = f"{document.intended_use} Every number, with its method and source, is in agreement.json. {versions}."
    return f"<p>{escape(text)}</p>"
