"""Pieces of the report's page: headings, tables, figures, and the style, all inside one file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

__all__ = ["STYLE", "Cell", "figure", "heading", "html_table", "note", "page"]

#: Text, or text with attributes of its cell, or trusted markup.
Cell = str | tuple[str, str]

STYLE = files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def heading(text: str, anchor: str) -> str:
    """Return a section's heading."""
    return f'<h2 id="{escape(anchor)}">{escape(text)}</h2>'


def note(text: str) -> str:
    """Return a paragraph in a softer ink."""
    return f'<p class="soft">{escape(text)}</p>'


def _cell(cell: Cell, tag: str) -> str:
    """A cell; what follows a line break stands below in smaller type."""
    text, attributes = cell if isinstance(cell, tuple) else (cell, "")
    first, _, second = text.partition("\n")
    below = f'<span class="ci">{escape(second)}</span>' if second else ""
    return f"<{tag}{' ' + attributes if attributes else ''}>{escape(first)}{below}</{tag}>"


def html_table(
    head: Sequence[Sequence[Cell]],
    body: Sequence[Sequence[Cell]],
    *,
    caption: str = "",
    kind: str = "wide",
    heads: Sequence[int] = (),
) -> str:
    """Return a table.

    Parameters
    ----------
    head, body : sequence of rows of cells
        Text is escaped; the first cell of each body row is its heading.
    caption : str
        Above the table.
    kind : str
        Class of the table.
    heads : sequence of int
        Body rows with a line above.

    Returns
    -------
    str
    """
    top = "".join(f"<tr>{''.join(_cell(cell, 'th') for cell in row)}</tr>" for row in head)
    lines = []
    for number, row in enumerate(body):
        cells = _cell(row[0], "th") + "".join(_cell(cell, "td") for cell in row[1:])
        lines.append(f"<tr{' class=head' if number in heads else ''}>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    table = f'<table class="{kind}">{title}<thead>{top}</thead><tbody>{"".join(lines)}</tbody></table>'
    return table if kind == "matrix" else f'<div class="scroll">{table}</div>'


def figure(drawing: str, title: str, text: str = "") -> str:
    """Return a drawing with its words above."""
    return f"<figure><figcaption><b>{escape(title)}</b> {escape(text)}</figcaption>{drawing}</figure>"


def page(title: str, header: str, sections: Sequence[tuple[str, str, str]], footer: str) -> str:
    """Return the whole file.

    Parameters
    ----------
    title : str
        Of the window.
    header, footer : str
        Markup.
    sections : sequence of (anchor, heading, markup)
        In order; empty ones are left out.

    Returns
    -------
    str
    """
    filled = [section for section in sections if section[2]]
    contents = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text, _ in filled)
    body = "".join(f"<section>{heading(text, anchor)}{markup}</section>" for anchor, text, markup in filled)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head><body>'
        f"<header>{header}</header><nav><ol>{contents}</ol></nav><main>{body}</main><footer>{footer}</footer></body></html>\n"
    )
