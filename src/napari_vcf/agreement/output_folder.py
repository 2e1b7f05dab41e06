"""A folder for what is written; where the disk refuses, that is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_vcf.agreement.errors import OutputError
from napari_vcf.records.errors import WriteError

__all__ = ["output_folder"]


@contextmanager
def output_folder(folder: Path | str) -> Iterator[Path]:
    """Make a folder where it does not exist, to write into in the block.

    Raises
    ------
    OutputError
        If the disk refuses the folder, or a file that is written in the block.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield target
    except WriteError as error:
        raise OutputError(str(error)) from error
    except OSError as error:
        raise OutputError(f"Folder '{target.name}' cannot be made: {error.strerror}. Choose another.") from error
