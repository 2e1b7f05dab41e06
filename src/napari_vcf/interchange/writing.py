"""From an exported reading and its images to DICOM objects in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from napari_vcf.interchange.earlier import check_earlier, remove_earlier
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.groups import group_differences, groups_of
from napari_vcf.interchange.modules import Identity
from napari_vcf.interchange.report import read_report, structured_report
from napari_vcf.interchange.segmentation import segmentation
from napari_vcf.interchange.sources import Sources
from napari_vcf.interchange.spatial_registration import spatial_registration
from napari_vcf.language import say
from napari_vcf.reading import read_reading, verify_export
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.records.errors import system_says

__all__ = ["Written", "write_dicom"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one reading.

    Attributes
    ----------
    files : tuple of Path
        Report first, then segmentations, then registrations.
    verified : int
        Values that were recomputed from the images before.
    numbers : int
        Numbers in the report, each read back and compared.
    """

    files: tuple[Path, ...]
    verified: int
    numbers: int


def write_dicom(
    reading: Path | str, images: Path | str, out: Path | str, *, progress: Progress | None = None
) -> Written:
    """Write a reading as a structured report, segmentations and registrations.

    Parameters
    ----------
    reading : path
        The exported JSON.
    images : path
        Folder with the images that were read.
    out : path
        Where the files go; it is made where it is missing. Files of the same reading are replaced, and those that it
        does not come with any more are removed.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    Written

    Raises
    ------
    InterchangeError
        If a number of the reading does not follow from the images, the images are not all there, the folder cannot
        be written, or it holds files of this name that are another's. Nothing is written then.
    ExportError
        If the file is no reading.
    """
    source = Path(reading)
    export = read_reading(source)
    checked = verify_export(source, images, progress=progress)
    if checked.differences:
        first = checked.differences[0]
        raise InterchangeError(
            say(
                "{source} does not agree with the images in {count} values, the first {first}. "
                "Nothing was written; 'napari-vcf verify' lists all.",
                source=source.name,
                count=len(checked.differences),
                first=str(first),
            )
        )
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    sources = Sources(export, images, progress=progress)
    objects = _objects(export, sources, Identity(export, sha256))
    earlier = check_earlier(Path(out), source.stem, objects["sr"], sources.studies)
    files = _save(objects, Path(out), source.stem)
    groups = groups_of(export, sha256)
    differences = group_differences(groups, read_report(files[0]))
    if differences:
        for path in files:
            path.unlink()
        raise InterchangeError(
            say(
                "The report of {source} did not read back as it was written: {difference}",
                source=source.name,
                difference=differences[0],
            )
        )
    remove_earlier(earlier, files)
    return Written(tuple(files), checked.compared, sum(len(group.numbers) for group in groups))


def _objects(export: ReadingExport, sources: Sources, identity: Identity) -> dict[str, Dataset]:
    level = export.spine.fractured if export.spine is not None else None
    painted = {
        stage: segmentation(stage, part.masks, level, sources.image(part.masks.image), identity)
        for stage, part in export.stages.items()
        if part.masks is not None and part.extent is not None
    }
    groups = groups_of(export, identity.sha256)
    used = [image for group in groups for image in (group.image, *(n.image for n in group.numbers)) if image]
    evidence = list(dict.fromkeys(used)) or [_any_image(export)]
    objects = {"sr": structured_report(groups, sources, painted, identity, evidence)}
    objects.update({f"seg-{stage}": dataset for stage, dataset in painted.items()})
    for at, entry in export.registrations.items():
        if entry.acceptance == "accepted" and entry.ct_to_mr is not None:
            mr = [sources.image(image) for image in entry.mr_images]
            objects[f"reg-{at}"] = spatial_registration(at, entry, sources.image(entry.ct_image), mr, identity)
    return objects


def _any_image(export: ReadingExport) -> str:
    """An image of a reading in which nothing was measured: one that its stages show."""
    wanted = "CT" if set(export.stages) == {"ct"} else "MR"
    for series in export.series:
        if series.modality == wanted:
            return series.image
    if not export.series:
        raise InterchangeError(say("The reading names no image, so no DICOM object can be made of it."))
    return export.series[0].image


def _save(objects: dict[str, Dataset], out: Path, stem: str) -> list[Path]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InterchangeError(
            say("The folder {out} cannot be made: {reason}.", out=out.name, reason=system_says(error))
        ) from error
    files: list[Path] = []
    try:
        for name, dataset in objects.items():
            path = out / f"{stem}.{name}.dcm"
            part = path.with_suffix(".part")
            try:
                dataset.save_as(part, enforce_file_format=True)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            files.append(path)
    except OSError as error:
        for path in files:
            path.unlink(missing_ok=True)
        raise InterchangeError(
            say("{stem} could not be written: {reason}.", stem=stem, reason=system_says(error))
        ) from error
    return files
