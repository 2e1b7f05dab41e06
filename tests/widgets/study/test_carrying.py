"""What was carried to the combined stage, confirmed, changed and deleted with keys and mouse of a real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from widgets.study.test_worklist import picture, reading_window, sign

from napari_vcf.reading.carrying import open_items
from napari_vcf.reading.export import read_reading
from napari_vcf.study import check_study, open_study
from napari_vcf.study.stage_files import seal_path
from support.carried import carrying
from support.studies import make_study, read_stage

pytestmark = pytest.mark.gui

STAGE = "combined"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A study of which R1 has signed CT and MRI."""
    asked = list(carrying().items_of(STAGE))
    root = make_study(tmp_path, cases=1, readers=("R1",), carry=True, combined=asked)
    reader = open_study(root).as_reader("R1")
    for _ in range(2):
        read_stage(reader.next_case())
    return root


@pytest.fixture
def worklist(window, root: Path) -> Iterator:
    """Its combined stage, open in a window."""
    with reading_window(window, root) as panel:
        assert panel.study_desk.session.stage == STAGE
        yield panel


@pytest.fixture
def bench(worklist):
    return worklist.bench


def part(bench):
    return bench.desk.reading.state.stages[STAGE]


def waiting(bench, kind: str = ""):
    return [item for item in open_items(part(bench)) if kind in ("", item.kind)]


def says(panel) -> str:
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, "carried_says").text()


def dashes(panel) -> int:
    """How many are drawn of body and lesion."""
    drawn = panel.carried_drawing.picture
    return 0 if drawn is None else len(drawn.paths)


def ready(bench, panel: str):
    """A panel in front, with the vertebra named."""
    if bench.desk.reading.state.spine is None:
        bench.desk.reading.set_spine("L1")
    found = bench.front(panel)
    bench.settle()
    return found


def test_heights_are_confirmed_by_enter_changed_by_the_mouse_and_deleted(bench):
    panel = bench.front("Calipers")
    bench.hands.key("Alt+N")
    bench.settle()
    first = panel.calipers.carried.front
    # The image in front says which examination it is about.
    assert first.stage == "mri"
    assert bench.desk.image_id == first.image
    # Nothing is confirmed before the vertebra is named by the reader.
    bench.hands.key("Return")
    assert len(waiting(bench, "caliper")) == 18
    bench.desk.reading.set_spine("L1")
    bench.settle()
    drawn = panel.drawing._placed.picture
    # Each of nine: two bars and at least two dashes; none says a length.
    assert len([p for p, label in zip(drawn.paths, drawn.labels, strict=True) if not label]) >= 9 * 4
    assert not any("mm" in label for label in drawn.labels)
    picture(bench, "carried-calipers")
    assert "Carried, dashed, as you signed it" in says(panel)
    bench.hands.key("Return")
    bench.settle()
    (caliper,) = part(bench).calipers
    assert (caliper.carried.stage, caliper.carried.geometry) == ("mri", "unchanged")
    assert (caliper.level, caliper.position) == (first.level, first.position)
    assert any("mm" in label for label in panel.drawing._placed.picture.labels)
    following = panel.calipers.carried.front
    assert following != first
    # The next one: its end is dragged.
    moved = panel.calipers.carried.caliper(following)
    end = bench.viewport.to_world(moved.end_lps, moved.image)
    bench.viewport.viewer.scene.camera.center = (0.0, *end[1:])
    bench.viewport.viewer.scene.camera.zoom = 6.0
    bench.settle()
    bench.hands.drag([end, end + np.array([0.0, 3.0, 0.0])])
    bench.settle()
    changed = part(bench).caliper(moved.level, moved.position)
    assert (changed.carried.stage, changed.carried.geometry) == ("mri", "changed")
    assert changed.start_lps == pytest.approx(moved.start_lps, abs=1e-6)
    assert changed.end_lps != moved.end_lps
    assert not [i for i in waiting(bench, "caliper") if (i.level, i.position) == (moved.level, moved.position)]
    # And one is deleted: its draft on CT is another measurement, and waits.
    gone = panel.calipers.carried.front
    assert "Del deletes it" in says(panel)
    bench.viewport.viewer.scene.camera.zoom = 3.0
    bench.hands.key("Del")
    bench.settle()
    assert gone not in waiting(bench)
    assert len(part(bench).calipers) == 2
    bench.hands.key("Ctrl+Z")
    bench.settle()
    assert gone in waiting(bench)


def test_body_and_lesion_are_shown_after_the_estimate_and_confirmed_by_enter(bench):
    panel = ready(bench, "Lesion extent")
    assert "once you have given your own estimate" in says(panel)
    assert dashes(panel) == 0
    bench.hands.key("Return")
    assert part(bench).masks is None
    bench.hands.key("3")
    bench.settle()
    body = waiting(bench, "body")[0]
    bench.hands.key("Alt+N")
    bench.settle()
    assert bench.desk.image_id == body.image
    draft = part(bench).drafts[-1].masks
    middle = panel.model.image.series.grid.to_lps((10, 10, 4))
    bench.viewport.go_to_slice(float(bench.viewport.to_world(middle, body.image)[0]))
    bench.settle()
    assert len(set(panel.carried_drawing.picture.colors)) == 2
    assert dashes(panel) > 8
    assert not panel.model.layers.masks()[0].any()
    picture(bench, "carried-body")
    bench.hands.key("Return")
    bench.settle()
    assert part(bench).masks.body == draft.body
    assert part(bench).masks.lesion.voxels == 0
    assert waiting(bench, "lesion")
    assert bench.desk.reading.results(STAGE).extent is None
    bench.hands.key("Return")
    bench.settle()
    masks = part(bench).masks
    assert masks.lesion == draft.lesion
    assert masks.body_carried.geometry == masks.lesion_carried.geometry == "unchanged"
    assert dashes(panel) == 0
    assert bench.desk.reading.results(STAGE).extent is not None


def test_a_stroke_on_the_carried_body_changes_all_of_it_and_loses_nothing(bench):
    panel = ready(bench, "Lesion extent")
    bench.hands.key("3")
    bench.hands.key("Alt+N")
    bench.settle()
    grid = panel.model.image.series.grid
    draft = part(bench).drafts[-1].masks
    bench.viewport.go_to_slice(float(bench.viewport.to_world(grid.to_lps((4, 10, 4)), draft.image)[0]))
    panel.brush._brush.setValue(1)
    bench.hands.key("B")
    bench.settle()
    # What was carried lies under the brush, and still waits.
    assert panel.model.layers.masks()[0].any()
    assert waiting(bench, "body")
    place = bench.viewport.to_world(grid.to_lps((13, 10, 4)), draft.image)
    bench.viewport.viewer.scene.camera.center = (0.0, *place[1:])
    bench.settle()
    bench.hands.drag([place, place + np.array([0.0, 4.0, 0.0])])
    bench.settle()
    masks = part(bench).masks
    assert masks.body_carried.geometry == "changed"
    assert masks.body.voxels > draft.body.voxels
    assert not waiting(bench, "body")
    assert waiting(bench, "lesion")


def test_rectangles_are_shown_one_at_a_time_and_their_values_after_the_last(bench):
    panel = ready(bench, "ADC ROI")
    assert panel.model.drafted.placement == 1
    assert len(panel.model.shown()) == 1
    picture(bench, "carried-roi")
    for number in (1, 2, 3):
        assert panel.model.drafted.placement == number
        assert not panel.model.revealed("lesion")
        bench.hands.key("Return")
        bench.settle()
    assert [roi.carried.geometry for roi in part(bench).rois] == ["unchanged"] * 3
    assert panel.model.revealed("lesion")
    # The normal vertebra comes next; a step by the arrow changes the first of its rectangles.
    assert panel.model.tissue == "normal"
    bench.hands.key("Right")
    bench.settle()
    moved = part(bench).roi("normal", 1)
    assert moved.carried.geometry == "changed"
    bench.hands.key("Return")
    bench.settle()
    assert panel.model.drafted.placement == 2


def test_one_key_walks_through_all_that_waits_and_enter_signs_it_off(bench, worklist, root):
    ready(bench, "Calipers")
    bench.desk.reading.answer(STAGE, "lesion_extent_visual", "G3")
    presses = 0
    while waiting(bench):
        before = len(waiting(bench))
        bench.hands.key("Alt+N")
        bench.settle()
        bench.hands.key("Return")
        bench.settle()
        presses += 1
        assert len(waiting(bench)) < before, waiting(bench)[0]
    # Nine heights (the other examination's go with them), body, lesion, six rectangles.
    assert presses == 17
    for level in ("T12", "L2"):
        bench.desk.reading.set_reference(STAGE, level, "intact")
    for key in bench.desk.reading.protocol.items_of(STAGE):
        values = bench.desk.reading.protocol.form[key].values
        if values:
            bench.desk.reading.answer(STAGE, key, values[0])
    session = worklist.study_desk.session
    assert session.missing() == ()
    sign(worklist)
    bench.until(lambda: worklist.study_desk.session is None or not worklist.study_desk.busy, seconds=30)
    document = read_reading(seal_path(root / "readings/R1/C001/combined-1/v1"))
    assert {c.carried.geometry for c in document.stages[STAGE].calipers} == {"unchanged"}
    assert check_study(root).damages == ()
