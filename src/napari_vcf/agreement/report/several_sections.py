"""More than two readers at once."""

from __future__ import annotations

from napari_vcf.agreement.report.index import STAGE_NAMES, Index, item_label
from napari_vcf.agreement.report.page import Cell, html_table, note
from napari_vcf.agreement.report.words import coefficient

__all__ = ["several_section"]

_COLUMNS = {
    "fleiss_kappa": "Fleiss' kappa",
    "conger_kappa": "Conger's kappa",
    "krippendorff_alpha_nominal": "Alpha, nominal",
    "krippendorff_alpha_ordinal": "Alpha, ordinal",
    "krippendorff_alpha_interval": "Alpha, interval",
}


def several_section(index: Index) -> str:
    """Fleiss' and Conger's kappa and Krippendorff's alpha of all readers."""
    head: list[list[Cell]] = [[("Item", 'class="left"'), ("Stage", 'class="left"'), "n", *_COLUMNS.values()]]
    body: list[list[Cell]] = []
    last = ""
    for item, stage, readers in index.keys("between_readers"):
        rows = index.rows("between_readers", item, stage, readers)
        some = next((rows[name] for name in _COLUMNS if name in rows), None)
        if some is None:
            continue
        cells = [coefficient(rows[name], break_line=True) if name in rows else "" for name in _COLUMNS]
        label = item_label(item) if item != last else ""
        body.append([label, (STAGE_NAMES.get(stage or "", ""), 'class="left"'), str(some.n), *cells])
        last = item
    if not body:
        return ""
    text = (
        "All readers at once, intervals from resampled cases. Fleiss' kappa takes chance from the overall use of the "
        "categories, Conger's from each reader's own; alpha also takes cases that not all readers answered."
    )
    return note(text) + html_table(head, body, caption="Agreement of all readers")
