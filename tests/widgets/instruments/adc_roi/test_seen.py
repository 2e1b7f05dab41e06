"""The ADC rectangle is told apart from anything under it."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def test_the_rectangle_lies_above_every_mask_and_has_a_colour_and_a_dark_line_of_its_own(bench):
    from napari.layers import Labels

    adc = bench.desk.case.image(bench.image("ADC"))
    body = np.zeros(adc.series.grid.shape, dtype=bool)
    body[3:6, 8:-8, 8:-8] = True
    bench.front("ADC ROI")
    bench.desk.show(adc.id)
    bench.close_up(9.0)
    bench.hands.click_at(bench.world(0, 0, 0, role="ADC"))
    bench.settle()
    bench.desk.reading.set_masks(bench.desk.stage, adc.id, body, body.copy())
    bench.front("Lesion extent")
    bench.desk.show(adc.id)
    bench.settle()
    layers = list(bench.viewport.viewer.layers)
    rectangle = next(layer for layer in layers if layer.name == "ADC ROI")
    masks = [layer for layer in layers if isinstance(layer, Labels)]
    assert masks
    assert all(layers.index(mask) < layers.index(rectangle) for mask in masks)
    assert len(rectangle.data)
    # Where it runs over the mask, both its own colour and the dark line are on the screen.
    shot = bench.viewport.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    height, width = shot.shape[:2]
    near = shot[height // 2 - 60 : height // 2 + 60, width // 2 - 60 : width // 2 + 90]
    yellow = np.abs(near - [0xF0, 0xE4, 0x42]).max(axis=-1) < 40
    assert yellow.sum() > 50
    assert (near.max(axis=-1) < 40).sum() > 50
