"""The fragments of compressed pixels (PS3.5, annex A.4): where they lie, and which of them make up a frame."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from napari_vcf.dicom.errors import HeaderError

__all__ = ["fragments_of", "streams_of"]

_ITEM: Final = b"\xfe\xff\x00\xe0"
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0"
_HEAD: Final = 8


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
                    raise HeaderError("Something else than fragments stands among the compressed pixels: damaged.")
                length = int.from_bytes(head[4:], "little")
                items.append((offset + _HEAD, length))
                offset += _HEAD + length
    except OSError as error:
        raise HeaderError(f"The file cannot be read: {error.strerror or 'unreadable'}.") from error
    if offset > size:
        raise HeaderError("The compressed pixels reach beyond the end of the file: it is cut short.")
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
        raise HeaderError(f"The file cannot be read: {error.strerror or 'unreadable'}.") from error
    if frames == 1 and contents:
        return [b"".join(contents)]
    if len(contents) == frames:
        return contents
    starts = struct.unpack(f"<{len(stated) // 4}I", stated[: len(stated) // 4 * 4])
    first = fragments[0][0] - _HEAD if fragments else 0
    begins = [position - _HEAD - first for position, _ in fragments]
    if len(starts) != frames or not set(starts) <= set(begins) or list(starts) != sorted(set(starts)):
        raise HeaderError(
            f"The pixels of {frames} frames lie in {len(contents)} fragments, and nothing tells which belong to which."
        )
    parts: list[list[bytes]] = []
    for begin, content in zip(begins, contents, strict=True):
        if begin in starts:
            parts.append([])
        parts[-1].append(content)
    return [b"".join(part) for part in parts]


def _read(stream: BinaryIO, position: int, length: int) -> bytes:
    stream.seek(position)
    return stream.read(length)
