"""Tables 1 to 6 of the report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from napari_vcf.agreement.report.index import STAGE_NAMES, Index
from napari_vcf.agreement.report.page import Cell, html_table, note
from napari_vcf.agreement.report.tables import ACCURACY, GROUP_TABLES, TITLES, GroupLine, group_lines
from napari_vcf.agreement.report.words import coefficient, measure, number, p_value, percent

__all__ = ["group_section", "verdict_section"]

#: Readers side by side in one table; more get a table of their own below.
_SIDE_BY_SIDE = 2


def group_section(index: Index) -> str:
    """Tables 1 to 4: benign and malignant cases compared."""
    lines = group_lines(index)
    parts = []
    for table in GROUP_TABLES:
        own = [line for line in lines if line.table == table]
        stages = list(dict.fromkeys(line.stage for line in own))
        for stage in stages:
            here = [line for line in own if line.stage == stage]
            readers = list(dict.fromkeys(line.reader for line in here))
            for start in range(0, len(readers), _SIDE_BY_SIDE):
                parts.append(_group_table(index, table, stage, readers[start : start + _SIDE_BY_SIDE], here))
    if not parts:
        return ""
    text = (
        "Counts, or mean \u00b1 SD, of the benign and the malignant cases. \u03c7\u00b2 is Pearson's without "
        "continuity correction; where an expected count is below 5, Fisher's exact P stands in its place (F). t is "
        "Student's, benign minus malignant. Not assessable is an answer like any other. Where items rest on different "
        "numbers of cases, n stands with each."
    )
    return note(text) + "".join(parts)


def _group_table(index: Index, table: int, stage: str, readers: Sequence[str], lines: Sequence[GroupLine]) -> str:
    where = f" \u2013 {STAGE_NAMES.get(stage, stage)}" if stage else ""
    head: list[list[Cell]] = [[("", 'class="blank"')], [("Item", 'class="left"')]]
    sizes: dict[str, set[tuple[int, int]]] = {}
    for line in lines:
        sizes.setdefault(line.reader, set()).add((line.benign_n, line.malignant_n))
    for reader in readers:
        head[0].append((reader, 'colspan="4" class="group"'))
        # One count for all items stands in the heading; where items have counts of their own, these stand with them.
        counts = ("", "") if len(sizes[reader]) > 1 else tuple(f" ({count})" for count in next(iter(sizes[reader])))
        head[1] += [(f"Benign{counts[0]}", 'class="gap"'), f"Malignant{counts[1]}", "\u03c7\u00b2 or t", "P"]
    body: list[list[Cell]] = []
    heads = []
    for item, group in groupby(lines, key=lambda line: line.item):
        cells = {(line.reader, line.level): line for line in group}
        levels = list(dict.fromkeys(level for _, level in cells))
        heads.append(len(body))
        if levels != [""]:
            firsts = [next((cells[r, v] for v in levels if (r, v) in cells), None) for r in readers]
            row: list[Cell] = [_name(index, item, table)]
            for reader, first in zip(readers, firsts, strict=True):
                benign, malignant = _sizes(first) if len(sizes[reader]) > 1 else ("", "")
                row += [(benign, 'class="gap"'), malignant, *_test(first)]
            body.append(row)
        for level in levels:
            label: Cell = _name(index, item, table) if level == "" else (level.replace("_", " "), 'class="level"')
            row = [label]
            for reader in readers:
                row += _line(cells.get((reader, level)), sizes=len(sizes[reader]) > 1)
            body.append(row)
    return html_table(
        head if table != 1 else head[1:], body, caption=f"Table {table}. {TITLES[table]}{where}", heads=heads
    )


def _name(index: Index, item: str, table: int) -> str:
    """Items by their label; what describes the cases is called as in the reference file."""
    return item.replace("_", " ") if table == 1 else index.measured(item)


def _test(line: GroupLine | None) -> list[Cell]:
    if line is None:
        return ["", ""]
    if line.fisher_p is not None:
        return [number(line.value), f"{p_value(line.fisher_p)} F"]
    return [number(line.value), p_value(line.p)]


def _sizes(line: GroupLine | None) -> tuple[str, str]:
    """Cases of both groups that an item rests on."""
    return ("", "") if line is None else (f"n = {line.benign_n}", f"n = {line.malignant_n}")


def _line(line: GroupLine | None, *, sizes: bool) -> list[Cell]:
    if line is None:
        return [("", 'class="gap"'), "", "", ""]
    if line.test == "t":
        pair = [
            f"{measure(mean)} \u00b1 {measure(sd)}"
            for mean, sd in ((line.benign, line.benign_sd), (line.malignant, line.malignant_sd))
        ]
        if sizes:
            pair = [f"{text}\n{size}" for text, size in zip(pair, _sizes(line), strict=True)]
        return [(pair[0], 'class="gap nowrap"'), (pair[1], 'class="nowrap"'), *_test(line)]
    return [(f"{line.benign:.0f}", 'class="gap"'), f"{line.malignant:.0f}", "", ""]


def verdict_section(index: Index) -> str:
    """Tables 5 and 6: verdicts against pathology, and what follows."""
    keys = [(stage, readers) for item, stage, readers in index.keys("against_reference") if item == "verdict"]
    if not keys:
        return ""
    positive = index.document.settings.positive
    text = (
        f"Positive class: {positive}. So sensitivity is the share of {positive} cases called {positive}. Kappa "
        "against pathology and kappa between readers are two statistics, in two columns."
    )
    parts = [note(text), _table_five(index, keys), _table_six(index, keys)]
    parts += [f'<p class="remark">{escape(remark)}</p>' for remark in index.paper_remarks()]
    return "".join(parts)


def _table_five(index: Index, keys: Sequence[tuple[str | None, tuple[str, ...]]]) -> str:
    readers = list(dict.fromkeys(readers[0] for _, readers in keys))
    head: list[list[Cell]] = [
        [("", 'colspan="2" class="blank"')],
        [("Stage", 'class="left"'), ("Verdict", 'class="left"')],
    ]
    for reader in readers:
        head[0].append((reader, 'colspan="2" class="group"'))
        head[1] += [("Benign", 'class="gap"'), "Malignant"]
    body: list[list[Cell]] = []
    heads = []
    for stage in dict.fromkeys(stage for stage, _ in keys):
        tables = [index.table("against_reference", "verdict", stage, (reader,)) for reader in readers]
        some = next(table for table in tables if table is not None)
        heads.append(len(body))
        for number_, label in enumerate(some.rows):
            row: list[Cell] = [STAGE_NAMES.get(stage or "", "") if number_ == 0 else "", (label, 'class="left"')]
            for table in tables:
                counts = table.counts[number_] if table is not None else ("", "")
                row += [(str(counts[0]), 'class="gap"'), str(counts[1])]
            body.append(row)
    return html_table(head, body, caption=f"Table 5. {TITLES[5]} (columns: pathology)", kind="plain", heads=heads)


def _table_six(index: Index, keys: Sequence[tuple[str | None, tuple[str, ...]]]) -> str:
    head: list[list[Cell]] = [
        [
            ("Stage", 'class="left"'),
            ("Reader", 'class="left"'),
            *ACCURACY.values(),
            "Kappa against pathology",
            "Kappa between readers",
        ]
    ]
    body: list[list[Cell]] = []
    heads = []
    pairs = [pair for pair in index.readers_of("between_readers") if len(pair) == 2]
    for stage, group in groupby(keys, key=lambda key: key[0]):
        heads.append(len(body))
        for position, (_, readers) in enumerate(group):
            rows = index.rows("against_reference", "verdict", stage, readers)
            row: list[Cell] = [STAGE_NAMES.get(stage or "", "") if position == 0 else "", (readers[0], 'class="left"')]
            for name in ACCURACY:
                found = rows[name]
                bounds = (
                    "" if found.ci_low is None else f"\n({100 * found.ci_low:.1f} to {100 * (found.ci_high or 0):.1f})"
                )
                row.append(f"{percent(found.value)}{bounds}")
            row.append(coefficient(rows.get("cohen_kappa"), 3, break_line=True))
            between = [index.row("between_readers", "verdict", stage, pair, "cohen_kappa") for pair in pairs]
            # One pair has room for its interval; more are named, and their intervals stand with the agreement.
            shown = [f"{' and '.join(r.readers)} {number(r.value)}" for r in between if r]
            first = coefficient(between[0], 3, break_line=True) if len(pairs) == 1 else "; ".join(shown)
            row.append((first, "" if len(pairs) == 1 else 'class="left"') if position == 0 else "")
            body.append(row)
    return html_table(head, body, caption=f"Table 6. {TITLES[6]} (with intervals)", heads=heads)
