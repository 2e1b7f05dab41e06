"""The canvas painted as a picture, where OpenGL is drawn in software: it shows what Qt's own OpenGL widget shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_vcf.widgets.window.graphics import drawn_in_software

gui = pytest.mark.gui


@pytest.mark.parametrize(
    ("renderer", "software"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", True),
        ("Gallium 0.4 on llvmpipe (LLVM 3.6, 128 bits)", True),
        ("GDI Generic", True),
        ("D3D12 (Microsoft Basic Render Driver)", True),
        ("Apple Software Renderer", True),
        ("Google SwiftShader", True),
        ("Mesa Intel(R) UHD Graphics 620 (KBL GT2)", False),
        ("NVIDIA GeForce RTX 3060/PCIe/SSE2", False),
        ("AMD Radeon RX 6600 (navi23, LLVM 17.0.6, DRM 3.54)", False),
        ("Apple M2", False),
    ],
)
def test_what_draws_without_a_graphics_card_is_known_by_its_name(renderer, software):
    assert drawn_in_software(renderer) is software


@pytest.fixture
def backend(qapp):
    """vispy's own register of how a canvas is made; left as it was."""
    from napari_vcf.widgets.window import raster_canvas

    before = raster_canvas._BACKEND.CanvasBackend
    yield raster_canvas._BACKEND
    raster_canvas._BACKEND.CanvasBackend = before


@pytest.fixture
def shown(backend, qtbot):
    """Makes a canvas of a kind with something drawn on it, and shows it."""
    from vispy.scene import SceneCanvas, visuals

    made = []

    def show(kind: type, size: tuple[int, int] = (211, 157)) -> Any:
        backend.CanvasBackend = kind
        canvas = SceneCanvas(keys=None, bgcolor="#102030", size=size)
        canvas.unfreeze()
        view = canvas.central_widget.add_view(camera="panzoom")
        picture = np.random.default_rng(1).random((40, 30)).astype(np.float32)
        canvas.image = visuals.Image(picture, parent=view.scene, interpolation="linear", texture_format="auto")
        visuals.Line(np.array([[2.0, 3.0], [25.0, 31.0]]), color="red", width=3, parent=view.scene)
        view.camera.rect = (0, 0, 30, 40)
        made.append(canvas)
        canvas.native.show()
        qtbot.waitExposed(canvas.native)
        qtbot.wait(50)
        return canvas

    yield show
    for canvas in made:
        canvas.close()
        canvas.native.deleteLater()


def pixels(image: Any) -> np.ndarray:
    """Red, green and blue of a picture."""
    from napari._qt.utils import QImg2array

    return QImg2array(image)[..., :3]


def kinds() -> tuple[type, type]:
    from napari_vcf.widgets.window import raster_canvas

    return raster_canvas.RasterCanvas, raster_canvas._BACKEND.CanvasBackendDesktop


@gui
def test_it_shows_pixel_for_pixel_what_qts_opengl_widget_shows(shown):
    pictures = [pixels(shown(kind).native.grabFramebuffer()) for kind in kinds()]
    assert pictures[0].shape == (157, 211, 3)
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) > 100
    assert np.array_equal(*pictures)


@gui
def test_it_shows_the_same_where_qt_has_to_read_the_pixels(shown):
    canvas = shown(kinds()[0])
    before = pixels(canvas.native.grabFramebuffer())
    canvas.native._read_pixels = None
    canvas.native._pixels[:] = 0
    assert np.array_equal(before, pixels(canvas.native.grabFramebuffer()))
    assert np.array_equal(before, pixels(canvas.native.grab().toImage()))


@gui
def test_what_is_painted_into_the_window_is_what_was_drawn(shown, qtbot):
    canvas = shown(kinds()[0])
    before = pixels(canvas.native.grab().toImage())
    assert np.array_equal(before, pixels(canvas.native.grabFramebuffer()))
    canvas.image.clim = (0.4, 0.6)
    after = pixels(canvas.native.grab().toImage())
    assert not np.array_equal(before, after)
    assert np.array_equal(after, pixels(canvas.native.grabFramebuffer()))


@gui
def test_another_size_is_drawn_in_that_size(shown, qtbot):
    canvas = shown(kinds()[0])
    with qtbot.waitSignal(canvas.native.resized):
        canvas.native.resize(320, 240)
    assert canvas.physical_size == (320, 240)
    qtbot.wait(50)
    assert pixels(canvas.native.grab().toImage()).shape == (240, 320, 3)
    assert np.array_equal(pixels(canvas.native.grab().toImage()), pixels(canvas.native.grabFramebuffer()))


@gui
def test_as_many_pixels_on_a_screen_of_another_scale_are_another_size(shown, monkeypatch, qtbot):
    canvas = shown(kinds()[0], (240, 160))
    sizes = []
    canvas.events.resize.connect(lambda event: sizes.append((tuple(event.size), tuple(event.physical_size))))
    monkeypatch.setattr(canvas.native, "devicePixelRatioF", lambda: 2.0)
    canvas.native.resize(120, 80)
    qtbot.waitUntil(lambda: bool(sizes))
    assert sizes[-1] == ((120, 80), (240, 160))
    taken = canvas.native.grabFramebuffer()
    assert (taken.width(), taken.height(), taken.devicePixelRatio()) == (240, 160, 2.0)


@gui
def test_changes_until_a_frame_are_drawn_with_it_and_painting_again_draws_nothing(shown, qtbot):
    canvas = shown(kinds()[0])
    drawn = []
    canvas.events.draw.connect(drawn.append)
    with qtbot.waitSignal(canvas.native.frameSwapped):
        for number in range(5):
            canvas.image.clim = (0.0, 0.5 + number / 10)
    assert len(drawn) == 1
    canvas.native.repaint()
    canvas.native.update()
    qtbot.wait(50)
    assert len(drawn) == 1


@gui
def test_nothing_is_drawn_while_nobody_sees_it_and_all_of_it_afterwards(shown, qtbot):
    canvas = shown(kinds()[0])
    before = pixels(canvas.native.grab().toImage())
    drawn = []
    canvas.events.draw.connect(drawn.append)
    canvas.native.hide()
    canvas.image.clim = (0.4, 0.6)
    qtbot.wait(50)
    assert not drawn
    with qtbot.waitSignal(canvas.native.frameSwapped):
        canvas.native.show()
    assert len(drawn) == 1
    assert not np.array_equal(before, pixels(canvas.native.grab().toImage()))


@gui
@pytest.mark.parametrize("position", ["first", "last"])
def test_what_fails_while_it_draws_leaves_no_picture_of_before(shown, qtbot, position):
    canvas = shown(kinds()[0])
    before = pixels(canvas.native.grab().toImage())
    failing = [True]

    def fail(_event):
        if failing:
            raise ValueError("no such slice")

    canvas.events.draw.connect(fail, position=position)
    canvas.events.draw.ignore_callback_errors = False
    with qtbot.captureExceptions() as raised:
        canvas.image.clim = (0.4, 0.6)
        qtbot.wait(50)
        # What is painted: to ask for it would draw.
        meanwhile = pixels(canvas.native._picture)
    assert raised
    if position == "last":
        # All of it was drawn before.
        assert not np.array_equal(meanwhile, before)
    failing.clear()
    # Any painting makes up for it, and what comes next is drawn.
    after = pixels(canvas.native.grab().toImage())
    assert not np.array_equal(after, before)
    assert np.array_equal(after, pixels(canvas.native.grabFramebuffer()))
    with qtbot.waitSignal(canvas.native.frameSwapped):
        canvas.image.clim = (0.0, 0.2)
    assert not np.array_equal(after, pixels(canvas.native.grab().toImage()))


@gui
def test_what_a_drawing_asks_for_is_drawn_before_it_is_seen(shown, qtbot):
    canvas = shown(kinds()[0])
    asked = []

    def correct(_event):
        if not asked:
            asked.append(1)
            canvas.image.clim = (0.4, 0.6)

    canvas.events.draw.connect(correct, position="last")
    with qtbot.waitSignal(canvas.native.frameSwapped):
        canvas.image.clim = (0.2, 0.9)
    first = pixels(canvas.native.grab().toImage())
    assert asked
    assert np.array_equal(first, pixels(canvas.native.grabFramebuffer()))


@gui
def test_a_program_drawn_in_software_paints_its_canvas(backend, shown, monkeypatch):
    from napari_vcf.widgets.window import raster_canvas

    monkeypatch.delenv(raster_canvas.CANVAS_VARIABLE, raising=False)
    for renderer, kind in zip(("llvmpipe", "Card"), kinds(), strict=True):
        monkeypatch.setattr(raster_canvas, "gl_in_use", lambda renderer=renderer: {"renderer": renderer})
        raster_canvas.draw_as_fits()
        assert type(shown(backend.CanvasBackend).native) is kind


@gui
@pytest.mark.parametrize(("named", "which"), [("raster", 0), ("opengl", 1)])
def test_how_it_is_drawn_may_be_chosen(backend, monkeypatch, named, which):
    from napari_vcf.widgets.window import raster_canvas

    monkeypatch.setenv(raster_canvas.CANVAS_VARIABLE, named)
    raster_canvas.draw_as_fits()
    assert backend.CanvasBackend is kinds()[which]


@gui
def test_another_word_for_how_it_is_drawn_is_refused(backend, monkeypatch):
    from napari_vcf.widgets.window import raster_canvas

    monkeypatch.setenv(raster_canvas.CANVAS_VARIABLE, "vulkan")
    before = backend.CanvasBackend
    with pytest.raises(raster_canvas.CanvasError, match=r"'vulkan'; it may be raster, opengl"):
        raster_canvas.draw_as_fits()
    assert backend.CanvasBackend is before
