"""Labels of the calipers and names of the vertebrae, as they are drawn in the window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def measure(bench):
    """Nine calipers on three bodies, as a reader draws them."""
    from support.synthetic_case import CENTER

    reading, image = bench.desk.reading, bench.desk.image_id
    for level, above in (("T12", 34.0), ("L1", 0.0), ("L2", -34.0)):
        for position, back in (("anterior", -15.0), ("middle", 1.0), ("posterior", 14.0)):
            middle = np.array(CENTER) + np.array([0.0, back, above])
            half = np.array([0.0, 0.0, 12.0])
            reading.place_caliper(
                stage=bench.desk.stage,
                level=level,
                position=position,
                image=image,
                start_lps=middle + half,
                end_lps=middle - half,
            )


def drawn(bench):
    """Text of each label, its middle in screen pixels, and its lines."""
    layer = bench.arrangement.panels["Calipers"].drawing.layer
    zoom = bench.viewport.viewer.scene.camera.zoom
    texts = {}
    for text, path, color in zip(layer.text.values, layer.data, layer.edge_color, strict=True):
        if text and tuple(color[:3]) != (0.0, 0.0, 0.0):
            texts[str(text)] = np.asarray(path[0], dtype=float) * zoom
    return texts


@pytest.mark.parametrize("zoom", [0.6, 1.5, 3.0, 6.0, 18.0])
def test_no_label_of_a_caliper_covers_another_one_or_a_vertebra(bench, zoom):
    bench.front("Calipers")
    bench.close_up()
    measure(bench)
    bench.close_up(zoom)
    bench.until(lambda: len(drawn(bench)) >= 9)
    bench.settle()
    texts = {text: place for text, place in drawn(bench).items() if "mm" in text}
    assert len(texts) == 9
    middle = bench.world(0, 0, 0)[1:] * zoom
    # A line of napari's text at this size is 15 pixels high and 9 wide for each character.
    halves = {text: np.array([15.0, 9.0 * len(text)]) / 2 for text in texts}
    for text, place in texts.items():
        for above in (34.0, 0.0, -34.0):
            away = np.abs(place - (middle + np.array([-above * zoom, 0.0])))
            assert (away >= np.array([12.0, 14.0]) * zoom + halves[text]).any(), text
        for other, there in texts.items():
            assert other == text or (np.abs(place - there) >= (halves[text] + halves[other])).any(), (text, other)


@pytest.mark.parametrize("aside_mm", [-50.0, -25.0, 0.0, 25.0, 50.0])
def test_a_label_of_a_vertebra_that_is_seen_is_never_cut_at_the_edge_of_the_view(bench, aside_mm):
    bench.front("Calipers")
    measure(bench)
    bench.close_up(5.0)
    viewer = bench.viewport.viewer
    camera = viewer.scene.camera
    camera.center = (0.0, camera.center[-2], camera.center[-1] + aside_mm)
    bench.until(lambda: len(drawn(bench)) >= 9)
    bench.settle()
    middle = np.array(camera.center[-2:]) * camera.zoom
    half_view = np.array(viewer.canvas.size) / 2
    for text, place in drawn(bench).items():
        if "mm" not in text:
            continue
        half = np.array([15.0, 9.0 * len(text)]) / 2
        low, high = place - half - (middle - half_view), (middle + half_view) - (place + half)
        whole = (np.concatenate([low, high]) >= -1.0).all()
        outside = (place + half < middle - half_view).any() or (place - half > middle + half_view).any()
        assert whole or outside, (text, place)


def test_a_vertebra_that_is_named_carries_its_name(bench):
    bench.front("Calipers")
    bench.close_up()
    measure(bench)
    bench.close_up(5.0)
    bench.until(lambda: {"T12", "L1", "L2"} <= set(drawn(bench)))
    place = drawn(bench)["L1"] / 5.0
    assert np.abs(place - bench.world(0, 0, 0)[1:]).max() < 12.0


def test_no_label_lies_under_the_title_of_the_image(bench):
    bench.front("Calipers")
    measure(bench)
    bench.close_up(6.0)
    viewer, title = bench.viewport.viewer, bench.arrangement.title
    camera = viewer.scene.camera
    half_view = np.array(viewer.canvas.size) / 2
    # The upper vertebra lies right below the title.
    corner = bench.world(0, -15, 34)[1:]
    camera.center = (0.0, *(corner + (half_view - np.array([title.height(), title.width()])) / camera.zoom))
    bench.settle()
    bench.until(lambda: len(drawn(bench)) >= 9)
    origin = np.array(camera.center[-2:]) * camera.zoom - half_view
    below = np.array([title.geometry().bottom(), title.geometry().right()])
    for text, place in drawn(bench).items():
        if "mm" in text:
            low = place - origin - np.array([15.0, 9.0 * len(text)]) / 2
            assert (low >= below - 1).any() or (low + np.array([15.0, 9.0 * len(text)]) < 0).any(), text


@pytest.mark.parametrize("from_corner_px", [(0.0, 200.0), (120.0, 40.0), (120.0, 160.0)])
def test_no_label_lies_under_the_scale_bar(bench, from_corner_px):
    bench.front("Calipers")
    measure(bench)
    bench.close_up(6.0)
    viewer = bench.viewport.viewer
    camera = viewer.scene.camera
    half_view = np.array(viewer.canvas.size) / 2
    # Back of the lower vertebra beside or above the bar, where its labels have the room that the bar takes.
    back = bench.world(0, 14, -34)[1:]
    camera.center = (0.0, *(back - (half_view - np.array(from_corner_px)) / camera.zoom))
    bench.settle()
    bench.until(lambda: len(drawn(bench)) >= 9)
    bar = viewer.window._qt_viewer.canvas._viewer_overlay_to_visual[viewer.canvas.overlays.scale_bar]
    height, width = max(visual.y_size for visual in bar), max(visual.x_size for visual in bar)
    assert height > 20
    assert width > 60
    end = np.array(camera.center[-2:]) * camera.zoom + half_view
    for text, place in drawn(bench).items():
        if "mm" in text:
            half = np.array([15.0, 9.0 * len(text)]) / 2
            outside = (place - half > end).any()
            assert outside or (place + half <= end - np.array([height, width]) + 1).any(), text
