"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from napari_vcf.language import Sentence, say
from napari_vcf.records.errors import WriteError, system_says, what_helps

__all__ = ["read_regular", "sync_folder", "write_atomically"]


def write_atomically(
    path: Path, text: str, *, overwrite: bool = False, flush: bool = True, check: Callable[[], None] | None = None
) -> None:
    """Write a text file so that after a failure or a power cut it is either the old one or the new one.

    The text goes to a temporary file beside the target, is flushed to the disk, and takes the name in one step.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its content.
    overwrite : bool
        Whether an existing file may be replaced.
    flush : bool
        Whether it must outlive a power cut; waiting for the disk is most of what a small file costs.
    check : callable, optional
        Called when all is written but for the name; what it raises keeps the file from taking it.

    Raises
    ------
    WriteError
        If the file exists and must not be replaced, or the disk refuses; nothing is left behind then.
    """
    try:
        _check_place(path, overwrite)
    except OSError as error:
        raise WriteError(
            say(
                "{path} could not be written: {reason}.",
                path=path.name,
                reason=system_says(error, say("its folder is out of reach")),
            )
        ) from error
    temporary = ""
    try:
        # Not mkstemp, whose files only their maker can read: what is written here is to be shared.
        name = str(path.parent / f".{path.name}.{secrets.token_hex(8)}.part")
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        temporary = name
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            if flush:
                os.fsync(stream.fileno())
        if check is not None:
            check()
        if overwrite:
            Path(temporary).replace(path)
        else:
            # A hard link fails where the name was taken meanwhile; replacing would destroy that file.
            _link_or_rename(Path(temporary), path)
        if flush:
            sync_folder(path.parent)
    except FileExistsError as error:
        raise WriteError(
            say("{path} exists already. Choose another name, or allow it to be replaced.", path=path.name)
        ) from error
    except OSError as error:
        reason = system_says(error, Sentence(str(error)))
        raise WriteError(
            say(
                "{path} could not be written: {reason}. {what_helps}, or choose another folder.",
                path=path.name,
                reason=reason,
                what_helps=what_helps(error),
            )
        ) from error
    finally:
        if temporary:
            # What is left of a share that has gone away cannot be cleared up, and is in nobody's way.
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def read_regular(path: Path) -> bytes:
    """Read a regular file; a pipe or a device in its place would make a reader wait for ever.

    Raises
    ------
    OSError
        If it cannot be read, or is something else.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, say("it is not a regular file"), str(path))
    return path.read_bytes()


def _link_or_rename(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # Network shares and FAT have no hard links.
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)


def _check_place(path: Path, overwrite: bool) -> None:
    if not path.parent.is_dir():
        raise WriteError(say("The folder for {path} does not exist; choose another or create it.", path=path.name))
    if path.is_dir():
        raise WriteError(say("{path} is a folder; name a file in it.", path=path.name or path))
    if path.exists() and not path.is_file():
        # A device would swallow the text, and a pipe would wait for its reader for ever.
        raise WriteError(
            say(
                "{path} is not a regular file; nothing is written over it. Choose another name.", path=path.name or path
            )
        )
    if path.exists() and not overwrite:
        raise WriteError(say("{path} exists already. Choose another name, or allow it to be replaced.", path=path.name))


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its file system can.

    Some network file systems cannot. A file's content is on the disk by then, and the file has its name: what is done
    must not be called refused.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
