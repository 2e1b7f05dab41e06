"""The images of one case, under names that say nothing about the patient."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from napari_vcf.dicom import (
    Refusal,
    Role,
    Scan,
    Series,
    check_adc_units,
    load_prepared,
    nothing_found,
    scan_folder,
    with_adc_unit,
    with_b_values,
    with_computed_adc,
    with_role,
)
from napari_vcf.geometry import Volume
from napari_vcf.language import altered, say
from napari_vcf.reading.errors import ReadingError, UnknownImageError
from napari_vcf.reading.state import ImageCorrection
from napari_vcf.records.base import REMOVED, Pseudonym

__all__ = ["MR_ROLES", "Case", "CaseImage", "image_id", "scan_case"]

MR_ROLES = (Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS, Role.DWI, Role.ADC)
_ORDER = (Role.CT, *MR_ROLES, Role.OTHER, Role.LOCALIZER)
_PSEUDONYM = TypeAdapter[str](Pseudonym)

Progress = Callable[[int, int, str], None]


def image_id(salt: str, key: str) -> str:
    """Name of a series in the record: a salted hash of its identity, 32 hexadecimal digits.

    Parameters
    ----------
    salt : str
        The reading's salt, which the export carries, so that someone who has the images can tell which is which, and
        nobody else.
    key : str
        The series' identity.
    """
    return hashlib.sha256(f"{salt}\n{key}".encode()).hexdigest()[:32]


def scan_case(
    folder: Path | str, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> Scan:
    """Read a folder as a case: its series, an ADC map computed where the scanner gave none, and every ADC unit checked.

    Parameters
    ----------
    folder : path
        Where the files are.
    progress : callable, optional
        Called with (done, total, what).
    cancelled : callable, optional
        Asked from time to time whether to stop.

    Returns
    -------
    napari_vcf.dicom.Scan
    """
    scan = with_computed_adc(scan_folder(Path(folder), progress=progress, cancelled=cancelled))
    return check_adc_units(scan, progress=progress, cancelled=cancelled)


@dataclass(frozen=True, slots=True)
class CaseImage:
    """One image of a case.

    Attributes
    ----------
    id : str
        Its name in the record.
    label : str
        Its name on the screen, such as ``"T2"`` or ``"T2 2"``.
    series : napari_vcf.dicom.Series
        Geometry, role, unit and their evidence.
    """

    id: str
    label: str
    series: Series


class Case:
    """The images of one case.

    Parameters
    ----------
    scan : napari_vcf.dicom.Scan
        What was found.
    pseudonym : str
        The case's name in every record: letters, digits, ``-`` and ``_``.
    salt : str, optional
        Secret that keeps the images' names from being looked up; drawn at random if left out.
    load : callable, optional
        Reads the voxels of a series; from the prepared volumes where they are at hand, if left out.

    Raises
    ------
    ReadingError
        If the pseudonym has other characters, or the folder holds no image at all.
    """

    def __init__(
        self, scan: Scan, *, pseudonym: str, salt: str | None = None, load: Callable[..., Volume] = load_prepared
    ) -> None:
        self.pseudonym = check_pseudonym(pseudonym, "case")
        self.salt = salt or secrets.token_hex(16)
        self._load = load
        self.refused: tuple[Refusal, ...] = scan.refused
        #: Sentences on the folder as a whole.
        self.remarks: tuple[str, ...] = scan.remarks
        self._found: dict[str, Series] = {self._name(series): _without_file_names(series) for series in scan.series}
        if not self._found:
            raise ReadingError(nothing_found(scan))
        self._corrections: dict[str, ImageCorrection] = {}
        self._volumes: dict[tuple[str, int], Volume] = {}
        self._images: dict[str, CaseImage] = {}
        self._relabel()

    def _name(self, series: Series) -> str:
        """Name of a series in the record."""
        return image_id(self.salt, series.key)

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        pseudonym: str,
        salt: str | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Case:
        """Read the headers of a folder.

        Parameters
        ----------
        folder : path
            Where the files are.
        pseudonym, salt
            See the class.
        progress : callable, optional
            Called with (done, total, what).
        cancelled : callable, optional
            Asked from time to time whether to stop.

        Returns
        -------
        Case

        Raises
        ------
        ReadingError
            If nothing in the folder can be shown; the sentence says what was there.
        """
        return cls(scan_case(folder, progress=progress, cancelled=cancelled), pseudonym=pseudonym, salt=salt)

    @property
    def images(self) -> Mapping[str, CaseImage]:
        """Images by their name in the record, CT first, then T1, T2, T2FS, DWI, ADC and the rest."""
        return MappingProxyType(self._images)

    def image(self, image: str) -> CaseImage:
        """One image.

        Raises
        ------
        UnknownImageError
            If the case has no such image.
        """
        try:
            return self._images[image]
        except KeyError:
            raise UnknownImageError(
                say("Case {pseudonym} has no image {image}….", pseudonym=self.pseudonym, image=image[:8])
            ) from None

    def with_role(self, *roles: Role) -> list[CaseImage]:
        """Images of one role or several, in the order of `images`."""
        return [image for image in self._images.values() if image.series.role in roles]

    def volume(
        self,
        image: str,
        index: int = 0,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Volume:
        """Voxels of an image, read once and kept.

        Parameters
        ----------
        image : str
            Name of the image.
        index : int
            Which volume, where the image has several (b-values, echoes).
        progress, cancelled
            As for `open`.

        Returns
        -------
        Volume

        Raises
        ------
        UnknownImageError
            If the case has no such image, or the image no such volume.
        """
        key = (image, index)
        series = self._series_with(image, index)
        kept = self._volumes.get(key)
        if kept is not None:
            return kept
        volume = self._load(series, index, progress=progress, cancelled=cancelled)
        # On another thread somebody may have corrected what the image is while it was read: then it is read again.
        if self.image(image).series is series:
            self._volumes[key] = volume
        return volume

    def _series_with(self, image: str, index: int) -> Series:
        """The series of an image that has a volume of this number."""
        found = self.image(image)
        number = len(found.series.volumes)
        if not 0 <= index < number:
            raise UnknownImageError(
                say(
                    "{label} has {number} volumes, counted from 0; there is no {index}.",
                    label=found.label,
                    number=number,
                    index=index,
                )
            )
        return found.series

    def corrected(self, image: str, correction: ImageCorrection) -> Series:
        """The series as it would be with a person's correction; nothing is changed."""
        if image not in self._found:
            self.image(image)
            raise ReadingError(
                say("This ADC map is computed; what is said of its diffusion images decides what it is.")
            )
        series = self._found[image]
        if correction.role is not None:
            try:
                role = Role(correction.role)
            except ValueError:
                raise ReadingError(
                    say(
                        "'{role}' is not a role; roles are {roles}.",
                        role=correction.role,
                        roles=", ".join(role.value for role in Role),
                    )
                ) from None
            series = with_role(series, role)
        if correction.adc_unit is not None:
            series = with_adc_unit(series, correction.adc_unit)
        return series if correction.b_values is None else with_b_values(series, correction.b_values)

    def maps_from(self, image: str) -> tuple[str, ...]:
        """Names of the ADC maps that are computed from an image."""
        key = self.image(image).series.key
        return tuple(
            other.id
            for other in self._images.values()
            if any(source.key == key for source in other.series.computed_from)
        )

    def apply_corrections(self, corrections: Mapping[str, ImageCorrection]) -> None:
        """Take over all corrections of a reading (and drop those that it no longer has)."""
        if dict(corrections) == self._corrections:
            return
        changed = {
            image
            for image in {*corrections, *self._corrections}
            if corrections.get(image) != self._corrections.get(image)
        }
        changed |= {other for image in changed for other in self.maps_from(image)}
        self._volumes = {key: volume for key, volume in self._volumes.items() if key[0] not in changed}
        self._corrections = dict(corrections)
        self._relabel()

    def images_under(self, corrections: Mapping[str, ImageCorrection]) -> dict[str, CaseImage]:
        """The images as other corrections would leave them, by name; nothing changes."""
        current = {
            name: self.corrected(name, corrections[name]) if name in corrections else series
            for name, series in self._found.items()
        }
        if any(correction.b_values is not None for correction in corrections.values()):
            # What the person said of b-values may make an ADC possible.
            known = {series.key for series in current.values()}
            scan = with_computed_adc(Scan(folder=Path(), series=tuple(current.values()), refused=()))
            current |= {self._name(series): series for series in scan.series if series.key not in known}
        # Bigger images first among equals: a reader's eye expects the full series before a fragment of it.
        ordered = sorted(
            current.items(), key=lambda entry: (_ORDER.index(entry[1].role), -entry[1].grid.shape[0], entry[1].key)
        )
        seen: Counter[Role] = Counter()
        images = []
        for name, series in ordered:
            seen[series.role] += 1
            label = series.role.value if seen[series.role] == 1 else f"{series.role.value} {seen[series.role]}"
            images.append(CaseImage(name, label, series))
        return {image.id: image for image in images}

    def _relabel(self) -> None:
        self._images = self.images_under(self._corrections)


def _without_file_names(series: Series) -> Series:
    """Take the names of files out of what is said of a series: they often hold the name of the patient."""
    if not (series.corrections or series.not_measurable_reason):
        return series
    names = {name for file in getattr(series.stack, "files", ()) for name in (file.name, PurePath(file.name).name)}
    if not names:
        return series
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")

    def without(text: str) -> str:
        return pattern.sub(REMOVED, text)

    return replace(
        series,
        corrections=tuple(altered(text, without) for text in series.corrections),
        not_measurable_reason=altered(series.not_measurable_reason, without),
    )


def check_pseudonym(text: str, what: str) -> str:
    """Return a pseudonym, or say what is wrong with it.

    Raises
    ------
    ReadingError
        If it is empty, too long or holds other characters than letters, digits, ``-`` and ``_``.
    """
    try:
        return _PSEUDONYM.validate_python(text)
    except ValidationError:
        raise ReadingError(
            say(
                "'{text}' cannot name a {what}: use 1 to 64 letters, digits, '-' or '_', beginning with "
                "a letter or digit.",
                text=text,
                what=what,
            )
        ) from None
