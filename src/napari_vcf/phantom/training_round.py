"""Training rounds: synthetic cases, drawn at random, as a study of their own with the truth beside it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from napari_vcf.phantom.case import make_case
from napari_vcf.phantom.dicom_files import write_dicom
from napari_vcf.phantom.spec import PhantomSpec, SpecError, random_spec
from napari_vcf.phantom.truth import PhantomTruth
from napari_vcf.study.added_cases import add_cases
from napari_vcf.study.errors import StudyError
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.protocol import protocol_file, read_protocol
from napari_vcf.study.study_folder import StudyFolder, StudyRecord, create_study, default_key, read_key
from napari_vcf.study.training import TRUTH, TruthRecord, training_folder

__all__ = ["add_round", "create_training", "truth_of"]

_REASON: Final = "another training round"


def create_training(root: Path | str, cases: int, *, protocol: Path | str, readers: Sequence[str]) -> StudyRecord:
    """Make the training round of a study: synthetic cases, drawn at random, and a study of them.

    Parameters
    ----------
    root : path
        The study that it prepares for; the round lies beside it.
    cases : int
        How many.
    protocol : path
        The protocol file of the study; intervals, re-readings and clinical text are left out.
    readers : sequence of str
        Pseudonyms.

    Returns
    -------
    StudyRecord
        Of the training round; prepare it next.

    Raises
    ------
    StudyError
        If it cannot be made.
    """
    place = training_folder(Path(root))
    rules = read_protocol(protocol)
    study = rules.study.model_copy(
        update={"washout_days": 0.0, "rereads": 0, "training": "none", "clinical_text": "none"}
    )
    truths = _write_images(place, 1, cases)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "protocol.toml"
        path.write_text(protocol_file(rules.model_copy(update={"study": study})), encoding="utf-8")
        record = create_study(
            place, protocol=path, readers=readers, seed=secrets.randbelow(2**31), images=[_images(place, 1)]
        )
    _write_truth(place, record, truths)
    return record


def add_round(root: Path | str, cases: int) -> tuple[str, ...]:
    """Add another round to a training study, for whoever did not come within the limits; prepare it next.

    Parameters
    ----------
    root : path
        The training round's folder.
    cases : int
        How many.

    Returns
    -------
    tuple of str
        Pseudonyms of the new cases.
    """
    place = Path(root).absolute()
    record, _ = StudyFolder(place).read()
    if not (place / TRUTH).is_dir():
        raise StudyError("This study is not a training round: it knows no truth.")
    number = len(record.added) + 2
    truths = _write_images(place, number, cases)
    added = add_cases(place, [_images(place, number)], _REASON)
    _write_truth(place, StudyFolder(place).read_record(), truths)
    return added


def _images(place: Path, number: int) -> Path:
    return place.with_name(f"{place.name}-images") / f"round-{number}"


def _write_images(place: Path, number: int, cases: int) -> dict[Path, PhantomTruth]:
    if not 1 <= cases <= 100:
        raise StudyError("A training round has 1 to 100 cases.")
    found = {}
    for index in range(cases):
        folder = _images(place, number) / f"case-{index + 1}"
        try:
            case = make_case(random_spec(secrets.randbelow(2**31), contrasts=PhantomSpec().contrasts))
            write_dicom(case, folder)
        except (OSError, SpecError) as error:
            raise StudyError(f"The training images cannot be written: {error}") from error
        found[folder.resolve()] = case.truth
    return found


def _write_truth(place: Path, record: StudyRecord, truths: dict[Path, PhantomTruth]) -> None:
    (place / TRUTH).mkdir(exist_ok=True)
    for case, link in read_key(default_key(place), record.study).cases.items():
        truth = truths.get(Path(link.folder))
        if truth is not None:
            write_record(place / TRUTH / f"{case}.json", truth_of(truth, case))


def truth_of(truth: PhantomTruth, case: str) -> TruthRecord:
    """What readers measure of a synthetic case."""
    levels = (truth.level, truth.level_above, truth.level_below)
    return TruthRecord(
        case=case,
        fractured=truth.level,
        above=truth.level_above,
        below=truth.level_below,
        heights_mm={level: dict(truth.heights_mm[level]) for level in levels},
        body_per_slice=tuple(int(n) for n in truth.body_mask.sum(axis=(1, 2))),
        lesion_per_slice=tuple(int(n) for n in truth.lesion_mask.sum(axis=(1, 2))),
        adc_um2_per_s=dict(truth.adc_um2_per_s),
    )
