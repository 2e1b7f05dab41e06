"""Shapes that only show the record look as napari draws them, and what draws them is built once."""

from __future__ import annotations

import numpy as np
import pytest
from vispy.visuals.shaders.program import ModularProgram

from napari_vcf.widgets.common.lean_shapes import draw_lean

pytestmark = pytest.mark.gui

PLACES = (0.0, 3.0, 7.0)


def draw(viewer, layer, place, size=9):
    """Lines and texts at a place, as they are seen on the canvas."""
    paths = [np.array([[0.0, 0.0], [place, 10.0]]), np.array([[10.0, place], [4.0, 2.0]])]
    if len(layer.data):
        layer.data = paths
    else:
        layer.add(paths, shape_type="path", edge_width=0.4, edge_color=[[1.0, 0.5, 0.0, 1.0], [0.0, 0.5, 1.0, 0.4]])
        layer.text = {"string": ["one", "two"], "color": "white", "size": size}
    layer.text.size = size
    return viewer.screenshot(canvas_only=True, flash=False)


@pytest.fixture
def shown(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.arange(400.0).reshape(20, 20))
    layer = viewer.add_shapes(None, ndim=2, shape_type="path")
    return viewer, layer


def test_lines_and_texts_look_as_napari_draws_them(shown):
    viewer, layer = shown
    before = [draw(viewer, layer, place) for place in PLACES]
    assert draw_lean(viewer, layer)
    after = [draw(viewer, layer, place) for place in PLACES]
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(after[0], after[1])


def test_letters_of_any_size_look_as_napari_draws_them(shown):
    viewer, layer = shown
    sizes = (9, 60, 9, 36, 40)
    before = [draw(viewer, layer, PLACES[1], size) for size in sizes]
    assert draw_lean(viewer, layer)
    after = [draw(viewer, layer, PLACES[1], size) for size in sizes]
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(after[0], after[1])


def test_nothing_is_drawn_where_nothing_is_written(shown, monkeypatch):
    viewer, layer = shown
    assert draw_lean(viewer, layer)
    letters = set(viewer.window._qt_viewer.canvas.layer_to_visual[layer].node.text.shared_program)
    drawn = []
    draw_program = ModularProgram.draw

    def recorded(program, *args):
        drawn.append(program)
        return draw_program(program, *args)

    monkeypatch.setattr(ModularProgram, "draw", recorded)
    draw(viewer, layer, PLACES[0])
    assert letters & set(drawn)
    layer.text = {"string": {"constant": ""}}
    drawn.clear()
    viewer.screenshot(canvas_only=True, flash=False)
    assert drawn
    assert not letters & set(drawn)


def test_nothing_is_built_anew_when_lines_move(shown, monkeypatch):
    viewer, layer = shown
    assert draw_lean(viewer, layer)
    draw(viewer, layer, PLACES[0])
    built = []
    build = ModularProgram._build
    monkeypatch.setattr(ModularProgram, "_build", lambda program: (built.append(program), build(program))[1])
    for place in PLACES[1:]:
        draw(viewer, layer, place)
    assert built == []


def test_lines_that_are_filled_and_emptied_by_turns_are_drawn_each_time(shown):
    viewer, layer = shown
    assert draw_lean(viewer, layer)
    full = draw(viewer, layer, PLACES[1])
    layer.data = []
    empty = viewer.screenshot(canvas_only=True, flash=False)
    assert not np.array_equal(full, empty)
    layer.text = {"string": {"constant": ""}}
    assert np.array_equal(draw(viewer, layer, PLACES[1]), full)


def test_a_viewer_without_a_window_has_nothing_to_draw_with():
    from napari.components import ViewerModel

    viewer = ViewerModel()
    assert not draw_lean(viewer, viewer.add_shapes(None, ndim=2))
