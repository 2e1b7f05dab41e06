"""ADC maps of our own in the place of those that a scan lacks, and the check of the scanner's maps against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from napari_vcf.dicom.errors import DicomError
from napari_vcf.dicom.series.model import Scan, Series
from napari_vcf.dicom.series.role import Role
from napari_vcf.dicom.series.units import ADC_UNITS, ValueScale
from napari_vcf.dicom.volumes.computed import b_images, compute_adc, method_of
from napari_vcf.dicom.volumes.loading import load_volume
from napari_vcf.dicom.volumes.stored import Cancelled, Progress
from napari_vcf.language import joined, say

__all__ = ["check_adc_units", "with_computed_adc"]

#: A map agrees with ours if the median of their quotient is this near to one.
_AGREEMENT: Final = 0.15
#: Voxels with an unweighted signal below this percentile are background and noise.
_SIGNAL_PERCENTILE: Final = 70.0
_FEWEST_VOXELS: Final = 200
#: Water at 37 degrees; cerebrospinal fluid comes near it, and nothing in the body lies above, in um2/s.
_WATER_UM2_PER_S: Final = 3000.0


def with_computed_adc(scan: Scan) -> Scan:
    """Add an ADC map of our own for each diffusion grid that has no map of the scanner's.

    Parameters
    ----------
    scan : Scan
        A scan.

    Returns
    -------
    Scan
        With further series in the role ADC, whose volumes are computed when they are loaded.
    """
    known = [series for series in scan.series if series.role is Role.ADC]
    added: list[Series] = []
    for group in _diffusion_groups(scan.series):
        if any(_same_place(group[0], adc) for adc in known) or len(b_images(*group)) < 2:
            continue
        first = group[0]
        method = method_of(b_images(*group))
        closed = joined(" ", dict.fromkeys(filter(None, (series.not_measurable_reason for series in group))))
        added.append(
            replace(
                first,
                key=f"{first.key}:adc",
                description=say("ADC computed from {description}", description=first.description or "DWI"),
                role=Role.ADC,
                role_evidence=method,
                # Of its diffusion images somebody may have said what they are; of the map nobody did.
                role_given=False,
                b_values_given=(),
                volumes=(replace(first.volumes[0], kind="adc", b_value=None, direction=None, repetition=0),),
                unit="um2/s",
                unit_evidence=say("computed from b-values in s/mm2"),
                corrections=(*first.corrections, say("ADC {method}.", method=method)),
                measurable=not closed,
                not_measurable_reason=closed,
                scale=ValueScale("um2/s", say("computed from b-values in s/mm2")),
                computed_from=tuple(group),
            )
        )
    return scan.with_series((*scan.series, *added))


def _diffusion_groups(series: Sequence[Series]) -> list[list[Series]]:
    """Diffusion series with two b-values or more; those with fewer, together where they lie on one grid."""
    diffusion = [entry for entry in series if entry.role is Role.DWI]
    groups = [[entry] for entry in diffusion if len(b_images(entry)) > 1]
    rest: list[list[Series]] = []
    for entry in diffusion:
        if len(b_images(entry)) > 1:
            continue
        for group in rest:
            if _same_place(group[0], entry) and group[0].grid.is_close_to(entry.grid):
                group.append(entry)
                break
        else:
            rest.append([entry])
    return groups + [group for group in rest if len(group) > 1]


def _same_place(first: Series, second: Series) -> bool:
    same_frame = first.frame_of_reference_uid == second.frame_of_reference_uid
    return (
        same_frame and first.grid.shape == second.grid.shape and first.grid.is_close_to(second.grid, tolerance_mm=0.1)
    )


def check_adc_units(scan: Scan, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Scan:
    """Check the unit of every ADC map of the scanner's against the pixels.

    A map on the grid of b-images is compared with our own ADC from them: that settles an unknown unit, confirms a known
    one, and takes back one that is contradicted. Without b-images the values are compared with free water, which
    nothing in the body exceeds; that only informs the person who is asked.

    Parameters
    ----------
    scan : Scan
        A scan.
    progress, cancelled : callable, optional
        As for `load_volume`.

    Returns
    -------
    Scan
    """
    groups = _diffusion_groups(scan.series)
    checked: list[Series] = []
    for series in scan.series:
        if series.role is not Role.ADC or series.computed_from or series.scale.contradictory:
            checked.append(series)
            continue
        group = next((group for group in groups if _same_place(group[0], series)), None)
        try:
            if group is not None:
                checked.append(_against_own(series, group, progress, cancelled))
            else:
                checked.append(_against_water(series, cancelled))
        except DicomError as error:
            checked.append(
                replace(
                    series, corrections=(*series.corrections, say("The unit was not checked: {error}", error=error))
                )
            )
    return scan.with_series(checked)


def _against_own(
    series: Series, group: Sequence[Series], progress: Progress | None, cancelled: Cancelled | None
) -> Series:
    own, _ = compute_adc(*group, progress=progress, cancelled=cancelled)
    unweighted = min(b_images(*group).items())[1][0]
    signal = load_volume(*unweighted, cancelled=cancelled).data
    stated = load_volume(series, cancelled=cancelled)
    usable = (signal > 0) & (own.data > 0) & (stated.data > 0)
    for padding in (own.padding, stated.padding):
        if padding is not None:
            usable &= ~padding
    if usable.any():
        usable &= signal >= np.percentile(signal[usable], _SIGNAL_PERCENTILE)
    count = int(usable.sum())
    if count < _FEWEST_VOXELS:
        return replace(
            series,
            unit_evidence=say(
                "{unit_evidence}; too little signal to check it by the b-images", unit_evidence=series.unit_evidence
            ),
        )
    quotient = float(np.median(own.data[usable] / stated.data[usable]))
    factor = next((f for f in sorted(set(ADC_UNITS.values())) if abs(quotient / f - 1) <= _AGREEMENT), None)
    difference = float(np.median(np.abs(own.data[usable] - stated.data[usable] * (factor or 1.0))))
    check = say(
        "median difference from our ADC of the b-images {difference:.1f} um2/s over {count} voxels",
        difference=difference,
        count=count,
    )
    if series.unit is None and factor is not None:
        evidence = say(
            "check against the b-images: {check} when read in {unit}; {unit_evidence}",
            check=check,
            unit=_name_of(factor),
            unit_evidence=series.unit_evidence,
        )
        return _rescaled(series, ValueScale("um2/s", evidence, factor))
    if series.unit is None:
        return replace(
            series,
            unit_evidence=say(
                "{unit_evidence}; the b-images fit no known unit ({quotient:.3g})",
                unit_evidence=series.unit_evidence,
                quotient=quotient,
            ),
        )
    if factor == 1.0:
        return replace(
            series,
            unit_evidence=say("{unit_evidence}; confirmed: {check}", unit_evidence=series.unit_evidence, check=check),
        )
    if series.scale.answered:
        text = say(
            "{unit_evidence}; our ADC from the b-images is {quotient:.3g} times the map's",
            unit_evidence=series.unit_evidence,
            quotient=quotient,
        )
        return replace(series, unit_evidence=text)
    evidence = say(
        "contradicted: {unit_evidence}, but our ADC from the b-images is {quotient:.3g} times the map's "
        "(median over {count} voxels)",
        unit_evidence=series.unit_evidence,
        quotient=quotient,
        count=count,
    )
    return _rescaled(series, ValueScale(None, evidence))


def _name_of(factor: float) -> str:
    return next(name for name, value in ADC_UNITS.items() if value == factor)


def _against_water(series: Series, cancelled: Cancelled | None) -> Series:
    volume = load_volume(series, cancelled=cancelled)
    positive = volume.data[volume.data > 0]
    if positive.size < _FEWEST_VOXELS:
        return series
    middle, bright = (float(value) for value in np.percentile(positive, (50, 99)))
    values = say("median {middle:.4g}, brightest hundredth {bright:.4g}", middle=middle, bright=bright)
    if series.unit is not None:
        if not _WATER_UM2_PER_S / 10 < bright < _WATER_UM2_PER_S * 10:
            if series.scale.answered:
                return replace(
                    series,
                    unit_evidence=say(
                        "{unit_evidence}; its values ({values}) look like no tissue",
                        unit_evidence=series.unit_evidence,
                        values=values,
                    ),
                )
            evidence = say(
                "contradicted: {unit_evidence}, but its values ({values}) are none of tissue in um2/s",
                unit_evidence=series.unit_evidence,
                values=values,
            )
            return _rescaled(series, ValueScale(None, evidence))
        return replace(
            series,
            unit_evidence=say(
                "{unit_evidence}; values {values} um2/s fit tissue and fluid",
                unit_evidence=series.unit_evidence,
                values=values,
            ),
        )
    fitting = [f for f in sorted(set(ADC_UNITS.values())) if 0.3 < bright * f / _WATER_UM2_PER_S < 1.7]
    hint = (
        say("they would fit {unit}", unit=_name_of(fitting[0]))
        if len(fitting) == 1
        else say("they fit no unit clearly")
    )
    return replace(
        series,
        unit_evidence=say(
            "{unit_evidence}; values {values}: {hint} (fluid is near 3000 um2/s)",
            unit_evidence=series.unit_evidence,
            values=values,
            hint=hint,
        ),
    )


def _rescaled(series: Series, scale: ValueScale) -> Series:
    return replace(series, scale=scale, unit=scale.unit, unit_evidence=scale.evidence)
