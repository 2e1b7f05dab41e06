"""How an MR series was taken, read from classic or enhanced headers alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.header import Header
from napari_vcf.language import say

__all__ = ["Physics", "physics_of"]

_FAT_OPTIONS: Final = frozenset(
    {
        "FS",
        "FATSAT",
        "FAT SAT",
        "FAT_SAT",
        "FATSAT_GEMS",
        "FS_GEMS",
        "SPIR",
        "SPAIR",
        "CHESS",
        "WE",
        "WATER_EXC",
        "PROSET",
        "MSOFT",
    }
)


#: What Philips calls spoiled gradient echoes, whose steady state is T1-weighted.
_SPOILED: Final = ("T1FFE", "T1TFE")
#: What Siemens calls its sequences for field maps.
_FIELD_MAPS: Final = ("fm2d", "fm3d")


@dataclass(frozen=True, slots=True)
class Physics:
    """Pulse sequence of one series.

    Attributes
    ----------
    repetition_ms, echo_ms, inversion_ms : float or None
        TR, TE, TI; zero counts as not stated.
    spin_echo, gradient_echo, echo_planar, inversion : bool
        Kinds of sequence.
    steady_state : bool
        Balanced or otherwise in steady state, so that TR and TE do not tell the contrast.
    acquisition_contrast : str
        What the scanner calls the contrast, in capitals; empty where it does not say.
    field_map : bool
        Whether the sequence is one that measures the magnetic field.
    fat_suppression : str
        How fat is suppressed; empty if the header does not say that it is.
    """

    repetition_ms: float | None
    echo_ms: float | None
    inversion_ms: float | None
    spin_echo: bool
    gradient_echo: bool
    echo_planar: bool
    inversion: bool
    steady_state: bool
    acquisition_contrast: str
    field_map: bool
    fat_suppression: str


def physics_of(frame: Frame) -> Physics:
    """Read the pulse sequence of a slice.

    Parameters
    ----------
    frame : Frame
        Any slice of the series.

    Returns
    -------
    Physics
    """
    root = frame.file.header
    own: Header = Header({})
    if frame.file.is_multiframe:
        items = root.items(0x52009230)
        own = items[frame.index] if frame.index < len(items) else own
    shared = root.first(0x52009229)
    modifier = _group(own, shared, 0x00189115)
    scanning = root.tokens(0x00180020)
    pulse = (root.text(0x00189008) or modifier.text(0x00189008)).upper()
    variant = root.tokens(0x00180021)
    inversion_ms = frame.inversion_time_ms or None
    technique = (root.text(0x20011020) or root.text(0x00189005)).upper().replace("-", "").replace("_", "")
    spoiled = technique.startswith(_SPOILED)
    return Physics(
        repetition_ms=frame.repetition_time_ms or None,
        echo_ms=frame.echo_time_ms or None,
        inversion_ms=inversion_ms,
        spin_echo="SE" in scanning or pulse in ("SPIN", "BOTH"),
        gradient_echo="GR" in scanning or pulse == "GRADIENT",
        echo_planar="EP" in scanning or (root.text(0x00189018) or modifier.text(0x00189018)).upper() == "YES",
        inversion="IR" in scanning or modifier.text(0x00189009).upper() == "YES" or inversion_ms is not None,
        # Spoiled sequences are in a steady state as well, but T1-weighted.
        steady_state="GR" in scanning and "SS" in variant and "SP" not in variant and not spoiled,
        acquisition_contrast=_acquisition_contrast(frame, own, shared),
        field_map=root.text(0x00180024).lower().lstrip("*").startswith(_FIELD_MAPS),
        fat_suppression=_fat_suppression(root, modifier),
    )


def _group(own: Header, shared: Header, sequence: int) -> Header:
    item = own.first(sequence)
    return item if item.elements else shared.first(sequence)


def _acquisition_contrast(frame: Frame, own: Header, shared: Header) -> str:
    root = frame.file.header
    group = _group(own, shared, 0x00189226)
    stated = (group.text(0x00089209) or root.text(0x00089209)).upper()
    if stated in ("", "UNKNOWN", "MIXED") and frame.file.is_multiframe:
        # The image type of multi-frame objects repeats it.
        return "".join((group.tokens(0x00089007) or frame.file.image_type)[2:3])
    return stated


def _fat_suppression(root: Header, modifier: Header) -> str:
    suppression = (root.text(0x00189025) or modifier.text(0x00189025)).upper()
    if suppression in ("FAT", "FAT_AND_WATER"):
        return say("spectrally selected suppression {suppression}", suppression=suppression)
    excitation = (root.text(0x00189026) or modifier.text(0x00189026)).upper()
    if excitation == "WATER":
        return say("water excitation")
    options = [option for option in root.tokens(0x00180022) if option in _FAT_OPTIONS]
    return say("scan option {option}", option=options[0]) if options else ""
