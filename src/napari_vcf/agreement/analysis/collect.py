"""What an analysis collects on its way, and how it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.document import (
    Analysis,
    CrossTable,
    Description,
    LeftOut,
    LogisticModel,
    Roc,
    Row,
    Settings,
    Statistic,
)
from napari_vcf.agreement.statistics import Estimate, roc_points, stable_seed

__all__ = ["Collected", "Pairing", "Place", "Quantity"]


@dataclass(frozen=True, slots=True)
class Place:
    """Which analysis, item, stage and readers a number belongs to.

    Attributes
    ----------
    analysis, item, stage, readers
        As in the rows of the document.
    repeat : str
        Within a reader, which of the readings are compared, such as ``1_vs_2``, or ``placements``.
    part : str
        What sets the readings apart; filled in as the number is collected.
    """

    analysis: Analysis
    item: str
    stage: str | None
    readers: tuple[str, ...]
    repeat: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Paired measurements of one item, kept for the plots.

    Attributes
    ----------
    place : Place
        What they are.
    unit : str
        Their unit.
    values : ndarray, shape (n, 2)
        First and second measurement.
    """

    place: Place
    unit: str
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A measured quantity of one reader with the pathology of each case, kept for the figures.

    Attributes
    ----------
    place : Place
        What it is.
    unit : str
        Its unit.
    values : ndarray, shape (n,)
        Measurements.
    pathology : ndarray of int, shape (n,)
        Position in `PATHOLOGY`.
    """

    place: Place
    unit: str
    values: NDArray[np.float64]
    pathology: NDArray[np.int64]


#: Points of a Bland-Altman plot; more cannot be told apart on paper.
_PLOT_POINTS = 1500


@dataclass(slots=True)
class Collected:
    """Rows and tables of an analysis, in the order in which they are found."""

    settings: Settings
    label: str = ""
    rows: list[Row] = field(default_factory=list)
    cross_tables: list[CrossTable] = field(default_factory=list)
    descriptions: list[Description] = field(default_factory=list)
    roc: list[Roc] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    models: list[LogisticModel] = field(default_factory=list)
    pairings: list[Pairing] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    #: Case and stage, or ``all``, to the reason why the coordinator of a study set them aside.
    aside: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def seed(self, place: Place, statistic: str = "") -> int:
        """Seed of one quantity, whatever else is analysed."""
        return stable_seed(
            self.settings.seed, place.analysis, place.item, place.stage or "", *place.readers, statistic, self.label
        )

    def add(self, place: Place, statistic: Statistic, estimate: Estimate, note: str = "") -> None:
        """Add a row."""
        words = [part for part in (estimate.note, note, self.label and f"Analysed apart: {self.label}.") if part]
        self.rows.append(
            Row(
                analysis=place.analysis,
                item=place.item,
                stage=place.stage,
                readers=place.readers,
                statistic=statistic,
                value=estimate.value,
                ci_low=estimate.ci_low,
                ci_high=estimate.ci_high,
                level=estimate.level,
                n=estimate.n,
                method=str(estimate.method),
                note=" ".join(words),
                part=self.label,
                repeat=place.repeat,
            )
        )

    def add_table(self, place: Place, rows: Sequence[str], columns: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Add a table of counts."""
        self.cross_tables.append(
            CrossTable(
                analysis=place.analysis,
                item=place.item,
                stage=place.stage,
                readers=place.readers,
                rows=tuple(rows),
                columns=tuple(columns),
                counts=tuple(tuple(int(count) for count in line) for line in counts),
                part=self.label,
                repeat=place.repeat,
            )
        )

    def add_curve(
        self,
        place: Place,
        score: NDArray[np.float64],
        true: NDArray[np.bool_],
        read: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    ) -> None:
        """Add a ROC curve; ``read`` makes thresholds of the score what the file of the readings says."""
        thresholds, hits, alarms = roc_points(score, true)
        self.roc.append(
            Roc(
                item=place.item,
                stage=place.stage or "",
                readers=place.readers,
                positive=self.settings.positive,
                positives=int(true.sum()),
                negatives=int((~true).sum()),
                thresholds=tuple(read(thresholds).tolist()),
                true_positives=tuple(hits.tolist()),
                false_positives=tuple(alarms.tolist()),
                part=self.label,
            )
        )

    def leave_out(self, place: Place, cases: Sequence[str], reason: str) -> None:
        """Note cases that did not enter, if there are any; those whose stage was set aside with the reason for that."""
        why = {case: self.aside.get((case, place.stage or ""), reason) for case in cases}
        for reason in dict.fromkeys(why.values()):
            self.left_out.append(
                LeftOut(
                    analysis=place.analysis,
                    item=place.item,
                    stage=place.stage,
                    readers=place.readers,
                    cases=tuple(case for case in cases if why[case] == reason),
                    reason=reason,
                    part=self.label,
                    repeat=place.repeat,
                )
            )

    def remark(self, text: str) -> None:
        """Say something about the whole analysis, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def keep_pairs(self, place: Place, unit: str, values: NDArray[np.float64]) -> None:
        """Keep paired measurements for a plot, a seeded sample of them where they are many."""
        if len(values) > _PLOT_POINTS:
            rng = np.random.default_rng(self.seed(place, "plot"))
            values = values[np.sort(rng.choice(len(values), _PLOT_POINTS, replace=False))]
        self.pairings.append(Pairing(replace(place, part=self.label), unit, values.copy()))

    def keep_quantity(self, place: Place, unit: str, values: NDArray[np.float64], pathology: NDArray[np.int64]) -> None:
        """Keep a measured quantity with the pathology of its cases for the figures."""
        self.quantities.append(Quantity(replace(place, part=self.label), unit, values, pathology))
