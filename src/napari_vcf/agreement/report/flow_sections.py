"""Flow of cases, figures for the paper, sentences on method, and checklists."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from napari_vcf.agreement.document import AgreementDocument, GrrasItem
from napari_vcf.agreement.report.page import figure, note
from napari_vcf.agreement.report.svg import LINE, SOFT, Drawing

__all__ = ["Picture", "checklist_section", "figure_section", "flow_section", "methods_section"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure for the paper.

    Attributes
    ----------
    name : str
        Of its files, without ending.
    legend : str
        Its legend.
    png : bytes
        A picture for the screen.
    """

    name: str
    legend: str
    png: bytes


def flow_section(document: AgreementDocument) -> str:
    """Boxes from the cases of the reference to those of the analyses."""
    steps = document.flow
    if not steps:
        return ""
    height, width = 58, 420
    drawing = Drawing(760, len(steps) * (height + 26), "Flow of cases", 1.1)
    y = 4.0
    for number, step in enumerate(steps):
        drawing.box(2, y, width, height, fill="#eef3f6")
        drawing.words(14, y + 23, step.step, size=12, weight=600)
        drawing.words(14, y + 43, f"n = {step.cases}", size=12)
        if step.note:
            drawing.line(width + 2, y + height / 2, width + 24, y + height / 2, colour=LINE)
            for row, text in enumerate(_lines(step.note, 50)[:3]):
                drawing.words(width + 30, y + 20 + 15 * row, text, size=10.5, colour=SOFT)
        y += height
        if number < len(steps) - 1:
            drawing.line(width / 2, y, width / 2, y + 24, colour=SOFT, width=1.4)
            drawing.mark(width / 2, y + 23, "diamond", colour=SOFT, size=2.6)
        y += 26
    return figure(drawing.render(), "Flow of cases.", "What was given, what was read, and what entered the analyses.")


def _lines(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def figure_section(figures: Sequence[Picture]) -> str:
    """Figures for the paper, each with its legend."""
    parts = []
    for picture in figures:
        data = base64.b64encode(picture.png).decode()
        parts.append(
            f'<figure><img alt="{escape(picture.legend, quote=True)}" src="data:image/png;base64,{data}" '
            f'style="max-width:100%"><figcaption><b>{escape(picture.name)}.</b> {escape(picture.legend)}</figcaption>'
            "</figure>"
        )
    if not parts:
        return ""
    text = (
        "Each lies beside this report as PNG at 300 dpi and as PDF, with the numbers of its legend as CSV. Single "
        "heights, losses and volumes, and more than six pairs of readers, are drawn by 'napari-vcf agreement figures "
        "charts --only NAME'."
    )
    return note(text) + "".join(parts)


def methods_section(document: AgreementDocument) -> str:
    """Sentences that a paper may take over."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in document.methods)


def checklist_section(document: AgreementDocument) -> str:
    """CLAIM, STARD and QAREL items."""
    return _listed("CLAIM and STARD", document.claim) + _listed("QAREL", document.qarel)


def _listed(title: str, items: Sequence[GrrasItem]) -> str:
    if not items:
        return ""
    lines = "".join(f"<dt>{escape(entry.item)}</dt><dd>{escape(entry.text)}</dd>" for entry in items)
    return f"<h3>{escape(title)}</h3><dl>{lines}</dl>"
