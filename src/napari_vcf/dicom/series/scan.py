"""A folder of files to series with roles and units; what cannot be read is listed with its reason."""

from __future__ import annotations

import contextlib
import gc
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from napari_vcf.dicom.errors import DicomError, HeaderError, RoleError, UnitError
from napari_vcf.dicom.files.diffusion import LARGEST_B
from napari_vcf.dicom.files.folder import Refusal, files_below, folder_of
from napari_vcf.dicom.files.frames import Frame, frames_of
from napari_vcf.dicom.files.labelmarks import FROM_LABELS, is_label_map
from napari_vcf.dicom.files.source import open_source
from napari_vcf.dicom.files.volumefile import VolumeFile, is_volume_file, open_volume_file
from napari_vcf.dicom.series.contrast import enhancement_of, enhancements
from napari_vcf.dicom.series.copies import copies_among
from napari_vcf.dicom.series.grouping import stacks_of
from napari_vcf.dicom.series.model import Scan, Series, VolumeInfo
from napari_vcf.dicom.series.remarks import frames_among, patients_among, patients_in, remarks_on
from napari_vcf.dicom.series.role import Role, described, role_of, three_plane, weighted_frames
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.dicom.series.units import ADC_UNITS, ValueScale, unit_of
from napari_vcf.errors import CancelledError
from napari_vcf.language import joined, said, say

__all__ = ["nothing_found", "scan_folder", "with_adc_unit", "with_b_values", "with_role"]


def scan_folder(
    folder: str | os.PathLike[str],
    *,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Scan:
    """Find every series in a folder and its subfolders; headers are read, pixels are not.

    Names and extensions mean nothing; a DICOMDIR is not needed, and asked only for what is missing.

    Parameters
    ----------
    folder : path
        The folder.
    progress : callable, optional
        Called with (files done, files in all, what is done).
    cancelled : callable, optional
        Polled; scanning stops where it returns True.

    Returns
    -------
    Scan
        Without series, if there is nothing that can be read.

    Raises
    ------
    FolderError
        If the folder is missing, is no folder, or cannot be listed.
    CancelledError
        If it was cancelled.
    """
    root = folder_of(Path(folder))
    refused: list[Refusal] = []
    names = sorted(files_below(root, refused))
    files: list[list[Frame]] = []
    volumes: list[VolumeFile] = []
    with _collector_at_rest():
        for done, name in enumerate(names):
            if cancelled is not None and cancelled():
                raise CancelledError(say("Scanning was cancelled."))
            if progress is not None and done % 32 == 0:
                progress(done, len(names), say("reading headers"))
            try:
                if is_volume_file(name):
                    volumes.append(open_volume_file(root / name, name))
                else:
                    files.append(frames_of(open_source(root / name, name)))
            except DicomError as error:
                refused.append(Refusal(Path(name), said(error), unread=isinstance(error.__cause__, OSError)))
        if progress is not None:
            progress(len(names), len(names), say("reading headers"))
        copies = copies_among(files)
        refused.extend(Refusal(Path(name), reason) for name, reason in copies.items())
        frames = [frame for members in files if members[0].file.name not in copies for frame in members]
        series = (*_series_of(frames), *_volume_series(root, volumes))
    remarks = (*patients_among(series), *frames_among(series))
    return Scan(root, series, tuple(sorted(refused, key=lambda entry: entry.path)), remarks)


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the search for circular garbage from looking through all headers again and again; they hold none."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            # All that was read is old now, without having been looked through twice on the way there.
            gc.freeze()
            gc.unfreeze()
            gc.enable()


def _volume_series(root: Path, files: list[VolumeFile]) -> list[Series]:
    """Series of NIfTI and NRRD files; two files with the same content have the same key only once."""
    series: list[Series] = []
    seen: dict[str, int] = defaultdict(int)
    for file in files:
        scale = unit_of(file, Role.OTHER)
        key = f"{file.key}#{seen[file.key] + 1}" if seen[file.key] else file.key
        seen[file.key] += 1
        series.append(
            Series(
                key=key,
                series_instance_uid="",
                modality="",
                description=file.name,
                role=Role.OTHER,
                role_evidence=joined(" ", (say("It looks like a label map."), FROM_LABELS))
                if is_label_map(root / file.name)
                else say("NIfTI and NRRD files do not say what they are; give the role"),
                grid=file.grid,
                volumes=tuple(VolumeInfo("magnitude", repetition=index) for index in range(file.count)),
                unit=scale.unit,
                unit_evidence=scale.evidence,
                corrections=(file.note,) if file.note else (),
                measurable=True,
                not_measurable_reason="",
                frame_of_reference_uid=None,
                stack=file,
                scale=scale,
            )
        )
    return series


def with_role(series: Series, role: Role | str) -> Series:
    """Give a series another role, as the person says; recorded in its corrections.

    Parameters
    ----------
    series : Series
        The series.
    role : Role
        The role.

    Returns
    -------
    Series

    Raises
    ------
    RoleError
        If there is no such role.
    """
    try:
        wanted = Role(role)
    except ValueError:
        raise RoleError(
            say("There is no role {role!r}; roles are {roles}.", role=role, roles=", ".join(Role))
        ) from None
    if wanted is series.role:
        return series
    note = say(
        "Role set to {wanted} by the person; found was {role} ({role_evidence}).",
        wanted=wanted,
        role=series.role,
        role_evidence=series.role_evidence,
    )
    changed = replace(
        series,
        role=wanted,
        role_evidence=say("set by the person"),
        role_given=True,
        corrections=(*series.corrections, note),
    )
    return _with_scale(changed, unit_of(series.stack, wanted))


def with_adc_unit(series: Series, unit: str) -> Series:
    """Give the unit of an ADC map, as the person says; recorded in its unit evidence.

    Parameters
    ----------
    series : Series
        A series in the role ADC.
    unit : str
        One of `ADC_UNITS`: what one step of the stored, rescaled values means.

    Returns
    -------
    Series

    Raises
    ------
    UnitError
        If the series is no ADC map, or the unit is none of them.
    """
    if series.computed_from:
        raise UnitError(say("This ADC map is computed from b-values, so that its unit is known."))
    if series.role is not Role.ADC:
        raise UnitError(
            say("A unit of diffusivity can only be given for an ADC map, and this is {role}.", role=series.role)
        )
    if unit not in ADC_UNITS:
        raise UnitError(
            say(
                "{unit!r} is not a unit of an ADC map; give one of {units}.",
                unit=unit,
                units=", ".join(ADC_UNITS),
            )
        )
    if series.scale.contradictory:
        raise UnitError(
            say("No one unit holds for this map: {evidence}. It cannot be measured.", evidence=series.scale.evidence)
        )
    found = (
        say("found was {unit}: {unit_evidence}", unit=series.unit, unit_evidence=series.unit_evidence)
        if series.unit
        else series.unit_evidence
    )
    return _with_scale(
        series,
        ValueScale(
            "um2/s",
            say("{unit}, given by the person ({found})", unit=unit, found=found),
            ADC_UNITS[unit],
            answered=True,
        ),
    )


def with_b_values(series: Series, b_values: Sequence[float]) -> Series:
    """Give the b-values of a diffusion series that states none, as the person says; recorded in its corrections.

    Parameters
    ----------
    series : Series
        A series in the role DWI.
    b_values : sequence of float
        One for each of its volumes, s/mm2.

    Returns
    -------
    Series

    Raises
    ------
    UnitError
        If the series is no diffusion series, if there are more or fewer values than volumes, if one is none, or if one
        contradicts what the files state.
    """
    if series.role is not Role.DWI:
        raise UnitError(say("A b-value can only be given for diffusion images, and this is {role}.", role=series.role))
    if len(b_values) != len(series.volumes):
        raise UnitError(
            say(
                "The series has {volumes} volumes, and {given} b-values were given.",
                volumes=len(series.volumes),
                given=len(b_values),
            )
        )
    volumes: list[VolumeInfo] = []
    for number, (volume, value) in enumerate(zip(series.volumes, b_values, strict=True), start=1):
        if not 0 <= value <= LARGEST_B:
            raise UnitError(say("{value:g} s/mm2 is not a b-value.", value=value))
        if volume.b_value is not None and volume.b_value != value:
            raise UnitError(
                say(
                    "Volume {number} states a b-value of {b_value:g} s/mm2, not {value:g}.",
                    number=number,
                    b_value=volume.b_value,
                    value=value,
                )
            )
        said = replace(volume, b_value=float(value))
        if volume.kind == "magnitude":
            # Repetitions are those of one b-value.
            same = sum(earlier.b_value == said.b_value for earlier in volumes)
            said = replace(said, kind="b", repetition=same)
        volumes.append(said)
    listed = ", ".join(f"{value:g}" for value in b_values)
    note = say("b-values given by the person: {listed} s/mm2.", listed=listed)
    given = tuple(map(float, b_values))
    return replace(series, volumes=tuple(volumes), b_values_given=given, corrections=(*series.corrections, note))


def _with_scale(series: Series, scale: ValueScale) -> Series:
    return replace(series, scale=scale, unit=scale.unit, unit_evidence=scale.evidence)


def _series_of(frames: list[Frame]) -> tuple[Series, ...]:
    by_uid: dict[str, list[Stack]] = defaultdict(list)
    stacks = stacks_of(frames)
    weighted, begun = weighted_frames(stacks), enhancements(stacks)
    for stack in stacks:
        by_uid[stack.first.file.series_uid].append(stack)
    numbered: list[tuple[float, Series]] = []
    for uid, members in by_uid.items():
        # A scout that says what it is makes no localizer of the scan that it shares the series with.
        planes = [stack.first.normal for stack in members if "LOCALIZER" not in stack.first.file.image_type]
        crossing = len(planes) > 1 and three_plane(planes)
        for number, stack in enumerate(members):
            key = uid if len(members) == 1 else f"{uid}#{number + 1}"
            series = _series(key, uid, stack, crossing=crossing, weighted=weighted, begun=begun)
            numbered.append((_series_number(stack), series))
    return tuple(series for _, series in sorted(numbered, key=lambda entry: (entry[0], entry[1].key)))


def _series_number(stack: Stack) -> float:
    try:
        return stack.first.file.header.number(0x00200011) or 0.0
    except HeaderError:  # the number only orders a list
        return 0.0


def _series(
    key: str, uid: str, stack: Stack, *, crossing: bool, weighted: list[Frame], begun: dict[str, float]
) -> Series:
    enhancement = enhancement_of(stack, begun, described(stack))
    role, evidence = role_of(stack, crossing=crossing, weighted=weighted, enhancement=enhancement)
    scale = unit_of(stack, role)
    header = stack.first.file.header
    closed = joined(" ", filter(None, (*stack.problems, stack.layout.reason, patients_in(stack))))
    return Series(
        key=key,
        series_instance_uid=uid,
        modality=stack.first.file.modality,
        description=header.described(0x0008103E) or header.described(0x00181030),
        role=role,
        role_evidence=evidence,
        grid=stack.layout.grid,
        volumes=_volume_infos(stack, role),
        unit=scale.unit,
        unit_evidence=scale.evidence,
        corrections=tuple(
            dict.fromkeys((*stack.layout.corrections, *stack.problems, *stack.notes, *remarks_on(stack)))
        ),
        measurable=not closed,
        not_measurable_reason=closed,
        frame_of_reference_uid=stack.frame_of_reference_uid or None,
        stack=stack,
        scale=scale,
        seconds_after_injection=enhancement.seconds,
    )


def _volume_infos(stack: Stack, role: Role) -> tuple[VolumeInfo, ...]:
    infos: list[VolumeInfo] = []
    for volume in stack.volumes:
        frame = volume.frames[0]
        kind = frame.kind
        if role is Role.ADC:
            kind = "adc"
        elif role is Role.DWI and kind == "magnitude":
            kind = "b"
        weighting = frame.diffusion if role is Role.DWI else None
        infos.append(
            VolumeInfo(
                kind=kind,
                b_value=weighting.b_value if weighting else None,
                echo_time_ms=frame.echo_time_ms,
                direction=weighting.direction if weighting else None,
                repetition=volume.repetition,
            )
        )
    return tuple(infos)


def _counted(reason: str, count: int) -> str:
    return say("{count} x {reason}", count=count, reason=reason) if count > 1 else reason


def nothing_found(scan: Scan) -> str:
    """Why there is no image in a folder, as a sentence."""
    if not scan.refused:
        return say(
            "The folder is empty: there is no file to read. Choose the folder that holds the DICOM files of one case."
        )
    reasons = Counter(refusal.reason for refusal in scan.refused).most_common(3)
    listed = joined("; ", (_counted(reason, count) for reason, count in reasons))
    return say(
        "No image could be read from the {count} files of the folder: {listed}", count=len(scan.refused), listed=listed
    )
