"""A logistic model of chosen signs, for each reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import CalibrationPoint, LogisticModel, ModelTerm, Statistic
from napari_vcf.agreement.errors import AgreementError, StatisticError
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PATHOLOGY
from napari_vcf.agreement.statistics import Estimate, LogisticFit, fit_logistic
from napari_vcf.agreement.statistics.estimate import undefined
from napari_vcf.agreement.statistics.logistic import FEW_EVENTS
from napari_vcf.records.base import STAGES

__all__ = ["MODEL", "model_of_signs"]

#: Item under which what concerns the whole model stands.
MODEL = "logistic_model"
_METHOD = "logistic regression by maximum likelihood (statsmodels)"
_OPTIMISM = "less the optimism of a case bootstrap (Harrell et al. 1996)"
_MOST_SAMPLES = 500
_BINS = 5


def model_of_signs(
    found: Collected,
    readings: Readings,
    by_stage: Mapping[str, Mapping[str, ItemTable]],
    truth: NDArray[np.int64],
) -> None:
    """Fit the model that was asked for, for each reader, in the last stage that has its signs.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    by_stage : mapping
        Tables by stage and item.
    truth : ndarray of int, shape (all cases,)
        Position in `PATHOLOGY`, -1 where not known.

    Raises
    ------
    AgreementError
        If no stage has all of the signs, or statsmodels is not installed.
    """
    signs = found.settings.model
    if not signs:
        return
    stages = [stage for stage in STAGES if all(sign in by_stage.get(stage, {}) for sign in signs)]
    if not stages:
        known = sorted({item for tables in by_stage.values() for item in tables})
        raise AgreementError(
            f"No stage has all of the signs {', '.join(signs)} (--model). Signs in the input: {', '.join(known)}."
        )
    tables = [by_stage[stages[-1]][sign] for sign in signs]
    for reader, name in enumerate(readings.readers):
        if not is_consensus(name) and all(table.asked[reader, 0] for table in tables):
            _one(found, readings, tables, reader, truth)


def _one(
    found: Collected, readings: Readings, tables: Sequence[ItemTable], reader: int, truth: NDArray[np.int64]
) -> None:
    settings = found.settings
    stage, readers = tables[0].stage, (readings.readers[reader],)
    place = Place("against_reference", MODEL, stage, readers)
    columns, names, whole = _design(readings, tables, reader)
    keep = whole & (truth >= 0)
    cases = np.array(readings.cases)[tables[0].cases]
    found.leave_out(place, cases[~keep[tables[0].cases]].tolist(), "a sign of the model is missing or not assessable")
    true = truth[keep] == PATHOLOGY.index(settings.positive)
    try:
        fit = fit_logistic(
            columns[keep],
            true,
            names,
            samples=min(settings.bootstrap, _MOST_SAMPLES),
            seed=found.seed(place, "model"),
            level=settings.level,
        )
    except StatisticError as error:
        found.add(place, "model_auc", undefined(int(keep.sum()), _METHOD, str(error)))
        return
    _rows(found, place, fit)
    found.models.append(
        LogisticModel(
            stage=stage,
            readers=readers,
            positive=settings.positive,
            signs=tuple(names),
            cases=fit.cases,
            events=fit.events,
            terms=tuple(
                ModelTerm(term=t.name, coefficient=t.coefficient, standard_error=t.standard_error, p=t.p)
                for t in fit.terms
            ),
            calibration=_calibration(fit, true),
            part=found.label,
        )
    )


def _design(
    readings: Readings, tables: Sequence[ItemTable], reader: int
) -> tuple[NDArray[np.float64], list[str], NDArray[np.bool_]]:
    """Columns of the model over all cases: grades as steps, categories against the first, measurements per SD."""
    n = len(readings.cases)
    columns, names = [], []
    whole = np.ones(n, dtype=bool)
    for table in tables:
        answers = np.full(n, np.nan)
        answers[table.cases] = np.where(table.not_assessed[:, reader, 0], np.nan, table.values[:, reader, 0])
        whole &= np.isfinite(answers)
        values = table.scale.values
        if not values:
            spread = float(np.nanstd(answers, ddof=1)) or 1.0
            columns.append(answers / spread)
            names.append(f"{table.scale.item} per SD ({spread:.4g})")
        elif table.scale.kind == "ordinal":
            columns.append(answers)
            names.append(f"{table.scale.item} per step")
        else:
            base = values.index("no") if "no" in values else 0
            for number, value in enumerate(values):
                if number != base and (answers == number).any():
                    columns.append((answers == number).astype(np.float64))
                    names.append(f"{table.scale.item} = {value}")
    return np.column_stack(columns), names, whole


def _rows(found: Collected, place: Place, fit: LogisticFit) -> None:
    n, level = fit.cases, found.settings.level
    note = f"Odds of {found.settings.positive}."
    for term in fit.terms[1:]:
        own = Place(place.analysis, term.name, place.stage, place.readers)
        found.add(own, "odds_ratio", Estimate(term.odds_ratio, term.low, term.high, level, n, f"{_METHOD}, Wald"), note)
        found.add(own, "odds_ratio_p", Estimate(term.p, None, None, None, n, f"{_METHOD}, Wald"), note)
    failed = f"{fit.failed} bootstrap samples could not be fitted." if fit.failed else ""
    numbers: tuple[tuple[Statistic, float | None, str], ...] = (
        ("model_auc", fit.auc, _METHOD),
        ("model_auc_corrected", fit.auc_corrected, _OPTIMISM),
        ("calibration_slope", fit.slope, "slope of the model in its own data, which is 1"),
        ("calibration_slope_corrected", fit.slope_corrected, "mean slope of the bootstrap models in the data"),
        ("brier_score", fit.brier, "mean squared distance of predicted risk and pathology"),
        ("events_per_variable", fit.events_per_variable, "cases of the rarer class for each coefficient"),
    )
    for statistic, value, method in numbers:
        if value is None:
            estimate = undefined(n, method, "Too few bootstrap samples could be fitted, or there was no bootstrap.")
        else:
            estimate = Estimate(value, None, None, None, n, method, failed if "corrected" in statistic else "")
        found.add(place, statistic, estimate)
    if fit.events_per_variable < FEW_EVENTS:
        found.remark(
            f"The model of {', '.join(place.readers)} has {fit.events_per_variable:.1f} cases of the rarer class for "
            f"each coefficient; below {FEW_EVENTS:.0f} its odds ratios are too large and its intervals too short. "
            "Choose fewer signs."
        )


def _calibration(fit: LogisticFit, true: NDArray[np.bool_]) -> tuple[CalibrationPoint, ...]:
    """Predicted and observed share in fifths of the predicted risk; cases of one risk stay together."""
    edges = np.unique(np.quantile(fit.risk, np.linspace(0, 1, _BINS + 1))[1:-1])
    place = np.searchsorted(edges, fit.risk, side="left")
    return tuple(
        CalibrationPoint(
            n=int((place == number).sum()),
            predicted=float(fit.risk[place == number].mean()),
            observed=float(true[place == number].mean()),
        )
        for number in np.unique(place)
    )
