"""Errors of the exchange with other programs."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["InterchangeError", "ServerError"]


class InterchangeError(NapariVcfError):
    """A reading cannot be written for another program, or what another program wrote cannot be read."""


class ServerError(InterchangeError):
    """A DICOM server did not do what it was asked for."""
