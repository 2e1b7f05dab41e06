"""The panels of a report: which readings show the grades, and which the ADC rectangles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.figures.drawn import Drawn
from napari_vcf.agreement.figures.panels import Panel, grading_panels, roi_scheme
from napari_vcf.agreement.figures.views import CaseImages
from napari_vcf.errors import NapariVcfError
from napari_vcf.measure import Degree, ExtentGrade
from napari_vcf.reading import read_reading
from napari_vcf.records.base import Stage

__all__ = ["FromImages", "pictures_of_readings"]

_DEGREES: tuple[Degree, ...] = ("I", "II", "III")
_GRADES: tuple[ExtentGrade, ...] = ("G1", "G2", "G3", "G4")
#: CT is read in axial slices, of which no panel can be made.
_STAGES: tuple[Stage, ...] = ("mri", "combined")
_Shows = Literal["degree", "extent"]


@dataclass(frozen=True, slots=True)
class FromImages:
    """Figures that show images.

    Attributes
    ----------
    drawn : tuple of Drawn
        The panels, and the scheme of the rectangles.
    remarks : tuple of str
        Which grade no reading shows, and which reading was passed over for which reason.
    """

    drawn: tuple[Drawn, ...]
    remarks: tuple[str, ...]


def pictures_of_readings(
    files: Sequence[Path],
    images: Path | str,
    *,
    cases: Sequence[str] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> FromImages:
    """Draw the panels of a paper: degrees I to III, extents G1 to G4, and the ADC rectangles.

    Parameters
    ----------
    files : sequence of Path
        Exported readings; other files are left.
    images : path
        See `CaseImages`.
    cases : sequence of str
        Cases to be shown, in this order, each with its degree and extent. If empty, each degree and each extent is
        shown by the first reading that has it, one that lies far from a cut before one that does not.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    FromImages

    Raises
    ------
    AgreementError
        If there is no such reading, or images of a case that was asked for cannot be shown.
    """
    found = CaseImages(images)
    entries = sorted(_entries(files), key=lambda entry: (_STAGES.index(entry.stage), entry.case, entry.reader))
    if not entries:
        raise AgreementError(
            "Panels need exported readings (.json) of the stages mri or combined; a table holds no points and no "
            "outlines, and CT is read in axial slices."
        )
    remarks: list[str] = []
    if cases:
        panels = [_asked(entries, case) for case in cases]
        lines = [panels[start : start + 4] for start in range(0, len(panels), 4)]
    else:
        taken: set[str] = set()
        lines = [
            list(_chosen(entries, found, "degree", _DEGREES, taken, remarks)),
            list(_chosen(entries, found, "extent", _GRADES, taken, remarks)),
        ]
    drawn = [grading_panels(lines, found, progress=progress)] if any(lines) else []
    shown = [panel.export.case for line in lines for panel in line]
    return FromImages((*drawn, *_scheme(entries, found, shown, remarks)), tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A stage of an exported reading: what the choice needs of it, without its masks."""

    path: Path
    case: str
    reader: str
    stage: Stage
    grades: dict[_Shows, str | None]
    borderline: dict[_Shows, bool]
    both_tissues: bool

    def panel(self, shows: Literal["degree", "extent", "both"]) -> Panel:
        return Panel(read_reading(self.path), self.stage, shows)


def _entries(files: Iterable[Path]) -> Iterator[_Entry]:
    for path in files:
        if path.suffix.lower() != ".json":
            continue
        export = read_reading(path)
        if export.kind != "reading" or export.occasion > 1:
            continue
        for stage in _STAGES:
            if stage not in export.stages:
                continue
            part = export.stages[stage]
            loss, extent = part.height_loss, part.extent
            yield _Entry(
                path,
                export.case,
                export.reader,
                stage,
                {"degree": None if loss is None else loss.degree, "extent": None if extent is None else extent.grade},
                {"degree": loss is not None and bool(loss.borderline), "extent": bool(extent and extent.borderline)},
                {roi.tissue for roi in part.rois} >= {"lesion", "normal"},
            )


def _asked(entries: Sequence[_Entry], case: str) -> Panel:
    for entry in entries:
        if entry.case == case and entry.grades["degree"] is not None:
            return entry.panel("both")
    raise AgreementError(f"No reading of case '{case}' has a graded height loss in the stages mri or combined.")


def _chosen(
    entries: Sequence[_Entry],
    images: CaseImages,
    shows: _Shows,
    grades: Sequence[str],
    taken: set[str],
    remarks: list[str],
) -> Iterator[Panel]:
    for grade in grades:
        having = [entry for entry in entries if entry.grades[shows] == grade]
        # The order is kept among equals: MRI first, then by case and reader. A case is shown once if others can be.
        for entry in sorted(having, key=lambda entry: (entry.case in taken, entry.borderline[shows])):
            panel = entry.panel(shows)
            try:
                grading_panels([[panel]], images)
            except NapariVcfError as error:
                remarks.append(f"Panel of {grade}: {entry.case}, {entry.reader} was passed over. {error}")
                continue
            taken.add(entry.case)
            yield panel
            break
        else:
            remarks.append(f"No reading shows {'degree ' if shows == 'degree' else ''}{grade} on sagittal images.")


def _scheme(entries: Sequence[_Entry], images: CaseImages, first: Sequence[str], remarks: list[str]) -> list[Drawn]:
    """The rectangles of a case that is shown already, where one has them in both vertebrae."""
    for entry in sorted((e for e in entries if e.both_tissues), key=lambda entry: entry.case not in first):
        try:
            return [roi_scheme(read_reading(entry.path), images, stage=entry.stage)]
        except NapariVcfError as error:
            remarks.append(f"ADC rectangles: {entry.case}, {entry.reader} was passed over. {error}")
    remarks.append("No reading has ADC rectangles in the fractured and in a normal vertebra that can be shown.")
    return []
