"""What a reader is told of a patient, where the protocol allows it: age, history, symptoms; never who it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import StringConstraints, ValidationError

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.reading.case import scan_case
from napari_vcf.records.base import FrozenModel, Pseudonym
from napari_vcf.records.sealing import sha256_of
from napari_vcf.study.errors import StudyError, says_what_is_out_of_reach
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.identity import HeadersSay, read_headers
from napari_vcf.study.study_folder import StudyFolder, default_key, read_key
from napari_vcf.study.telltale import telltales

__all__ = ["CLINICAL", "ClinicalRecord", "clinical_text_of", "identity_in", "set_clinical_text"]

#: The folder of the texts.
CLINICAL: Final = "clinical"


class ClinicalRecord(FrozenModel):
    """The text on one case."""

    schema_id: Literal["napari-vcf/clinical"] = "napari-vcf/clinical"
    schema_version: Literal["1.0.0"] = "1.0.0"
    case: Pseudonym
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return sha256_of(self.text)


def _path(folder: StudyFolder, case: str) -> Path:
    return folder.root / CLINICAL / f"{case}.json"


def clinical_text_of(folder: StudyFolder, case: str) -> ClinicalRecord | None:
    """What was entered on a case; None where nothing was.

    Raises
    ------
    DamagedError, StudyError
        If it is not as it was written, or belongs to another case.
    """
    path = _path(folder, case)
    if not path.exists():
        return None
    record = read_record(path, ClinicalRecord, say("The clinical text on case {case}", case=case))
    if record.case != case:
        raise StudyError(
            say(
                "What lies in the place of the clinical text on case {case} is that on case {other}. Restore "
                "the folder 'clinical' from a backup.",
                case=case,
                other=record.case,
            )
        )
    return record


def identity_in(text: str, headers: HeadersSay) -> Iterator[str]:
    """What in a text may say who a patient is, without quoting it.

    Parameters
    ----------
    text : str
        What a reader would see.
    headers : HeadersSay
        What the files of the case say.

    Yields
    ------
    str
        The kind of what was found.
    """
    lower = text.lower()
    words = set(re.findall(r"\w+", lower))
    if any(string.lower() in lower for string in headers.strings):
        yield "something that the headers of the images say of the patient or the examination"
    elif words & {name.lower() for name in headers.names}:
        yield "a name that stands in the headers of the images"
    yield from telltales(text)


@says_what_is_out_of_reach
def set_clinical_text(root: Path | str, case: str, text: str, *, key: Path | str | None = None) -> None:
    """Enter what readers are told of a patient; searched for identity before it is taken.

    Parameters
    ----------
    root : path
        The study folder.
    case : str
        Pseudonym.
    text : str
        3 to 2000 characters.
    key : path, optional
        The key file; beside the study folder if left out. Headers of the images are read to search for what they say.

    Raises
    ------
    StudyError
        If the protocol does not allow it, a reader has begun on the case, the images cannot be read, or the text may
        say who the patient is.
    """
    folder = StudyFolder(Path(root))
    record, protocol = folder.read()
    if protocol.study.clinical_text != "shown":
        raise StudyError(say("The protocol keeps clinical text from the readers: study.clinical_text is 'none'."))
    if case not in record.cases:
        raise StudyError(say("The study has no case '{case}'.", case=case))
    if folder.in_use(record, case):
        raise StudyError(
            say("Case {case} is being read already; all readers are told the same, so its text stays.", case=case)
        )
    try:
        entered = ClinicalRecord(case=case, text=text)
    except ValidationError as error:
        raise StudyError(say("A clinical text has 3 to 2000 characters.")) from error
    source = Path(read_key(default_key(folder.root) if key is None else key, record.study).cases[case].folder)
    try:
        scan = scan_case(source)
        headers = read_headers(scan.series, source)
    except (OSError, NapariVcfError) as error:
        raise StudyError(
            say(
                "The images of case {case} cannot be read, so the text cannot be searched for what their headers "
                "say. Is the drive connected?",
                case=case,
            )
        ) from error
    if not scan.series:
        raise StudyError(
            say("The images of case {case} cannot be read, so the text cannot be searched for identity.", case=case)
        )
    found = list(dict.fromkeys(identity_in(entered.text, headers)))
    if found:
        raise StudyError(
            say("The text is not taken, because it may say who the patient is: {found}.", found="; ".join(found))
        )
    _path(folder, case).parent.mkdir(exist_ok=True)
    write_record(_path(folder, case), entered, overwrite=True)
