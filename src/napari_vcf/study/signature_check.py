"""Whether what was signed is what receipts and public keys, kept outside of the study, say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from napari_vcf.records.base import Stage
from napari_vcf.study.damage import Found, WayOut
from napari_vcf.study.errors import StudyError, TooManyFilesError
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.receipts import read_receipts
from napari_vcf.study.signing_keys import SIGNATURE, SignatureRecord, is_signed_by
from napari_vcf.study.study_folder import CONSENSUS, StudyFolder, StudyRecord

__all__ = ["SignedKey", "against_receipts_and_keys"]

#: Reader (or consensus), case, stage, occasion, version.
SignedKey = tuple[str, str, Stage, int, int]


def against_receipts_and_keys(
    folder: StudyFolder,
    record: StudyRecord,
    signed: Mapping[SignedKey, str],
    receipts: Iterable[Path],
    keys: Mapping[str, str],
) -> Iterator[Found]:
    """Signatures that differ from what lies outside of the study.

    Parameters
    ----------
    folder, record : StudyFolder, StudyRecord
        The study.
    signed : mapping of SignedKey to str
        What is signed -> the hash of its seal.
    receipts : iterable of Path
        Files that readers kept.
    keys : mapping of str to str
        Reader to public key.

    Yields
    ------
    Found
    """
    for path in receipts:
        for line in read_receipts(path):
            receipt = line.receipt
            if receipt is None:
                yield Found(path, f"line {line.number} is not a receipt.", WayOut.RESTORE)
            elif receipt.study == record.study:
                key = (receipt.reader, receipt.case, receipt.stage, receipt.occasion, receipt.version)
                if signed.get(key) != receipt.sha256:
                    there = "is another one now" if key in signed else "is not there"
                    where = _signed_in(folder, *key)
                    yield Found(where, f"what line {line.number} of {path.name} is the receipt of {there}.")
    for unknown in sorted(set(keys) - {*record.readers, CONSENSUS}):
        what = "there is a key of this reader, whom the study does not have. Mend the list of keys."
        yield Found(folder.reader(unknown), what, WayOut.SAID)
    for (reader, case, stage, occasion, version), sha256 in signed.items():
        if reader not in keys:
            continue
        path = _signed_in(folder, reader, case, stage, occasion, version) / SIGNATURE
        yield from _signature_found(path, sha256, keys[reader])


def _signed_in(folder: StudyFolder, reader: str, case: str, stage: Stage, occasion: int, version: int) -> Path:
    if reader == CONSENSUS:
        return folder.consensus(case, stage)
    return folder.stage(reader, case, stage, occasion) / f"v{version}"


def _signature_found(path: Path, sha256: str, key: str) -> Iterator[Found]:
    """What is wrong with a reader's signature over a seal."""
    try:
        held = is_signed_by(read_record(path, SignatureRecord, "It"), sha256, key)
    except TooManyFilesError:
        raise
    except StudyError as error:
        yield Found(path, f"the reader's signature does not hold: {error}", WayOut.SAID)
        return
    if not held:
        yield Found(path, "it is not the signature of this reader's key over this seal.")
