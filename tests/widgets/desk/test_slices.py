"""Every image on its own slices: what is drawn, named, measured and counted is one slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.dicom import Role, Scan, Series, VolumeInfo
from napari_vcf.geometry import Grid, Volume
from napari_vcf.reading import Case
from support.synthetic_case import CENTER

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]

#: Number and distance of the slices, and the turn of the stack about the patient's long axis.
STACKS = {
    "distance": {Role.T2: (15, 4.4, 0.0), Role.T2FS: (19, 3.3, 0.0)},
    "half a slice": {Role.T2: (15, 4.4, 0.0), Role.T2FS: (16, 4.4, 0.0)},
    "turned": {Role.T2: (15, 4.4, 0.0), Role.T2FS: (16, 4.4, 3.0)},
}


def stack(count: int, distance_mm: float, turn_deg: float) -> Grid:
    turn = np.radians(turn_deg)
    column, normal = np.array([np.sin(turn), np.cos(turn), 0.0]), np.array([np.cos(turn), -np.sin(turn), 0.0])
    first = CENTER - normal * (count - 1) / 2 * distance_mm - column * 70.0 + np.array([0.0, 0.0, 70.0])
    return Grid.from_axes(
        (count, 71, 71),
        origin_lps=first,
        column_direction=column,
        row_direction=(0, 0, -1),
        slice_direction=normal,
        spacing_mm=(distance_mm, 2.0, 2.0),
    )


def numbered_case(stacks: dict[Role, tuple[int, float, float]]) -> Case:
    """Images whose every voxel is 100 times the number of its slice, counted from 1."""
    volumes = {}
    for role, shape in stacks.items():
        grid = stack(*shape)
        values = np.repeat(100.0 * np.arange(1, grid.shape[0] + 1), grid.shape[1] * grid.shape[2])
        volumes[role] = Volume(grid, values.reshape(grid.shape).astype(np.float32), "signal")
    series = tuple(
        Series(
            key=role.value, series_instance_uid=role.value, modality="MR", description="", role=role,
            role_evidence="made so", grid=volume.grid, volumes=(VolumeInfo("made"),), unit="signal",
            unit_evidence="made so", corrections=(), measurable=True, not_measurable_reason="",
            frame_of_reference_uid=None, stack=None, scale=None,
        )
        for role, volume in volumes.items()
    )  # fmt: skip
    case = Case(Scan(Path(), series, ()), pseudonym="C001")
    for image in case.images.values():
        case._volumes[image.id, 0] = volumes[image.series.role]
    return case


@pytest.fixture
def shown(empty_bench: Any) -> Callable[[str], Any]:
    """Opens a case of numbered slices."""

    def open_(kind: str) -> Any:
        empty_bench.open(numbered_case(STACKS[kind]))
        empty_bench.desk.reading.set_spine("L1")
        empty_bench.said.clear()
        empty_bench.settle()
        return empty_bench

    return open_


def drawn(bench: Any) -> int:
    """Number of the slice whose values napari draws."""
    layer = bench.viewport.image_layer
    values = np.asarray(layer._slice.image.view)
    assert values.min() == values.max(), "one slice, and nothing interpolated"
    return round(float(values.max()) / 100)


def named(bench: Any) -> int:
    """Number of the slice in the title."""
    return int(bench.arrangement.title.text().split("slice ")[1].split(" of ")[0])


@pytest.mark.parametrize("kind", STACKS)
def test_the_wheel_reaches_every_slice_of_every_image_and_the_title_says_which(shown, kind):
    bench = shown(kind)
    for role, (count, *_) in STACKS[kind].items():
        bench.desk.show(bench.image(role.value))
        bench.hands.scroll(-count)
        seen = []
        for _ in range(count):
            assert named(bench) == drawn(bench)
            assert bench.arrangement.title.text().split(" of ")[1].startswith(f"{count},")
            seen.append(drawn(bench))
            bench.hands.scroll(1)
        assert sorted(seen) == list(range(1, count + 1))


def test_napari_asks_its_layers_once_for_a_slice(shown, monkeypatch):
    bench = shown("distance")
    slicer = bench.viewport.viewer._layer_slicer
    asked, submit = [], slicer.submit
    monkeypatch.setattr(slicer, "submit", lambda **asking: (asked.append(asking), submit(**asking)))
    number = drawn(bench)
    bench.viewport.step_slice(1)
    assert abs(drawn(bench) - number) == 1
    assert len(asked) == 1


@pytest.mark.parametrize("kind", STACKS)
def test_napari_slider_stops_at_the_slices_of_the_image_alone(shown, kind):
    bench = shown(kind)
    dims = bench.viewport.viewer.dims
    for role, (count, *_) in STACKS[kind].items():
        bench.desk.show(bench.image(role.value))
        bench.hands.wait(30)
        assert dims.nsteps[0] == count
        for step in range(count):
            dims.set_current_step(0, step)
            bench.hands.wait()
            assert dims.point[0] == pytest.approx(bench.viewport.current_slice_mm)
            assert named(bench) == drawn(bench)


@pytest.mark.parametrize("kind", STACKS)
def test_a_place_between_two_slices_is_never_shown(shown, kind):
    bench = shown(kind)
    bench.viewport.viewer.dims.set_point(0, bench.viewport.current_slice_mm + 1.9)
    bench.hands.wait(30)
    assert bench.viewport.viewer.dims.point[0] == pytest.approx(bench.viewport.current_slice_mm)
    assert named(bench) == drawn(bench)


@pytest.mark.parametrize("kind", STACKS)
def test_what_is_outlined_on_a_slice_is_stored_on_it(shown, kind):
    bench = shown(kind)
    panel = bench.front("Lesion extent")
    for role in STACKS[kind]:
        bench.desk.show(bench.image(role.value))
        panel.model.choose(bench.image(role.value))
        panel.refresh()
        bench.hands.scroll(2)
        number = drawn(bench)
        middle = np.array([bench.viewport.current_slice_mm, *bench.viewport.to_world(CENTER)[1:]])
        bench.viewport.viewer.scene.camera.center = (0.0, *middle[1:])
        for down, right in ((-8, -8), (-8, 8), (8, 8), (8, -8), (-8, -8)):
            bench.hands.click_at(middle + np.array([0.0, down, right]))
        masks = bench.desk.reading.state.stages[bench.desk.stage].masks
        assert masks is not None
        assert masks.image == bench.image(role.value)
        body, _ = panel.model.layers.masks()
        assert np.flatnonzero(body.any(axis=(1, 2))).tolist() == [number - 1]
        assert [index + 1 for index in sorted(panel.model._outlined[bench.desk.stage, masks.image])] == [number]
        panel.model.clear()


def test_going_to_another_image_and_back_comes_back_to_the_same_slice(shown):
    bench = shown("half a slice")
    t2, stir = bench.image("T2"), bench.image("T2FS")
    bench.viewport.step_slice(3)
    bench.viewport.viewer.scene.camera.zoom = 5.0
    before, zoom = drawn(bench), bench.viewport.viewer.scene.camera.zoom
    for _ in range(6):
        for image in (stir, t2):
            bench.desk.show(image)
            bench.hands.wait(30)
    assert drawn(bench) == before
    assert bench.viewport.viewer.scene.camera.zoom == pytest.approx(zoom)


def test_only_slices_that_were_drawn_count_as_looked_at(shown):
    bench = shown("half a slice")
    panel = bench.front("Lesion extent")
    image = panel.model.image
    bench.desk.show(bench.image("T2"))
    bench.hands.scroll(-20)
    panel.model._seen.clear()
    bench.desk.show(bench.image("T2FS"))
    for _ in range(16):
        bench.hands.scroll(1)
    assert panel.model.unseen(tuple(range(15))) == tuple(range(15))
    bench.desk.show(image.id)
    bench.hands.wait(30)
    assert len(panel.model.unseen(tuple(range(15)))) == 14


def test_the_painter_refuses_while_another_image_is_on_the_screen(shown):
    bench = shown("half a slice")
    panel = bench.front("Lesion extent")
    bench.desk.show(bench.image("T2FS"))
    bench.hands.wait(60)
    middle = np.array([bench.viewport.current_slice_mm, *bench.viewport.to_world(CENTER)[1:]])
    for mode in ("outline", "threshold", "body_add"):
        panel.set_mode(mode)
        bench.said.clear()
        bench.hands.drag([middle, middle + np.array([0, 8, 8]), middle + np.array([0, 8, -8]), middle])
        bench.hands.key("Return")
        assert bench.desk.reading.state.stages[bench.desk.stage].masks is None
        if mode != "body_add":
            assert "painted on T2, and T2FS is on the screen" in bench.said[0][1]
    assert panel.threshold.signal is None
    assert "bring T2 to the front" in panel._guidance()
    panel.set_mode("outline")
    bench.desk.show(bench.image("T2"))
    bench.hands.drag([middle, middle + np.array([0, 8, 8]), middle + np.array([0, 8, -8]), middle])
    bench.hands.key("Return")
    assert bench.desk.reading.state.stages[bench.desk.stage].masks.image == bench.image("T2")


def test_nothing_is_measured_on_an_image_that_another_one_hides(shown):
    bench = shown("half a slice")
    panel = bench.front("Calipers")
    bench.viewport.overlay(bench.image("T2FS"), 1.0)
    middle = np.array([bench.viewport.current_slice_mm, *bench.viewport.to_world(CENTER)[1:]])
    bench.said.clear()
    bench.hands.drag([middle, middle + np.array([0, 15, 0])])
    assert bench.desk.reading.state.stages[bench.desk.stage].calipers == ()
    assert panel.calipers.draft is None
    assert bench.said == [("warning", "T2FS hides T2, which would be measured: take it off first (F).")]
    bench.viewport.overlay(bench.image("T2FS"), 0.5)
    bench.hands.drag([middle, middle + np.array([0, 15, 0])])
    assert len(bench.desk.reading.state.stages[bench.desk.stage].calipers) == 1


def test_no_key_or_call_of_napari_turns_the_slice_into_a_projection_or_a_grid(shown):
    bench = shown("half a slice")
    viewer, number = bench.viewport.viewer, drawn(bench)
    for key in ("Ctrl+G", "Ctrl+E", "Ctrl+T", "Ctrl+R"):
        bench.hands.click_at(np.array([bench.viewport.current_slice_mm, *viewer.scene.camera.center[-2:]]))
        bench.hands.canvas.setFocus()
        bench.hands.key(key)
        bench.hands.wait(40)
        assert viewer.dims.ndisplay == 2
        assert not viewer.canvas.grid.enabled
        assert tuple(viewer.dims.order) == (0, 1, 2)
        assert named(bench) == drawn(bench) == number
    viewer.dims.ndisplay = 3
    viewer.canvas.grid.enabled = True
    bench.hands.wait(60)
    assert (viewer.dims.ndisplay, viewer.canvas.grid.enabled) == (2, False)
    assert named(bench) == drawn(bench) == number


def test_ctrl_y_makes_again_what_was_taken_back(shown):
    bench = shown("half a slice")
    bench.hands.key("Ctrl+Z")
    assert bench.desk.reading.state.spine is None
    bench.hands.canvas.setFocus()
    bench.hands.key("Ctrl+Y")
    assert bench.desk.reading.state.spine.fractured == "L1"
    assert bench.viewport.viewer.dims.ndisplay == 2
