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
from napari_vcf.language import joined, say

__all__ = ["NATIVE_SYNTAXES", "PARAMETRIC_MAP", "PixelLayout", "SourceFile", "open_source"]

NATIVE_SYNTAXES: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", DEFLATED})
PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"
_READ_MODALITIES: Final = frozenset({"CT", "MR"})
_NOT_IMAGES: Final = {
    "1.2.840.10008.1.3.10": say("a DICOM directory"),
    "1.2.840.10008.5.1.4.1.1.66": say("raw data"),
    "1.2.840.10008.5.1.4.1.1.481.2": say("a radiotherapy dose"),
    "1.2.840.10008.5.1.4.1.1.481.3": say("a radiotherapy structure set"),
    "1.2.840.10008.5.1.4.1.1.481.5": say("a radiotherapy plan"),
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
        raise HeaderError(say("The image names no series, so that it cannot be told which images belong with it."))
    layout = _pixel_layout(header, raw)
    if layout.length < 0 and not fragments_of(path, layout.offset, raw.size)[1]:
        raw.remarks.append(say("lacks the delimiter that closes its compressed pixels, so that it may be cut short"))
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
    text = say("This is a DICOM directory, not an image.")
    if not missing:
        return text
    if len(missing) == 1:
        lacking = say("It names a file that is not there: {name}. The copy is not complete.", name=missing[0])
        return joined(" ", (text, lacking))
    names = ", ".join(missing[:_NAMED])
    if len(missing) > _NAMED:
        names = say("{names} and {count} more", names=names, count=len(missing) - _NAMED)
    lacking = say(
        "It names {count} files that are not there: {names}. The copy is not complete.", count=len(missing), names=names
    )
    return joined(" ", (text, lacking))


def _refuse_what_is_no_image(header: Header, raw: RawHeader) -> None:
    sop_class = header.text(0x00080016)
    modality = header.text(0x00080060).upper()
    if sop_class in SEGMENTATIONS:
        raise HeaderError(joined(" ", (say("This is a segmentation, not an image."), FROM_LABELS)))
    if sop_class in _NOT_IMAGES:
        raise HeaderError(say("This is {kind}, not an image.", kind=_NOT_IMAGES[sop_class]))
    if raw.pixel_offset < 0:
        if not raw.elements:
            raise HeaderError(say("The file holds no image."))
        kind = say("{modality} object", modality=modality or "DICOM")
        raise HeaderError(
            say("This {kind} holds no pixels: it is a report, a plan or a directory, not an image.", kind=kind)
        )
    if sop_class == _SECONDARY_CAPTURE or sop_class.startswith(_SECONDARY_CAPTURE + "."):
        raise HeaderError(say("This is a secondary capture (a picture of a screen), not an image of the patient."))
    # Maps computed by other software bear the modality OT.
    if modality not in _READ_MODALITIES and not (sop_class == PARAMETRIC_MAP and modality == "OT"):
        raise HeaderError(
            say("Modality {modality} is not read here: only CT and MR are.", modality=modality or say("(none stated)"))
        )


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
        raise HeaderError(say("The image is in colour: it is a picture, not a measurement."))
    photometric = header.text(0x00280004).upper()
    if photometric and not photometric.startswith("MONOCHROME"):
        raise HeaderError(
            say(
                "Photometric interpretation {photometric} is not read: it is a picture, not a measurement.",
                photometric=photometric,
            )
        )


@cached_on(0x00280008, 0x00280010, 0x00280011, _OVERLAY_BIT)
def _extent(header: Header) -> tuple[int, int, int, bool]:
    """Rows, columns and frames, and whether overlays lie within the pixels."""
    rows, columns = header.required_integer(0x00280010), header.required_integer(0x00280011)
    return rows, columns, header.integer(0x00280008) or 1, bool(header.integer(_OVERLAY_BIT))


def _floating_bits(header: Header, pixel_tag: int) -> tuple[int, int, int, bool]:
    """As `_whole_bits`, of floating-point pixels."""
    allocated = header.required_integer(0x00280100)
    if allocated != _FLOAT_BITS[pixel_tag]:
        raise HeaderError(
            say(
                "Floating-point pixels of {bits} bits are stated to have {allocated}.",
                bits=_FLOAT_BITS[pixel_tag],
                allocated=allocated,
            )
        )
    return allocated, allocated, allocated - 1, True


@cached_on(0x00280100, 0x00280101, 0x00280102, 0x00280103)
def _whole_bits(header: Header) -> tuple[int, int, int, bool]:
    """Bits allocated and stored, the highest of them, and whether there is a sign."""
    allocated = header.required_integer(0x00280100)
    if allocated not in (8, 16, 32):
        bits = "1 bit" if allocated == 1 else f"{allocated} bits"
        raise HeaderError(say("Pixels of {bits} are not read: only those of 8, 16 and 32 bits are.", bits=bits))
    stored = header.integer(0x00280101) or allocated
    high_bit = header.integer(0x00280102)
    high_bit = stored - 1 if high_bit is None else high_bit
    if not (0 < stored <= allocated and stored - 1 <= high_bit < allocated):
        raise HeaderError(
            say(
                "{stored} bits stored up to bit {high_bit} do not fit into {allocated} bits.",
                stored=stored,
                high_bit=high_bit,
                allocated=allocated,
            )
        )
    signed = header.integer(0x00280103) or 0
    if signed not in (0, 1):
        raise HeaderError(say("Pixel Representation must be 0 or 1, not {signed}.", signed=signed))
    return allocated, stored, high_bit, bool(signed)


def _check_length(layout: PixelLayout, raw: RawHeader) -> None:
    if layout.frames < 1:
        raise HeaderError(say("The image states {frames} frames.", frames=layout.frames))
    native = raw.transfer_syntax in NATIVE_SYNTAXES
    if layout.floating and not native:
        raise HeaderError(
            say(
                "Floating-point pixels cannot be compressed ({transfer_syntax}), as the file states.",
                transfer_syntax=raw.transfer_syntax,
            )
        )
    if native != (layout.length >= 0):
        stated = say("uncompressed") if native else say("compressed")
        raise HeaderError(
            say(
                "The pixels are stated to be {stated} ({transfer_syntax}), but are not stored so.",
                stated=stated,
                transfer_syntax=raw.transfer_syntax,
            )
        )
    needed = layout.frame_bytes * layout.frames
    if not native:
        if needed > _MOST_BYTES or needed > _MOST_COMPRESSION * (raw.size - layout.offset):
            raise HeaderError(
                say(
                    "{frames} x {rows} x {columns} pixels cannot come out of {size} compressed bytes: the header is "
                    "damaged.",
                    frames=layout.frames,
                    rows=layout.rows,
                    columns=layout.columns,
                    size=raw.size - layout.offset,
                )
            )
        return
    there = min(layout.length, raw.size - layout.offset)
    if there < needed:
        raise HeaderError(
            say(
                "The pixels are cut short: {there} bytes of the {needed} that {frames} x {rows} x {columns} "
                "pixels need.",
                there=there,
                needed=needed,
                frames=layout.frames,
                rows=layout.rows,
                columns=layout.columns,
            )
        )
    # Only the byte that makes a length even may be missing.
    if layout.length > there + 1:
        raise HeaderError(
            say(
                "The pixels reach beyond the end of the file ({length} bytes stated, {there} there): it is cut "
                "short or damaged.",
                length=layout.length,
                there=there,
            )
        )
    if layout.length > needed + 1:
        raw.remarks.append(say("holds {count} bytes of pixels more than its size needs", count=layout.length - needed))
