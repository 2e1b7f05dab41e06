"""What is drawn of a layer goes in the OpenGL context in which it was made."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def contexts(bench, monkeypatch):
    """Whether the context of the canvas was the current one, each time that napari has sent off what was put by."""
    from qtpy.QtGui import QOpenGLContext
    from qtpy.QtOpenGLWidgets import QOpenGLWidget

    canvas = bench.arrangement.main.centralWidget().findChild(QOpenGLWidget)
    context = bench.viewport.viewer.window._qt_viewer.canvas._scene_canvas.context
    finish, own = context.finish, []

    def finished(*args, **options):
        own.append(QOpenGLContext.currentContext() == canvas.context())
        return finish(*args, **options)

    monkeypatch.setattr(context, "finish", finished)
    return own


def test_a_layer_that_is_taken_off_goes_in_the_context_of_the_canvas(bench, contexts):
    bench.close_up()
    contexts.clear()
    bench.viewport.viewer.layers.remove(bench.viewport.image_layer)
    assert contexts
    assert all(contexts)


def test_a_case_that_is_closed_goes_in_the_context_of_the_canvas(bench, contexts):
    bench.close_up()
    bench.desk.saved = True
    contexts.clear()
    bench.desk.close()
    bench.settle()
    assert contexts
    assert all(contexts)
