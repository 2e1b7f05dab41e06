"""Agreement of painted masks, decoded two at a time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Analysis, Statistic
from napari_vcf.agreement.input.masks import MASKS, MaskStore
from napari_vcf.agreement.input.readings import Readings
from napari_vcf.agreement.statistics import Estimate, dice, hausdorff95_mm, percentile_interval
from napari_vcf.agreement.statistics.bootstrap import bootstrap_mean
from napari_vcf.records.base import STAGES

__all__ = ["agreement_of_masks", "compare_masks"]

_METHODS: dict[Statistic, str] = {
    "dice": "mean over cases of the Dice coefficient (Dice 1945), percentile interval of a case bootstrap",
    "hausdorff95_mm": "mean over cases of the 95th percentile of surface distances, percentile interval of a case "
    "bootstrap",
}
_Who = tuple[str, int]


def agreement_of_masks(found: Collected, readings: Readings, store: MaskStore) -> None:
    """Add Dice and the 95 % Hausdorff distance of each pair of readings.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    store : MaskStore
        Masks of the exported readings.
    """
    own = {
        (stage, record.case, record.reader, record.occasion) for record in readings.records for stage in record.stages
    }
    for stage in STAGES:
        by_reading: dict[_Who, set[str]] = {}
        for place, case, reader, occasion in store.masks:
            if place == stage and (stage, case, reader, occasion) in own and not is_consensus(reader):
                by_reading.setdefault((reader, occasion), set()).add(case)
        for first, second in combinations(sorted(by_reading), 2):
            same = first[0] == second[0]
            if not same and (first[1], second[1]) != (1, 1):
                continue
            analysis: Analysis = "within_reader" if same else "between_readers"
            readers = (first[0],) if same else (first[0], second[0])
            repeat = f"{first[1]}_vs_{second[1]}" if same else ""
            both = sorted(by_reading[first] & by_reading[second])
            single = sorted(by_reading[first] ^ by_reading[second])
            for name, item in MASKS.items():
                at = Place(analysis, item, stage, readers, repeat)
                compare_masks(found, store, at, name, (first, second), both)
                found.leave_out(at, single, "painted in one of the readings only")


def compare_masks(
    found: Collected, store: MaskStore, place: Place, name: str, pair: tuple[_Who, _Who], cases: Iterable[str]
) -> None:
    """Add Dice and the 95 % Hausdorff distance of one mask of two readings.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    store : MaskStore
        Masks of the exported readings.
    place : Place
        What they belong to.
    name : {"body", "lesion"}
        The mask.
    pair : tuple
        Reader and occasion of both readings.
    cases : iterable of str
        Cases that both have painted.
    """
    values: dict[Statistic, list[float]] = {"dice": [], "hausdorff95_mm": []}
    unsaid, other_grid, both_empty, one_empty = [], [], [], []
    for case in cases:
        one, two = (store.masks[place.stage or "", case, *who] for who in pair)
        if name not in one.runs or name not in two.runs:
            unsaid.append(case)
            continue
        if one.frame != two.frame:
            other_grid.append(case)
            continue
        a, b = one.decode(name), two.decode(name)
        overlap = dice(a, b)
        if np.isnan(overlap):
            both_empty.append(case)
            continue
        values["dice"].append(overlap)
        distance = hausdorff95_mm(a, b, one.spacing_mm)
        if np.isnan(distance):
            one_empty.append(case)
        else:
            values["hausdorff95_mm"].append(distance)
    found.leave_out(place, unsaid, "said to be not assessable, so its mask is not compared")
    found.leave_out(place, other_grid, "painted on different images, so the masks do not share a grid")
    found.leave_out(place, both_empty, "both masks are empty, so there is no overlap to measure")
    found.leave_out(place, one_empty, "one mask is empty: Dice is 0, a surface distance does not exist")
    for statistic, numbers in values.items():
        found.add(place, statistic, _mean(found, place, statistic, numbers))


def _mean(found: Collected, place: Place, statistic: Statistic, numbers: list[float]) -> Estimate:
    method = _METHODS[statistic]
    if not numbers:
        return Estimate(None, None, None, None, 0, method, "No case has two masks to compare.")
    x = np.array(numbers)
    draws = bootstrap_mean(x[:, None], found.settings.bootstrap, found.seed(place, statistic))[:, 0]
    return percentile_interval(float(x.mean()), draws, n=x.size, level=found.settings.level, method=method)
