"""Hypothesis strategies for patient-space geometry: any spacing, any plane, any place within reach of a scanner."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, Rectangle, RigidTransform

millimetres = st.floats(-500, 500)
points = st.tuples(millimetres, millimetres, millimetres).map(np.array)
spacings = st.floats(0.2, 6.0)
angles_deg = st.one_of(st.sampled_from([0.0, 90.0, -90.0, 45.0, 180.0, 30.0]), st.floats(-360, 360))
rotation_vectors_deg = st.one_of(
    st.just((0.0, 0.0, 0.0)),
    st.sampled_from([(90.0, 0.0, 0.0), (0.0, 90.0, 0.0), (0.0, 0.0, 90.0)]),
    st.tuples(*[st.floats(-100, 100)] * 3),
)
#: Column and row direction of straight scans; the planes that DICOM calls sagittal, coronal and axial.
STRAIGHT = {
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
}


@st.composite
def rigid_transforms(draw: st.DrawFn) -> RigidTransform:
    """Any rotation and a shift of up to half a metre."""
    return RigidTransform.from_rotation_vector(draw(rotation_vectors_deg), draw(points))


@st.composite
def grids(draw: st.DrawFn, *, straight: bool | None = None, sheared: bool = False) -> Grid:
    """Grids of all planes and spacings; straight ones among them unless told otherwise."""
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    column, row = (np.array(axis) for axis in STRAIGHT[draw(st.sampled_from(sorted(STRAIGHT)))])
    spacing = (draw(spacings), draw(spacings), draw(spacings))
    if straight is False or (straight is None and draw(st.booleans())):
        turn = RigidTransform.from_rotation_vector(draw(rotation_vectors_deg), (0, 0, 0)).matrix[:3, :3]
        column, row = turn @ column, turn @ row
    normal = np.cross(column, row)
    if sheared:
        normal = normal + draw(st.floats(-0.5, 0.5)) * column + draw(st.floats(-0.5, 0.5)) * row
    if draw(st.booleans()):
        normal = -normal
    return Grid.from_axes(
        shape,
        origin_lps=draw(points),
        column_direction=column,
        row_direction=row,
        spacing_mm=spacing,
        slice_direction=normal,
    )


@st.composite
def rectangles_on(draw: st.DrawFn, grid: Grid) -> tuple[Rectangle, int]:
    """A 5 x 7 mm rectangle on a slice of the grid, with that slice; often with sides on the pixels' borders."""
    slices, rows, columns = grid.shape
    index = draw(st.integers(0, slices - 1))
    halves = st.integers(-1, 2 * max(rows, columns)).map(lambda n: n / 2)
    column = draw(st.one_of(halves, st.floats(-5, columns + 5)))
    row = draw(st.one_of(halves, st.floats(-5, rows + 5)))
    rectangle = Rectangle(
        center_lps=grid.to_lps((column, row, index)),
        axis_long=grid.directions[:, 1],
        axis_short=grid.directions[:, 0],
        long_mm=7.0,
        short_mm=5.0,
    )
    return rectangle.rotated(draw(angles_deg)), index


def distances(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """All distances between points, shape (n, n)."""
    return np.asarray(np.linalg.norm(points_mm[:, None] - points_mm[None], axis=-1))
