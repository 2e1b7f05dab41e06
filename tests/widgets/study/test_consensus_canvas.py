"""What both drawings are shown on: an image's own slices, in its own space, side by side whatever is pressed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.reading import Protocol
from napari_vcf.reading.masks import GridRecord, encode_mask
from napari_vcf.reading.state import FrameJoin, Masks, PlacedCaliper, StageState
from napari_vcf.study.consensus import Drawing
from support.cases import SAGITTAL, MemoryCase, clock, series

pytestmark = pytest.mark.gui

#: The patient got up before the ADC was taken: 12 mm to the left, 25 mm lower.
MOVED = RigidTransform.from_rotation_vector((0, 0, 0), (12.0, 0.0, -25.0))
NOW = clock()()


def sagittal(count: int, gap: float, first: float, turn_deg: float = 0.0) -> Grid:
    sin, cos = np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))
    axes = SAGITTAL | {"column_direction": (-sin, cos, 0), "slice_direction": (cos, sin, 0)}
    return Grid.from_axes((count, 60, 60), origin_lps=(first, -60, 60), spacing_mm=(gap, 2.0, 2.0), **axes)


@pytest.fixture(scope="module")
def case():
    found = (
        series(Role.T2, sagittal(9, 4.4, -17.6)),
        series(Role.T2FS, sagittal(10, 4.4, -19.8)),
        series(Role.T1, sagittal(13, 3.0, -18.0, turn_deg=3.0)),
        series(Role.ADC, sagittal(9, 5.0, -20.0), "um2/s", frame_of_reference_uid="1.2.3.99"),
    )
    return MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32)


def of(case, role: Role) -> str:
    return case.with_role(role)[0].id


def block(grid: Grid) -> np.ndarray:
    """A body of 26 mm from side to side, 24 and 20 mm in the slice; the lesion is its front half."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)[..., ::-1]
    x, y, z = np.moveaxis(grid.to_lps(index), -1, 0)
    return np.where((np.abs(x) < 13) & (np.abs(y) < 12) & (np.abs(z) < 10), 1 + (y < 0), 0)


def drawing(case, **more) -> Drawing:
    caliper = PlacedCaliper(
        level="L1", position="anterior", image=of(case, Role.T2), start_lps=(0, -10, 12), end_lps=(0, -10, -12), at=NOW
    )
    grid = case.image(of(case, Role.T2)).series.grid
    painted = block(grid)
    masks = Masks(
        image=of(case, Role.T2), grid=GridRecord.of(grid), body=encode_mask(painted > 0),
        lesion=encode_mask(painted == 2), at=NOW,
    )  # fmt: skip
    return Drawing(None, StageState(calipers=(caliper,), masks=masks), **more)


@pytest.fixture(scope="module")
def viewer(_window):
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window.resize(900, 600)
    yield viewer
    viewer.close()


@pytest.fixture(scope="module")
def canvas(viewer, case):
    from napari_vcf.widgets.study.consensus_canvas import ConsensusCanvas

    join = FrameJoin(
        image=of(case, Role.T2), to_image=of(case, Role.ADC), how="marked", motion=MOVED.matrix.tolist(), at=NOW
    )
    canvas = ConsensusCanvas(viewer)
    titles = canvas.titles = []
    canvas.titled.connect(titles.append)
    canvas.open(case, {"A": drawing(case, frame_joins=(join,)), "B": drawing(case)}, Protocol())
    yield canvas
    canvas.close()


@pytest.mark.parametrize("role", [Role.T2, Role.T2FS, Role.T1, Role.ADC])
def test_each_own_slice_of_an_image_is_reached_by_the_slider_and_no_place_between_two(canvas, case, role):
    canvas.show(of(case, role))
    grid, layer = case.image(of(case, role)).series.grid, canvas.viewer.layers[0]
    seen = []
    for step in range(canvas.viewer.dims.nsteps[0]):
        canvas.viewer.dims.set_current_step(0, step)
        seen.append(layer._data_view.copy())
        place = layer.world_to_data(canvas.viewer.dims.point)[0]
        assert place == pytest.approx(step, abs=1e-6)
        assert f"slice {step + 1} of {grid.shape[0]}, " in canvas.titles[-1]
    assert len(seen) == grid.shape[0]
    assert all(not np.array_equal(one, other) for one, other in pairwise(seen))


def test_another_image_is_shown_at_the_same_place(canvas, case):
    canvas.show(of(case, Role.T2))
    canvas.slices.go_to(6)
    before = canvas.slices.view.frame.to_lps((canvas.slices.current_mm, *canvas.viewer.scene.camera.center[-2:]))
    canvas.viewer.scene.camera.zoom = 7.0
    canvas.show(of(case, Role.T1))
    after = canvas.slices.view.frame.to_lps((canvas.slices.current_mm, *canvas.viewer.scene.camera.center[-2:]))
    assert np.linalg.norm(after - before) <= 1.5 + 1e-6
    assert canvas.viewer.scene.camera.zoom == 7.0
    canvas.show(of(case, Role.T2))
    assert canvas.slices.index == 6


def test_what_lies_in_another_frame_of_reference_is_moved_by_its_readers_join_or_not_shown(canvas, case):
    canvas.show(of(case, Role.ADC))
    ends = {name: canvas._points(found) for name, found in canvas._drawings.items()}
    np.testing.assert_allclose(ends["A"], [(12, -10, -13), (12, -10, -37)], atol=1e-9)
    assert ends["B"] == []
    assert "B: what was drawn in another frame of reference is not shown here" in canvas.titles[-1]
    assert "A: what was drawn" not in canvas.titles[-1]
    canvas.show(of(case, Role.T2FS))
    assert "another frame" not in canvas.titles[-1]


@pytest.mark.parametrize(
    ("role", "shift"), [(Role.T2, (0, 0, 0)), (Role.T1, (0, 0, 0)), (Role.ADC, (12.0, 0.0, -25.0))]
)
def test_masks_lie_where_they_were_painted_on_an_image_that_is_turned_or_moved(canvas, case, role, shift):
    canvas.show(of(case, role))
    frame = canvas.slices.view.frame
    own = case.image(of(case, Role.T2)).series.grid
    painted = np.argwhere(block(own) == 2)
    middle = own.to_lps(painted[:, ::-1].astype(float)).mean(axis=0) + shift
    volume = len(painted) * float(np.prod(own.spacing_mm))
    layer = canvas.viewer.layers["A: lesion"]
    found = np.argwhere(np.asarray(layer.data))
    at = frame.to_lps(found.mean(axis=0) * layer.scale + layer.translate)
    np.testing.assert_allclose(at, middle, atol=1.0)
    assert len(found) * float(np.prod(layer.scale)) == pytest.approx(volume, rel=0.12)
    # Without a join nothing is shown.
    assert bool(np.asarray(canvas.viewer.layers["B: lesion"].data).any()) is (role is not Role.ADC)


@pytest.mark.filterwarnings("ignore:Contours are not displayed during 3D rendering:UserWarning")
def test_images_stay_side_by_side_on_one_slice(canvas, case):
    canvas.show(of(case, Role.T2))
    canvas.viewer.canvas.grid.enabled = False
    assert canvas.viewer.canvas.grid.enabled
    canvas.viewer.dims.ndisplay = 3
    assert canvas.viewer.dims.ndisplay == 2
    canvas.viewer.dims.order = (1, 0, 2)
    assert tuple(canvas.viewer.dims.order) == (0, 1, 2)
