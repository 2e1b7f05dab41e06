"""The role of a series in the reading: from the physics first, from its description last, always with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from napari_vcf.dicom.files.diffusion import ZERO_B_LIMIT
from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.series.contrast import Enhancement
from napari_vcf.dicom.series.physics import Physics, physics_of
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.language import joined, say

__all__ = ["Role", "described", "role_of", "three_plane", "weighted_frames"]

#: "loc" is short for a localizer where it begins or ends a description, and for much else between other words.
_LOCALIZER_WORDS: Final = re.compile(
    r"(?<![a-z])(localizers?|localisers?|scout|survey|topogram|3[ -]?plane|surview)(?![a-z])"
    r"|^(3[ -]?pl(ane)? )?loc(?![a-z])|(?<![a-z])loc$"
)
_FAT_WORDS: Final = re.compile(
    r"(?<![a-z])(stir|tirm|spair|spir|fat[ -]?sat|fat[ -]?supp?(ressed|ression|r)?|fs|fatsup|proset)(?![a-z])"
)
#: GE says which image of a Dixon series it is in front of the description, and nowhere else.
_DIXON_PREFIX: Final = re.compile(r"(water|fat|in ?phase|out ?phase) ?:")
_DIXON_KINDS: Final = {"water": "water", "fat": "fat", "inphase": "in-phase", "outphase": "opposed-phase"}
_T1_WORDS: Final = re.compile(r"(?<![a-z0-9])t1(?![0-9]|rho)")
_T2_WORDS: Final = re.compile(r"(?<![a-z0-9])t2(?![0-9]|star|\*)")
_STIR_WORDS: Final = re.compile(r"(?<![a-z])(stir|tirm)(?![a-z])")
_FLUID_WORDS: Final = re.compile(r"(?<![a-z])(flair|dark[ -]?fluid|da[ -]?fl)(?![a-z])")
_FIELD_MAP_WORDS: Final = re.compile(
    r"(?<![a-z])(b0 ?maps?|field ?map(ping|s)?|fmap|gre field|b0)(?![a-z])|(?<=[0-9]d)b0 ?map"
)
_DIFFUSION_WORDS: Final = re.compile(r"(?<![a-z])(dwi|dwibs|dti|diff|diffusion|ddiff|resolve|tracew?)(?![a-z])")
_ADC_WORDS: Final = re.compile(r"(?<![a-z])d?adc(?![a-z])|apparent diffusion")
_EXPONENTIAL_WORDS: Final = re.compile(r"(?<![a-z])e[ _-]?adc(?![a-z])|exponential|exp[ _-]adc")
#: Some scanners add the direction (MIP_COR).
_PROJECTION: Final = re.compile(r"PROJECTION IMAGE|MAX_IP|MIN_IP|(MIP|MINIP|CPR|VRT|SSD)(_[A-Z]+)?")
#: What images are called that are differences of others, also where they call themselves original.
_DIFFERENCES: Final = frozenset({"SUB", "SUBTRACTION"})
#: What derived images are called that are such differences, or maps of enhancement.
_COMPUTED: Final = _DIFFERENCES | {"DCE", "SER", "PE1", "PE", "WASHIN", "WASHOUT", "KTRANS"}
#: As many volumes without weighting are a series in time, such as a functional one.
_TIME_SERIES: Final = 10
#: Fluid is attenuated only in sequences that repeat as slowly.
_LONG_MS: Final = 4000.0
#: The longest echo time of T1-weighting, and the shortest of T2-weighting.
_T1_ECHO_MS: Final = 35.0
_T2_ECHO_MS: Final = 50.0
_CONTRASTS: Final = {"T1": "T1", "T2": "T2", "STIR": "STIR"}
#: Planes of a localizer cross at more than this.
_CROSSING_DEG: Final = 60.0
#: An image without weighting belongs with weighted ones whose orientation, pixels and echo time agree this well.
_SAME_DIRECTION: Final = 1e-3
_SAME_SHARE: Final = 0.01


class Role(StrEnum):
    """What a series is for the reading: FS is with fat suppression, C after a contrast agent."""

    CT = "CT"
    T1 = "T1"
    T1FS = "T1FS"
    T1C = "T1C"
    T1FSC = "T1FSC"
    T2 = "T2"
    T2FS = "T2FS"
    DWI = "DWI"
    ADC = "ADC"
    LOCALIZER = "LOCALIZER"
    OTHER = "OTHER"


def three_plane(normals: Sequence[Sequence[float]]) -> bool:
    """Whether the orientations of one series cross at large angles, as those of a localizer do."""
    vectors = np.asarray(normals, dtype=np.float64)
    return bool(np.abs(vectors @ vectors.T).min() < np.cos(np.radians(_CROSSING_DEG)))


def weighted_frames(stacks: Iterable[Stack]) -> list[Frame]:
    """A diffusion-weighted slice (b > 0) of each stack that has some."""
    found: list[Frame] = []
    for stack in stacks:
        slices = (volume.frames[0] for volume in stack.volumes)
        found.extend([frame for frame in slices if frame.diffusion.weighted and frame.kind in ("b", "trace")][:1])
    return found


def role_of(
    stack: Stack, *, crossing: bool, weighted: Sequence[Frame] = (), enhancement: Enhancement | None = None
) -> tuple[Role, str]:
    """Role and evidence of a stack.

    Parameters
    ----------
    stack : Stack
        The slices.
    crossing : bool
        Whether the series holds planes that cross at large angles.
    weighted : sequence of Frame
        Diffusion-weighted slices (b > 0) found beside it, in any study (`weighted_frames`).
    enhancement : Enhancement, optional
        Whether a contrast agent was in the body.

    Returns
    -------
    role : Role
    evidence : str
        One sentence part.
    """
    file = stack.first.file
    description = described(stack)
    if "LOCALIZER" in file.image_type:
        return Role.LOCALIZER, say("image type LOCALIZER")
    if any(map(_PROJECTION.fullmatch, file.image_type)):
        return Role.OTHER, say("a projection, not slices")
    if crossing:
        return Role.LOCALIZER, say("planes that cross at large angles within one series")
    if stack.first.kind == "map" and file.modality == "CT":
        return Role.OTHER, say("a computed map")
    if file.modality == "CT":
        return (
            (Role.LOCALIZER, say("description"))
            if _LOCALIZER_WORDS.search(description)
            else (Role.CT, say("modality CT"))
        )
    mapped = _map_role(stack, description) or _unweighted_role(stack, weighted)
    if mapped is not None:
        return mapped
    if _LOCALIZER_WORDS.search(description):
        return Role.LOCALIZER, say("description")
    return _weighted_role(stack, description, enhancement or Enhancement())


def described(stack: Stack) -> str:
    """The description of a series in small letters, its words apart."""
    # Descriptions mix words with underscores, which would hide the words' edges.
    return stack.first.file.header.described(0x0008103E).lower().replace("_", " ").strip()


def _map_role(stack: Stack, description: str) -> tuple[Role, str] | None:
    """Role of diffusion images and of maps; None for images of plain contrast."""
    kinds = {volume.frames[0].kind for volume in stack.volumes}
    kind = stack.first.kind
    diffusivity = any(entry.um2_per_s is not None for entry in stack.first.intensity.maps)
    derived = "DERIVED" in stack.first.file.image_type
    if kind == "eadc" or (_EXPONENTIAL_WORDS.search(description) and kind in ("adc", "magnitude", "b", "trace")):
        return Role.OTHER, say("exponential ADC image")
    if kind == "adc":
        return Role.ADC, say("image type ADC")
    if diffusivity:
        return Role.ADC, say("real-world values in a unit of diffusivity")
    if kind in ("fa", "map"):
        return Role.OTHER, say("a computed map")
    if _ADC_WORDS.search(description) and derived and len(stack.volumes) == 1:
        return Role.ADC, say("derived image, ADC in its description")
    special = stack.first.file.image_type[2:]
    if set(special) & (_COMPUTED if derived else _DIFFERENCES):
        return Role.OTHER, say("computed from several images, by its image type")
    physics = physics_of(stack.first)
    # An inversion recovery may be reconstructed with its sign, and GE calls turning blades of k-space real; alone, each
    # is what it was taken for. Of gradient echoes such images make maps of the field.
    signed = kinds == {"real"} and (physics.inversion or (physics.spin_echo and not physics.echo_planar))
    if kinds & {"phase", "real", "imaginary"} and not signed:
        return Role.OTHER, say("{kinds} images", kinds=", ".join(sorted(kinds)))
    stated = {volume.frames[0].diffusion.b_value for volume in stack.volumes}
    if any(volume.frames[0].diffusion.weighted for volume in stack.volumes):
        values = ", ".join(f"{value:g}" for value in sorted(value for value in stated if value is not None))
        if None in stated:
            return Role.DWI, say("b-values {values} s/mm2, and images without any", values=values)
        return Role.DWI, say("b-values {values} s/mm2", values=values)
    if "DIFFUSION" in special or kinds & {"trace", "b"}:
        return Role.DWI, say("image type DIFFUSION")
    if "PERFUSION" in special or "ASL" in special:
        return Role.OTHER, say("image type PERFUSION")
    return None


def _unweighted_role(stack: Stack, weighted: Sequence[Frame]) -> tuple[Role, str] | None:
    """DWI for images with a stated b = 0, if more than that speaks for diffusion; None if not.

    Some scanners state b = 0 in whatever they write, spin echoes and functional images among them.
    """
    values = [volume.frames[0].diffusion.b_value for volume in stack.volumes]
    stated = [value for value in values if value is not None and value < ZERO_B_LIMIT]
    first = stack.first
    if not stated or first.kind not in ("magnitude", "b"):
        return None
    physics = physics_of(first)
    if physics.echo_planar and len(stack.volumes) >= _TIME_SERIES and not weighted:
        return Role.OTHER, say(
            "echo-planar series of {count} images in time, none of them weighted", count=len(stack.volumes)
        )
    if physics.echo_planar and physics.spin_echo:
        return Role.DWI, say("b-value 0 s/mm2 stated, echo-planar spin echo")
    if any(_same_run(first, frame) for frame in weighted):
        return Role.DWI, say("b-value 0 s/mm2 stated, beside weighted images of the same geometry")
    return None


def _same_run(first: Frame, second: Frame) -> bool:
    def identity(frame: Frame) -> tuple[object, ...]:
        header = frame.file.header
        return header.text(0x0020000D), header.text(0x00200052), frame.shape

    if identity(first) != identity(second):
        return False
    if np.abs(np.subtract(first.orientation, second.orientation)).max() > _SAME_DIRECTION:
        return False
    one, two = physics_of(first), physics_of(second)
    pairs: list[tuple[float | None, float | None]] = [*zip(first.pixel_spacing, second.pixel_spacing, strict=True)]
    if first.file.series_uid != second.file.series_uid:
        if one.echo_planar != two.echo_planar:
            return False
        pairs.append((one.echo_ms, two.echo_ms))
    return all(a is None or b is None or abs(a - b) <= _SAME_SHARE * max(a, b) for a, b in pairs)


def _weighted_role(stack: Stack, description: str, enhancement: Enhancement) -> tuple[Role, str]:
    physics = physics_of(stack.first)
    named = _DIXON_PREFIX.match(description)
    kind = _DIXON_KINDS[named[1].replace(" ", "")] if named else stack.first.kind
    if kind in ("fat", "opposed-phase"):
        return Role.OTHER, say("{kind} image", kind=kind)
    special = _special_role(stack, physics, description)
    if special is not None:
        return special
    contrast, evidence = _contrast(physics)
    fat, fat_evidence = physics.fat_suppression, physics.fat_suppression
    if kind == "water":
        fat = fat_evidence = say("water image of a Dixon series")
    if contrast is None:
        contrast, evidence = _stated_contrast(physics, description, evidence)
    if contrast is None:
        return Role.OTHER, evidence
    if contrast == "STIR":
        return Role.T2FS, evidence
    if not fat and _FAT_WORDS.search(description):
        fat, fat_evidence = "description", say("fat suppression from the description")
    evidence = joined("; ", filter(None, (evidence, fat_evidence)))
    if contrast == "T2":
        return (Role.T2FS if fat else Role.T2), evidence
    evidence = joined("; ", filter(None, (evidence, enhancement.evidence)))
    if enhancement.given:
        return (Role.T1FSC if fat else Role.T1C), evidence
    return (Role.T1FS if fat else Role.T1), evidence


def _special_role(stack: Stack, physics: Physics, description: str) -> tuple[Role, str] | None:
    """Role of images whose times would mislead: field maps, diffusion without b-values, fluid attenuation."""
    if physics.field_map:
        return Role.OTHER, say("sequence for a map of the magnetic field")
    if len(stack.echo_times_ms) > 1 and physics.gradient_echo and not physics.spin_echo:
        times = ", ".join(f"{time:g}" for time in stack.echo_times_ms)
        return Role.OTHER, say("one of several gradient echoes taken together (TE {times} ms)", times=times)
    if _FIELD_MAP_WORDS.search(description) and not physics.spin_echo:
        return Role.OTHER, say("a map of the magnetic field, by its description")
    if _DIFFUSION_WORDS.search(description) and not physics.gradient_echo:
        stated = any(volume.frames[0].diffusion.b_value is not None for volume in stack.volumes)
        return Role.DWI, (
            say("diffusion, by its description; b-value 0 s/mm2 stated")
            if stated
            else say("diffusion, by its description; no b-value is stated")
        )
    if physics.acquisition_contrast == "FLUID_ATTENUATED":
        return Role.OTHER, say("acquisition contrast FLUID_ATTENUATED")
    if _FLUID_WORDS.search(description) and (physics.repetition_ms or _LONG_MS) >= _LONG_MS:
        return Role.OTHER, say("fluid-attenuated, by its description")
    return None


def _contrast(physics: Physics) -> tuple[str | None, str]:
    """T1, T2, STIR or None, by the times of the pulse sequence."""
    repetition, echo, inversion = physics.repetition_ms, physics.echo_ms, physics.inversion_ms
    times = ", ".join(
        f"{name} {value:g} ms"
        for name, value in (("TR", repetition), ("TE", echo), ("TI", inversion))
        if value is not None
    )
    if physics.steady_state or physics.echo_planar:
        if physics.steady_state:
            return None, say("steady-state sequence without b-values")
        return None, say("echo-planar sequence without b-values")
    if _times_are_missing(physics) or repetition is None or echo is None:
        return None, say("no TR or TE stated")
    if physics.inversion and inversion is not None:
        if 80 <= inversion <= 350 and repetition >= 1200:
            return "STIR", say("{times}: short inversion time", times=times)
        if inversion >= 1500:
            return None, say("{times}: fluid-attenuated", times=times)
        if 350 < inversion < 1500:
            return (
                ("T1", times)
                if echo < 40
                else (None, say("{times}: an inversion that may attenuate fluid", times=times))
            )
    elif physics.inversion and not physics.gradient_echo and echo >= 40:
        return None, say("{times}: inversion recovery, whose inversion time is not stated", times=times)
    if physics.gradient_echo and not physics.spin_echo:
        return (
            ("T1", say("gradient echo, {times}", times=times))
            if echo <= 10 and repetition <= 1000
            else (None, say("gradient echo, {times}", times=times))
        )
    if repetition <= 1200 and echo <= _T1_ECHO_MS:
        return "T1", times
    if repetition >= 1200 and echo >= _T2_ECHO_MS:
        return "T2", times
    return None, say("{times}: neither T1- nor T2-weighted", times=times)


def _times_are_missing(physics: Physics) -> bool:
    """Whether the weighting is left open only because the times of the pulse sequence are not stated."""
    if physics.steady_state or physics.echo_planar:
        return False
    if physics.repetition_ms is None or physics.echo_ms is None:
        return True
    return physics.inversion and physics.inversion_ms is None


def _times_lie_between(physics: Physics) -> bool:
    """Whether the echo time of a spin echo is longer than those of T1 and shorter than those of T2."""
    plain = not (physics.gradient_echo or physics.echo_planar or physics.inversion)
    return plain and physics.echo_ms is not None and _T1_ECHO_MS < physics.echo_ms < _T2_ECHO_MS


def _stated_contrast(physics: Physics, description: str, evidence: str) -> tuple[str | None, str]:
    """The contrast that the scanner states, then the one that the description names, where physics leaves it open."""
    stated = _CONTRASTS.get(physics.acquisition_contrast)
    open_by_times = _times_are_missing(physics) or _times_lie_between(physics)
    if stated is not None and not physics.echo_planar and (open_by_times or physics.steady_state):
        return stated, say("acquisition contrast {stated} ({evidence})", stated=stated, evidence=evidence)
    if not open_by_times:
        return None, evidence
    if _STIR_WORDS.search(description):
        return "STIR", say("description ({evidence})", evidence=evidence)
    first, second = bool(_T1_WORDS.search(description)), bool(_T2_WORDS.search(description))
    if first != second and not physics.inversion:
        return ("T1" if first else "T2"), say("description ({evidence})", evidence=evidence)
    return None, say("{evidence}, and the description does not tell", evidence=evidence)
