"""The unit of a series, with its evidence; an ADC map whose unit nothing tells has none until the person says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.intensity import um2_per_s_of
from napari_vcf.dicom.files.volumefile import VolumeFile
from napari_vcf.dicom.series.role import Role
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.language import joined, say

__all__ = ["ADC_UNITS", "ValueScale", "unit_of"]

#: Units that a person may give for an ADC map -> factor to um2/s.
ADC_UNITS: Final[dict[str, float]] = {
    "um2/s": 1.0,
    "1e-6 mm2/s": 1.0,
    "1e-5 mm2/s": 10.0,
    "1e-3 mm2/s": 1000.0,
    "mm2/s": 1e6,
    "1e-9 m2/s": 1000.0,
}
#: Makers that store ADC maps as whole numbers of 1e-6 mm2/s: a word of the manufacturer's name -> what is known.
_VENDOR_RULES: Final = {
    "SIEMENS": say("Siemens stores ADC maps in 1e-6 mm2/s"),
    "GE MEDICAL": say("GE stores ADC maps in 1e-6 mm2/s"),
    "GE HEALTHCARE": say("GE stores ADC maps in 1e-6 mm2/s"),
}


@dataclass(frozen=True, slots=True)
class ValueScale:
    """How the values of a series are brought to their unit.

    Attributes
    ----------
    unit : str or None
        ``"HU"``, ``"um2/s"``, ``"signal"``, or None where the person must be asked.
    evidence : str
        How that is known.
    factor : float
        Multiplies the rescaled values.
    map_unit : str
        Unit code of the real-world value map to use instead of the rescale; empty for the rescale.
    contradictory : bool
        Whether the slices state different things, so that no one answer holds for all of them.
    answered : bool
        Whether a person said it.
    """

    unit: str | None
    evidence: str
    factor: float = 1.0
    map_unit: str = ""
    contradictory: bool = False
    answered: bool = False


def unit_of(stack: Stack | VolumeFile, role: Role) -> ValueScale:
    """Unit of a stack in a role.

    Parameters
    ----------
    stack : Stack or VolumeFile
        The slices or the file.
    role : Role
        What they are for the reading.

    Returns
    -------
    ValueScale
    """
    if isinstance(stack, VolumeFile):
        return _of_volume_file(role)
    if stack.first.file.modality == "CT" and stack.first.kind == "map":
        return ValueScale("signal", say("a map computed from a CT: its values are no Hounsfield units"))
    if stack.first.file.modality == "CT":
        return _agreed(stack, _hounsfield, "signal")
    if role is Role.ADC:
        return _agreed(stack, _diffusivity, None)
    return ValueScale("signal", say("MR signal has no unit"))


def _of_volume_file(role: Role) -> ValueScale:
    if role is Role.CT:
        return ValueScale("HU", say("taken for a CT as the person says; NIfTI and NRRD files state no unit"))
    if role is Role.ADC:
        return ValueScale(None, say("NIfTI and NRRD files state no unit"))
    return ValueScale("signal", say("NIfTI and NRRD files state no unit"))


def _agreed(stack: Stack, rule: Callable[[Frame], ValueScale], unknown: str | None) -> ValueScale:
    """What a rule says of every slice; `unknown`, where it does not say the same of all."""
    said: dict[tuple[object, ...], ValueScale] = {}
    found: dict[tuple[object, ...], tuple[str, int]] = {}
    for volume in stack.volumes:
        for frame in volume.frames:
            entry = frame.intensity
            units = tuple(each.unit for each in entry.maps)
            key = (
                *(
                    entry.rescale_type,
                    entry.stated,
                    entry.slope,
                    entry.intercept,
                    entry.lut is None,
                    entry.tabled,
                    units,
                ),
                *(frame.file.layout.floating, frame.file.manufacturer),
            )
            scale = said.get(key)
            if scale is None:
                scale = said[key] = rule(frame)
            meaning = (scale.unit, scale.factor, scale.map_unit)
            found[meaning] = (found.get(meaning, (scale.evidence, 0))[0], found.get(meaning, ("", 0))[1] + 1)
    if len(found) == 1:
        return rule(stack.first)
    parts = joined(
        "; ",
        (say("{evidence} ({count} of them)", evidence=evidence, count=count) for evidence, count in found.values()),
    )
    return ValueScale(unknown, say("the slices contradict each other: {parts}", parts=parts), contradictory=True)


def _hounsfield(frame: Frame) -> ValueScale:
    intensity = frame.intensity
    kind = intensity.rescale_type.upper()
    if intensity.lut is not None:
        if kind == "HU":
            return ValueScale("HU", say("modality LUT of type HU"))
        return ValueScale(
            "signal", say("CT with a modality LUT of type {kind}: no Hounsfield units", kind=kind or say("(none)"))
        )
    if kind == "HU":
        return ValueScale("HU", say("rescale type HU"))
    if kind in ("", "US") and intensity.stated:
        return ValueScale("HU", say("CT with a rescale"))
    if not intensity.stated:
        return ValueScale("signal", say("CT without a rescale: its values are no Hounsfield units"))
    return ValueScale("signal", say("CT with rescale type {kind}: its values are no Hounsfield units", kind=kind))


def _diffusivity(frame: Frame) -> ValueScale:
    intensity = frame.intensity
    for entry in intensity.maps:
        if entry.um2_per_s is not None:
            return ValueScale(
                "um2/s", say("real-world value map in {unit}", unit=entry.unit), entry.um2_per_s, entry.unit
            )
    if intensity.tabled:
        return ValueScale(None, say("the real-world values are stated as a table, which is not read"))
    factor = um2_per_s_of(intensity.rescale_type)
    if factor is not None:
        return ValueScale("um2/s", say("rescale type {rescale_type}", rescale_type=intensity.rescale_type), factor)
    whole = not frame.file.layout.floating and intensity.lut is None
    plain = whole and intensity.slope == 1 and intensity.intercept == 0
    for word, rule in _VENDOR_RULES.items():
        if word in frame.file.manufacturer and plain:
            return ValueScale("um2/s", say("vendor rule: {rule}; no unit is stated", rule=rule))
    return ValueScale(None, say("nothing in the files states the unit of this ADC map"))
