"""Panels from real readings: grades with arrow and outline, and the scheme of the ADC rectangles.

Pixels come from the images alone, cropped to the vertebra, so that no text of a picture's rim is shown; what is written
on a panel are grades.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.figures.drawn import PAGE_IN, PALETTE, Drawn, new_figure, styled
from napari_vcf.dicom import load_volume
from napari_vcf.geometry import Grid
from napari_vcf.reading import Case, read_reading
from napari_vcf.reading.case import scan_case
from napari_vcf.reading.document import HeightLossExport, ReadingExport, RoiExport, StageExport
from napari_vcf.reading.masks import decode_mask
from napari_vcf.records.base import Stage
from napari_vcf.study.identity import read_headers

__all__ = ["grading_panels", "roi_scheme"]

#: Half of a panel's side around the fractured body, mm.
_HALF_MM = 46.0
_HALF_ROI_MM = 32.0
_BAR_MM = 10.0
_ACROSS = 4
_Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A slice of an image, cropped to a square around a point."""

    pixels: NDArray[np.float64]
    grid: Grid
    slice_index: int
    origin: tuple[int, int]
    flip: tuple[bool, bool]

    def at(self, point: Sequence[float]) -> tuple[float, float]:
        """Column and row of a point, LPS mm, in the cropped slice."""
        column, row, _ = self.grid.to_index(np.asarray(point, dtype=np.float64))
        return float(column) - self.origin[0], float(row) - self.origin[1]

    def cropped(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the same square of a mask."""
        rows, columns = self.pixels.shape
        part = mask[self.slice_index, self.origin[1] :, self.origin[0] :][:rows, :columns]
        return part.astype(np.float64)


def grading_panels(
    exports: Sequence[Path | str],
    images: Path | str,
    *,
    stage: Stage = "mri",
    progress: _Progress | None = None,
) -> Drawn:
    """One panel for each reading: the fractured body, an arrow at the compression, the lesion's outline dotted.

    Parameters
    ----------
    exports : sequence of path
        Exported readings, in the order of the panels.
    images : path
        Folder of the cases' images, one folder for each case under its pseudonym; or that of the only case.
    stage : {"ct", "mri", "combined"}
        Stage whose measurements are shown.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    Drawn

    Raises
    ------
    AgreementError
        If a reading lacks the stage or its calipers, the images are not there or not sagittal, or matplotlib is not
        installed.
    """
    read = [read_reading(path) for path in exports]
    if not read:
        raise AgreementError("No exported reading was given.")
    with styled():
        lines = -(-len(read) // _ACROSS)
        across = min(len(read), _ACROSS)
        figure = new_figure(PAGE_IN / _ACROSS * max(across, 2), PAGE_IN / _ACROSS * lines + 0.25 * lines)
        panels = figure.subplots(lines, across, squeeze=False).ravel()
        rows, words = [], []
        for number, (export, axes) in enumerate(zip(read, panels, strict=False)):
            if progress is not None:
                progress(number, len(read), export.case)
            letter = chr(ord("A") + number)
            line, text = _grading_panel(axes, export, images, stage, letter)
            rows.append((letter, *line))
            words.append(f"{letter}: {text}")
        for axes in panels[len(read) :]:
            axes.set_axis_off()
    legend = (
        "Grades of compression and extent of the lesion. Arrow: place of the largest loss of height; dotted "
        "line: outline "
        f"of the lesion. {'; '.join(words)}. Bar: {_BAR_MM:g} mm."
    )
    columns = ("panel", "case", "reader", "stage", "level", "degree", "loss", "position", "grade", "fraction")
    return Drawn("grading_panels", legend, figure, columns, tuple(rows))


def roi_scheme(export: Path | str, images: Path | str, *, stage: Stage = "mri") -> Drawn:
    """Rectangles in the fractured and in the normal vertebra, on the ADC map.

    Parameters
    ----------
    export : path
        An exported reading.
    images : path
        As for `grading_panels`.
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
    read = read_reading(export)
    part = _stage(read, stage)
    if not part.rois:
        raise AgreementError(f"{read.case}, {read.reader}: stage {stage} has no ADC rectangle.")
    case = _case(read, images)
    kinds = [kind for kind in ("lesion", "normal") if any(roi.tissue == kind for roi in part.rois)]
    rows: list[tuple[object, ...]] = []
    # Black is no diffusion in both panels, and white twice the ADC of the brightest rectangle.
    brightest = 2 * max(roi.statistics.mean_um2_per_s for roi in part.rois)
    with styled():
        figure = new_figure(PAGE_IN / 2 * len(kinds), PAGE_IN / 2)
        panels = figure.subplots(1, len(kinds), squeeze=False)[0]
        for letter, kind, axes in zip("AB", kinds, panels, strict=False):
            own = [roi for roi in part.rois if roi.tissue == kind]
            view = _view(case, own[0].image, own[0].center_lps, half_mm=_HALF_ROI_MM)
            _show(axes, view, window=(0.0, brightest), smooth=False)
            for number, roi in enumerate(own):
                _rectangle(axes, view, roi, PALETTE[1 if kind == "lesion" else 2], number)
                found = roi.statistics
                rows.append(
                    (letter, kind, roi.level, roi.placement, found.mean_um2_per_s, found.sd_um2_per_s, found.area_mm2)
                )
            axes.set_title(f"{letter}  {'Fractured' if kind == 'lesion' else 'Normal'} vertebra ({own[0].level})")
            _bar(axes, view)
    means = {kind: [float(str(row[4])) for row in rows if row[1] == kind] for kind in kinds}
    words = "; ".join(
        f"{kind}: mean of {len(v)} placements {np.mean(v):.0f} \u00b5m\u00b2/s" for kind, v in means.items()
    )
    area = part.rois[0].statistics.area_mm2
    legend = (
        f"Placement of the ADC rectangles ({area:.0f} mm\u00b2) in the fractured and in the normal vertebra, on the "
        f"sagittal ADC map. {words}. Bar: {_BAR_MM:g} mm."
    )
    columns = ("panel", "tissue", "level", "placement", "mean_um2_per_s", "sd_um2_per_s", "area_mm2")
    return Drawn("roi_scheme", legend, figure, columns, tuple(rows))


def _case(export: ReadingExport, images: Path | str) -> Case:
    folder = Path(images)
    own = folder / export.case
    found = own if own.is_dir() else folder
    case = Case(scan_case(found), pseudonym=export.case, salt=export.salt, load=load_volume)
    if not {series.image for series in export.series} & set(case.images):
        raise AgreementError(
            f"The images of case {export.case} are not in {found.name}: none of them has a name that the reading "
            f"knows. "
            f"Name the folder that holds a folder '{export.case}' with its images."
        )
    return case


def _without_text(case: Case, image: str) -> None:
    """Refuse an image whose files admit text in the pixels."""
    series = case.image(image).series
    risks = read_headers([series], Path()).burned_in.get(series.key, ())
    if risks:
        raise AgreementError(
            f"Case {case.pseudonym}: {case.image(image).label} is not shown, for its pixels may hold text: {risks[0]}."
        )


def _stage(export: ReadingExport, stage: Stage) -> StageExport:
    if stage not in export.stages:
        raise AgreementError(
            f"{export.case}, {export.reader}: the reading has no stage {stage}; it has {', '.join(export.stages)}."
        )
    return export.stages[stage]


def _view(
    case: Case, image: str, centre: Sequence[float], *, slice_index: int | None = None, half_mm: float = _HALF_MM
) -> _View:
    _without_text(case, image)
    volume = case.volume(image)
    grid = volume.grid
    across, down, normal = grid.directions.T
    if abs(normal[0]) < 0.7:
        raise AgreementError(
            f"Case {case.pseudonym}: {case.image(image).label} is not sagittal, so it makes no panel. Choose the "
            f"stage mri "
            "or combined."
        )
    column, row, number = (float(x) for x in grid.to_index(np.asarray(centre, dtype=np.float64)))
    index = int(np.clip(round(number) if slice_index is None else slice_index, 0, grid.shape[0] - 1))
    half = [round(half_mm / spacing) for spacing in (grid.spacing_mm[2], grid.spacing_mm[1])]
    origin = (max(0, round(column) - half[0]), max(0, round(row) - half[1]))
    whole = np.asarray(volume.data[index], dtype=np.float64)
    pixels = whole[origin[1] : round(row) + half[1] + 1, origin[0] : round(column) + half[0] + 1]
    # Anterior on the left, head up: columns go to the back (+P), rows to the feet.
    return _View(pixels, grid, index, origin, (bool(across[1] < 0), bool(down[2] > 0)))


def _show(axes: Any, view: _View, *, window: tuple[float, float] | None = None, smooth: bool = True) -> None:
    low, high = np.percentile(view.pixels, (1, 99.5)) if window is None else window
    aspect = view.grid.spacing_mm[1] / view.grid.spacing_mm[2]
    axes.imshow(
        view.pixels, cmap="gray", vmin=low, vmax=high, aspect=aspect, interpolation="bicubic" if smooth else "nearest"
    )
    rows, columns = view.pixels.shape
    axes.set_xlim((columns - 0.5, -0.5) if view.flip[0] else (-0.5, columns - 0.5))
    axes.set_ylim((-0.5, rows - 0.5) if view.flip[1] else (rows - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _bar(axes: Any, view: _View) -> None:
    length = _BAR_MM / view.grid.spacing_mm[2] / view.pixels.shape[1]
    axes.plot([0.06, 0.06 + length], [0.06, 0.06], transform=axes.transAxes, color="white", linewidth=2.2)


def _grading_panel(
    axes: Any, export: ReadingExport, images: Path | str, stage: Stage, letter: str
) -> tuple[tuple[object, ...], str]:
    part = _stage(export, stage)
    level = None if export.spine is None else export.spine.fractured
    own = {caliper.position: caliper for caliper in part.calipers if caliper.level == level}
    graded = next((loss for loss in part.height_losses if loss.graded), None)
    if not own or graded is None or graded.graded_position is None:
        raise AgreementError(f"{export.case}, {export.reader}: stage {stage} has no graded height loss to show.")
    case = _case(export, images)
    caliper = own.get(graded.graded_position, next(iter(own.values())))
    middle = np.mean([np.add(c.start_lps, c.end_lps) / 2 for c in own.values()], axis=0)
    lesion = part.masks if part.masks is not None and part.masks.image == caliper.image else None
    index = part.extent.mid_slice if lesion is not None and part.extent is not None else None
    view = _view(case, caliper.image, middle.tolist(), slice_index=index)
    _show(axes, view)
    if lesion is not None:
        mask = decode_mask(lesion.lesion, lesion.grid.shape)
        outline = view.cropped(mask)
        if outline.any():
            axes.contour(outline, levels=[0.5], colors=[PALETTE[1]], linestyles=":", linewidths=1.6)
    _arrow(axes, view, caliper.start_lps)
    _bar(axes, view)
    axes.set_title(f"{letter}  {_title(graded, part)}")
    loss = graded.graded_loss
    fraction = None if part.extent is None else part.extent.fraction
    grade = None if part.extent is None else part.extent.grade
    line = (export.case, export.reader, stage, level, graded.degree, loss, graded.graded_position, grade, fraction)
    extent = "" if fraction is None else f", lesion {100 * fraction:.0f} % of the body ({grade})"
    return line, f"degree {graded.degree}, loss {100 * (loss or 0.0):.0f} % ({graded.graded_position}){extent}"


def _title(graded: HeightLossExport, part: StageExport) -> str:
    return f"{graded.degree}, {part.extent.grade}" if part.extent is not None else str(graded.degree)


def _arrow(axes: Any, view: _View, tip: Sequence[float]) -> None:
    """An arrow to the endplate, from above and in front, where the picture is turned as a reader sees it."""
    x, y = view.at(tip)
    columns = 13.0 / view.grid.spacing_mm[2] * (1 if view.flip[0] else -1)
    rows = 13.0 / view.grid.spacing_mm[1] * (1 if view.flip[1] else -1)
    style = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.6, "mutation_scale": 12}
    axes.annotate("", (x, y), (x + columns, y + rows), arrowprops=style)


def _rectangle(axes: Any, view: _View, roi: RoiExport, colour: str, number: int) -> None:
    corners = np.array([view.at(point) for point in roi.corners_lps])
    closed = np.vstack([corners, corners[:1]])
    axes.plot(closed[:, 0], closed[:, 1], color=colour, linewidth=1.5, linestyle=("-", "--", ":")[number % 3])
