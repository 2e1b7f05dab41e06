"""Whether the prepared cases of a study are as they were written, to the last byte of their voxels."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from napari_vcf.errors import NapariVcfError
from napari_vcf.records.base import FrozenModel
from napari_vcf.study.damage import Found, WayOut
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.prepare_case import PrepareReport
from napari_vcf.study.prepare_study import REPORT
from napari_vcf.study.prepared_case import (
    PARTS,
    PROPOSAL,
    CaseRecord,
    ImageRecord,
    PartRecord,
    ProposalRecord,
)
from napari_vcf.study.regular_files import read_regular
from napari_vcf.study.settled_roles import ROLES, RolesRecord
from napari_vcf.study.study_folder import StudyFolder, StudyRecord

__all__ = ["damaged_cases"]

_Model = TypeVar("_Model", bound=FrozenModel)
_MAGIC = b"\x93NUMPY\x01\x00"


def damaged_cases(folder: StudyFolder, record: StudyRecord) -> Iterator[Found]:
    """Look at every file that the preparation wrote.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    record : StudyRecord
        Its cases.

    Yields
    ------
    Found
        A file, and what is wrong with it.
    """
    report: PrepareReport | None = None
    if (folder.root / REPORT).exists():
        report, problem = _record(folder.root / REPORT, PrepareReport)
        yield from problem
    if (folder.root / ROLES).exists():
        yield from _record(folder.root / ROLES, RolesRecord)[1]
    stated = {outcome.case: outcome for outcome in report.cases} if report is not None else {}
    for case in record.cases:
        place = folder.case(case)
        if (place / "case.json").is_file():
            yield from _case(place)
        elif place.exists() or folder.in_use(record, case) or (case in stated and stated[case].status != "failed"):
            yield Found(place, "this case was prepared, and is gone or not whole.", WayOut.PREPARE)


def _record(path: Path, model: type[_Model]) -> tuple[_Model | None, list[Found]]:
    try:
        return read_record(path, model, "The file"), []
    except NapariVcfError as error:
        return None, [Found(path, str(error), WayOut.SAID)]


def _case(place: Path) -> Iterator[Found]:
    case, problem = _record(place / "case.json", CaseRecord)
    yield from problem
    if case is not None and case.case != place.name:
        yield Found(place / "case.json", f"it is that of case {case.case}.")
    for name in PARTS:
        path = place / f"{name}.json"
        part, problem = _record(path, PartRecord)
        yield from problem
        if part is None:
            continue
        if (part.case, part.part) != (place.name, name):
            yield Found(path, f"it is the part '{part.part}' of case {part.case}.")
        elif case is not None and case.parts.get(name) != len(part.images):
            yield Found(path, f"it lists {len(part.images)} images, and {case.parts.get(name)} were prepared.")
        for image in part.images:
            yield from _voxels(place / name, image)
    if (place / PROPOSAL).exists():
        proposal, problem = _record(place / PROPOSAL, ProposalRecord)
        yield from problem
        if proposal is not None and proposal.case != place.name:
            yield Found(place / PROPOSAL, f"it is that of case {proposal.case}.")


def _voxels(folder: Path, image: ImageRecord) -> Iterator[Found]:
    shape = tuple(image.grid.grid().shape)
    for index, volume in enumerate(image.volumes):
        base = folder / f"{image.image}-{index}"
        files: list[tuple[str, str | None, Any]] = [
            (".npy", volume.data_sha256, np.float32),
            (".padding.npy", volume.padding_sha256, np.bool_),
        ]
        for suffix, sha256, dtype in files:
            path = base.with_suffix(suffix)
            if sha256 is not None and (wrong := _wrong_array(path, sha256, shape, dtype)):
                yield Found(path, wrong, WayOut.PREPARE)


def _wrong_array(path: Path, sha256: str, shape: tuple[int, ...], dtype: Any) -> str:
    try:
        data = read_regular(path)
    except OSError as error:
        return f"it cannot be read: {error.strerror or 'refused'}."
    length = struct.unpack("<H", data[8:10])[0] if len(data) >= 10 else 0
    head = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    said = "".join(["{", *(f"'{key}': {value!r}, " for key, value in head.items()), "}"]).encode()
    # How much room NumPy leaves behind the description depends on its version.
    whole = data[:8] == _MAGIC and data[10 : 10 + length] == said.ljust(length - 1) + b"\n"
    if not whole or hashlib.sha256(memoryview(data)[10 + length :]).hexdigest() != sha256:
        return "its voxels are not those that were prepared."
    return ""
