"""Prepared cases: images in the study folder under meaningless names, one part for each modality.

A stage opens the parts that belong to it, and knows nothing of the others.
"""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_vcf.dicom import Role, Scan, Series, VolumeInfo, with_adc_unit
from napari_vcf.dicom.series.units import ValueScale
from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.reading import Case
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.masks import GridRecord
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import ImageCorrection
from napari_vcf.records.base import Finite, FrozenModel, ImageId, Pseudonym, Stage
from napari_vcf.records.errors import system_says, what_helps
from napari_vcf.records.sealing import canonical_json, sha256_of
from napari_vcf.study.errors import DamagedError, StudyError
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.regular_files import read_regular

__all__ = [
    "PARTS",
    "PROPOSAL",
    "CaseRecord",
    "ImageRecord",
    "Part",
    "PartRecord",
    "PreparedCase",
    "ProposalRecord",
    "VolumeRecord",
    "parts_of_stage",
    "readable_stages",
    "sha256_of_array",
    "sha256_of_image",
]

Part = Literal["ct", "mr", "other"]
#: A registration that earlier versions computed ahead; nothing reads it any more.
PROPOSAL: Final = "proposal.json"
PARTS: Final[tuple[Part, ...]] = get_args(Part)
_OF_STAGE: Final[dict[Stage, tuple[Part, ...]]] = {"ct": ("ct",), "mri": ("mr",), "combined": PARTS}


class VolumeRecord(FrozenModel):
    """One volume of an image: what it is, and the hashes of its voxels and of its padding."""

    kind: str
    b_value: Finite | None = None
    echo_time_ms: Finite | None = None
    direction: tuple[Finite, ...] | None = None
    repetition: int = 0
    data_sha256: str
    padding_sha256: str | None = None

    def info(self) -> VolumeInfo:
        """What the layers below call it."""
        return VolumeInfo(self.kind, self.b_value, self.echo_time_ms, self.direction, self.repetition)


class ImageRecord(FrozenModel):
    """One image without identity."""

    image: ImageId
    modality: str
    role: str
    role_evidence: str
    role_given: bool
    b_values_given: tuple[Finite, ...] = Field(
        default=(), description="what the coordinator said of its volumes, in s/mm2"
    )
    grid: GridRecord
    volumes: tuple[VolumeRecord, ...]
    unit: str | None
    unit_evidence: str
    corrections: tuple[str, ...]
    measurable: bool
    not_measurable_reason: str
    frame_of_reference: str | None = Field(description="salted hash, so that images that share it can be told")


class PartRecord(FrozenModel):
    """The images of one part."""

    schema_id: Literal["napari-vcf/part"] = "napari-vcf/part"
    schema_version: Literal["1.3.0"] = "1.3.0"
    case: Pseudonym
    part: Part
    images: tuple[ImageRecord, ...]


class CaseRecord(FrozenModel):
    """What was prepared of a case; written last, so that a case with this file is whole."""

    schema_id: Literal["napari-vcf/case"] = "napari-vcf/case"
    schema_version: Literal["1.0.0"] = "1.0.0"
    case: Pseudonym
    salt: str
    source: str = Field(description="salted hash over the source files' names, sizes and times")
    parts: dict[Part, int] = Field(description="number of images")
    lacks: tuple[str, ...]
    remarks: tuple[str, ...]
    refused: int = Field(ge=0, description="files that could not be read")


class ProposalRecord(FrozenModel):
    """What earlier versions left in `PROPOSAL`: it is checked to be as it was written, and otherwise left alone."""

    schema_id: Literal["napari-vcf/proposal"] = "napari-vcf/proposal"
    schema_version: Literal["1.0.0"] = "1.0.0"
    case: Pseudonym
    kind: Literal["points", "frame"]
    closed: dict[str, Any] | None = None


def parts_of_stage(stage: Stage) -> tuple[Part, ...]:
    """Parts that a stage opens."""
    return _OF_STAGE[stage]


def readable_stages(parts: Mapping[Part, int], stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Those of some stages for which a case has images: of CT, of MRI, and of both where they are combined."""
    needed: dict[Stage, tuple[Part, ...]] = {"ct": ("ct",), "mri": ("mr",), "combined": ("ct", "mr")}
    return tuple(stage for stage in stages if all(parts.get(part, 0) for part in needed[stage]))


def sha256_of_image(image: ImageRecord) -> str:
    """Hash of what is measured on an image: its voxels by their hashes, which volume each is, its geometry and unit."""
    content = image.model_dump(mode="json", include={"grid", "volumes", "unit"})
    return sha256_of(canonical_json(content))


def sha256_of_array(array: NDArray[Any]) -> str:
    """Hash of an array's values."""
    return hashlib.sha256(np.ascontiguousarray(array).view(np.uint8).data).hexdigest()


class PreparedCase(Case):
    """A case as a stage sees it.

    Parameters
    ----------
    folder : Path
        Folder of the prepared case.
    stage : str
        The stage; images that it excludes are neither listed nor loaded.

    Raises
    ------
    StudyError
        If the case is not prepared.
    DamagedError
        If its files are not as they were prepared.
    ReadingError
        If the stage has no image.
    """

    def __init__(self, folder: Path, stage: Stage) -> None:
        record = read_record(folder / "case.json", CaseRecord, say("Case {name}", name=folder.name))
        if record.case != folder.name:
            raise DamagedError(
                say(
                    "What lies in the place of case {name} is case {case}; have the study checked.",
                    name=folder.name,
                    case=record.case,
                )
            )
        self.stage = stage
        self._record = record
        self._folder = folder
        self._records = self._read_parts()
        if not self._records:
            raise ReadingError(
                say(
                    "Case {name} has no image for the {stage} stage; tell the coordinator.",
                    name=folder.name,
                    stage=STAGE_NAMES[stage],
                )
            )
        series = tuple(_series(image) for _, image in self._records.values())
        super().__init__(Scan(Path(), series, ()), pseudonym=record.case, salt=record.salt)

    def _read_parts(self) -> dict[str, tuple[Part, ImageRecord]]:
        """Image to the part that it belongs to, and its record."""
        records: dict[str, tuple[Part, ImageRecord]] = {}
        name = self._folder.name
        for part in parts_of_stage(self.stage):
            found = read_record(
                self._folder / f"{part}.json", PartRecord, say("Case {name}, part {part},", name=name, part=part)
            )
            if (found.case, found.part) != (name, part):
                raise DamagedError(
                    say(
                        "What lies in the place of case {name}, part {part}, is case {case}, part {found_part}; "
                        "have the study checked.",
                        name=name,
                        part=part,
                        case=found.case,
                        found_part=found.part,
                    )
                )
            records.update({image.image: (part, image) for image in found.images})
        return records

    @property
    def hashes(self) -> dict[str, str]:
        """Image to the hash of its voxels and geometry, for every image of the stage."""
        return {name: sha256_of_image(image) for name, (_, image) in sorted(self._records.items())}

    def check_same(self) -> None:
        """Refuse where other images have been prepared meanwhile; those in memory are as they were when opened.

        Raises
        ------
        DamagedError
            If the case is another one now, or its files are damaged.
        """
        if self._read_parts() != self._records:
            raise DamagedError(
                say(
                    "Case {name} was prepared anew while it was open, with other images; nothing is signed. "
                    "Close it, and have the study checked.",
                    name=self._folder.name,
                )
            )

    def is_current(self, folder: Path, stage: Stage) -> bool:
        """Whether this is that stage's view of that case, as it is prepared now."""
        if (self._folder, self.stage) != (folder, stage):
            return False
        record = read_record(folder / "case.json", CaseRecord, say("Case {name}", name=folder.name))
        return record == self._record and self._read_parts() == self._records

    def _name(self, series: Series) -> str:
        return series.key

    def corrected(self, image: str, correction: ImageCorrection) -> Series:
        """The series with the reader's answer on the unit of an ADC map; roles were settled with the preparation."""
        if correction.role is not None:
            raise ReadingError(
                say("In a study the roles of the images are settled when it is prepared; ask the coordinator.")
            )
        if correction.b_values is not None:
            raise ReadingError(
                say("In a study b-values are settled with the preparation; ask the coordinator ('study b-values').")
            )
        series = super().corrected(image, ImageCorrection())
        if correction.adc_unit is None:
            return series
        if series.unit is not None:
            raise ReadingError(say("The unit of this map is known from its files; in a study it stays."))
        return with_adc_unit(series, correction.adc_unit)

    def volume(self, image: str, index: int = 0, **_: Any) -> Volume:
        """Voxels of an image, read into memory, where nobody changes them any more, and checked against their hash."""
        key = (image, index)
        series = self._series_with(image, index)
        if key not in self._volumes:
            part, record = self._records[image]
            volume = record.volumes[index]
            base = self._folder / part / f"{image}-{index}"
            shape = series.grid.shape
            data = self._array(base.with_suffix(".npy"), volume.data_sha256, shape, np.float32)
            if series.scale.factor != 1.0:
                data = data * np.float32(series.scale.factor)
            padding = None
            if volume.padding_sha256 is not None:
                padding = self._array(base.with_suffix(".padding.npy"), volume.padding_sha256, shape, np.bool_)
            self._volumes[key] = Volume(series.grid, data, series.unit or "unknown", padding)
        return self._volumes[key]

    def _array(self, path: Path, sha256: str, shape: Sequence[int], dtype: Any) -> NDArray[Any]:
        what = say("An image of case {pseudonym}", pseudonym=self.pseudonym)
        try:
            array: NDArray[Any] = np.load(io.BytesIO(read_regular(path)), allow_pickle=False)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.ESTALE):
                # Of the image itself this says nothing.
                raise StudyError(
                    say(
                        "{what} cannot be read: {strerror}. {what_helps}.",
                        what=what,
                        strerror=system_says(error),
                        what_helps=what_helps(error),
                    )
                ) from error
            raise DamagedError(say("{what} cannot be read; have it prepared again.", what=what)) from error
        except ValueError as error:
            raise DamagedError(say("{what} cannot be read; have it prepared again.", what=what)) from error
        array.setflags(write=False)
        # The hash is over the values' bytes alone; the file's head says how they are to be read.
        if (array.shape, array.dtype) != (tuple(shape), dtype) or sha256_of_array(array) != sha256:
            raise DamagedError(say("{what} is not as it was prepared; have it prepared again.", what=what))
        return array


def _series(image: ImageRecord) -> Series:
    return Series(
        key=image.image,
        series_instance_uid="",
        modality=image.modality,
        description="",
        role=Role(image.role),
        role_evidence=image.role_evidence,
        role_given=image.role_given,
        b_values_given=image.b_values_given,
        grid=image.grid.grid(),
        volumes=tuple(volume.info() for volume in image.volumes),
        unit=image.unit,
        unit_evidence=image.unit_evidence,
        corrections=image.corrections,
        measurable=image.measurable,
        not_measurable_reason=image.not_measurable_reason,
        frame_of_reference_uid=image.frame_of_reference,
        stack=_NO_STACK,
        # The voxels were prepared in their unit; only an answer on an unknown unit scales them.
        scale=ValueScale(image.unit, image.unit_evidence),
    )


#: A prepared image has no files behind it. Nothing here asks for them: corrections and voxels come from above.
_NO_STACK: Any = None
