"""The DICOM images behind an exported reading: found by their salted names, and only where somebody holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset

from napari_vcf.dicom import Series, load_volume
from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.language import say
from napari_vcf.reading.case import Case, scan_case
from napari_vcf.reading.export_document import ReadingExport

__all__ = ["FrameRegion", "SourceImage", "Sources"]

#: Farther from a slice's plane, in mm, a region does not lie on the slice.
_ON_SLICE_MM = 0.1
#: Elements of patient and study of type 2 (PS3.3, C.7.1.1 and C.7.2.1).
_MAY_BE_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PositionReferenceIndicator",
)


@dataclass(frozen=True, slots=True)
class FrameRegion:
    """A polygon on one native slice: the slice's dataset, its frame (from 1; None in single-frame files), and points.

    ``points`` are (column, row) with the corner of the first pixel at (0, 0), as DICOM PS3.3, C.18.6.1 has it.
    """

    dataset: Dataset
    frame: int | None
    points: NDArray[np.float64]


class SourceImage:
    """The files of one image of the reading.

    Parameters
    ----------
    label : str
        Its name on the screen.
    series : Series
        What was found.
    """

    def __init__(self, label: str, series: Series) -> None:
        self.label = label
        self.series = series
        stack = (series.computed_from[0] if series.computed_from else series).stack
        if not isinstance(stack, Stack):
            raise InterchangeError(
                say(
                    "{label} comes from a file that is not DICOM; DICOM objects can only point at DICOM images. The "
                    "JSON export holds everything.",
                    label=label,
                )
            )
        self.stack = stack

    @cached_property
    def datasets(self) -> tuple[Dataset, ...]:
        """Headers of all of its files."""
        read = [pydicom.dcmread(file.path, stop_before_pixels=True) for file in self.stack.files]
        for dataset in read:
            for keyword in _MAY_BE_EMPTY:
                # They must be there, and may be empty; files that were anonymised lack them.
                if keyword not in dataset:
                    setattr(dataset, keyword, "")
        return tuple(read)

    @property
    def frame_of_reference_uid(self) -> str:
        """Its frame of reference.

        Raises
        ------
        InterchangeError
            If its files state none.
        """
        if not self.series.frame_of_reference_uid:
            raise InterchangeError(
                say(
                    "{label} states no frame of reference, so no other program could tell where a point of it lies. "
                    "The JSON export holds everything.",
                    label=self.label,
                )
            )
        return self.series.frame_of_reference_uid

    def region(self, corners_lps: ArrayLike) -> FrameRegion | None:
        """The native slice on which a polygon lies.

        Parameters
        ----------
        corners_lps : array_like, shape (n, 3)
            LPS mm.

        Returns
        -------
        FrameRegion or None
            None where it lies on no slice as a file stores it: on a map computed here, a tile of a mosaic, or a slice
            that was resampled.
        """
        if self.series.computed_from:
            return None
        corners = np.asarray(corners_lps, dtype=np.float64)
        for frame in self.stack.volumes[0].frames:
            if frame.tile is not None:
                return None
            points = _on_plane(frame, corners)
            if points is not None:
                dataset = self._dataset_of(frame)
                number = frame.index + 1 if "NumberOfFrames" in dataset else None
                return FrameRegion(dataset, number, points)
        return None

    def _dataset_of(self, frame: Frame) -> Dataset:
        return self.datasets[next(i for i, file in enumerate(self.stack.files) if file is frame.file)]


def _on_plane(frame: Frame, corners: NDArray[np.float64]) -> NDArray[np.float64] | None:
    along_row, along_column = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    offset = corners - np.array(frame.position)
    if np.abs(offset @ np.cross(along_row, along_column)).max() > _ON_SLICE_MM:
        return None
    row_mm, column_mm = frame.pixel_spacing
    columns = offset @ along_row / column_mm
    rows = offset @ along_column / row_mm
    return np.stack([columns, rows], axis=1) + 0.5


class Sources:
    """The images of a reading.

    Parameters
    ----------
    export : ReadingExport
        The reading.
    folder : path
        Where the images are.
    progress : callable, optional
        Called with (done, total, what).

    Raises
    ------
    InterchangeError
        If images of the reading are not in the folder, are not DICOM, or name several patients.
    """

    def __init__(
        self, export: ReadingExport, folder: Path | str, *, progress: Callable[[int, int, str], None] | None = None
    ) -> None:
        self._case = Case(
            scan_case(folder, progress=progress), pseudonym=export.case, salt=export.salt, load=load_volume
        )
        self._labels = {series.image: series.label for series in export.series}
        self._images: dict[str, SourceImage] = {}

    def image(self, image: str) -> SourceImage:
        """One image of the reading, by its name in the record."""
        if image not in self._images:
            label = self._labels.get(image, image[:8])
            if image not in self._case.images:
                raise InterchangeError(
                    say(
                        "{label} of this reading is not among the images of the folder. Give the folder that was read.",
                        label=label,
                    )
                )
            self._images[image] = SourceImage(label, self._case.images[image].series)
            self._one_patient()
        return self._images[image]

    @cached_property
    def studies(self) -> frozenset[str]:
        """Identifiers of the DICOM studies of all images of the case, used or not."""
        files = {
            file.path for image in self._case.images.values() for file in getattr(image.series.stack, "files", ())[:1]
        }
        headers = (pydicom.dcmread(path, specific_tags=["StudyInstanceUID"], force=True) for path in files)
        return frozenset(str(header.get("StudyInstanceUID", "")) for header in headers)

    def _one_patient(self) -> None:
        patients = {str(d.get("PatientID", "")) for source in self._images.values() for d in source.datasets[:1]}
        if len(patients) > 1:
            raise InterchangeError(
                say(
                    "The images of this reading carry different patient identifiers, and a DICOM object belongs to "
                    "one patient. Give all images of the case one pseudonym first."
                )
            )
