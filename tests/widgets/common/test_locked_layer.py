"""A drawing shows what its model composes, whole."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba


class Paper:
    """Where the drawing is put."""

    def add_layer(self, layer):
        self.layer = layer


def row_of(number):
    return np.array([[number, 0.0], [number, 1.0]])


@pytest.mark.gui
def test_each_row_of_naparis_features_table_can_be_chosen_however_many_lines_there_were(qtbot):
    from napari.components import ViewerModel
    from napari_builtins._qt.features_table import FeaturesTable

    viewer, count = ViewerModel(), 0

    def compose():
        picture = Picture()
        for number in range(count):
            picture.line(row_of(number), 0.5, rgba("#E69F00"))
        return picture

    paper = Paper()
    paper.add_layer = viewer.add_layer
    drawing = LockedDrawing(paper, "lines", compose)
    viewer.layers.selection = {drawing.layer}
    table = FeaturesTable(viewer)
    qtbot.addWidget(table)
    for count in (5, 0, 2, 0, 7, 3):
        drawing.redraw()
        model = table.table.model()
        assert model.rowCount() == len(drawing.layer.data) == count
        for row in range(count):
            table.table.selectionModel().clearSelection()
            table.table.selectRow(row)
        viewer.layers.selection.active = None
        viewer.layers.selection = {drawing.layer}


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
