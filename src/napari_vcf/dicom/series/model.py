"""What a scan of a folder gives: series with roles, and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from napari_vcf.dicom.files.folder import Refusal
from napari_vcf.dicom.files.volumefile import VolumeFile
from napari_vcf.dicom.series.role import Role
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.dicom.series.units import ValueScale
from napari_vcf.geometry import Grid
from napari_vcf.language import say

__all__ = ["Scan", "Series", "VolumeInfo"]

_NO_B_VALUES: Final = say(
    "No b-value is stated, so that no ADC can be computed; give the b-values where they are known."
)


@dataclass(frozen=True, slots=True)
class VolumeInfo:
    """One volume of a stack.

    Attributes
    ----------
    kind : str
        ``"ct"``, ``"magnitude"``, ``"phase"``, ``"real"``, ``"imaginary"``, ``"b"`` (one direction or b = 0),
        ``"trace"`` (the scanner's combination of directions), ``"adc"``, ``"water"``, ``"fat"``, ...
    b_value : float or None
        Diffusion weighting in s/mm2, as the scanner states it; None where the image is not one of a diffusion series.
    echo_time_ms : float or None
        Echo time.
    direction : tuple of float or None
        Diffusion gradient direction.
    repetition : int
        0, 1, ... where several volumes differ in nothing but the time.
    """

    kind: str
    b_value: float | None = None
    echo_time_ms: float | None = None
    direction: tuple[float, ...] | None = None
    repetition: int = 0

    @property
    def label(self) -> str:
        """A short name for menus."""
        parts = [
            self.kind if self.b_value is None else f"b {self.b_value:g}" + (" trace" if self.kind == "trace" else "")
        ]
        if self.repetition:
            parts.append(f"#{self.repetition + 1}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One geometrically consistent stack of slices, with all of its volumes.

    Attributes
    ----------
    key : str
        Unique and stable for the same files. Identity: never shown or exported as it is.
    series_instance_uid : str
        Identity; empty for files that have none.
    modality, description : str
        As the files state them.
    role : Role
        What it is for the reading.
    role_evidence : str
        How the role was found.
    grid : Grid
        Of the volumes that `load_volume` delivers.
    volumes : tuple of VolumeInfo
        Its volumes, in the order of `load_volume`'s index.
    unit : str or None
        ``"HU"``, ``"um2/s"`` or ``"signal"``; None for an ADC map whose unit nothing tells, so that the person must be
        asked.
    unit_evidence : str
        How the unit was found.
    corrections : tuple of str
        What was changed or found wanting, one sentence each.
    measurable : bool
        Whether numbers may be taken from it.
    not_measurable_reason : str
        Why not; empty where they may.
    frame_of_reference_uid : str or None
        Identity; series that share it share the patient's position.
    stack : Stack or VolumeFile
        The slices, or the file of volumes, behind it.
    scale : ValueScale
        How its values are brought to its unit.
    seconds_after_injection : float or None
        From the contrast agent's injection to the first image; None where the files state no time of either.
    role_given : bool
        Whether the role is the person's word.
    b_values_given : tuple of float
        The b-values of its volumes, where they are the person's word; empty otherwise.
    computed_from : tuple of Series
        The diffusion series that an ADC map of our own is computed from; empty for the scanner's images.
    """

    key: str
    series_instance_uid: str
    modality: str
    description: str
    role: Role
    role_evidence: str
    grid: Grid
    volumes: tuple[VolumeInfo, ...]
    unit: str | None
    unit_evidence: str
    corrections: tuple[str, ...]
    measurable: bool
    not_measurable_reason: str
    frame_of_reference_uid: str | None
    stack: Stack | VolumeFile = field(repr=False)
    scale: ValueScale = field(repr=False)
    seconds_after_injection: float | None = None
    role_given: bool = False
    b_values_given: tuple[float, ...] = ()
    computed_from: tuple[Series, ...] = field(default=(), repr=False)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the images must know: the corrections, and what nobody has answered yet."""
        unknown = self.role is Role.DWI and all(volume.b_value is None for volume in self.volumes)
        return (*self.corrections, *((_NO_B_VALUES,) if unknown else ()))


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds.

    Attributes
    ----------
    folder : Path
        The folder.
    series : tuple of Series
        Everything that was read.
    refused : tuple of Refusal
        Everything that was not.
    remarks : tuple of str
        Sentences on the folder as a whole.
    """

    folder: Path
    series: tuple[Series, ...]
    refused: tuple[Refusal, ...]
    remarks: tuple[str, ...] = ()

    def with_series(self, series: Iterable[Series]) -> Scan:
        """The same scan with other series, such as with an answer of the person in one of them."""
        return Scan(self.folder, tuple(series), self.refused, self.remarks)
