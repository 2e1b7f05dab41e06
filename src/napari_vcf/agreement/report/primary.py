"""The coefficient that is named beforehand for each kind of item."""

from __future__ import annotations

from napari_vcf.agreement.document import Row
from napari_vcf.agreement.report.index import Index
from napari_vcf.agreement.scales import PLACEMENT, form_order

__all__ = ["PRIMARY", "primary_rows"]

#: Statistic that is named beforehand for each kind of item, the first that an item has.
PRIMARY = ("weighted_kappa_quadratic", "icc_a_1", "cohen_kappa")


def primary_rows(index: Index, analysis: str, readers: tuple[str, ...], repeat: str = "") -> list[Row]:
    """Rows of the coefficient named beforehand, categories before measurements."""
    found = []
    for item, stage, who in index.keys(analysis, repeat):
        placed = analysis == "between_readers" and PLACEMENT.match(item)
        if who != readers or placed:
            # Single placements are compared within a reader; between readers it is their mean that counts.
            continue
        rows = index.rows(analysis, item, stage, who, repeat)
        first = next((rows[name] for name in PRIMARY if name in rows), None)
        if first is not None:
            found.append(first)
    return sorted(found, key=lambda row: (row.statistic == "icc_a_1", form_order(row.item)))
