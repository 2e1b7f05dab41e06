"""Writing a case as classic DICOM files: CT Image Storage and MR Image Storage, with an obviously synthetic identity.

Nothing in the files tells the truth of the case: no level, no kind of fracture, no share, no transform.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import DSfloat

from napari_vcf.errors import NapariVcfError
from napari_vcf.geometry import Grid, Volume
from napari_vcf.phantom.acquisition import MR_THICKNESS_MM
from napari_vcf.phantom.case import PhantomCase
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.tissues import SEQUENCES

__all__ = ["FolderNotEmptyError", "write_dicom"]

_NAMESPACE = uuid.UUID("6d1f7f0a-5a0b-4a57-9a53-3d6e1c3f7c11")
_CT_INTERCEPT = -1024
_DATE = "20000101"


class FolderNotEmptyError(NapariVcfError):
    """The folder for the images already holds something."""


@dataclass(frozen=True)
class _SeriesPlan:
    """One series: its volumes, and what is written into each file beside geometry and pixels."""

    folder: str
    number: int
    description: str
    volumes: tuple[str, ...]
    fill: Callable[[Dataset, str], None]


def write_dicom(case: PhantomCase, folder: Path | str) -> list[Path]:
    """Write the images of a case as a folder of DICOM files, one subfolder for each series.

    Parameters
    ----------
    case : PhantomCase
    folder : Path or str
        Made if it is not there; must be empty.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    FolderNotEmptyError
        If the folder already holds something: images of two cases would be taken for one.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise FolderNotEmptyError(f"{root} is not empty; name another folder for the synthetic case.")
    uid = _uids(case.spec)
    paths: list[Path] = []
    for plan in _plans(case):
        present = [name for name in plan.volumes if name in case.volumes]
        if not present:
            continue
        (root / plan.folder).mkdir()
        order = _acquisition_order(case.volumes[present[0]].grid.shape[0], plan.folder)
        instance = 0
        for name in present:
            volume = case.volumes[name]
            for index in order:
                instance += 1
                dataset = _instance(uid, plan, name, volume, index, instance)
                path = root / plan.folder / f"IM{instance:04d}.dcm"
                dataset.save_as(path, enforce_file_format=True)
                paths.append(path)
    return paths


def _uids(spec: PhantomSpec) -> Callable[..., str]:
    """Unique identifiers that follow from the specification alone."""
    digest = hashlib.sha256(repr(spec).encode()).hexdigest()

    def uid(*parts: object) -> str:
        name = "/".join([digest, *(str(part) for part in parts)])
        return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"

    return uid


def _acquisition_order(slices: int, folder: str) -> list[int]:
    """CT from head to feet; MR interleaved, as scanners do, so that numbers and positions differ."""
    if folder == "CT":
        return list(range(slices - 1, -1, -1))
    return [*range(0, slices, 2), *range(1, slices, 2)]


def _plans(case: PhantomCase) -> list[_SeriesPlan]:
    spec = case.spec

    def plain(name: str) -> Callable[[Dataset, str], None]:
        return lambda dataset, _: _fill_spin_echo(dataset, name, spec)

    return [
        _SeriesPlan("CT", 2, f"Axial {spec.ct_slice_mm:g} mm", ("CT",), _ct_filler(spec)),
        _SeriesPlan("MR_201", 201, "Sag T1W TSE", ("T1",), plain("T1")),
        _SeriesPlan("MR_301", 301, "Sag T2W TSE", ("T2",), plain("T2")),
        _SeriesPlan("MR_401", 401, "Sag T2W SPAIR", ("T2FS",), plain("T2FS")),
        _SeriesPlan("MR_501", 501, "Sag DWI", ("DWI_b0", "DWI_b800"), _fill_diffusion),
        _SeriesPlan("MR_502", 502, "dADC", ("ADC",), _fill_adc),
    ]


def _instance(
    uid: Callable[..., str], plan: _SeriesPlan, name: str, volume: Volume, index: int, instance: int
) -> Dataset:
    is_ct = name == "CT"
    modality = "CT" if is_ct else "MR"
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage if is_ct else MRImageStorage
    dataset.SOPInstanceUID = uid(plan.number, name, index)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.SpecificCharacterSet = "ISO_IR 192"
    _fill_identity(dataset, uid, modality)
    dataset.SeriesInstanceUID = uid("series", plan.number)
    dataset.SeriesNumber = plan.number
    dataset.SeriesDescription = plan.description
    dataset.ProtocolName = plan.description
    dataset.InstanceNumber = instance
    _fill_geometry(dataset, volume.grid, index)
    if is_ct:
        _fill_pixels(dataset, volume.data[index] - _CT_INTERCEPT, bits=12)
    else:
        _fill_pixels(dataset, volume.data[index], bits=16)
    plan.fill(dataset, name)
    return dataset


def _fill_identity(dataset: Dataset, uid: Callable[..., str], modality: str) -> None:
    dataset.PatientName = "PHANTOM^SYNTHETIC"
    dataset.PatientID = "PHANTOM"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.StudyInstanceUID = uid("study", modality)
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = _DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = "120000"
    dataset.StudyID = modality
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Synthetic lumbar spine"
    dataset.Modality = modality
    dataset.BodyPartExamined = "LSPINE"
    dataset.PatientPosition = "HFS"
    dataset.Manufacturer = "Synthetic"
    dataset.ManufacturerModelName = "napari-vcf phantom"
    dataset.FrameOfReferenceUID = uid("frame", modality)
    dataset.PositionReferenceIndicator = ""
    dataset.AcquisitionNumber = 1
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Synthetic: there is no patient"


def _fill_geometry(dataset: Dataset, grid: Grid, index: int) -> None:
    directions = grid.directions
    spacing = grid.spacing_mm
    position = grid.to_lps((0.0, 0.0, float(index)))
    dataset.ImageOrientationPatient = [_decimal(v) for v in (*directions[:, 0], *directions[:, 1])]
    dataset.ImagePositionPatient = [_decimal(v) for v in position]
    dataset.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[2])]
    dataset.SliceLocation = _decimal(float(position @ grid.normal))


def _decimal(value: float) -> DSfloat:
    # A zero with a sign would print as -0.0.
    return DSfloat(float(value) + 0.0, auto_format=True)


def _fill_pixels(dataset: Dataset, values: NDArray[np.float32], *, bits: int) -> None:
    stored = np.rint(values).astype("<u2")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.tobytes()


def _ct_filler(spec: PhantomSpec) -> Callable[[Dataset, str], None]:
    def fill(dataset: Dataset, _name: str) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SliceThickness = _decimal(spec.ct_slice_mm)
        dataset.SpacingBetweenSlices = _decimal(spec.ct_slice_mm)
        dataset.KVP = "120"
        dataset.XRayTubeCurrent = 220
        dataset.ExposureTime = 800
        dataset.ConvolutionKernel = "STANDARD"
        dataset.ReconstructionDiameter = _decimal(spec.ct_fov_mm)
        dataset.GantryDetectorTilt = "0"
        dataset.RescaleIntercept = str(_CT_INTERCEPT)
        dataset.RescaleSlope = "1"
        dataset.RescaleType = "HU"
        dataset.WindowCenter, dataset.WindowWidth = "300", "1500"

    return fill


def _fill_mr(dataset: Dataset, *, tr_ms: float, te_ms: float) -> None:
    dataset.SliceThickness = _decimal(MR_THICKNESS_MM)
    dataset.SpacingBetweenSlices = "4.8"
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = _decimal(tr_ms)
    dataset.EchoTime = _decimal(te_ms)
    dataset.MagneticFieldStrength = "3"
    dataset.ImagedNucleus = "1H"
    dataset.ImagingFrequency = "127.76"
    dataset.EchoNumbers = 1
    dataset.FlipAngle = "90"


def _fill_spin_echo(dataset: Dataset, name: str, spec: PhantomSpec) -> None:
    sequence = SEQUENCES[name]
    _fill_mr(dataset, tr_ms=sequence.tr_ms, te_ms=sequence.te_ms)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]
    dataset.ScanningSequence = "SE"
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = "FS" if sequence.fat_left < 1 else ""
    dataset.EchoTrainLength = 5 if name == "T1" else 18
    dataset.NumberOfAverages = "2"
    # Phase is encoded across the readout.
    dataset.InPlanePhaseEncodingDirection = "ROW" if spec.readout == "head_feet" else "COL"


def _fill_diffusion(dataset: Dataset, name: str) -> None:
    sequence = SEQUENCES[name]
    _fill_mr(dataset, tr_ms=sequence.tr_ms, te_ms=sequence.te_ms)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
    dataset.ScanningSequence = ["SE", "EP"]
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = "FS"
    dataset.EchoTrainLength = 63
    dataset.NumberOfAverages = "6" if sequence.b_s_per_mm2 else "1"
    dataset.InPlanePhaseEncodingDirection = "COL"
    dataset.DiffusionBValue = sequence.b_s_per_mm2
    dataset.DiffusionDirectionality = "ISOTROPIC" if sequence.b_s_per_mm2 else "NONE"


def _fill_adc(dataset: Dataset, _name: str) -> None:
    sequence = SEQUENCES["DWI_b800"]
    _fill_mr(dataset, tr_ms=sequence.tr_ms, te_ms=sequence.te_ms)
    dataset.ImageType = ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
    dataset.DerivationDescription = "ADC from b = 0 and b = 800 s/mm2, mono-exponential"
    dataset.ScanningSequence = ["SE", "EP"]
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = "FS"
    dataset.EchoTrainLength = 63
    dataset.InPlanePhaseEncodingDirection = "COL"
    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped = 0
    mapping.RealWorldValueLastValueMapped = 4095
    mapping.RealWorldValueIntercept = 0.0
    mapping.RealWorldValueSlope = 1.0
    mapping.LUTExplanation = "Apparent diffusion coefficient"
    mapping.LUTLabel = "ADC"
    mapping.MeasurementUnitsCodeSequence = [_code("um2/s", "UCUM", "square micrometer per second")]
    quantity = Dataset()
    quantity.ValueType = "CODE"
    quantity.ConceptNameCodeSequence = [_code("246205007", "SCT", "Quantity")]
    quantity.ConceptCodeSequence = [_code("113041", "DCM", "Apparent Diffusion Coefficient")]
    mapping.QuantityDefinitionSequence = [quantity]
    dataset.RealWorldValueMappingSequence = [mapping]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item
