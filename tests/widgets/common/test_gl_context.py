"""What is drawn of a layer goes in the OpenGL context in which it was made."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.gui

#: Puts a Shapes layer on and takes it off, again and again; without the context, napari 0.9.2 on Mesa's software
#: drawing ends in a segmentation fault within the first few.
SHAPES_COME_AND_GO = """
    import napari, numpy as np
    viewer = napari.Viewer()
    from qtpy.QtWidgets import QApplication
    from napari_vcf.widgets.common.gl_context import keep_gl_context
    keep_gl_context(viewer, viewer.window._qt_window)
    viewer.add_image(np.ones((10, 64, 64)))
    for _ in range(12):
        layer = viewer.add_shapes([np.array([[0, 0, 0], [0, 5, 9]])], shape_type="path")
        QApplication.processEvents()
        viewer.layers.remove(layer)
        QApplication.processEvents()
    print("still here", flush=True)
    import os
    os._exit(0)
"""


@pytest.fixture
def contexts(bench, monkeypatch):
    """Whether the context of the canvas was the current one, each time that napari has sent off what was put by."""
    from qtpy.QtGui import QOpenGLContext

    from napari_vcf.widgets.common.canvas_widget import canvas_of

    canvas = canvas_of(bench.arrangement.main)
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


@pytest.mark.slow
def test_a_process_outlives_layers_that_come_and_go(tmp_path):
    environment = os.environ | {"NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SHAPES_COME_AND_GO)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )
    assert (ended.returncode, ended.stdout.split("\n")[0]) == (0, "still here"), ended.stderr[-2000:]
