"""Answers of all readings in columns of numbers: 30 bytes for an answer, whatever the tables were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.scales import Scale, form_order, scale_of
from napari_vcf.records.base import STAGES

__all__ = ["ANSWERED", "CONSENSUS", "NOT_ASSESSED", "UNANSWERED", "ItemTable", "ReadingFacts", "Readings"]

#: States of an answer.
ANSWERED, UNANSWERED, NOT_ASSESSED = 0, 1, 2

#: Name under which a consensus reading is analysed.
CONSENSUS = "consensus"


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What an exported reading says about itself, as far as agreement needs it.

    Attributes
    ----------
    source : str
        Name of the file.
    case, reader : str
        Pseudonyms.
    occasion : int
        1 for the first reading of the case by this reader.
    rules : dict of str to str
        What must be alike to be analysed together: protocol, schema version, ADC unit.
    facts : dict of str to str
        Further facts for the report: blinding, stage order, times.
    not_asked : frozenset of (str, str)
        Stage and item of what was not asked in this case, because no image shows it.
    number : int
        Number of the file among the sources; -1 where it is none of them. Names may repeat, numbers do not.
    """

    source: str
    case: str
    reader: str
    occasion: int = 1
    rules: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    not_asked: frozenset[tuple[str, str]] = frozenset()
    number: int = -1

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that the file holds."""
        return tuple(stage for stage in self.facts.get("stages", "").split(", ") if stage)


@dataclass(frozen=True, slots=True, eq=False)
class ItemTable:
    """One item in one stage: a block of cases by readers by occasions.

    Attributes
    ----------
    stage : str
        Stage.
    scale : Scale
        Scale of the item.
    unit : str
        Unit, empty where none was given.
    cases : ndarray of int, shape (n,)
        Index of each case of the stage.
    values : ndarray, shape (n, readers, occasions)
        Category numbers or measurements; NaN where there is no answer. The number after the last category stands for
        "not assessable".
    not_assessed : ndarray of bool, shape (n, readers, occasions)
        Where the reader said that the item is not assessable.
    asked : ndarray of bool, shape (readers, occasions)
        Whether the reader has any row of this item in this stage.
    """

    stage: str
    scale: Scale
    unit: str
    cases: NDArray[np.int64]
    values: NDArray[np.float64]
    not_assessed: NDArray[np.bool_]
    asked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Every answer, in columns of equal length.

    Attributes
    ----------
    cases, readers, items, units, sources : tuple of str
        Names to which the columns point.
    case, reader, stage, item, unit, occasion : ndarray of int, shape (n,)
        Which answer; `stage` points into the stages of the form, `occasion` counts from 1.
    value : ndarray, shape (n,)
        Category number or measurement; NaN where there is none.
    state : ndarray of int, shape (n,)
        `ANSWERED`, `UNANSWERED` (an empty cell) or `NOT_ASSESSED`.
    source, row : ndarray of int, shape (n,)
        Where the answer stood.
    records : tuple of ReadingFacts
        One for each exported reading; empty for tables.
    remarks : tuple of str
        What was not used, in words.
    """

    cases: tuple[str, ...]
    readers: tuple[str, ...]
    items: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[str, ...]
    case: NDArray[np.int32]
    reader: NDArray[np.int16]
    stage: NDArray[np.int8]
    item: NDArray[np.int16]
    unit: NDArray[np.int16]
    occasion: NDArray[np.int16]
    value: NDArray[np.float64]
    state: NDArray[np.int8]
    source: NDArray[np.int32]
    row: NDArray[np.int32]
    records: tuple[ReadingFacts, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.case.size)

    def select(self, keep: NDArray[np.bool_]) -> Readings:
        """Return the answers where `keep` is true; names stay as they are."""
        columns = ("case", "reader", "stage", "item", "unit", "occasion", "value", "state", "source", "row")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def presence(self) -> NDArray[np.bool_]:
        """Return which case each reader read in each stage, shape (stages, readers, cases), first occasions."""
        seen = np.zeros((len(STAGES), len(self.readers), len(self.cases)), dtype=bool)
        first = self.occasion == 1
        seen[self.stage[first], self.reader[first], self.case[first]] = True
        return seen

    def item_tables(self) -> Iterator[ItemTable]:
        """Yield the block of each stage, item and unit, in the order of the stages and of the form.

        Yields
        ------
        ItemTable
            One at a time, so that memory holds only one.
        """
        sizes = (len(STAGES), len(self.items), len(self.units))
        key = np.ravel_multi_index((self.stage.astype(np.int64), self.item, self.unit), sizes)
        counts = np.bincount(key, minlength=int(np.prod(sizes)))
        # A stable sort of small whole numbers takes time in proportion to their count.
        order = np.argsort(key.astype(np.uint16) if counts.size <= 2**16 else key, kind="stable")
        ends = np.cumsum(counts)
        seen = np.zeros((len(STAGES), len(self.cases)), dtype=bool)
        seen[self.stage, self.case] = True
        stage_cases = [np.flatnonzero(row) for row in seen]
        rank = {name: position for position, name in enumerate(sorted(self.items, key=form_order))}
        blocks = []
        for number in np.flatnonzero(counts).tolist():
            stage, item, _ = (int(part) for part in np.unravel_index(number, sizes))
            blocks.append((stage, item, int(ends[number] - counts[number]), int(ends[number])))
        blocks.sort(key=lambda block: (block[0], rank[self.items[block[1]]], block[2]))
        for stage, item, start, end in blocks:
            yield self._block(stage, self.items[item], order[start:end], stage_cases[stage])

    def _block(self, stage: int, item: str, rows: NDArray[np.int64], cases: NDArray[np.int64]) -> ItemTable:
        occasions = int(self.occasion[rows].max())
        shape = (cases.size, len(self.readers), occasions)
        values, flags = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        asked = np.zeros(shape[1:], dtype=bool)
        where = (np.searchsorted(cases, self.case[rows]), self.reader[rows], self.occasion[rows] - 1)
        scale = scale_of(item)
        value = self.value[rows].copy()
        not_assessed = self.state[rows] == NOT_ASSESSED
        if scale.values:
            value[not_assessed] = len(scale.values)
        values[where], flags[where] = value, not_assessed
        asked[where[1:]] = True
        unit = self.units[int(self.unit[rows[0]])]
        return ItemTable(STAGES[stage], scale, unit, cases, values, flags, asked)
