"""Collects answers chunk by chunk, checking each, and refuses what is doubled."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_vcf.agreement.errors import TableError
from napari_vcf.agreement.input.readings import ANSWERED, NOT_ASSESSED, UNANSWERED, ReadingFacts, Readings
from napari_vcf.agreement.scales import MEASUREMENTS, is_measurement, scale_of
from napari_vcf.reading.findings import NOT_ASSESSABLE
from napari_vcf.records.base import STAGES

__all__ = ["Chunk", "ReadingsBuilder"]

#: Finds the words for a row of a source: its file and line.
Place = Callable[[int], str]


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Rows of a table as columns of text, and where they stood.

    Attributes
    ----------
    columns : dict of str to sequence
        ``case``, ``reader``, ``stage``, ``item``, ``value``, ``unit``, each of text.
    occasion, source, row : ndarray of int, shape (n,)
        Occasion, number of the source, and number of the row in it, from 0.
    """

    columns: dict[str, Sequence[str] | NDArray[np.object_]]
    occasion: NDArray[np.int64]
    source: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(slots=True)
class _Names:
    """Numbers given to names in the order of their appearance."""

    numbers: dict[str, int] = field(default_factory=dict)

    def encode(self, names: Sequence[str]) -> NDArray[np.int64]:
        known = self.numbers
        return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


class ReadingsBuilder:
    """Collects rows of several sources into one `Readings`.

    Parameters
    ----------
    aside : mapping of (str, str) to str, optional
        Case and stage, or ``all``, to the reason why they were set aside: their rows are left out.
    """

    def __init__(self, aside: Mapping[tuple[str, str], str] | None = None) -> None:
        self._aside = aside or {}
        self._left: dict[str, int] = {}
        self._case, self._reader, self._item, self._unit = _Names(), _Names(), _Names(), _Names()
        self._sources: list[str] = []
        self._places: list[Place] = []
        self._parts: list[dict[str, NDArray[np.generic]]] = []
        self._records: list[ReadingFacts] = []
        self._remarks: list[str] = []

    def add_source(self, name: str, place: Place) -> int:
        """Register a source.

        Parameters
        ----------
        name : str
            Name of the file.
        place : callable
            Gives the words for a row's place, from its number.

        Returns
        -------
        int
            Number of the source.
        """
        self._sources.append(name)
        self._places.append(place)
        return len(self._sources) - 1

    def add_record(self, record: ReadingFacts) -> None:
        """Keep what an exported reading says about itself."""
        self._records.append(record)

    def remark(self, text: str) -> None:
        """Keep a sentence about what was not used."""
        if text not in self._remarks:
            self._remarks.append(text)

    def add(self, chunk: Chunk) -> None:
        """Check rows and keep them.

        Parameters
        ----------
        chunk : Chunk
            The rows; large ones cost less than many small ones.

        Raises
        ------
        TableError
            At the first row with an empty name, an unknown stage, item or value.
        """
        chunk = self._without_aside(chunk) if self._aside else chunk
        codes: dict[str, NDArray[np.int64]] = {}
        uniques: dict[str, list[str]] = {}
        for name in ("case", "reader", "stage", "item", "unit"):
            numbers, found = pd.factorize(np.asarray(chunk.columns[name], dtype=object))
            # Spaces around a name are no part of it: "C1 " is C1.
            codes[name], uniques[name] = numbers.astype(np.int64), [str(text).strip() for text in found]
        self._check_names(codes, uniques, chunk)
        value, state = self._values(chunk, codes["item"], uniques["item"])
        stages = np.array([STAGES.index(stage) for stage in uniques["stage"]], dtype=np.int8)
        self._parts.append(
            {
                "case": self._case.encode(uniques["case"])[codes["case"]].astype(np.int32),
                "reader": self._reader.encode(uniques["reader"])[codes["reader"]].astype(np.int16),
                "stage": stages[codes["stage"]],
                "item": self._item.encode(uniques["item"])[codes["item"]].astype(np.int16),
                "unit": self._unit.encode(uniques["unit"])[codes["unit"]].astype(np.int16),
                "occasion": chunk.occasion.astype(np.int16),
                "value": value,
                "state": state,
                "source": chunk.source.astype(np.int32),
                "row": chunk.row.astype(np.int32),
            }
        )

    @property
    def empty(self) -> bool:
        """Whether there is not a single row."""
        return not any(part["case"].size for part in self._parts)

    def _without_aside(self, chunk: Chunk) -> Chunk:
        cases, stages = (np.array([str(text).strip() for text in chunk.columns[name]]) for name in ("case", "stage"))
        gone = np.zeros(cases.size, dtype=bool)
        for case, stage in self._aside:
            gone |= (cases == case) & ((stages == stage) | (stage == "all"))
        if not gone.any():
            return chunk
        for source, count in zip(*np.unique(chunk.source[gone], return_counts=True), strict=True):
            name = self._sources[int(source)]
            self._left[name] = self._left.get(name, 0) + int(count)
        keep = ~gone
        columns: dict[str, Sequence[str] | NDArray[np.object_]] = {
            name: np.asarray(column, dtype=object)[keep] for name, column in chunk.columns.items()
        }
        return Chunk(columns, chunk.occasion[keep], chunk.source[keep], chunk.row[keep])

    def remark_on_aside(self) -> None:
        """Say how many rows of which tables were left out because they were set aside."""
        for name, count in self._left.items():
            what = "1 answer is" if count == 1 else f"{count} answers are"
            self.remark(f"{name}: {what} of a case or stage that the coordinator set aside, and left out.")

    def _place(self, chunk: Chunk, at: int) -> str:
        return self._places[int(chunk.source[at])](int(chunk.row[at]))

    def _check_names(self, codes: dict[str, NDArray[np.int64]], uniques: dict[str, list[str]], chunk: Chunk) -> None:
        for name in ("case", "reader", "stage", "item"):
            for number, text in enumerate(uniques[name]):
                if not text:
                    raise TableError(self._place(chunk, _first(codes[name], number)), f"the {name} is empty.")
        for number, text in enumerate(uniques["stage"]):
            if text not in STAGES:
                where = self._place(chunk, _first(codes["stage"], number))
                raise TableError(where, f"unknown stage '{text}'; the stages are {', '.join(STAGES)}.")

    def _values(
        self, chunk: Chunk, item_codes: NDArray[np.int64], items: list[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        text = np.asarray(chunk.columns["value"], dtype=object)
        value = np.full(text.size, np.nan)
        state = np.full(text.size, ANSWERED, dtype=np.int8)
        order = np.argsort(item_codes, kind="stable")
        ends = np.cumsum(np.bincount(item_codes, minlength=len(items)))
        for number, item in enumerate(items):
            rows = order[ends[number - 1] if number else 0 : ends[number]]
            answers, found = pd.factorize(text[rows])
            numbers, states, bad = _understand(item, [str(answer) for answer in found])
            if bad:
                first = min(bad, key=lambda at: int(rows[_first(answers, at)]))
                raise TableError(self._place(chunk, int(rows[_first(answers, first)])), bad[first])
            value[rows], state[rows] = numbers[answers], states[answers]
        return value, state

    def build(self) -> Readings:
        """Return all rows, sorted names, doubled answers refused.

        Returns
        -------
        Readings

        Raises
        ------
        TableError
            If there is no row, or one answer was given twice.
        """
        if self.empty:
            raise TableError(", ".join(self._sources) or "the input", "there is not a single answer to analyse.")
        columns: dict[str, NDArray[np.generic]] = {}
        for name in list(self._parts[0]):
            columns[name] = np.concatenate([part.pop(name) for part in self._parts])
        self._parts.clear()
        names: dict[str, tuple[str, ...]] = {}
        for column, known in (
            ("case", self._case),
            ("reader", self._reader),
            ("item", self._item),
            ("unit", self._unit),
        ):
            ordered = sorted(known.numbers)
            moved = np.empty(len(ordered), dtype=columns[column].dtype)
            moved[[known.numbers[name] for name in ordered]] = np.arange(len(ordered))
            columns[column] = moved[columns[column].astype(np.int64)]
            names[column] = tuple(ordered)
        self._refuse_doubled(columns, names)
        return Readings(
            cases=names["case"],
            readers=names["reader"],
            items=names["item"],
            units=names["unit"],
            sources=tuple(self._sources),
            records=tuple(self._records),
            remarks=tuple(self._remarks),
            **columns,  # type: ignore[arg-type]
        )

    def _refuse_doubled(self, columns: dict[str, NDArray[np.generic]], names: dict[str, tuple[str, ...]]) -> None:
        key = columns["case"].astype(np.int64)
        sizes = (
            len(names["reader"]),
            len(STAGES),
            len(names["item"]),
            int(columns["occasion"].astype(np.int64).max()) + 1,
        )
        for column, size in zip(("reader", "stage", "item", "occasion"), sizes, strict=True):
            key = key * size + columns[column].astype(np.int64)
        order = np.argsort(key, kind="stable")
        doubled = np.flatnonzero(np.diff(key[order]) == 0)
        if not doubled.size:
            return
        # The first doubled answer in the order in which the input was read.
        at = doubled[np.argmin(order[doubled + 1])]
        first, second = int(order[at]), int(order[at + 1])
        places = [self._places[int(columns["source"][index])](int(columns["row"][index])) for index in (first, second)]
        what = ", ".join(
            f"{column} '{names[column][int(columns[column][first])]}'" for column in ("case", "reader", "item")
        )
        stage = STAGES[int(columns["stage"][first])]
        raise TableError(
            places[1],
            f"a second answer for {what}, stage '{stage}' (the first: {places[0]}). Remove one; a repeated reading "
            "needs a column 'occasion' (1, 2, ...), or files of their own and the option --repeats.",
        )


def _first(codes: NDArray[np.int64], number: int) -> int:
    return int(np.argmax(codes == number))


def _understand(item: str, answers: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int8], dict[int, str]]:
    """Number, state and complaint of each distinct answer to an item."""
    scale = scale_of(item)
    states = np.full(len(answers), ANSWERED, dtype=np.int8)
    states[[answer == NOT_ASSESSABLE for answer in answers]] = NOT_ASSESSED
    states[[answer == "" for answer in answers]] = UNANSWERED
    if scale.values:
        known = {value: float(number) for number, value in enumerate(scale.values)}
        # Other programs write whole numbers as 3.0.
        known |= {f"{value}.0": number for value, number in known.items() if value.isdigit()}
        numbers = np.array([known.get(answer, np.nan) for answer in answers])
    else:
        # A copy: pandas lends its own array.
        numbers = np.array(pd.to_numeric(pd.Series(answers, dtype=object), errors="coerce"), dtype=np.float64)
        numbers[~is_measurement(numbers)] = np.nan
    numbers[states != ANSWERED] = np.nan
    bad = {int(at): _complaint(item, answers[at]) for at in np.flatnonzero(np.isnan(numbers) & (states == ANSWERED))}
    return numbers, states, bad


def _complaint(item: str, answer: str) -> str:
    scale = scale_of(item)
    if scale.values:
        return f"unknown value '{answer}' of {item}; it takes {', '.join(scale.categories(not_assessable=True))}."
    from napari_vcf.reading.findings import ITEMS

    near = difflib.get_close_matches(item, ITEMS, n=1)
    hint = f" Is '{near[0]}' meant?" if near and near[0] != item else ""
    return (
        f"unknown value '{answer}' of {item}: an item that the form does not know holds finite numbers "
        f"({MEASUREMENTS}), or '{NOT_ASSESSABLE}'.{hint}"
    )
