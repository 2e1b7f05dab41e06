"""Panels from real readings: grades with arrow and outline, and the scheme of the ADC rectangles.

What is written on a panel are grades.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.figures.drawn import PAGE_IN, PALETTE, Drawn, new_figure, styled
from napari_vcf.agreement.figures.views import (
    BAR_MM,
    CaseImages,
    draw_arrow,
    draw_bar,
    draw_rectangle,
    make_view,
    show_view,
)
from napari_vcf.reading.export_document import HeightLossExport, ReadingExport, StageExport
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Masks
from napari_vcf.records.base import Stage

__all__ = ["Panel", "grading_panels", "roi_scheme"]

_HALF_ROI_MM = 32.0
_ACROSS = 4
_Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel shows.

    Attributes
    ----------
    export : ReadingExport
        The reading.
    stage : str
        Stage whose measurements are shown.
    shows : {"degree", "extent", "both"}
        The arrow at the compression, the dotted outline of the lesion, or both.
    """

    export: ReadingExport
    stage: Stage = "mri"
    shows: Literal["degree", "extent", "both"] = "both"


def grading_panels(
    panels: Sequence[Sequence[Panel]], images: CaseImages, *, progress: _Progress | None = None
) -> Drawn:
    """One panel for each reading: the fractured body, an arrow at the compression, the lesion's outline dotted.

    Parameters
    ----------
    panels : sequence of sequence of Panel
        Rows of panels, at most four in each.
    images : CaseImages
        The cases' images.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    Drawn

    Raises
    ------
    AgreementError
        If a reading lacks what its panel shows, the images are not there or not sagittal, or matplotlib is not
        installed.
    """
    lines = [line for line in panels if line]
    if not lines:
        raise AgreementError("No exported reading was given.")
    if max(map(len, lines)) > _ACROSS:
        raise AgreementError(f"A row holds at most {_ACROSS} panels.")
    total = sum(map(len, lines))
    with styled():
        across = max(map(len, lines))
        side = PAGE_IN / _ACROSS
        figure = new_figure(side * max(across, 2), (side + 0.25) * len(lines))
        grid = figure.subplots(len(lines), across, squeeze=False)
        rows: list[tuple[object, ...]] = []
        words = []
        for line, axes_of_line in zip(lines, grid, strict=True):
            for panel, axes in zip(line, axes_of_line, strict=False):
                if progress is not None:
                    progress(len(rows), total, panel.export.case)
                letter = chr(ord("A") + len(rows))
                numbers, text = _grading_panel(axes, panel, images, letter)
                rows.append((letter, *numbers))
                words.append(f"{letter}: {text}")
            for axes in axes_of_line[len(line) :]:
                axes.set_axis_off()
    shown = {panel.shows for line in lines for panel in line}
    marks = [
        "Arrow: place of the largest loss of height." if shown & {"degree", "both"} else "",
        "Dotted line: outline of the lesion." if shown & {"extent", "both"} else "",
    ]
    what = {frozenset({"degree"}): "Degrees of compression.", frozenset({"extent"}): "Extent of the lesion."}
    legend = (
        f"{what.get(frozenset(shown), 'Degrees of compression and extent of the lesion.')} "
        f"{' '.join(filter(None, marks))} {'; '.join(words)}. Bar: {BAR_MM:g} mm."
    )
    columns = ("panel", "case", "reader", "stage", "level", "degree", "loss", "position", "grade", "fraction")
    return Drawn("grading_panels", legend, figure, columns, tuple(rows))


def roi_scheme(read: ReadingExport, images: CaseImages, *, stage: Stage = "mri") -> Drawn:
    """Rectangles in the fractured and in the normal vertebra, on the ADC map.

    Parameters
    ----------
    read : ReadingExport
        A reading.
    images : CaseImages
        The cases' images.
    stage : {"ct", "mri", "combined"}
        Stage whose rectangles are shown.

    Returns
    -------
    Drawn

    Raises
    ------
    AgreementError
        If the reading has no rectangles, the images are not there, or matplotlib is not installed.
    """
    part = _stage(read, stage)
    if not part.rois:
        raise AgreementError(f"{read.case}, {read.reader}: stage {stage} has no ADC rectangle.")
    case = images.case(read)
    kinds = [kind for kind in ("lesion", "normal") if any(roi.tissue == kind for roi in part.rois)]
    rows: list[tuple[object, ...]] = []
    # Black is no diffusion in both panels, and white twice the ADC of the brightest rectangle.
    brightest = 2 * max(roi.statistics.mean_um2_per_s for roi in part.rois)
    with styled():
        figure = new_figure(PAGE_IN / 2 * len(kinds), PAGE_IN / 2)
        panels = figure.subplots(1, len(kinds), squeeze=False)[0]
        for letter, kind, axes in zip("AB", kinds, panels, strict=False):
            own = [roi for roi in part.rois if roi.tissue == kind]
            view = make_view(case, own[0].image, own[0].center_lps, half_mm=_HALF_ROI_MM)
            show_view(axes, view, window=(0.0, brightest), smooth=False)
            for number, roi in enumerate(own):
                draw_rectangle(axes, view, roi, PALETTE[1 if kind == "lesion" else 2], number)
                found = roi.statistics
                rows.append(
                    (letter, kind, roi.level, roi.placement, found.mean_um2_per_s, found.sd_um2_per_s, found.area_mm2)
                )
            axes.set_title(f"{letter}  {'Fractured' if kind == 'lesion' else 'Normal'} vertebra ({own[0].level})")
            draw_bar(axes, view)
    means = {kind: [float(str(row[4])) for row in rows if row[1] == kind] for kind in kinds}
    words = "; ".join(
        f"{kind.capitalize()}: mean of {len(v)} placements {np.mean(v):.0f} \u00b5m\u00b2/s"
        for kind, v in means.items()
    )
    area = part.rois[0].statistics.area_mm2
    legend = (
        f"Placement of the ADC rectangles ({area:.0f} mm\u00b2) in the fractured and in the normal vertebra, on the "
        f"sagittal ADC map. {words}. Bar: {BAR_MM:g} mm."
    )
    columns = ("panel", "tissue", "level", "placement", "mean_um2_per_s", "sd_um2_per_s", "area_mm2")
    return Drawn("roi_scheme", legend, figure, columns, tuple(rows))


def _stage(export: ReadingExport, stage: Stage) -> StageExport:
    if stage not in export.stages:
        raise AgreementError(
            f"{export.case}, {export.reader}: the reading has no stage {stage}; it has {', '.join(export.stages)}."
        )
    return export.stages[stage]


def _grading_panel(axes: Any, panel: Panel, images: CaseImages, letter: str) -> tuple[tuple[object, ...], str]:
    export, stage = panel.export, panel.stage
    part = _stage(export, stage)
    level = None if export.spine is None else export.spine.fractured
    own = {caliper.position: caliper for caliper in part.calipers if caliper.level == level}
    graded = part.height_loss
    position = None if graded is None else graded.graded_position
    caliper = None if position is None else own.get(position)
    if panel.shows != "extent" and caliper is None:
        raise AgreementError(f"{export.case}, {export.reader}: stage {stage} has no graded height loss to show.")
    painted = part.masks if part.extent is not None and panel.shows != "degree" else None
    if panel.shows == "extent" and painted is None:
        raise AgreementError(f"{export.case}, {export.reader}: stage {stage} has no painted lesion to show.")
    # The outline is shown on the image that it was painted on, and the arrow on that of the caliper.
    lesion = painted
    if painted is not None and panel.shows == "both" and caliper is not None and painted.image != caliper.image:
        lesion = None
    image, index, middle = "", None, np.zeros(3)
    if lesion is not None and part.extent is not None:
        image, index, middle = lesion.image, part.extent.mid_slice, _middle(lesion)
    elif caliper is not None:
        image = caliper.image
        middle = np.mean([np.add(c.start_lps, c.end_lps) / 2 for c in own.values()], axis=0)
    view = make_view(images.case(export), image, middle.tolist(), slice_index=index)
    show_view(axes, view)
    if lesion is not None:
        outline = view.cropped(decode_mask(lesion.lesion, lesion.grid.shape))
        if outline.any():
            axes.contour(outline, levels=[0.5], colors=[PALETTE[1]], linestyles=":", linewidths=1.6)
    if panel.shows != "extent" and caliper is not None:
        draw_arrow(axes, view, caliper.start_lps)
    draw_bar(axes, view)
    axes.set_title(f"{letter}  {_title(panel, graded, part)}")
    degree = None if graded is None else graded.degree
    loss = None if graded is None else graded.graded_loss
    fraction = None if part.extent is None else part.extent.fraction
    grade = None if part.extent is None else part.extent.grade
    line = (export.case, export.reader, stage, level, degree, loss, position, grade, fraction)
    compression = "" if loss is None else f"degree {degree}, loss {100 * loss:.0f} % ({position})"
    extent = "" if fraction is None else f"{grade}, lesion {100 * fraction:.0f} % of the body"
    texts = {"degree": compression, "extent": extent, "both": "; ".join(filter(None, (compression, extent)))}
    return line, texts[panel.shows]


def _middle(masks: Masks) -> NDArray[np.float64]:
    """Middle of the painted body, LPS mm."""
    slices, rows, columns = np.nonzero(decode_mask(masks.body, masks.grid.shape))
    return masks.grid.grid().to_lps((columns.mean(), rows.mean(), slices.mean()))


def _title(panel: Panel, graded: HeightLossExport | None, part: StageExport) -> str:
    degree = "" if graded is None or graded.degree is None else f"Degree {graded.degree}"
    extent = "" if part.extent is None else str(part.extent.grade)
    titles = {"degree": degree, "extent": extent, "both": ", ".join(filter(None, (degree, extent)))}
    return titles[panel.shows]
