"""Scratch tools with the mouse: what they show, and that nothing of it enters the record."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_what_is_measured_on_scratch_is_shown_and_never_recorded(bench):
    desk, scratch, hands = bench.desk, bench.arrangement.scratch, bench.hands
    panel = bench.front("Calipers")
    bench.close_up()
    before = len(desk.reading.log)
    hands.key("Shift+D")
    hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=30)
    assert scratch.texts == [f"{20.0:.1f} mm"] or float(scratch.texts[0].split()[0]) == pytest.approx(20.0, abs=0.4)
    hands.key("Shift+A")
    hands.drag([bench.world(0, -10, 8), bench.world(0, 10, 8)], step_px=30)
    assert len(scratch.texts) == 1
    hands.drag([bench.world(0, -10, -8), bench.world(0, 10, 2)], step_px=30)
    assert float(scratch.texts[1].rstrip("°")) == pytest.approx(26.6, abs=1.5)
    hands.key("Shift+O")
    corners = [(-6, 6), (6, 6), (6, -6), (-6, -6), (-6, 5)]
    hands.drag([bench.world(0, back, up) for back, up in corners], step_px=8)
    assert "mm²" in scratch.texts[2]
    assert float(scratch.texts[2].split(", ")[1].split()[0]) == pytest.approx(144, abs=8)
    assert bench.arrangement.bar.scratch.currentText() == "Free region"
    # The same key again gives the mouse back.
    hands.key("Shift+O")
    assert bench.arrangement.tools.active is panel
    assert len(desk.reading.log) == before
    assert not desk.reading.state.stages[desk.stage].calipers
    # Nothing of it is seen in another stage.
    hands.key("Alt+2")
    assert not scratch.texts


@pytest.mark.parametrize("zoom", [1.5, 6.0])
def test_no_text_of_a_scratch_measure_lies_on_what_is_measured_or_on_another_text(bench, zoom):
    import numpy as np

    hands, layer = bench.hands, bench.arrangement.scratch.drawing.layer
    bench.front("Calipers")
    bench.close_up()
    hands.key("Shift+D")
    for back in (-4, 4):
        hands.drag([bench.world(0, back, 10), bench.world(0, back, -10)], step_px=30)
    hands.key("Shift+O")
    hands.drag([bench.world(0, back, up) for back, up in [(-6, 6), (6, 6), (6, -6), (-6, -6), (-6, 5)]], step_px=8)
    bench.close_up(zoom)
    hands.key("Shift+O")

    def boxes():
        found = []
        for text, path, color in zip(layer.text.values, layer.data, layer.edge_color, strict=True):
            if text and tuple(color[:3]) != (0.0, 0.0, 0.0):
                half = np.array([15.0, 9.0 * len(text)]) / 2
                found.append((np.asarray(path[0], float) * zoom - half, np.asarray(path[0], float) * zoom + half))
        return found

    bench.until(lambda: len(boxes()) == 3)
    bench.settle()
    lines = [np.asarray(path) * zoom for text, path in zip(layer.text.values, layer.data, strict=True) if not text]
    assert lines
    for low, high in boxes():
        for line in lines:
            assert (line.min(axis=0) >= high).any() or (line.max(axis=0) <= low).any()
    for number, (low, high) in enumerate(boxes()):
        for other_low, other_high in boxes()[number + 1 :]:
            assert (other_low >= high).any() or (other_high <= low).any()


def test_an_image_laid_over_is_shown_in_colour_and_the_one_in_front_in_grey(bench):
    adc, t2 = bench.image("ADC"), bench.image("T2")
    bench.desk.show(t2)
    bench.viewport.overlay(adc, 0.5)
    bench.hands.key("Shift+K")
    layers = {key[0]: layer for key, layer in bench.viewport.layers.images.items() if isinstance(key, tuple)}
    assert (layers[adc].colormap.name, layers[t2].colormap.name) == ("magma", "gray")
    # In front it is grey again: what is measured is seen as it is.
    bench.desk.show(adc)
    layers = {key[0]: layer for key, layer in bench.viewport.layers.images.items() if isinstance(key, tuple)}
    assert layers[adc].colormap.name == "gray"
    bench.hands.key("Shift+K")
    assert not bench.viewport.fused_in_color
