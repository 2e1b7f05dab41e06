"""Reading of DICOM headers, byte by byte.

Only the elements of `tags.VR_OF` are kept, nested sequences with them; all others are stepped over. Implicit and
explicit, little and big endian and deflated files, with or without preamble and file meta information. Follows DICOM
PS3.5 (encoding) and PS3.10 (file format).
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.runs import Runs
from napari_vcf.dicom.files.tags import PIXEL_TAGS, VR_OF
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

__all__ = ["DEFLATED", "Elements", "RawHeader", "inflated", "read_raw_header"]

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_IMPLICIT: Final = "1.2.840.10008.1.2"
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
#: Most headers end within the first read; each further read is eight times as long.
_FIRST_READ: Final = 1 << 15
_UNDEFINED: Final = 0xFFFFFFFF
_DELIMITERS: Final = 0xFFFE
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_DEEPEST: Final = 16
#: A deflated file that grows beyond this is taken for a damaged one.
_INFLATED_LIMIT: Final = 1 << 31
_SHORT_VRS: Final = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_KNOWN_VRS: Final = (_SHORT_VRS | _LONG_VRS) - {b"UN"}
_VR_BYTES: Final = {tag: vr.encode("ascii") for tag, vr in VR_OF.items()}
_STOPS: Final = frozenset(VR_OF) | PIXEL_TAGS
_SEQUENCES: Final = frozenset(tag for tag, vr in VR_OF.items() if vr == "SQ")
#: Kept elements that are neither sequences nor pixels.
_SIMPLE: Final = frozenset(VR_OF) - _SEQUENCES - PIXEL_TAGS
#: For little and for big endian.
_RUNS: Final = (Runs(), Runs())

#: Tag -> (value representation, bytes of the value or items of the sequence).
Elements: TypeAlias = "dict[int, tuple[bytes, bytes | list[Elements]]]"


class _MoreNeeded(Exception):  # noqa: N818 - a signal within this module, not an error
    """The buffer ends before the header does."""


@dataclass(slots=True)
class RawHeader:
    """What the bytes of one file say.

    Attributes
    ----------
    elements : dict
        The kept elements, by tag.
    transfer_syntax : str
        UID of the encoding, as stated or, where nothing is stated, as found.
    big_endian : bool
        Byte order of header and native pixels.
    pixel_offset, pixel_length : int
        Where the value of the pixel element lies in the file (in the inflated file if deflated); length -1 if
        encapsulated, offset -1 if the file holds no pixels.
    pixel_tag : int
        Which pixel element it is.
    pixel_words : bool
        Whether its bytes come in words of 16 bits, whose order `big_endian` tells.
    size : int
        Bytes of the file (of the inflated file if deflated).
    remarks : list of str
        What was found wrong and read nevertheless.
    """

    elements: Elements
    transfer_syntax: str
    big_endian: bool
    pixel_offset: int = -1
    pixel_length: int = 0
    pixel_tag: int = 0
    pixel_words: bool = False
    size: int = 0
    remarks: list[str] = field(default_factory=list)


def read_raw_header(path: Path) -> RawHeader:
    """Read the header of one file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    RawHeader

    Raises
    ------
    HeaderError
        If the file cannot be opened, is no DICOM file, or its header is damaged; the sentence does not name the file.
    """
    try:
        # A buffer of Python's own would only copy what is read once.
        with path.open("rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            buffer = stream.read(_FIRST_READ)
            ended, grow = not buffer, _FIRST_READ
            while True:
                complete = ended or len(buffer) >= size
                try:
                    return _parse_file(buffer, len(buffer) if complete else size, complete=complete)
                except _MoreNeeded:
                    if complete:
                        raise HeaderError(say("The file ends in the middle of its header: it is cut short.")) from None
                    grow *= 8
                    more = stream.read(grow)
                    buffer, ended = buffer + more, not more
    except OSError as error:
        raise HeaderError(say("The file cannot be opened: {reason}.", reason=system_says(error))) from error


def inflated(path: Path) -> bytes:
    """The bytes of a deflated file as they were before deflation (with the file meta information in front).

    Raises
    ------
    HeaderError
        If the compressed stream is damaged.
    """
    raw = path.read_bytes()
    _, _, start = _file_meta(raw, complete=True)
    return _inflate(raw, start)


def _inflate(raw: bytes, start: int) -> bytes:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = machine.decompress(raw[start:], _INFLATED_LIMIT)
    except zlib.error as error:
        raise HeaderError(say("The deflated data are damaged ({error}).", error=error)) from error
    if not machine.eof:
        raise HeaderError(say("The deflated data are damaged: they do not end."))
    return raw[:start] + body


def _parse_file(buffer: bytes, size: int, *, complete: bool) -> RawHeader:
    meta, remarks, start = _file_meta(buffer, complete=complete)
    stated = meta.get(0x00020010)
    syntax = stated[1].decode("ascii", "replace").strip(" \0") if stated and isinstance(stated[1], bytes) else ""
    if syntax == DEFLATED:
        if not complete:
            raise _MoreNeeded
        buffer = _inflate(buffer, start)
        size = len(buffer)
    if len(buffer) < start + 8:
        if complete:
            raise HeaderError(say("The file holds no data set."))
        raise _MoreNeeded
    explicit, big_endian = _encoding_found(buffer, start)
    if not syntax:
        syntax = _BIG_ENDIAN if big_endian else _EXPLICIT if explicit else _IMPLICIT
        kind = ("big" if big_endian else "little") + "-endian, " + ("explicit" if explicit else "implicit") + " VR"
        remarks.append(say("states no transfer syntax; read as uncompressed {kind}, as its bytes are", kind=kind))
    elif (syntax == _IMPLICIT) == explicit or (syntax == _BIG_ENDIAN) != big_endian:
        remarks.append(
            say("states transfer syntax {syntax} but is encoded otherwise; read as its bytes are", syntax=syntax)
        )
    parser = _Parser(buffer, explicit=explicit, big_endian=big_endian)
    header = RawHeader({}, syntax, big_endian, size=size, remarks=remarks)
    parser.data_set(start, header)
    if parser.disordered:
        remarks.append(say("has elements out of order, so that it may be damaged"))
    return header


def _file_meta(buffer: bytes, *, complete: bool) -> tuple[Elements, list[str], int]:
    """The file meta information, remarks, and where the data set begins."""
    if len(buffer) < 8 and complete:
        raise HeaderError(
            say("This is not a DICOM file: it holds fewer than 8 bytes.") if buffer else say("The file is empty.")
        )
    remarks: list[str] = []
    if buffer[128:132] == b"DICM":
        start = 132
    else:
        start = 4 if buffer[:4] == b"DICM" else 0
        group = struct.unpack_from("<H", buffer, start)[0]
        if group not in (0x0002, 0x0008, 0x0800) or buffer[start + 2 : start + 4].count(0) == 0:
            raise HeaderError(say("This is not a DICOM file, or its beginning is damaged."))
        remarks.append(say("has no DICOM preamble"))
    if buffer[start : start + 2] != b"\x02\x00":
        return {}, remarks, start
    parser = _Parser(buffer, explicit=True, big_endian=False)
    meta, end = parser.group_two(start)
    return meta, remarks, end


def _encoding_found(buffer: bytes, start: int) -> tuple[bool, bool]:
    """Whether the data set is explicit VR, and whether it is big endian, judged by its first element."""
    vr = bytes(buffer[start + 4 : start + 6])
    explicit = vr in _SHORT_VRS or vr in _LONG_VRS
    little, big = struct.unpack_from("<H", buffer, start)[0], struct.unpack_from(">H", buffer, start)[0]
    # A data set begins with a low group (0008 nearly always); only one order of its bytes makes it low.
    return explicit, big < 0x0100 <= little


class _Parser:
    """Walks over one buffer; every step goes forward, so that no file, however damaged, holds it up."""

    def __init__(self, buffer: bytes, *, explicit: bool, big_endian: bool) -> None:
        order = ">" if big_endian else "<"
        self.buffer = buffer
        self.explicit = explicit
        self.disordered = False
        self.runs = _RUNS[big_endian]
        self.explicit_at = struct.Struct(order + "HH2sH").unpack_from
        self.implicit_at = struct.Struct(order + "HHI").unpack_from
        self.long_at = struct.Struct(order + "I").unpack_from

    def head(self, pos: int, explicit: bool) -> tuple[int, bytes, int, int]:
        """Tag, value representation, length and value position of the element at a position."""
        try:
            if explicit:
                group, element, vr, length = self.explicit_at(self.buffer, pos)
                if group != _DELIMITERS:
                    if vr in _SHORT_VRS:
                        return group << 16 | element, vr, length, pos + 8
                    if vr in _LONG_VRS:
                        return group << 16 | element, vr, self.long_at(self.buffer, pos + 8)[0], pos + 12
            # Some writers drop the VR of single elements; the length then takes its place.
            group, element, length = self.implicit_at(self.buffer, pos)
        except struct.error:
            raise _MoreNeeded from None
        return group << 16 | element, b"", length, pos + 8

    def group_two(self, pos: int) -> tuple[Elements, int]:
        """The file meta information, and the position behind it."""
        meta: Elements = {}
        while pos + 8 <= len(self.buffer) and self.buffer[pos : pos + 2] == b"\x02\x00":
            tag, vr, length, value = self.head(pos, True)
            if length == _UNDEFINED or value + length > len(self.buffer):
                raise _MoreNeeded
            if tag in VR_OF:
                meta[tag] = (vr, self.buffer[value : value + length])
            pos = value + length
        return meta, pos

    def data_set(self, pos: int, header: RawHeader) -> None:
        """Read the whole data set up to its pixels."""
        buffer, size, elements, explicit, head = self.buffer, header.size, header.elements, self.explicit, self.head
        last = -1
        while True:
            if explicit:
                pos, last = self.short_elements(pos, last, elements)
            if pos + 8 > size:
                break
            tag, vr, length, value = head(pos, explicit)
            if tag <= last:
                self.disordered = True
            last = tag
            if tag not in _STOPS and length != _UNDEFINED:
                pos = value + length
                continue
            if tag in PIXEL_TAGS:
                header.pixel_offset, header.pixel_tag, header.pixel_words = value, tag, vr == b"OW"
                header.pixel_length = -1 if length == _UNDEFINED else length
                return
            if length == _UNDEFINED or tag in _SEQUENCES:
                items, pos = self.sequence(value, length, explicit=explicit and vr != b"UN", keep=tag in VR_OF, depth=1)
                if tag in VR_OF:
                    elements[tag] = (b"SQ", items)
                continue
            pos = value + length
            if len(buffer) < pos <= size:
                raise _MoreNeeded
            elements[tag] = (vr if vr in _KNOWN_VRS else _VR_BYTES[tag], buffer[value:pos])
        if pos > size:
            raise HeaderError(
                say(
                    "Element ({group:04X},{element:04X}) reaches beyond the end of the file: it is cut short or "
                    "damaged.",
                    group=last >> 16,
                    element=last & 65535,
                )
            )
        if pos < size:
            header.remarks.append(say("ends with a few stray bytes"))

    def short_elements(self, pos: int, last: int, elements: Elements) -> tuple[int, int]:
        """Read the elements from a position on as long as they are simple, which nearly all are: no call for each.

        Returns where the first other one begins (a sequence, pixels, a long one, one out of order) and the tag before.
        """
        runs = self.runs
        while True:
            run = runs.find(self.buffer, pos, last)
            if run is None:
                following, last = self.group_of_short(pos, last, elements)
                if following == pos:
                    return pos, last
                pos = following
                continue
            for (tag, vr), value in zip(run.kept, run.values_at(self.buffer, pos), strict=True):
                elements[tag] = (vr, value)
            pos, last = pos + run.size, run.last

    def group_of_short(self, pos: int, last: int, elements: Elements) -> tuple[int, int]:
        """Read the simple elements of one group, one by one; returns as `short_elements`."""
        buffer, at, there = self.buffer, self.explicit_at, len(self.buffer)
        start, first = pos, -1
        heads: list[tuple[int, bytes, int]] = []
        while pos + 8 <= there:
            group, element, vr, length = at(buffer, pos)
            tag = group << 16 | element
            following = pos + 8 + length
            if vr not in _SHORT_VRS or tag <= last or group == _DELIMITERS or (heads and group != first):
                break
            if tag in _STOPS:
                if tag not in _SIMPLE or following > there:
                    break
                elements[tag] = (vr, buffer[pos + 8 : following])
            first = group
            last, pos = tag, following
            heads.append((tag, vr, length))
        if pos <= there:
            self.runs.learn(buffer, start, heads)
        return pos, last

    def sequence(self, pos: int, length: int, *, explicit: bool, keep: bool, depth: int) -> tuple[list[Elements], int]:
        """The items of a sequence, and the position behind it."""
        if depth > _DEEPEST:
            raise HeaderError(
                say("Sequences are nested more than {deepest} deep: the header is damaged.", deepest=_DEEPEST)
            )
        end = None if length == _UNDEFINED else pos + length
        items: list[Elements] = []
        while end is None or pos < end:
            tag, _, item_length, value = self.head(pos, explicit)
            if tag == _SEQUENCE_END and end is None:
                return items, value
            if tag != _ITEM:
                raise HeaderError(
                    say(
                        "A sequence holds ({group:04X},{element:04X}) instead of an item.",
                        group=tag >> 16,
                        element=tag & 65535,
                    )
                )
            if not keep and item_length != _UNDEFINED:
                pos = value + item_length
                continue
            item, pos = self.item(value, item_length, explicit=explicit, keep=keep, depth=depth)
            if keep:
                items.append(item)
        return items, _reached(pos, end)

    def item(self, pos: int, length: int, *, explicit: bool, keep: bool, depth: int) -> tuple[Elements, int]:
        """The elements of one item, and the position behind it."""
        end = None if length == _UNDEFINED else pos + length
        if end is not None and end > len(self.buffer):
            raise _MoreNeeded
        item: Elements = {}
        while end is None or pos < end:
            tag, vr, size, value = self.head(pos, explicit)
            if tag == _ITEM_END:
                return item, value
            wanted = keep and tag in VR_OF
            if size == _UNDEFINED or (wanted and tag in _SEQUENCES):
                inner, pos = self.sequence(value, size, explicit=explicit and vr != b"UN", keep=wanted, depth=depth + 1)
                if wanted:
                    item[tag] = (b"SQ", inner)
                continue
            pos = value + size
            if pos > len(self.buffer):
                raise _MoreNeeded
            if wanted:
                item[tag] = (vr if vr in _KNOWN_VRS else _VR_BYTES[tag], self.buffer[value:pos])
        return item, _reached(pos, end)


def _reached(pos: int, end: int) -> int:
    """The end of a sequence or item, which its last element must meet."""
    if pos != end:
        raise HeaderError(say("A sequence ends in the middle of an element: the header is damaged."))
    return end
