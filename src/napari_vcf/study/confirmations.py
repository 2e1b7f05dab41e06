"""What outlives a signature outside of it: a receipt that is kept elsewhere, and the signature of a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_vcf.language import said
from napari_vcf.records.errors import WriteError
from napari_vcf.study.errors import StudyError
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.receipts import Receipt, append_receipt
from napari_vcf.study.signing_keys import SIGNATURE, ReaderKey

__all__ = ["Confirmations"]


@dataclass
class Confirmations:
    """Where receipts go, and which key signs; without either, nothing is written.

    Attributes
    ----------
    receipts : Path or None
        File outside of the study that gets a line for each signature.
    key : ReaderKey or None
        With which each signature is signed as well.
    """

    receipts: Path | None = None
    key: ReaderKey | None = None

    def write(self, folder: Path, receipt: Receipt, study: Path) -> str:
        """Confirm a signature, which holds without it as well.

        Parameters
        ----------
        folder : Path
            Where the seal lies.
        receipt : Receipt
            Of the signature.
        study : Path
            The study folder.

        Returns
        -------
        str
            What could not be written, as a sentence; empty where all was.
        """
        try:
            if self.key is not None:
                write_record(folder / SIGNATURE, self.key.sign(receipt.sha256), overwrite=True)
            if self.receipts is not None:
                append_receipt(self.receipts, receipt, study)
        except (StudyError, WriteError) as error:
            return said(error)
        return ""
