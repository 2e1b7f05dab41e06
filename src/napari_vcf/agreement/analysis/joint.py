"""The stages compared over readers and cases at once (MRMC)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PATHOLOGY, oriented_confidence
from napari_vcf.agreement.statistics import (
    Estimate,
    FiguresOfMerit,
    MrmcResult,
    auc_figures,
    obuchowski_rockette,
    share_figures,
)
from napari_vcf.agreement.statistics.estimate import undefined
from napari_vcf.agreement.statistics.mrmc import Comparison, Contrast, EffectTest, closer_than_cases
from napari_vcf.records.base import STAGES

__all__ = ["FEW_READERS", "few_readers", "joint_comparison", "too_close"]

#: Below this many readers the report says what few degrees of freedom mean.
FEW_READERS = 5
_METHOD = "Obuchowski and Rockette (1995), degrees of freedom of Hillis (2007), covariances: {}"
_VIEWS = {
    "": "readers and cases random",
    "_fixed_readers": "readers fixed, cases random: these readers, other cases",
    "_fixed_cases": "readers random, cases fixed: these cases, other readers",
}
_Merit = Callable[[NDArray[np.float64], NDArray[np.int64]], FiguresOfMerit]


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of merit: the item that it is made of, and how."""

    name: str
    item: str
    figures: _Merit

    def statistic(self, what: str) -> Statistic:
        """Name of a row; those of the area under the curve are the short ones."""
        names_figure = what == "" or what.startswith("difference")
        figure = f"{self.name}_" if names_figure or self.name != "auc" else ""
        return cast(Statistic, f"mrmc_{figure}{what}".rstrip("_"))


def joint_comparison(
    found: Collected,
    readings: Readings,
    by_stage: Mapping[str, Mapping[str, ItemTable]],
    truth: NDArray[np.int64],
) -> None:
    """Add the tests and intervals of stages over all readers and cases.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    by_stage : mapping
        Tables of verdict and confidence by stage and item.
    truth : ndarray of int, shape (all cases,)
        Position in `PATHOLOGY`, -1 where not known.
    """
    positive = PATHOLOGY.index(found.settings.positive)
    covariance = found.settings.covariance

    def area(answers: NDArray[np.float64], known: NDArray[np.int64]) -> FiguresOfMerit:
        score = oriented_confidence(answers, found.settings.positive)
        return auc_figures(score, known == positive, covariance=covariance)

    def share(kinds: Sequence[int]) -> _Merit:
        def figures(answers: NDArray[np.float64], known: NDArray[np.int64]) -> FiguresOfMerit:
            right = np.where(np.isfinite(answers), (answers == known).astype(np.float64), np.nan)
            return share_figures(right, np.isin(known, kinds), covariance=covariance)

        return figures

    for figure in (
        _Figure("auc", "confidence", area),
        _Figure("sensitivity", "verdict", share([positive])),
        _Figure("specificity", "verdict", share([1 - positive])),
        _Figure("accuracy", "verdict", share([0, 1])),
    ):
        tables: dict[str, ItemTable] = {
            stage: by_stage[stage][figure.item] for stage in STAGES if figure.item in by_stage.get(stage, {})
        }
        for stages, readers in _designs(found, readings, tables):
            _compare(found, readings, figure, [tables[stage] for stage in stages], readers, truth)


def _designs(
    found: Collected, readings: Readings, tables: Mapping[str, ItemTable]
) -> list[tuple[tuple[str, ...], list[int]]]:
    """Stages and the readers who read all of them: all stages at once, or pairs where no two readers read all."""
    own = [number for number, name in enumerate(readings.readers) if not is_consensus(name)]

    def readers_of(stages: Sequence[str]) -> list[int]:
        return [reader for reader in own if all(tables[stage].asked[reader, 0] for stage in stages)]

    every = tuple(tables)
    choices = [every] if len(readers_of(every)) >= 2 else list(combinations(every, 2))
    designs = [(stages, readers_of(stages)) for stages in choices if len(stages) >= 2]
    designs = [(stages, readers) for stages, readers in designs if len(readers) >= 2]
    for stages, readers in designs:
        some = [r for r in own if r not in readers and any(tables[stage].asked[r, 0] for stage in stages)]
        if some:
            names = ", ".join(readings.readers[reader] for reader in some)
            found.remark(
                f"The comparison of {', '.join(stages)} over readers takes the readers who read every one of these "
                f"stages; without {names}."
            )
    return designs


def _compare(
    found: Collected,
    readings: Readings,
    figure: _Figure,
    tables: Sequence[ItemTable],
    readers: Sequence[int],
    truth: NDArray[np.int64],
) -> None:
    answers = np.full((len(tables), len(readers), len(readings.cases)), np.nan)
    for line, table in zip(answers, tables, strict=True):
        line[:, table.cases] = np.where(table.not_assessed[:, readers, 0], np.nan, table.values[:, readers, 0]).T
    some = np.isfinite(answers).any(axis=(0, 1)) & (truth >= 0)
    answers, known = answers[..., some], truth[some]
    names = tuple(readings.readers[reader] for reader in readers)
    stages = [table.stage for table in tables]
    gaps = int((~np.isfinite(answers).all(axis=(0, 1))).sum())
    writer = _Writer(found, figure, stages, names, _notes(found, figure, len(readers), gaps), int(some.sum()))
    try:
        result = obuchowski_rockette(figure.figures(answers, known), level=found.settings.level)
    except StatisticError as error:
        writer.refused(str(error))
        return
    if len(readers) < FEW_READERS:
        found.remark(few_readers(len(readers), len(stages)))
    writer.write(result)


def _notes(found: Collected, figure: _Figure, readers: int, gaps: int) -> str:
    parts = [f"Over {readers} readers."]
    if figure.name != "accuracy":
        parts.insert(0, f"Positive class: {found.settings.positive}.")
    if gaps:
        cases = "1 case is" if gaps == 1 else f"{gaps} cases are"
        parts.append(f"{cases} not answered by every reader in every stage; each figure rests on its own cases.")
    return " ".join(parts)


def few_readers(readers: int, stages: int) -> str:
    """Say what few readers mean for the comparison of stages."""
    plain = (stages - 1) * (readers - 1)
    return (
        f"{readers} readers compare {stages} stages: how much readers differ from one another is estimated with "
        f"{plain} degree{'s' * (plain != 1)} of freedom, so intervals for readers in general are wide, and a "
        "difference that is there may well not be found. The P value for these readers alone (readers fixed) does "
        "not carry over to others."
    )


def too_close(figures: Sequence[str]) -> str:
    """Say that readers agreed more closely than the cases alone would let them."""
    return (
        f"{', '.join(figures)}: the readers differ less between stages than the sampling of the cases alone would make "
        "them, so the error for readers in general comes out smaller than that for these readers. That is chance with "
        "few readers; P for readers and cases in general is too small there. Rely on P with readers fixed, and claim "
        "no more than it does."
    )


#: Figures whose name is no word.
_FIGURES = {"auc": "Area under the ROC curve"}
_TOO_CLOSE = "Readers vary less than the cases alone would make them: too small, see the P for fixed readers."


class _Writer:
    """Writes the rows of one figure of merit."""

    def __init__(
        self, found: Collected, figure: _Figure, stages: Sequence[str], readers: tuple[str, ...], note: str, n: int
    ) -> None:
        self._found, self._figure, self._stages, self._readers = found, figure, stages, readers
        self._note, self._n = note, n
        self._method = _METHOD.format(found.settings.covariance)
        self._warning = ""

    def _place(self, stage: str) -> Place:
        return Place("modalities", self._figure.item, stage, self._readers)

    def _add(self, stage: str, what: str, value: float | None, words: str, bounds: Contrast | None = None) -> None:
        statistic, place = self._figure.statistic(what), self._place(stage)
        if value is None or not math.isfinite(value):
            reason = "Without bound: only the cases err." if value is not None else "The error variance is zero."
            self._found.add(place, statistic, undefined(self._n, self._method, reason), f"{words} {self._note}")
            return
        if bounds is None or bounds.low is None:
            estimate = Estimate(value, None, None, None, self._n, self._method)
        else:
            level = self._found.settings.level
            estimate = Estimate(value, bounds.low, bounds.high, level, self._n, self._method)
        self._found.add(place, statistic, estimate, f"{words} {self._note}")

    def refused(self, reason: str) -> None:
        """Say for every comparison why there is none."""
        for pair in combinations(self._stages, 2):
            for what in ("difference", "f", "df", "p", "p_fixed_readers", "p_fixed_cases"):
                estimate = undefined(self._n, self._method, reason)
                self._found.add(self._place("_vs_".join(pair)), self._figure.statistic(what), estimate, self._note)

    def write(self, result: MrmcResult) -> None:
        """Write all rows."""
        self._n = result.cases
        parts = result.components
        if closer_than_cases(parts.ms_tr, parts.var_error, parts.cov1, parts.cov2, parts.cov3):
            self._warning = f" {_TOO_CLOSE}"
            self._found.remark(too_close([_FIGURES.get(self._figure.name, self._figure.name.capitalize())]))
        for stage, single in zip(self._stages, result.modalities, strict=True):
            bounds = Contrast(single.value, single.standard_error, single.df, single.low, single.high, None, None)
            self._add(stage, "", single.value, f"Mean of the readers, {_VIEWS['']}.", bounds)
        for comparison in result.comparisons:
            self._pair(comparison)
        if len(self._stages) > 2:
            self._tests(
                "_vs_".join(self._stages), result.random, result.fixed_readers, result.fixed_cases, "all stages"
            )
        whole = "_vs_".join(self._stages)
        for name in ("ms_t", "ms_r", "ms_tr", "var_r", "var_tr", "var_error", "cov1", "cov2", "cov3"):
            self._add(whole, name, getattr(result.components, name), f"{_COMPONENTS[name]}.")

    def _tests(self, stage: str, random: EffectTest, readers: EffectTest, cases: EffectTest, of: str) -> None:
        self._add(stage, "f", random.f, f"Numerator degrees of freedom {random.df_numerator:g}; {of}, {_VIEWS['']}.")
        self._add(stage, "df", random.df, "Denominator degrees of freedom of Hillis.")
        self._add(stage, "p", random.p, f"P of F; {of}, {_VIEWS['']}.{self._warning}")
        self._add(stage, "p_fixed_readers", readers.p, f"P of chi-squared; {of}, {_VIEWS['_fixed_readers']}.")
        self._add(stage, "p_fixed_cases", cases.p, f"P of F; {of}, {_VIEWS['_fixed_cases']}.")

    def _pair(self, comparison: Comparison) -> None:
        first, second = self._stages[comparison.first], self._stages[comparison.second]
        stage = f"{first}_vs_{second}"
        order = f"First: {first}, second: {second}."
        views = {
            "": comparison.random,
            "_fixed_readers": comparison.fixed_readers,
            "_fixed_cases": comparison.fixed_cases,
        }
        for view, contrast in views.items():
            self._add(
                stage, f"difference{view}", contrast.difference, f"{order} {_VIEWS[view].capitalize()}.", contrast
            )
        self._tests(stage, views[""].test, views["_fixed_readers"].test, views["_fixed_cases"].test, "the two stages")
        margin = self._found.settings.margin
        if margin is not None:
            words = f"{order} One-sided P that the second is worse than the first by {margin:g} or more."
            self._add(stage, "noninferiority_p", comparison.random.noninferiority_p(margin), words)


_COMPONENTS = {
    "ms_t": "Mean square of stages",
    "ms_r": "Mean square of readers",
    "ms_tr": "Mean square of stages by readers",
    "var_r": "Variance of readers",
    "var_tr": "Variance of stages by readers",
    "var_error": "Variance of a figure over the cases",
    "cov1": "Covariance over the cases: same reader, other stage",
    "cov2": "Covariance over the cases: other reader, same stage",
    "cov3": "Covariance over the cases: other reader, other stage",
}
