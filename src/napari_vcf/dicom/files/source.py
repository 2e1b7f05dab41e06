"""One file of images: what holds for all of its frames, and where its pixels are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.directory import DIRECTORY_RECORDS, missing_files
from napari_vcf.dicom.files.elements import DEFLATED, RawHeader, read_raw_header
from napari_vcf.dicom.files.fragments import fragments_of
from napari_vcf.dicom.files.header import Header, cached_on
from napari_vcf.dicom.files.labelmarks import FROM_LABELS, SEGMENTATIONS
from napari_vcf.dicom.files.patient import PatientMarks, take_marks
from napari_vcf.dicom.files.private import bring_private_home

__all__ = ["NATIVE_SYNTAXES", "PARAMETRIC_MAP", "PixelLayout", "SourceFile", "open_source"]

NATIVE_SYNTAXES: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", DEFLATED})
PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"
_READ_MODALITIES: Final = frozenset({"CT", "MR"})
_NOT_IMAGES: Final = {
    "1.2.840.10008.1.3.10": "a DICOM directory",
    "1.2.840.10008.5.1.4.1.1.66": "raw data",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan",
}
#: No image compresses better than this, and no file holds more.
_MOST_COMPRESSION: Final = 10_000
_MOST_BYTES: Final = 1 << 33
_NAMED: Final = 4
#: Float Pixel Data and Double Float Pixel Data: bits of a pixel.
_FLOAT_BITS: Final = {0x7FE00008: 32, 0x7FE00009: 64}
#: The bit of a pixel that an overlay lies in; 0 where it has a place of its own.
_OVERLAY_BIT: Final = 0x60000102
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """Where and how the pixels of a file are stored.

    Attributes
    ----------
    transfer_syntax : str
        UID of the encoding.
    big_endian : bool
        Byte order of native pixels.
    offset, length : int
        Position of the value in the file; length -1 if encapsulated.
    rows, columns, frames : int
        Size.
    bits_allocated, bits_stored, high_bit : int
        Bits of a pixel.
    signed : bool
        Two's complement or not.
    floating : bool
        Whether pixels are floating-point numbers.
    swapped : bool
        Whether single bytes come in words with the later byte first.
    overlaid : bool
        Whether an overlay lies in bits of the pixels that hold no value.
    """

    transfer_syntax: str
    big_endian: bool
    offset: int
    length: int
    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    floating: bool = False
    swapped: bool = False
    overlaid: bool = False

    @property
    def frame_bytes(self) -> int:
        """Bytes of one native frame."""
        return self.rows * self.columns * self.bits_allocated // 8


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """One file of images.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its path relative to the scanned folder, for sentences.
    header : Header
        The kept elements.
    layout : PixelLayout
        Its pixels.
    modality, manufacturer : str
        In capitals.
    series_uid, sop_uid : str
        Identity; never for sentences.
    image_type : tuple of str
        In capitals.
    remarks : tuple of str
        What was wrong with the file and read nevertheless.
    patient : PatientMarks
        Tell images of different patients apart; nothing that identifies one is kept.
    """

    path: Path
    name: str
    header: Header
    layout: PixelLayout
    modality: str
    manufacturer: str
    series_uid: str
    sop_uid: str
    image_type: tuple[str, ...]
    remarks: tuple[str, ...]
    patient: PatientMarks = field(default_factory=PatientMarks)

    @property
    def is_multiframe(self) -> bool:
        """Whether the frames have functional groups of their own."""
        return 0x52009230 in self.header or 0x52009229 in self.header


def open_source(path: Path, name: str) -> SourceFile:
    """Read the header of a file of CT or MR images.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name in sentences.

    Returns
    -------
    SourceFile

    Raises
    ------
    HeaderError
        If it is no such file, or damaged.
    """
    raw = read_raw_header(path)
    patient = take_marks(raw.elements)
    bring_private_home(raw.elements)
    header = Header(raw.elements, big_endian=raw.big_endian)
    if DIRECTORY_RECORDS in raw.elements:
        raise HeaderError(_directory(missing_files(path, header)))
    _refuse_what_is_no_image(header, raw)
    modality = header.text(0x00080060).upper()
    image_type = header.tokens(0x00080008)
    series_uid = header.text(0x0020000E)
    if not series_uid:
        raise HeaderError("The image names no series, so that it cannot be told which images belong with it.")
    layout = _pixel_layout(header, raw)
    if layout.length < 0 and not fragments_of(path, layout.offset, raw.size)[1]:
        raw.remarks.append("lacks the delimiter that closes its compressed pixels, so that it may be cut short")
    return SourceFile(
        path=path,
        name=name,
        header=header,
        layout=layout,
        modality=modality,
        manufacturer=header.text(0x00080070).upper(),
        series_uid=series_uid,
        sop_uid=header.text(0x00080018),
        image_type=image_type,
        remarks=tuple(raw.remarks),
        patient=patient,
    )


def _directory(missing: list[str]) -> str:
    text = "This is a DICOM directory, not an image."
    if not missing:
        return text
    named = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
    files = "a file that is not there" if len(missing) == 1 else f"{len(missing)} files that are not there"
    return f"{text} It names {files}: {named}. The copy is not complete."


def _refuse_what_is_no_image(header: Header, raw: RawHeader) -> None:
    sop_class = header.text(0x00080016)
    modality = header.text(0x00080060).upper()
    if sop_class in SEGMENTATIONS:
        raise HeaderError(f"This is a segmentation, not an image. {FROM_LABELS}")
    if sop_class in _NOT_IMAGES:
        raise HeaderError(f"This is {_NOT_IMAGES[sop_class]}, not an image.")
    if raw.pixel_offset < 0:
        if not raw.elements:
            raise HeaderError("The file holds no image.")
        kind = f"{modality} object" if modality else "DICOM object"
        raise HeaderError(f"This {kind} holds no pixels: it is a report, a plan or a directory, not an image.")
    if sop_class == _SECONDARY_CAPTURE or sop_class.startswith(_SECONDARY_CAPTURE + "."):
        raise HeaderError("This is a secondary capture (a picture of a screen), not an image of the patient.")
    # Maps computed by other software bear the modality OT.
    if modality not in _READ_MODALITIES and not (sop_class == PARAMETRIC_MAP and modality == "OT"):
        raise HeaderError(f"Modality {modality or '(none stated)'} is not read here: only CT and MR are.")


def _pixel_layout(header: Header, raw: RawHeader) -> PixelLayout:
    _refuse_colour(header)
    floating = raw.pixel_tag in _FLOAT_BITS
    allocated, stored, high_bit, signed = _floating_bits(header, raw.pixel_tag) if floating else _whole_bits(header)
    rows, columns, frames, overlaid = _extent(header)
    layout = PixelLayout(
        transfer_syntax=raw.transfer_syntax,
        big_endian=raw.big_endian,
        offset=raw.pixel_offset,
        length=raw.pixel_length,
        rows=rows,
        columns=columns,
        frames=frames,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        signed=signed,
        floating=floating,
        swapped=raw.big_endian and raw.pixel_words and allocated == 8,
        overlaid=overlaid,
    )
    _check_length(layout, raw)
    return layout


@cached_on(0x00280002, 0x00280004)
def _refuse_colour(header: Header) -> None:
    if (header.integer(0x00280002) or 1) != 1:
        raise HeaderError("The image is in colour: it is a picture, not a measurement.")
    photometric = header.text(0x00280004).upper()
    if photometric and not photometric.startswith("MONOCHROME"):
        raise HeaderError(f"Photometric interpretation {photometric} is not read: it is a picture, not a measurement.")


@cached_on(0x00280008, 0x00280010, 0x00280011, _OVERLAY_BIT)
def _extent(header: Header) -> tuple[int, int, int, bool]:
    """Rows, columns and frames, and whether overlays lie within the pixels."""
    rows, columns = header.required_integer(0x00280010), header.required_integer(0x00280011)
    return rows, columns, header.integer(0x00280008) or 1, bool(header.integer(_OVERLAY_BIT))


def _floating_bits(header: Header, pixel_tag: int) -> tuple[int, int, int, bool]:
    """As `_whole_bits`, of floating-point pixels."""
    allocated = header.required_integer(0x00280100)
    if allocated != _FLOAT_BITS[pixel_tag]:
        raise HeaderError(f"Floating-point pixels of {_FLOAT_BITS[pixel_tag]} bits are stated to have {allocated}.")
    return allocated, allocated, allocated - 1, True


@cached_on(0x00280100, 0x00280101, 0x00280102, 0x00280103)
def _whole_bits(header: Header) -> tuple[int, int, int, bool]:
    """Bits allocated and stored, the highest of them, and whether there is a sign."""
    allocated = header.required_integer(0x00280100)
    if allocated not in (8, 16, 32):
        bits = "1 bit" if allocated == 1 else f"{allocated} bits"
        raise HeaderError(f"Pixels of {bits} are not read: only those of 8, 16 and 32 bits are.")
    stored = header.integer(0x00280101) or allocated
    high_bit = header.integer(0x00280102)
    high_bit = stored - 1 if high_bit is None else high_bit
    if not (0 < stored <= allocated and stored - 1 <= high_bit < allocated):
        raise HeaderError(f"{stored} bits stored up to bit {high_bit} do not fit into {allocated} bits.")
    signed = header.integer(0x00280103) or 0
    if signed not in (0, 1):
        raise HeaderError(f"Pixel Representation must be 0 or 1, not {signed}.")
    return allocated, stored, high_bit, bool(signed)


def _check_length(layout: PixelLayout, raw: RawHeader) -> None:
    if layout.frames < 1:
        raise HeaderError(f"The image states {layout.frames} frames.")
    native = raw.transfer_syntax in NATIVE_SYNTAXES
    if layout.floating and not native:
        raise HeaderError(f"Floating-point pixels cannot be compressed ({raw.transfer_syntax}), as the file states.")
    if native != (layout.length >= 0):
        stated = "uncompressed" if native else "compressed"
        raise HeaderError(f"The pixels are stated to be {stated} ({raw.transfer_syntax}), but are not stored so.")
    needed = layout.frame_bytes * layout.frames
    if not native:
        if needed > _MOST_BYTES or needed > _MOST_COMPRESSION * (raw.size - layout.offset):
            raise HeaderError(
                f"{layout.frames} x {layout.rows} x {layout.columns} pixels cannot come out of "
                f"{raw.size - layout.offset} compressed bytes: the header is damaged."
            )
        return
    there = min(layout.length, raw.size - layout.offset)
    if there < needed:
        raise HeaderError(
            f"The pixels are cut short: {there} bytes of the {needed} that {layout.frames} x {layout.rows} x "
            f"{layout.columns} pixels need."
        )
    # Only the byte that makes a length even may be missing.
    if layout.length > there + 1:
        raise HeaderError(
            f"The pixels reach beyond the end of the file ({layout.length} bytes stated, {there} there): it is cut "
            "short or damaged."
        )
    if layout.length > needed + 1:
        raw.remarks.append(f"holds {layout.length - needed} bytes of pixels more than its size needs")
