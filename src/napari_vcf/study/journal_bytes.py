"""Bytes of a journal, its head and its note of progress, brought to the disk."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from napari_vcf.study.journal_format import PLACE_BYTES, format_place, format_places

__all__ = ["BINARY", "read_all", "write_all", "write_file", "write_place", "write_progress"]

BINARY: Final = getattr(os, "O_BINARY", 0)


def write_progress(path: Path, number: int, sha256: str, before: str) -> int:
    """Note progress in a file of its own, which a writer from before does not reach; its inode."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        inode = write_file(part, format_places(number, sha256, before))
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return inode


def write_place(descriptor: int, number: int, sha256: str) -> None:
    """Write the place whose turn it is to the disk."""
    os.lseek(descriptor, number % 2 * PLACE_BYTES, os.SEEK_SET)
    write_all(descriptor, format_place(number, sha256))
    os.fsync(descriptor)


def read_all(descriptor: int, size: int) -> bytes:
    """Up to ``size`` bytes from where the file stands."""
    found = b""
    while len(found) < size and (block := os.read(descriptor, size - len(found))):
        found += block
    return found


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, however many calls that takes; it may not be on the disk yet."""
    while data:
        data = data[os.write(descriptor, data) :]


def write_file(path: Path, data: bytes) -> int:
    """Write a new file to the disk; its inode."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)
