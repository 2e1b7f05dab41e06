"""A drawing shows what its model composes, whole."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba


class Paper:
    """Where the drawing is put."""

    def add_layer(self, layer):
        self.layer = layer


@pytest.mark.parametrize("counts", [(1, 2, 3, 9, 4, 4, 12), (9, 0, 3), (5, 1, 5)])
def test_each_text_that_the_canvas_is_told_of_is_the_one_of_its_line_however_many_were_there_before(counts):
    paper, told, wanted = Paper(), [], []

    def compose():
        picture = Picture()
        for number in range(wanted[-1]):
            place = np.array([3.0 * number, 1.0])
            picture.line(np.stack([place, place + 1.0]), 0.5, rgba("#E69F00"))
            picture.text(place, f"picture {len(wanted)}, {number}", rgba("#E69F00"), pixel=0.1)
        return picture

    drawing = LockedDrawing(paper, "lines", compose)
    drawing.layer.events.set_data.connect(lambda _event: told.append(list(map(str, drawing.layer.text.values))))
    for count in counts:
        wanted.append(count)
        told.clear()
        drawing.redraw()
        assert len(drawing.layer.data) == 3 * count
        if count:
            texts = [text for number in range(count) for text in ("", *[f"picture {len(wanted)}, {number}"] * 2)]
            assert told[-1] == texts
