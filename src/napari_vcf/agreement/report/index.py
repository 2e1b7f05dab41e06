"""Finds rows of a document by what they are about."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from napari_vcf.agreement.analysis.paper import paper_remark
from napari_vcf.agreement.document import AgreementDocument, CrossTable, Description, Row
from napari_vcf.agreement.report.words import p_value
from napari_vcf.agreement.scales import scale_of

__all__ = ["STAGE_NAMES", "Index", "item_label"]

STAGE_NAMES = {
    "ct": "CT",
    "mri": "MRI",
    "combined": "CT + MRI",
    "ct_vs_mri": "CT vs MRI",
    "ct_vs_combined": "CT vs CT + MRI",
    "mri_vs_combined": "MRI vs CT + MRI",
    "ct_vs_mri_vs_combined": "CT vs MRI vs CT + MRI",
}
Key = tuple[str, str, str | None, tuple[str, ...], str]


def item_label(item: str) -> str:
    """Name of an item for people."""
    special = {"lesion_mask": "Lesion mask", "body_mask": "Body mask"}
    label = special.get(item, scale_of(item).label)
    words = label[:1].upper() + label[1:]
    return words.replace("Adc ", "ADC ")


class Index:
    """Rows, tables and descriptions by analysis, item, stage and readers, and within a reader by which readings.

    Parameters
    ----------
    document : AgreementDocument
        The document; where parts were analysed apart, that of one part.
    """

    def __init__(self, document: AgreementDocument) -> None:
        self.document = document
        self._rows: dict[Key, dict[str, Row]] = {}
        for row in document.rows:
            key = (row.analysis, row.item, row.stage, row.readers, row.repeat)
            self._rows.setdefault(key, {}).setdefault(row.statistic, row)
        self._tables: dict[Key, CrossTable] = {}
        for table in document.cross_tables:
            self._tables.setdefault((table.analysis, table.item, table.stage, table.readers, table.repeat), table)
        self._descriptions: dict[tuple[str, str | None, tuple[str, ...]], dict[str, Description]] = {}
        for text in document.descriptions:
            self._descriptions.setdefault((text.item, text.stage, text.readers), {}).setdefault(text.group, text)
        self._holm = {
            (test.analysis, test.item, test.stage, test.readers, test.statistic): test for test in document.hypotheses
        }

    def measured(self, item: str) -> str:
        """Name of a measurement, with its unit."""
        unit = self.document.units.get(item, "").replace("um2", "\u00b5m\u00b2").replace("cm3", "cm\u00b3")
        return f"{item_label(item)} [{unit}]" if unit else item_label(item)

    def row(
        self, analysis: str, item: str, stage: str | None, readers: Iterable[str], statistic: str, repeat: str = ""
    ) -> Row | None:
        """One row, if there is one."""
        return self.rows(analysis, item, stage, readers, repeat).get(statistic)

    def paper_remarks(self) -> list[str]:
        """What is said of verdicts whose counts are those of the protocol's source."""
        found = [
            paper_remark(table.stage or "", np.array(table.counts))
            for table in self.document.cross_tables
            if (table.analysis, table.item) == ("against_reference", "verdict")
        ]
        return [text for text in dict.fromkeys(found) if text]

    def p_with_holm(self, row: Row | None) -> str:
        """P of a test, and Holm's for its family in a second line."""
        if row is None:
            return p_value(None)
        test = self._holm.get((row.analysis, row.item, row.stage, row.readers, row.statistic))
        return p_value(row.value) if test is None else f"{p_value(row.value)}\nHolm {p_value(test.holm_family)}"

    def rows(
        self, analysis: str, item: str, stage: str | None, readers: Iterable[str], repeat: str = ""
    ) -> dict[str, Row]:
        """All statistics of one item in one stage."""
        return self._rows.get((analysis, item, stage, tuple(readers), repeat), {})

    def table(self, analysis: str, item: str, stage: str | None, readers: Iterable[str]) -> CrossTable | None:
        """Counts, if there are any."""
        return self._tables.get((analysis, item, stage, tuple(readers), ""))

    def descriptions(self, item: str, stage: str | None, readers: Iterable[str]) -> dict[str, Description]:
        """Means by group."""
        return self._descriptions.get((item, stage, tuple(readers)), {})

    def keys(self, analysis: str, repeat: str = "") -> list[tuple[str, str | None, tuple[str, ...]]]:
        """Items, stages and readers of an analysis, in the order of the document."""
        return [
            (item, stage, readers)
            for found, item, stage, readers, which in self._rows
            if (found, which) == (analysis, repeat)
        ]

    def readers_of(self, analysis: str) -> list[tuple[str, ...]]:
        """Sets of readers of an analysis, in order."""
        return list(dict.fromkeys(readers for found, _, _, readers, _ in self._rows if found == analysis))

    def comparisons(self, analysis: str) -> list[tuple[tuple[str, ...], str]]:
        """Sets of readers of an analysis, and within a reader which readings, in order."""
        found = dict.fromkeys((readers, repeat) for of, _, _, readers, repeat in self._rows if of == analysis)
        order = self.readers_of(analysis)
        return sorted(found, key=lambda one: order.index(one[0]))
