"""Benign and malignant cases compared: baseline, signs and measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Description
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.input.reference import Reference
from napari_vcf.agreement.scales import PATHOLOGY
from napari_vcf.agreement.statistics import chi_squared, expected_counts, fisher_exact, t_test, welch_test
from napari_vcf.agreement.statistics.groups import SMALL_EXPECTED

__all__ = ["baseline_groups", "reading_groups"]

_DIRECTION = "Benign minus malignant; papers often print it without its sign."


def baseline_groups(found: Collected, reference: Reference, cases: Sequence[str]) -> None:
    """Compare what the reference file says of the cases.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    reference : Reference
        Pathology and baseline.
    cases : sequence of str
        Cases that were read.
    """
    read = set(cases)
    chosen = np.array([case in read for case in reference.cases])
    for column in reference.baselines:
        place = Place("groups", column.name, None, ())
        values, truth = column.values[chosen], reference.pathology[chosen]
        names = np.array(reference.cases)[chosen]
        found.leave_out(place, names[np.isnan(values)].tolist(), f"no value in {reference.source}")
        _compare(found, place, column.categories, values, truth)


def reading_groups(found: Collected, readings: Readings, tables: Sequence[ItemTable], truth: NDArray[np.int64]) -> None:
    """Compare the answers of each reader between the groups.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    tables : sequence of ItemTable
        Items of one stage.
    truth : ndarray of int, shape (all cases,)
        Position in `PATHOLOGY`, -1 where not known.
    """
    for table in tables:
        known = truth[table.cases]
        names = np.array(readings.cases)[table.cases]
        for reader in np.flatnonzero(table.asked[:, 0]).tolist():
            if is_consensus(readings.readers[reader]):
                continue
            place = Place("groups", table.scale.item, table.stage, (readings.readers[reader],))
            values = table.values[:, reader, 0]
            unsaid = table.not_assessed[:, reader, 0] & np.isnan(values)
            found.leave_out(
                place, names[unsaid].tolist(), "said to be not assessable, so there is no number to compare"
            )
            found.leave_out(place, names[np.isnan(values) & ~unsaid].tolist(), "not answered")
            found.leave_out(place, names[np.isfinite(values) & (known < 0)].tolist(), "pathology not known")
            used = bool((values == len(table.scale.values)).any())
            labels = table.scale.categories(not_assessable=used) if table.scale.values else ()
            _compare(found, place, labels, values[known >= 0], known[known >= 0])


def _compare(
    found: Collected, place: Place, labels: Sequence[str], values: NDArray[np.float64], truth: NDArray[np.int64]
) -> None:
    filled = np.isfinite(values)
    values, truth = values[filled], truth[filled]
    if labels:
        _counts(found, place, labels, values.astype(np.int64), truth)
        return
    groups = [values[truth == number] for number in range(len(PATHOLOGY))]
    for name, group in zip(PATHOLOGY, groups, strict=True):
        found.descriptions.append(
            Description(
                item=place.item,
                stage=place.stage,
                readers=place.readers,
                group=name,
                n=len(group),
                mean=float(group.mean()) if len(group) else None,
                sd=float(group.std(ddof=1)) if len(group) > 1 else None,
                part=found.label,
            )
        )
    student, welch = t_test(*groups), welch_test(*groups)
    found.add(place, "t", student.statistic, _DIRECTION)
    found.add(place, "t_p", student.p)
    found.add(place, "welch_t", welch.statistic, _DIRECTION)
    found.add(place, "welch_p", welch.p)


def _counts(
    found: Collected, place: Place, labels: Sequence[str], codes: NDArray[np.int64], truth: NDArray[np.int64]
) -> None:
    size = len(PATHOLOGY)
    counts = np.bincount(codes * size + truth, minlength=len(labels) * size).reshape(len(labels), size)
    found.add_table(place, labels, PATHOLOGY, counts)
    test = chi_squared(counts)
    found.add(place, "chi2", test.statistic)
    found.add(place, "chi2_p", test.p)
    expected = expected_counts(counts)
    if min(expected.shape) >= 2 and expected.min() < SMALL_EXPECTED:
        note = f"The smallest expected count is {expected.min():.2f}."
        found.add(place, "fisher_p", fisher_exact(counts, seed=found.seed(place)), note)
