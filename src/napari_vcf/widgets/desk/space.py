"""What the canvas shows: a patient space, a plane through it, and where an image's voxels lie on that plane.

Nothing here draws. An image whose axes are those of the plane, in whatever order and direction it was stored, is shown
by its own voxels (a view of the array, turned by whole axes); every other image has to be resliced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, ReadingFrame
from napari_vcf.language import say, tr

__all__ = [
    "AxisOrder",
    "Modality",
    "PatientSpace",
    "View",
    "axis_order",
    "letters",
    "native_view",
    "own_order",
    "position_text",
    "sagittal_view",
    "slice_number",
    "slice_text",
    "turned_grid",
]

#: Name of a patient space, as `napari_vcf.reading.spaces.space_names` gives it: ``"ct"``, ``"mr"``, ``"mr-2"``, ...
PatientSpace = str
#: What an image shows the patient by.
Modality = Literal["ct", "mr"]

#: Directions in which (slice, row, column) run on the screen, LPS: the patient's right is on the left of the screen.
_SCREEN_AXES: dict[str, NDArray[np.float64]] = {
    "sagittal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
    "coronal": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]),
    "axial": np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
}
_LETTERS = ("RL", "AP", "IS")
_TOWARDS = (
    (say("right"), say("left")),
    (say("anterior"), say("posterior")),
    (say("inferior"), say("superior")),
)


@dataclass(frozen=True, slots=True)
class AxisOrder:
    """How an array is turned so that its axes become (slice, row, column) of the screen.

    Attributes
    ----------
    axes : tuple of int
        Array axis that becomes each screen axis.
    flips : tuple of bool
        Whether that axis then runs backwards.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def turn(self, data: NDArray[np.generic]) -> NDArray[np.generic]:
        """Turn an array; a view, never a copy."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)
        return data.transpose(self.axes)[steps]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A plane through one patient space.

    Attributes
    ----------
    space : str
        The patient space whose millimetres the world is made of.
    frame : ReadingFrame
        Turns that space's LPS into the world's (slice, row, column).
    grid : Grid
        Slices that the reader steps through, with the frame's axes.
    plane : str
        ``"sagittal"``, or ``"native:"`` and the image whose own slices are shown.
    """

    space: PatientSpace
    frame: ReadingFrame
    grid: Grid
    plane: str

    @property
    def positions_mm(self) -> NDArray[np.float64]:
        """World positions of the slices; not to be written to."""
        return _positions_mm(self.frame, self.grid)

    def same_as(self, other: View | None) -> bool:
        """Whether another view shows the same world, so that layers and camera can stay."""
        return (
            other is not None
            and self.space == other.space
            and self.plane == other.plane
            and np.array_equal(self.frame.axes, other.frame.axes)
            and self.grid.is_close_to(other.grid)
        )


@lru_cache(maxsize=64)
def _positions_mm(frame: ReadingFrame, grid: Grid) -> NDArray[np.float64]:
    first = float(frame.to_world(grid.origin_lps)[0])
    found = np.asarray(first + np.arange(grid.shape[0]) * grid.spacing_mm[0])
    found.flags.writeable = False
    return found


@lru_cache(maxsize=256)
def axis_order(grid: Grid, frame: ReadingFrame) -> AxisOrder | None:
    """Find how a grid's own axes lie on a frame's.

    Parameters
    ----------
    grid : Grid
        An image's native grid.
    frame : ReadingFrame
        The plane on the screen.

    Returns
    -------
    AxisOrder or None
        None where an axis of the grid lies askew, so that the image has to be resliced.
    """
    # Columns of `directions` are (column, row, slice); array axes count the other way.
    cosines = frame.axes @ grid.directions[:, ::-1]
    axes = np.abs(cosines).argmax(axis=1)
    if sorted(axes.tolist()) != [0, 1, 2]:
        return None
    order = AxisOrder(
        (int(axes[0]), int(axes[1]), int(axes[2])),
        (bool(cosines[0, axes[0]] < 0), bool(cosines[1, axes[1]] < 0), bool(cosines[2, axes[2]] < 0)),
    )
    return order if frame.holds(turned_grid(grid, order)) else None


@lru_cache(maxsize=256)
def turned_grid(grid: Grid, order: AxisOrder) -> Grid:
    """The grid of ``order.turn(array)``: the same voxels, counted along the screen's axes."""
    affine = np.eye(4)
    origin_index = np.zeros(3)
    for screen_axis, (array_axis, flip) in enumerate(zip(order.axes, order.flips, strict=True)):
        column = 2 - array_axis
        affine[:3, 2 - screen_axis] = grid.affine_lps[:3, column] * (-1 if flip else 1)
        if flip:
            origin_index[column] = grid.shape[array_axis] - 1
    affine[:3, 3] = grid.to_lps(origin_index)
    return Grid((grid.shape[order.axes[0]], grid.shape[order.axes[1]], grid.shape[order.axes[2]]), affine)


def screen_frame(grid: Grid) -> ReadingFrame:
    """The frame of a grid's own slices, turned as radiologists look at that plane."""
    own = ReadingFrame.of_grid(grid).axes
    cosines = _SCREEN_AXES[grid.plane] @ own.T
    rows = [0, *(1, 2)] if abs(cosines[1, 1]) >= abs(cosines[1, 2]) else [0, 2, 1]
    return ReadingFrame(np.stack([own[i] * (1 if cosines[k, i] > 0 else -1) for k, i in enumerate(rows)]))


def native_view(space: PatientSpace, image_id: str, grid: Grid) -> View:
    """The plane of an image's own slices."""
    frame = screen_frame(grid)
    order = axis_order(grid, frame)
    own = turned_grid(grid, order) if order is not None else frame.grid_around(grid, spacing_mm=grid.spacing_mm)
    return View(space, frame, own, f"native:{image_id}")


def sagittal_view(space: PatientSpace, grid: Grid) -> View:
    """The sagittal reading plane: a sagittal image's own, or straight through the patient for any other image.

    Parameters
    ----------
    space : str
        Patient space of the grid.
    grid : Grid
        The image that sets the plane.
    """
    if grid.plane == "sagittal" and grid.is_orthogonal:
        native = native_view(space, "", grid)
        return View(space, native.frame, native.grid, "sagittal")
    frame = ReadingFrame.sagittal()
    order = axis_order(grid, frame)
    if order is None:
        pixel = min(grid.spacing_mm)
        around = frame.grid_around(grid, spacing_mm=(max(pixel, 1.0), pixel, pixel))
    else:
        around = turned_grid(grid, order)
    return View(space, frame, around, "sagittal")


def own_order(grid: Grid, view: View) -> AxisOrder | None:
    """How an image's array lies on a view that goes through the image's own slices; None for any other view."""
    order = axis_order(grid, view.frame)
    if order is None or order.axes[0] != 0:
        return None
    return order if turned_grid(grid, order).is_close_to(view.grid) else None


def slice_number(view: View, index: int, order: AxisOrder | None) -> tuple[int, int]:
    """Number of a slice and how many there are, counted from 1 as the image is stored.

    Parameters
    ----------
    view : View
        Whose slices are counted.
    index : int
        Place of the slice in `View.positions_mm`.
    order : AxisOrder or None
        See `own_order`.

    Returns
    -------
    tuple of int
        Number, count.
    """
    count = len(view.positions_mm)
    return (count - index if order is not None and order.flips[0] else index + 1), count


def slice_text(view: View, index: int, order: AxisOrder | None) -> str:
    """Which of how many slices is shown, in words; the parameters are those of `slice_number`."""
    number, count = slice_number(view, index, order)
    if order is None:
        return tr("plane {number} of {count}", number=number, count=count)
    return tr("slice {number} of {count}", number=number, count=count)


def letters(direction_lps: NDArray[np.float64]) -> str:
    """Patient directions of a screen direction, the strongest first: ``"A"``, or ``"AS"`` where it lies between two."""
    strength = np.abs(direction_lps)
    found = [int(axis) for axis in np.argsort(-strength) if strength[axis] > 0.35]
    return "".join(_LETTERS[axis][int(direction_lps[axis] > 0)] for axis in found[:2])


def position_text(view: View, position_mm: float) -> str:
    """Where a slice lies, for example ``"12.4 mm left"``, from the patient's origin along the slices' normal."""
    normal = view.frame.axes[0]
    axis = int(np.argmax(np.abs(normal)))
    side = _TOWARDS[axis][int(position_mm * normal[axis] > 0)]
    return tr("{position_mm:.1f} mm {side}", position_mm=abs(position_mm), side=side)
