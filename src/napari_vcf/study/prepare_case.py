"""Preparation: from folders of source files to cases without identity in the study folder.

Resumable and idempotent: a case is written beside its place and moved there whole, and one whose source has not
changed is left as it is. A bad case is reported and does not keep the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from napari_vcf.dicom import Role, Scan, Series, load_volume, with_b_values, with_computed_adc, with_role
from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.case import MR_ROLES, image_id, scan_case
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.masks import GridRecord
from napari_vcf.records.base import STAGES, FrozenModel, Pseudonym, Stage
from napari_vcf.study.case_lock import CaseLock
from napari_vcf.study.errors import DamagedError, StudyError
from napari_vcf.study.hashed_files import check_record, read_record, write_record
from napari_vcf.study.identity import hashed, read_headers, scrub
from napari_vcf.study.prepared_case import (
    PARTS,
    PROPOSAL,
    CaseRecord,
    ImageRecord,
    Part,
    PartRecord,
    PreparedCase,
    VolumeRecord,
    readable_stages,
    sha256_of_array,
    sha256_of_image,
)

__all__ = ["CaseJob", "CaseOutcome", "PrepareReport", "lock_of", "prepare_case"]

#: How long a case may take that another program is preparing.
LOCK_TIMEOUT_S: Final = 1800.0
#: What a case of the study needs.
_NEEDED: Final = (Role.CT, Role.T1, Role.T2, Role.T2FS, Role.DWI, Role.ADC)


class CaseOutcome(FrozenModel):
    """What became of one case."""

    case: Pseudonym
    status: Literal["prepared", "kept", "failed"]
    reason: str = ""
    images: int = 0
    refused_files: int = 0
    lacks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = Field(default=(), description="for which there are images")


class PrepareReport(FrozenModel):
    """What became of every case; `kept` ones count as prepared here, so that a second run writes the same file."""

    schema_id: Literal["napari-vcf/prepare-report"] = "napari-vcf/prepare-report"
    schema_version: Literal["1.2.0"] = "1.2.0"
    cases: tuple[CaseOutcome, ...] = Field(description="in the order of their pseudonyms")


@dataclass(frozen=True, slots=True)
class CaseJob:
    """What a worker needs to prepare one case; it can be sent to another machine that sees the same folders."""

    case: str
    source: str
    salt: str
    target: str
    #: Folders of the readers, who may have begun on the case meanwhile.
    readers: tuple[str, ...] = ()
    #: Image to the hash that it had when a reader began on it.
    bound: tuple[tuple[str, str], ...] = ()
    #: Image to the role that the coordinator gave it.
    roles: tuple[tuple[str, str], ...] = ()
    #: Image to the b-values that the coordinator gave its volumes, in s/mm2.
    b_values: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def in_use(self) -> bool:
        """Whether a reader has begun on the case, so that it must stay as it is."""
        return any((Path(reader) / self.case).exists() for reader in self.readers)


def prepare_case(job: CaseJob) -> CaseOutcome:
    """Prepare one case.

    Parameters
    ----------
    job : CaseJob
        The case.

    Returns
    -------
    CaseOutcome
        Also where the case could not be prepared; the reason is a sentence without identity.
    """
    target = Path(job.target)
    try:
        # Whoever else prepares this study waits here, and finds the case done.
        with CaseLock(lock_of(target), f"Case {job.case}", timeout_s=LOCK_TIMEOUT_S) as lock:
            return _prepare_alone(job, target, lock)
    except NapariVcfError as error:
        return _failed(job, str(error))
    except OSError as error:
        return _failed(job, f"Its files cannot be read or written: {error.strerror or 'refused'}.")


def lock_of(target: Path) -> Path:
    """Folder of the lock under which a case is prepared."""
    return target.parents[1] / ".prepare" / target.name


def _prepare_alone(job: CaseJob, target: Path, lock: CaseLock) -> CaseOutcome:
    _clear_up(target)
    source = _fingerprint(Path(job.source), job)
    record = _recorded(target)
    if record is not None and record.source != source and job.in_use:
        return _failed(job, "Its files have changed, but it is being read already; restore the files.")
    if record is not None and record.source == source and _whole(target):
        return _outcome(record, "kept")
    return _prepare(job, source, lock)


def _clear_up(target: Path) -> None:
    """Take away what an interrupted preparation of this case left; put back what it had just put aside."""
    for old in sorted(target.parent.glob(f".{target.name}.*.old")):
        if target.exists() or not (old / "case.json").is_file():
            shutil.rmtree(old)
        else:
            old.rename(target)
    for part in target.parent.glob(f".{target.name}.*.part"):
        shutil.rmtree(part)


def _failed(job: CaseJob, reason: str) -> CaseOutcome:
    places = frozenset({job.source, *Path(job.source).parts[-2:]})
    return CaseOutcome(case=job.case, status="failed", reason=scrub(reason, places))


def _fingerprint(folder: Path, job: CaseJob) -> str:
    """Salted hash over what the source files are and what the coordinator said of them; nobody can turn it back."""
    lines = [f"{image}\t{role}" for image, role in job.roles]
    lines += [f"{image}\tb {' '.join(f'{value:g}' for value in values)}" for image, values in job.b_values]
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            lines.append(f"{path.relative_to(folder).as_posix()}\t{status.st_size}\t{status.st_mtime_ns}")
    return hashlib.sha256("\n".join([job.salt, *lines]).encode("utf-8", "surrogateescape")).hexdigest()


def _recorded(target: Path) -> CaseRecord | None:
    """What was prepared before; None where that is gone or damaged, so that it is prepared anew."""
    if not (target / "case.json").is_file():
        return None
    try:
        return read_record(target / "case.json", CaseRecord, f"Case {target.name}")
    except DamagedError:
        return None


def _whole(target: Path) -> bool:
    """Whether every voxel of a prepared case is as it was written."""
    try:
        case = PreparedCase(target, "combined")
        for image in case.images.values():
            for index in range(len(image.series.volumes)):
                case.volume(image.id, index)
    except (StudyError, ReadingError):
        return False
    return True


def _check_same(part: Path, target: Path, bound: dict[str, str]) -> None:
    """Refuse what differs from what readers have begun on, as far as that can still be read."""
    if bound:
        made = {
            image.image: sha256_of_image(image)
            for name in PARTS
            for image in read_record(part / f"{name}.json", PartRecord, "The case").images
        }
        if any(made.get(image) != sha256 for image, sha256 in bound.items()):
            raise StudyError(
                "It is being read already, and preparing it again gives something else; restore it from a backup."
            )
    for name in ("case.json", *(f"{name}.json" for name in PARTS)):
        try:
            before = (target / name).read_bytes()
        except FileNotFoundError:
            continue
        if check_record(before) and before != (part / name).read_bytes():
            raise StudyError(
                "It is being read already, and preparing it again gives something else; restore it from a backup."
            )


def _outcome(record: CaseRecord, status: Literal["prepared", "kept"]) -> CaseOutcome:
    return CaseOutcome(
        case=record.case,
        status=status,
        images=sum(record.parts.values()),
        refused_files=record.refused,
        lacks=record.lacks,
        remarks=record.remarks,
        stages=readable_stages(record.parts, STAGES),
    )


def _prepare(job: CaseJob, source: str, lock: CaseLock) -> CaseOutcome:
    folder, target = Path(job.source), Path(job.target)
    if not folder.is_dir():
        raise StudyError("The folder of its source files is not there. Is the drive connected?")
    scan = scan_case(folder)
    unread = [refusal for refusal in scan.refused if refusal.unread]
    if unread:
        # Prepared without them, it would be kept as it is once the disk gives them again.
        raise StudyError(
            f"Of its files and folders {len(unread)} cannot be read now, which may be images: {unread[0].reason} Make "
            "them readable, or take them out of the folder, and prepare it again."
        )
    if not scan.series and not scan.refused:
        raise StudyError("Its folder is empty.")
    if not scan.series:
        raise StudyError(
            f"Of the {len(scan.refused)} files in its folder, none is an image that can be read; 'napari-vcf inspect' "
            "on that folder says why."
        )
    scan = _settled(scan, job)
    said = read_headers(scan.series, folder)
    strings = said.strings
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        part.mkdir(parents=True)
        images: dict[Part, list[ImageRecord]] = {name: [] for name in PARTS}
        remarks = [*scan.remarks]
        for series in scan.series:
            where = _part_of(series)
            images[where].append(_image(series, part / where, job, strings))
            risks = said.burned_in[series.key]
            remarks += [f"{series.role.value}: risk of burned-in text: {risk}." for risk in risks]
        for name, records in images.items():
            write_record(part / f"{name}.json", PartRecord(case=job.case, part=name, images=tuple(records)))
        record = CaseRecord(
            case=job.case,
            salt=job.salt,
            source=source,
            parts={name: len(records) for name, records in images.items()},
            lacks=tuple(scrub(text, strings) for text in _lacks(scan)),
            remarks=tuple(sorted({scrub(text, strings) for text in remarks})),
            refused=len(scan.refused),
        )
        write_record(part / "case.json", record)
        if job.in_use:
            _check_same(part, target, dict(job.bound))
            if (target / PROPOSAL).is_file():
                shutil.copy2(target / PROPOSAL, part / PROPOSAL)
        # Whoever has taken the case over meanwhile, where a call hung, prepares it.
        lock.check()
        _move(part, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(part)
    return _outcome(record, "prepared")


def _settled(scan: Scan, job: CaseJob) -> Scan:
    """With the roles and b-values that the coordinator gave; these may make an ADC possible."""
    roles, b_values = dict(job.roles), dict(job.b_values)
    settled = []
    for series in scan.series:
        image = image_id(job.salt, series.key)
        named = with_role(series, roles[image]) if image in roles else series
        settled.append(with_b_values(named, b_values[image]) if image in b_values else named)
    scan = scan.with_series(tuple(settled))
    return with_computed_adc(scan) if b_values else scan


def _move(part: Path, target: Path) -> None:
    """Put a prepared case in its place; an older one goes."""
    if target.exists():
        old = target.with_name(f".{target.name}.{secrets.token_hex(8)}.old")
        target.rename(old)
        part.rename(target)
        shutil.rmtree(old)
    else:
        part.rename(target)


def _part_of(series: Series) -> Part:
    if series.role is Role.CT or series.modality == "CT":
        return "ct"
    # NIfTI and NRRD state no modality, and some programs call their ADC map OT; the role says what it shows. An image
    # without either could show both, and is open only where both are.
    return "mr" if series.modality == "MR" or series.role in MR_ROLES else "other"


def _image(series: Series, folder: Path, job: CaseJob, strings: frozenset[str]) -> ImageRecord:
    name = image_id(job.salt, series.key)
    folder.mkdir(exist_ok=True)
    volumes = []
    for index, info in enumerate(series.volumes):
        volume = load_volume(series, index)
        data = np.ascontiguousarray(volume.data)
        _save(folder / f"{name}-{index}.npy", data)
        padding = None
        if volume.padding is not None:
            padding = np.ascontiguousarray(volume.padding)
            _save(folder / f"{name}-{index}.padding.npy", padding)
        volumes.append(
            VolumeRecord(
                kind=info.kind,
                b_value=info.b_value,
                echo_time_ms=info.echo_time_ms,
                direction=info.direction,
                repetition=info.repetition,
                data_sha256=sha256_of_array(data),
                padding_sha256=None if padding is None else sha256_of_array(padding),
            )
        )
    frame = series.frame_of_reference_uid
    return ImageRecord(
        image=name,
        modality=series.modality,
        role=series.role.value,
        role_evidence=scrub(series.role_evidence, strings),
        role_given=series.role_given,
        b_values_given=series.b_values_given,
        grid=GridRecord.of(series.grid),
        volumes=tuple(volumes),
        unit=series.unit,
        unit_evidence=scrub(series.unit_evidence, strings),
        corrections=tuple(scrub(text, strings) for text in series.corrections),
        measurable=series.measurable,
        not_measurable_reason=scrub(series.not_measurable_reason, strings),
        frame_of_reference=None if frame is None else hashed(job.salt, frame),
    )


def _save(path: Path, array: Any) -> None:
    with path.open("xb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())


def _lacks(scan: Scan) -> Iterator[str]:
    by_role: dict[Role, list[Series]] = {}
    for series in scan.series:
        by_role.setdefault(series.role, []).append(series)
    for role in _NEEDED:
        found = by_role.get(role, [])
        if not found:
            yield f"no {role.value}"
        elif not any(series.measurable for series in found):
            yield f"{role.value} is closed to measurement: {found[0].not_measurable_reason}"
    unstated = (all(volume.b_value is None for volume in series.volumes) for series in by_role.get(Role.DWI, []))
    if any(unstated):
        yield "DWI states no b-value; where they are known, give them with 'napari-vcf study b-values'"
    if any(series.unit is None for series in by_role.get(Role.ADC, [])):
        yield "the unit of the ADC map is not stated; each reader is asked for it"
    if scan.refused:
        yield f"{len(scan.refused)} files could not be read"
