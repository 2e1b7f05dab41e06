"""The paper's tables 1 to 6 as rows of cells: one source for the report and for the CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_vcf.agreement.report.index import Index
from napari_vcf.agreement.scales import PATHOLOGY

__all__ = ["ACCURACY", "GROUP_TABLES", "TITLES", "GroupLine", "accuracy_lines", "group_lines", "verdict_lines"]

TITLES = {
    1: "Baseline of the benign and malignant cases",
    2: "Degree of compression and extent of the lesion",
    3: "Morphology",
    4: "Signal, enhancement and diffusion",
    5: "Verdicts against pathology",
    6: "Diagnostic value",
}
_SIGNAL = {"pedicle_signal", "enhancement", "signal_dwi", "signal_t1_low", "signal_t2_low"}
_EXTENT = {"compression_degree", "lesion_extent", "lesion_extent_visual"}
_VERDICT = {"verdict", "confidence"}
#: Tables that compare the groups.
GROUP_TABLES = (1, 2, 3, 4)
#: Statistics of table 6, with their headings.
ACCURACY = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
}


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One line of tables 1 to 4.

    Attributes
    ----------
    table : int
        Number of the table.
    stage, reader : str
        Empty in table 1.
    item, level : str
        The item and one of its answers; the level of a measurement is empty.
    benign, malignant : float or None
        Counts, or means.
    benign_sd, malignant_sd : float or None
        Standard deviations of a measurement.
    benign_n, malignant_n : int
        Cases in each group.
    test : str
        ``chi2`` or ``t``; empty but on an item's first line.
    value, p, fisher_p : float or None
        The test, on an item's first line.
    """

    table: int
    stage: str
    reader: str
    item: str
    level: str
    benign: float | None
    malignant: float | None
    benign_sd: float | None
    malignant_sd: float | None
    benign_n: int
    malignant_n: int
    test: str
    value: float | None
    p: float | None
    fisher_p: float | None


def table_number(item: str, stage: str | None, *, measured: bool) -> int:
    """Table in which an item stands; 0 for verdicts, which have tables of their own."""
    if stage is None:
        return 1
    if item in _VERDICT:
        return 0
    if item.partition("@")[0] in _SIGNAL or item.startswith("adc"):
        return 4
    return 2 if item in _EXTENT or measured else 3


def group_lines(index: Index) -> list[GroupLine]:
    """Lines of tables 1 to 4."""
    lines: list[GroupLine] = []
    for item, stage, readers in index.keys("groups"):
        rows = index.rows("groups", item, stage, readers)
        number = table_number(item, stage, measured="t" in rows)
        if not number:
            continue
        head = (number, stage or "", ", ".join(readers), item)
        if "t" in rows:
            means = index.descriptions(item, stage, readers)
            a, b = (means[name] for name in PATHOLOGY)
            test = (rows["t"].value, rows["t_p"].value, None)
            lines.append(GroupLine(*head, "", a.mean, b.mean, a.sd, b.sd, a.n, b.n, "t", *test))
            continue
        table = index.table("groups", item, stage, readers)
        if table is None:
            continue
        sums = [sum(line[column] for line in table.counts) for column in range(2)]
        fisher = rows["fisher_p"].value if "fisher_p" in rows else None
        for position, (level, counts) in enumerate(zip(table.rows, table.counts, strict=True)):
            first = position == 0
            lines.append(
                GroupLine(
                    *head,
                    level,
                    counts[0],
                    counts[1],
                    None,
                    None,
                    sums[0],
                    sums[1],
                    "chi2" if first else "",
                    rows["chi2"].value if first else None,
                    rows["chi2_p"].value if first else None,
                    fisher if first else None,
                )
            )
    return lines


def verdict_lines(index: Index) -> list[dict[str, object]]:
    """Lines of table 5: verdict by pathology."""
    lines: list[dict[str, object]] = []
    for item, stage, readers in index.keys("against_reference"):
        table = index.table("against_reference", item, stage, readers)
        if item != "verdict" or table is None:
            continue
        for label, counts in zip(table.rows, table.counts, strict=True):
            lines.append(
                {"stage": stage, "reader": readers[0], "verdict": label, "benign": counts[0], "malignant": counts[1]}
            )
    return lines


def accuracy_lines(index: Index, pairs: Sequence[tuple[str, ...]]) -> list[dict[str, object]]:
    """Lines of table 6: accuracy of each reader and stage, kappa against pathology, and kappa between readers apart."""
    lines: list[dict[str, object]] = []
    for item, stage, readers in index.keys("against_reference"):
        if item != "verdict":
            continue
        rows = index.rows("against_reference", item, stage, readers)
        line: dict[str, object] = {"stage": stage, "reader": readers[0], "positive": index.document.settings.positive}
        for name in (*ACCURACY, "cohen_kappa"):
            row = rows[name]
            column = "kappa_against_reference" if name == "cohen_kappa" else name
            line |= {
                column: row.value,
                f"{column}_low": row.ci_low,
                f"{column}_high": row.ci_high,
                f"{column}_n": row.n,
            }
        lines.append(line)
    for pair in pairs:
        for stage in index.document.stages:
            found = index.row("between_readers", "verdict", stage, pair, "cohen_kappa")
            if found is not None:
                lines.append(
                    {
                        "stage": stage,
                        "reader": " and ".join(pair),
                        "kappa_between_readers": found.value,
                        "kappa_between_readers_low": found.ci_low,
                        "kappa_between_readers_high": found.ci_high,
                        "kappa_between_readers_n": found.n,
                    }
                )
    return lines
