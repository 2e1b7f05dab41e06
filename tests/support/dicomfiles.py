"""DICOM files made up for the tests: every value that matters is chosen, so that the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MRImageStorage,
    ParametricMapStorage,
    RLELossless,
    generate_uid,
)

from napari_vcf.dicom import Series, scan_folder

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SERIES_UID = "1.2.826.0.1.3680043.8.498.1"
FRAME_UID = "1.2.826.0.1.3680043.8.498.2"
STUDY_UID = "1.2.826.0.1.3680043.8.498.3"


def ramp(slice_number: int, rows: int = 6, columns: int = 8) -> np.ndarray:
    """A slice no two of which are alike."""
    return (slice_number * 100 + np.arange(rows * columns).reshape(rows, columns)).astype(np.int16)


def slice_dataset(
    pixels: np.ndarray,
    position: Sequence[float],
    *,
    orientation: Sequence[float] = AXIAL,
    modality: str = "MR",
    pixel_spacing: tuple[float, float] = (1.5, 1.25),
    instance: int = 1,
    **elements: Any,
) -> Dataset:
    """One classic slice; further elements by keyword."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = modality
    dataset.Manufacturer = "Test Works"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if modality == "CT" else "M"]
    dataset.StudyInstanceUID = STUDY_UID
    dataset.SeriesInstanceUID = SERIES_UID
    dataset.FrameOfReferenceUID = FRAME_UID
    dataset.PatientName = "Secret^Name"
    dataset.PatientID = "SECRET-ID"
    dataset.SeriesDescription = "made up"
    dataset.InstanceNumber = instance
    dataset.ImagePositionPatient = [f"{value:.10g}" for value in position]
    dataset.ImageOrientationPatient = [f"{value:.10g}" for value in orientation]
    dataset.PixelSpacing = list(pixel_spacing)
    dataset.SliceThickness = 3.0
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if modality == "CT":
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset: Dataset, path: Path, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax)
    dataset.save_as(path, enforce_file_format=True)
    return path


def compress(dataset: Dataset, syntax: str, level: int | None = None) -> None:
    """Compress the pixels of a slice; a level where the compression may lose something."""
    if syntax == RLELossless:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(syntax, generate_instance_uid=False)
        return
    dtype = np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}")
    pixels = np.frombuffer(dataset.PixelData, dtype).reshape(dataset.Rows, dataset.Columns)
    encode: dict[str, Callable[[np.ndarray], bytes]] = {
        JPEGLSLossless: imagecodecs.jpegls_encode,
        JPEGLSNearLossless: lambda values: imagecodecs.jpegls_encode(values, level=level),
        JPEGLosslessSV1: imagecodecs.ljpeg_encode,
        JPEG2000Lossless: lambda values: imagecodecs.jpeg2k_encode(values, codecformat="j2k", reversible=True),
    }
    dataset.PixelData = encapsulate([encode[syntax](pixels)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


def write_series(
    folder: Path,
    count: int = 5,
    *,
    orientation: Sequence[float] = AXIAL,
    origin: Sequence[float] = (-20.0, 30.0, 40.0),
    step: Sequence[float] = (0.0, 0.0, 4.8),
    skip: Sequence[int] = (),
    edit: Callable[[int, Dataset], None] | None = None,
    transfer_syntax: str = ExplicitVRLittleEndian,
    prefix: str = "f",
    **elements: Any,
) -> list[Dataset]:
    """Write a classic series; slice k lies at ``origin + k * step`` and holds ``ramp(k)``."""
    # File names run against the slices, so that nothing can be right by their order.
    datasets = []
    for number in range(count):
        position = np.asarray(origin) + number * np.asarray(step)
        dataset = slice_dataset(
            ramp(number), position, orientation=orientation, instance=(number * 7) % count + 1, **elements
        )
        if edit is not None:
            edit(number, dataset)
        if number not in skip:
            save(dataset, folder / f"{prefix}{count - number:03d}", transfer_syntax)
            datasets.append(dataset)
    return datasets


@dataclass
class EnhancedFrame:
    """What one frame of a multi-frame object says."""

    pixels: np.ndarray
    position: Sequence[float]
    b_value: float | None = None
    direction: Sequence[float] | None = None
    directionality: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    rescale_type: str = "US"
    frame_type: Sequence[str] = ("ORIGINAL", "PRIMARY", "DIFFUSION", "NONE")
    component: str = "MAGNITUDE"
    echo_time: float = 60.0
    temporal: int = 1
    map_unit: str = ""
    map_slope: float = 1.0
    extra: Callable[[Dataset], None] | None = field(default=None)


def _item(**elements: Any) -> DicomSequence:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return DicomSequence([dataset])


def enhanced_dataset(
    frames: Sequence[EnhancedFrame],
    *,
    orientation: Sequence[float] = AXIAL,
    pixel_spacing: tuple[float, float] = (1.5, 1.25),
    repetition_ms: float = 3000.0,
    **elements: Any,
) -> Dataset:
    """An enhanced MR object."""
    first = frames[0]
    dataset = slice_dataset(first.pixels, first.position)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(dataset, keyword)
    dataset.SOPClassUID = EnhancedMRImageStorage
    dataset.ImageType = list(first.frame_type)
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = b"".join(frame.pixels.tobytes() for frame in frames)
    dataset["PixelData"].VR = "OW"
    shared = Dataset()
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=list(orientation))
    shared.PixelMeasuresSequence = _item(PixelSpacing=list(pixel_spacing), SliceThickness=3.0)
    shared.MRTimingAndRelatedParametersSequence = _item(RepetitionTime=repetition_ms)
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence([_frame_groups(frame) for frame in frames])
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def _frame_groups(frame: EnhancedFrame) -> Dataset:
    groups = Dataset()
    groups.PlanePositionSequence = _item(ImagePositionPatient=[f"{value:.10g}" for value in frame.position])
    groups.FrameContentSequence = _item(TemporalPositionIndex=frame.temporal)
    groups.PixelValueTransformationSequence = _item(
        RescaleSlope=frame.slope, RescaleIntercept=frame.intercept, RescaleType=frame.rescale_type
    )
    groups.MRImageFrameTypeSequence = _item(
        FrameType=list(frame.frame_type), ComplexImageComponent=frame.component, AcquisitionContrast="DIFFUSION"
    )
    groups.MREchoSequence = _item(EffectiveEchoTime=frame.echo_time)
    if frame.b_value is not None:
        weighting = _item(DiffusionBValue=float(frame.b_value))
        if frame.directionality:
            weighting[0].DiffusionDirectionality = frame.directionality
        if frame.direction is not None:
            weighting[0].DiffusionGradientDirectionSequence = _item(DiffusionGradientOrientation=list(frame.direction))
        groups.MRDiffusionSequence = weighting
    if frame.map_unit:
        groups.RealWorldValueMappingSequence = real_world_map(frame.map_unit, frame.map_slope)
    if frame.extra is not None:
        frame.extra(groups)
    return groups


def real_world_map(unit: str, slope: float, intercept: float = 0.0) -> DicomSequence:
    """A real-world value map in a UCUM unit."""
    mapping = _item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=intercept,
        LUTLabel="map",
        LUTExplanation="map",
        MeasurementUnitsCodeSequence=_item(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit),
    )
    mapping[0].add_new(0x00409216, "US", 0)
    mapping[0].add_new(0x00409211, "US", 65535)
    return mapping


def with_floats(dataset: Dataset, values: np.ndarray) -> Dataset:
    """Put floating-point pixels in the place of whole numbers."""
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(dataset, keyword)
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    setattr(dataset, {4: "FloatPixelData", 8: "DoubleFloatPixelData"}[values.dtype.itemsize], values.tobytes())
    return dataset


def parametric_map(values: np.ndarray, unit: str, slope: float = 1.0) -> Dataset:
    """A parametric map of the modality OT, as other software writes it."""
    blank = np.zeros(values.shape[1:], dtype=np.uint16)
    frames = [
        EnhancedFrame(blank, (0.0, 0.0, 4.0 * number), frame_type=("DERIVED", "PRIMARY", "VOLUME", "QUANTITY"))
        for number in range(len(values))
    ]
    dataset = enhanced_dataset(frames)
    dataset.SOPClassUID, dataset.Modality = ParametricMapStorage, "OT"
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        del groups.MRImageFrameTypeSequence
        mapping = real_world_map(unit, slope)
        for tag, value in ((0x00409214, float(values.min())), (0x00409213, float(values.max()))):
            mapping[0].add_new(tag, "FD", value)
        for tag in (0x00409216, 0x00409211):
            del mapping[0][tag]
        groups.RealWorldValueMappingSequence = mapping
    return with_floats(dataset, values)


def only(folder: Path) -> Series:
    """The one series of a folder in which nothing is refused."""
    scan = scan_folder(folder)
    assert not scan.refused
    (series,) = scan.series
    return series
