"""Typed access to the kept elements of a header: numbers are finite, text is text, or the file is refused."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Final, TypeVar

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.elements import Elements
from napari_vcf.language import say

__all__ = ["Header", "cached_on"]

_T = TypeVar("_T")

_BINARY: Final = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"OW": "H", b"OB": "B"}
_CHARACTER_SET: Final = 0x00080005
_ASCII_ZERO: Final = "\0 "


class Header:
    """The elements of a data set or of one item of a sequence.

    Parameters
    ----------
    elements : dict
        As read by `elements.read_raw_header`.
    big_endian : bool
        Byte order of binary numbers.
    """

    __slots__ = ("big_endian", "elements")

    def __init__(self, elements: Elements, *, big_endian: bool = False) -> None:
        self.elements = elements
        self.big_endian = big_endian

    def __contains__(self, tag: int) -> bool:
        entry = self.elements.get(tag)
        return entry is not None and len(entry[1]) > 0

    def items(self, tag: int) -> list[Header]:
        """The items of a sequence; empty where there is none."""
        entry = self.elements.get(tag)
        if entry is None or isinstance(entry[1], bytes):
            return []
        return [Header(item, big_endian=self.big_endian) for item in entry[1]]

    def first(self, tag: int) -> Header:
        """The first item of a sequence, or a header without elements."""
        entry = self.elements.get(tag)
        if entry is None or isinstance(entry[1], bytes) or not entry[1]:
            return Header({}, big_endian=self.big_endian)
        return Header(entry[1][0], big_endian=self.big_endian)

    def raw(self, tag: int) -> bytes:
        """The bytes of a value; empty where there are none."""
        entry = self.elements.get(tag)
        return entry[1] if entry is not None and isinstance(entry[1], bytes) else b""

    def text(self, tag: int) -> str:
        """A text value, without padding; empty where there is none."""
        entry = self.elements.get(tag)
        return _decoded(entry[1]) if entry is not None and isinstance(entry[1], bytes) else ""

    def described(self, tag: int) -> str:
        """A text value for people to read, in the character set that the data set names."""
        value, character_set = self.raw(tag), self.tokens(_CHARACTER_SET)
        if not character_set or (value.isascii() and b"\x1b" not in value):
            return self.text(tag)
        from pydicom.charset import convert_encodings, decode_bytes

        # An unknown set, or text that is not in it, is no reason to refuse an image.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return decode_bytes(value, convert_encodings(list(character_set)), set()).strip(_ASCII_ZERO)
            except (LookupError, UnicodeError):
                return self.text(tag)

    def tokens(self, tag: int) -> tuple[str, ...]:
        """The values of a text element, in capitals, without padding; empty where there is none."""
        text = self.text(tag).upper()
        return tuple(part.strip(_ASCII_ZERO) for part in text.split("\\")) if text else ()

    def numbers(self, tag: int) -> tuple[float, ...]:
        """The values of a numeric element, binary or text; empty where there are none.

        Raises
        ------
        HeaderError
            If a value is no finite number.
        """
        entry = self.elements.get(tag)
        if entry is None:
            return ()
        vr, value = entry
        # Most values are the same in every file of a series.
        return _parsed(tag, vr, value, self.big_endian) if isinstance(value, bytes) and value else ()

    def number(self, tag: int) -> float | None:
        """The first value of a numeric element, or None."""
        if tag not in self.elements:
            return None
        values = self.numbers(tag)
        return values[0] if values else None

    def integer(self, tag: int) -> int | None:
        """The first value of an element of whole numbers, or None.

        Raises
        ------
        HeaderError
            If it is no whole number.
        """
        value = self.number(tag)
        if value is None:
            return None
        if value != round(value):
            raise HeaderError(say("{name} must be a whole number, not {value:g}.", name=_name(tag), value=value))
        return round(value)

    def required_integer(self, tag: int, *, least: int = 1) -> int:
        """A whole number that must be there and reach a least value."""
        value = self.integer(tag)
        if value is None or value < least:
            raise HeaderError(
                say(
                    "{name} is {value}; the image cannot be read.",
                    name=_name(tag),
                    value=say("missing") if value is None else value,
                )
            )
        return value

    def vector(self, tag: int, length: int) -> tuple[float, ...] | None:
        """An element that holds a fixed number of values, or None.

        Raises
        ------
        HeaderError
            If it holds another number of values.
        """
        values = self.numbers(tag)
        if not values:
            return None
        if len(values) != length:
            raise HeaderError(
                say(
                    "{name} must hold {length} numbers, not {values_count}.",
                    name=_name(tag),
                    length=length,
                    values_count=len(values),
                )
            )
        return values


@lru_cache(maxsize=8192)
def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip(_ASCII_ZERO)
    except UnicodeDecodeError:
        # Western European writers say ISO_IR 100, and put a raised 2 into units.
        return value.decode("latin-1").strip(_ASCII_ZERO)


@lru_cache(maxsize=8192)
def _parsed(tag: int, vr: bytes, value: bytes, big_endian: bool) -> tuple[float, ...]:
    code = _BINARY.get(vr)
    if code is None:
        numbers = _decimals(tag, value)
    else:
        width = struct.calcsize(code)
        if len(value) % width:
            raise HeaderError(
                say(
                    "{name} has {count} bytes, which is not a whole number of values.",
                    name=_name(tag),
                    count=len(value),
                )
            )
        found = struct.unpack(f"{'>' if big_endian else '<'}{len(value) // width}{code}", value)
        numbers = tuple(float(number) for number in found)
    if not all(map(math.isfinite, numbers)):
        raise HeaderError(say("{name} holds a value that is not a finite number.", name=_name(tag)))
    return numbers


def _decimals(tag: int, value: bytes) -> tuple[float, ...]:
    text = value.decode("ascii", "replace").strip(_ASCII_ZERO)
    if not text:
        return ()
    try:
        # Python takes an underscore between digits for nothing; here it is damage.
        if "_" in text:
            raise ValueError
        return tuple(float(part.strip(_ASCII_ZERO)) for part in text.split("\\"))
    except ValueError:
        raise HeaderError(say("{name} holds text that is not a number.", name=_name(tag))) from None


def cached_on(*tags: int) -> Callable[[Callable[[Header], _T]], Callable[[Header], _T]]:
    """Decorator of a function of a header that sees these elements alone: equal ones are worked out once.

    Most of what is derived from a header is the same in every file of a series. The function is given no other element,
    so that one that is missing from `tags` cannot be answered from another file.
    """

    def decorator(function: Callable[[Header], _T]) -> Callable[[Header], _T]:
        def of(entries: tuple[Any, ...], big_endian: bool) -> _T:
            there = {tag: entry for tag, entry in zip(tags, entries, strict=True) if entry is not None}
            return function(Header(there, big_endian=big_endian))

        cached = lru_cache(maxsize=256)(of)

        @wraps(function)
        def wrapper(header: Header) -> _T:
            entries = tuple(map(header.elements.get, tags))
            try:
                hash(entries)
            except TypeError:  # a sequence is among them
                return of(entries, header.big_endian)
            return cached(entries, header.big_endian)

        return wrapper

    return decorator


def _name(tag: int) -> str:
    """Name of an element for a sentence."""
    from pydicom.datadict import dictionary_description, dictionary_has_tag

    code = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    return f"{dictionary_description(tag)} {code}" if dictionary_has_tag(tag) else say("Element {code}", code=code)
