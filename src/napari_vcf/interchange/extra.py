"""What to say where the packages of the extra ``dicom`` are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from napari_vcf.interchange.errors import InterchangeError

__all__ = ["needs_extra"]

_PACKAGES = frozenset({"highdicom", "pynetdicom", "dicomweb_client", "requests", "keyring"})


@contextmanager
def needs_extra() -> Iterator[None]:
    """Turn the missing import of a package of the extra into a sentence.

    Raises
    ------
    InterchangeError
        If one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _PACKAGES:
            raise
        raise InterchangeError(
            f"The package {error.name} is not installed; pip install 'napari-vcf[dicom]' brings what this needs."
        ) from error
