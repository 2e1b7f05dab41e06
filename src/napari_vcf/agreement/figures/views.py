"""A vertebra of a reading as pixels: the case's images, a cropped slice, and what is drawn over it.

Pixels come from the images alone, cropped to the vertebra, so that no text of a picture's rim is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.dicom import load_volume
from napari_vcf.geometry import Grid
from napari_vcf.reading import Case
from napari_vcf.reading.case import scan_case
from napari_vcf.reading.export_document import ReadingExport, RoiExport
from napari_vcf.study.identity import read_headers

__all__ = ["BAR_MM", "CaseImages", "View", "draw_arrow", "draw_bar", "draw_rectangle", "make_view", "show_view"]

#: Half of a panel's side around the fractured body, mm.
_HALF_MM = 46.0
#: Length of the bar that tells the scale, mm.
BAR_MM = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class View:
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


class CaseImages:
    """The images behind exported readings, each case in a folder of its own.

    Parameters
    ----------
    folder : path
        Holds a folder for each case, or is that of the only case. A folder may be named by the case's pseudonym; where
        none is, as in a study, whose pseudonyms are drawn, the case is known by the salted names of its images.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise AgreementError(f"There is no folder '{self._folder.name}' with images.")
        self._scans: dict[Path, Any] = {}
        self._cases: dict[tuple[str, str], Case] = {}

    def case(self, export: ReadingExport) -> Case:
        """The case that was read.

        Parameters
        ----------
        export : ReadingExport
            The reading.

        Returns
        -------
        Case

        Raises
        ------
        AgreementError
            If its images are not there.
        """
        key = (export.case, export.salt)
        if key not in self._cases:
            self._cases[key] = self._found(export)
        return self._cases[key]

    def _found(self, export: ReadingExport) -> Case:
        known = {series.image for series in export.series}
        some = None
        for folder in self._candidates(export.case):
            if folder not in self._scans:
                self._scans[folder] = scan_case(folder)
            case = Case(self._scans[folder], pseudonym=export.case, salt=export.salt, load=load_volume)
            if known and known <= set(case.images):
                return case
            # A folder of one case alone holds its series in folders: each of them has some of the images.
            if known & set(case.images) and (
                some is None or len(known & set(case.images)) > len(known & set(some.images))
            ):
                some = case
        if some is None:
            raise AgreementError(
                f"The images of case {export.case} are not in {self._folder.name}: none of them has a name that the "
                "reading knows. Name the folder that holds a folder with the images of each case."
            )
        return some

    def _candidates(self, case: str) -> list[Path]:
        own = self._folder / case
        inside = sorted(entry for entry in self._folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        # That of the case's name first, then what was looked at before; the folder itself may be that of the only case.
        order = sorted(inside, key=lambda folder: (folder != own, folder not in self._scans))
        return [*order, self._folder]


def _without_text(case: Case, image: str) -> None:
    """Refuse an image whose files admit text in the pixels."""
    series = case.image(image).series
    risks = read_headers([series], Path()).burned_in.get(series.key, ())
    if risks:
        raise AgreementError(
            f"Case {case.pseudonym}: {case.image(image).label} is not shown, for its pixels may hold text: {risks[0]}."
        )


def make_view(
    case: Case, image: str, centre: Sequence[float], *, slice_index: int | None = None, half_mm: float = _HALF_MM
) -> View:
    """A square of a sagittal slice around a point.

    Parameters
    ----------
    case : Case
        The case.
    image : str
        Name of the image in the record.
    centre : sequence of float, shape (3,)
        LPS mm.
    slice_index : int, optional
        The slice; that nearest to the centre if left out.
    half_mm : float
        Half of the square's side.

    Returns
    -------
    View

    Raises
    ------
    AgreementError
        If the image is not sagittal, or its files admit text in the pixels.
    """
    _without_text(case, image)
    volume = case.volume(image)
    grid = volume.grid
    across, down, normal = grid.directions.T
    if abs(normal[0]) < 0.7:
        raise AgreementError(
            f"Case {case.pseudonym}: {case.image(image).label} is not sagittal, so it makes no panel. Choose the "
            "stage mri or combined."
        )
    column, row, number = (float(x) for x in grid.to_index(np.asarray(centre, dtype=np.float64)))
    index = int(np.clip(round(number) if slice_index is None else slice_index, 0, grid.shape[0] - 1))
    half = [round(half_mm / spacing) for spacing in (grid.spacing_mm[2], grid.spacing_mm[1])]
    origin = (max(0, round(column) - half[0]), max(0, round(row) - half[1]))
    whole = np.asarray(volume.data[index], dtype=np.float64)
    pixels = whole[origin[1] : round(row) + half[1] + 1, origin[0] : round(column) + half[0] + 1]
    # Anterior on the left, head up: columns go to the back (+P), rows to the feet.
    return View(pixels, grid, index, origin, (bool(across[1] < 0), bool(down[2] > 0)))


def show_view(axes: Any, view: View, *, window: tuple[float, float] | None = None, smooth: bool = True) -> None:
    """Draw the pixels, anterior on the left and the head up."""
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


def draw_bar(axes: Any, view: View) -> None:
    """Draw a bar of 10 mm in the lower left corner."""
    length = BAR_MM / view.grid.spacing_mm[2] / view.pixels.shape[1]
    axes.plot([0.06, 0.06 + length], [0.06, 0.06], transform=axes.transAxes, color="white", linewidth=2.2)


def draw_arrow(axes: Any, view: View, tip: Sequence[float]) -> None:
    """An arrow to the endplate, from above and in front, where the picture is turned as a reader sees it."""
    x, y = view.at(tip)
    columns = 13.0 / view.grid.spacing_mm[2] * (1 if view.flip[0] else -1)
    rows = 13.0 / view.grid.spacing_mm[1] * (1 if view.flip[1] else -1)
    style = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.6, "mutation_scale": 12}
    axes.annotate("", (x, y), (x + columns, y + rows), arrowprops=style)


def draw_rectangle(axes: Any, view: View, roi: RoiExport, colour: str, number: int) -> None:
    """Draw an ADC rectangle; each placement has a line of its own."""
    corners = np.array([view.at(point) for point in roi.corners_lps])
    closed = np.vstack([corners, corners[:1]])
    axes.plot(closed[:, 0], closed[:, 1], color=colour, linewidth=1.5, linestyle=("-", "--", ":")[number % 3])
