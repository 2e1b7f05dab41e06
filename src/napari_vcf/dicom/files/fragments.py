"""The fragments of compressed pixels (PS3.5, annex A.4): where they lie, and which of them make up a frame."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

__all__ = ["fragments_of", "streams_of"]

_ITEM: Final = b"\xfe\xff\x00\xe0"
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0"
_HEAD: Final = 8
#: What JPEG and JPEG-LS, and what JPEG 2000 streams begin with, and what all of them end with.
_STREAM_BEGINS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
_STREAM_END: Final = b"\xff\xd9"
#: The last bytes of a fragment, in which its stream may end before the padding.
_PADDED: Final = 4


def fragments_of(path: Path, offset: int, size: int) -> tuple[list[tuple[int, int]], bool]:
    """Follow the items of compressed pixels to their end.

    Parameters
    ----------
    path : Path
        The file.
    offset : int
        Where the value of the pixel element begins.
    size : int
        Bytes of the file.

    Returns
    -------
    items : list of (int, int)
        Position and length of each value, the table of offsets first.
    closed : bool
        Whether a delimiter closes them.

    Raises
    ------
    HeaderError
        If one reaches beyond the end of the file, or something else stands between them; it does not name the file.
    """
    items: list[tuple[int, int]] = []
    try:
        with path.open("rb") as stream:
            while offset + _HEAD <= size:
                stream.seek(offset)
                head = stream.read(_HEAD)
                if head[:4] == _SEQUENCE_END:
                    return items, True
                if head[:4] != _ITEM:
                    raise HeaderError(
                        say("The compressed pixels hold something other than fragments: the file is damaged.")
                    )
                length = int.from_bytes(head[4:], "little")
                items.append((offset + _HEAD, length))
                offset += _HEAD + length
    except OSError as error:
        raise HeaderError(say("The file cannot be read: {reason}.", reason=system_says(error))) from error
    if offset > size:
        raise HeaderError(say("The compressed pixels reach beyond the end of the file: it is cut short."))
    return items, False


def streams_of(path: Path, offset: int, size: int, frames: int) -> list[bytes]:
    """The compressed stream of each frame.

    Parameters
    ----------
    path, offset, size
        As for `fragments_of`.
    frames : int
        Number of frames.

    Returns
    -------
    list of bytes

    Raises
    ------
    HeaderError
        If the fragments are damaged, or nothing tells which of them belong to which frame; it does not name the file.
    """
    items, _ = fragments_of(path, offset, size)
    table, fragments = items[:1], items[1:]
    try:
        with path.open("rb") as stream:
            contents = [_read(stream, *item) for item in fragments]
            stated = _read(stream, *table[0]) if table else b""
    except OSError as error:
        raise HeaderError(say("The file cannot be read: {reason}.", reason=system_says(error))) from error
    if frames == 1 and contents:
        return [b"".join(contents)]
    if len(contents) == frames or not contents:
        return contents
    starts = _by_table(fragments, stated)
    if len(starts) != frames:
        starts = _by_marks(contents)
    if len(starts) != frames:
        raise HeaderError(
            say(
                "The pixels of {frames} frames lie in {fragments} fragments, and nothing tells which belong to which.",
                frames=frames,
                fragments=len(contents),
            )
        )
    parts: list[list[bytes]] = []
    for number, content in enumerate(contents):
        if number in starts:
            parts.append([])
        parts[-1].append(content)
    return [b"".join(part) for part in parts]


def _by_table(fragments: list[tuple[int, int]], stated: bytes) -> set[int]:
    """The fragments that begin a frame by the table of offsets; none where it does not fit them."""
    begins = {position - fragments[0][0]: number for number, (position, _) in enumerate(fragments)}
    offsets = struct.unpack(f"<{len(stated) // 4}I", stated[: len(stated) // 4 * 4])
    fitting = offsets[:1] == (0,) and all(offset in begins for offset in offsets)
    return {begins[offset] for offset in offsets} if fitting else set()


def _by_marks(contents: list[bytes]) -> set[int]:
    """The fragments that begin a frame by the marks of their streams: one begins, and the one before has ended."""
    ended = [True, *(_STREAM_END in content[-_PADDED:] for content in contents[:-1])]
    begun = [content.startswith(_STREAM_BEGINS) for content in contents]
    return {number for number in range(len(contents)) if begun[number] and ended[number]} if begun[0] else set()


def _read(stream: BinaryIO, position: int, length: int) -> bytes:
    stream.seek(position)
    return stream.read(length)
