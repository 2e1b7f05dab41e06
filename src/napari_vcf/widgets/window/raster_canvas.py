"""The canvas of a window, painted as a picture where OpenGL is drawn in software.

Qt puts a window that holds an OpenGL widget together by OpenGL as well: with each frame the other widgets become a
texture, and the whole window is drawn once more. A graphics card does that in passing. In software it takes as long as
the canvas itself, and so here the canvas is drawn into memory and painted into the window like any other widget. What
is drawn is the same.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, ClassVar, Final

import numpy as np
import qtpy
from qtpy.QtCore import QCoreApplication, QEvent, Qt, Signal
from qtpy.QtGui import QImage, QOffscreenSurface, QOpenGLContext, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtOpenGL import QOpenGLFramebufferObject, QOpenGLFramebufferObjectFormat
from qtpy.QtWidgets import QWidget
from vispy.app import use_app

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.widgets.window.graphics import drawn_in_software, gl_in_use

# vispy takes its Qt from the binding that is named first, and has no base of its canvases before.
_BACKEND: Final = use_app(qtpy.API_NAME).backend_module
from vispy.app.backends._qt import QtBaseCanvasBackend, _set_config  # noqa: E402

__all__ = ["CANVAS_VARIABLE", "CanvasError", "RasterCanvas", "draw_as_fits"]

#: Names how the canvas is drawn: ``raster`` or ``opengl``; without it the machine decides.
CANVAS_VARIABLE: Final = "NAPARI_VCF_CANVAS"

_DRAW: Final = QEvent.Type(QEvent.registerEventType())
_GL_BGRA, _GL_UNSIGNED_BYTE = 0x80E1, 0x1401


class CanvasError(NapariVcfError, ValueError):
    """The canvas cannot be drawn as was asked for, or not at all."""


def draw_as_fits() -> None:
    """Have the canvases that are made from now on painted as pictures, where OpenGL is drawn in software.

    Raises
    ------
    CanvasError
        If `CANVAS_VARIABLE` names something else than it may.
    """
    chosen = os.environ.get(CANVAS_VARIABLE, "")
    if chosen not in {"", "raster", "opengl"}:
        raise CanvasError(
            say(
                "{variable} is {value}; it may be raster, opengl or nothing, with which the machine decides.",
                variable=CANVAS_VARIABLE, value=repr(chosen),
            )
        )  # fmt: skip
    by_name = {"raster": RasterCanvas, "opengl": _BACKEND.CanvasBackendDesktop, "": _canvas_that_fits}
    _BACKEND.CanvasBackend = by_name[chosen]


def _canvas_that_fits(*args: Any, **kwargs: Any) -> Any:
    """Make a canvas; only now there is an application, which can be asked for its OpenGL."""
    draw_as = _BACKEND.CanvasBackendDesktop
    gl = gl_in_use()
    if gl is not None and drawn_in_software(gl["renderer"]):
        draw_as = RasterCanvas
    _BACKEND.CanvasBackend = draw_as
    return draw_as(*args, **kwargs)


class RasterCanvas(QtBaseCanvasBackend, QWidget):
    """A canvas of vispy that is drawn into memory and painted from there; get it with `draw_as_fits`.

    It answers to what napari and this program ask of Qt's own OpenGL widget.

    Notes
    -----
    Drawing is begun by an event of its own, before the window paints its widgets. While those are painted, threads of
    the OpenGL driver draw the canvas; it comes last.
    """

    #: A frame that has just been drawn is painted.
    frameSwapped: ClassVar = Signal()  # noqa: N815
    resized: ClassVar = Signal()

    # -- what vispy asks of a canvas --------------------------------------------------------------------------------
    def _init_specific(self, p: Any, kwargs: dict[str, Any]) -> None:
        kwargs.pop("shareWidget", None)
        QWidget.__init__(self, p.parent)
        self._stale, self._awaited, self._in_flight = True, False, False
        self._target: QOpenGLFramebufferObject | None = None
        self._fitted: tuple[int, int, float] | None = None
        wanted = _set_config(p.context.config)
        self._context = QOpenGLContext()
        p.context.shared.add_ref("qt", self)
        if p.context.shared.ref is not self:
            self._context.setShareContext(p.context.shared.ref.context())
        self._context.setFormat(wanted)
        self._surface = QOffscreenSurface()
        self._surface.setFormat(wanted)
        self._surface.create()
        if not self._context.create() or not self._context.makeCurrent(self._surface):
            raise CanvasError(say("OpenGL has no context for the canvas; napari-vcf doctor says what is there."))
        signature = ctypes.CFUNCTYPE(None, *[ctypes.c_int] * 4, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p)
        # Of the library that Qt has loaded: there may be another. Windows tells extensions only.
        address = self._context.getProcAddress(b"glReadPixels")
        self._read_pixels = signature(int(address)) if address else None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.WheelFocus)
        self._initialized = True

    def _vispy_close(self) -> None:
        self.close()
        self.makeCurrent()
        self._target = None
        self.doneCurrent()

    def _vispy_set_current(self) -> None:
        if self._vispy_canvas is not None:
            self.makeCurrent()

    def _vispy_swap_buffers(self) -> None:
        """Do nothing: there is one buffer."""

    def _vispy_get_fb_bind_location(self) -> int:
        return self.defaultFramebufferObject()

    def _vispy_update(self) -> None:
        if self._vispy_canvas is None:
            return
        self._stale = True
        if not self._awaited:
            self._awaited = True
            # As late as Qt's own request to paint, and before it: what comes until then is drawn with it.
            QCoreApplication.postEvent(self, QEvent(_DRAW), Qt.EventPriority.LowEventPriority.value)
        self.update()

    def resizeGL(self, _width: int, _height: int) -> None:  # noqa: N802
        """Draw anew, by vispy: the window is on another screen."""
        self._vispy_update()

    # -- what napari and the desk ask of it, as of QOpenGLWidget ----------------------------------------------------
    def context(self) -> QOpenGLContext:
        """The OpenGL context of this canvas."""
        return self._context

    def isValid(self) -> bool:  # noqa: N802
        """Whether it can be drawn."""
        return self._context.isValid()

    def makeCurrent(self) -> None:  # noqa: N802
        """Have OpenGL draw into this canvas."""
        self._context.makeCurrent(self._surface)
        if self._target is not None:
            self._target.bind()

    def doneCurrent(self) -> None:  # noqa: N802
        """Have OpenGL draw nowhere."""
        self._context.doneCurrent()

    def defaultFramebufferObject(self) -> int:  # noqa: N802
        """What stands for the screen in this context."""
        return 0 if self._target is None else int(self._target.handle())

    def grabFramebuffer(self) -> QImage:  # noqa: N802
        """Draw it now, and give a copy of it."""
        self._stale = True
        self._finish()
        self.update()
        return self._picture.copy()

    # -- drawing ----------------------------------------------------------------------------------------------------
    def event(self, event: QEvent) -> bool:
        """Draw when the time for it has come."""
        if event.type() != _DRAW:
            return bool(super().event(event))
        self._awaited = False
        if self._stale and self.isVisible() and self.updatesEnabled() and not self.window().isMinimized():
            self._begin()
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Tell what is drawn how large the canvas is."""
        super().resizeEvent(event)
        if self._vispy_canvas is not None and not event.size().isEmpty():
            self._fit()
            self.resized.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint what was drawn, after drawing what has changed."""
        if self._vispy_canvas is None:
            return
        fresh = False
        try:
            fresh = self._finish()
        finally:
            # What was drawn before something failed is shown: the slice before would stand under the new one's title.
            painter = QPainter(self)
            if self.devicePixelRatioF() % 1.0:
                # The last pixel of the screen may belong to the canvas in part.
                painter.fillRect(self.rect(), Qt.GlobalColor.black)
            painter.drawImage(0, 0, self._picture)
            painter.end()
        if fresh:
            self.frameSwapped.emit()

    def _fit(self) -> None:
        """Have as many pixels as there are on the screen."""
        ratio = self.devicePixelRatioF()
        width, height = (max(1, round(side * ratio)) for side in (self.width(), self.height()))
        first = self._target is None
        # As many pixels of another size are another canvas to whoever maps a place on it.
        if not first and self._fitted == (width, height, ratio):
            return
        self._fitted = width, height, ratio
        self.makeCurrent()
        wanted = QOpenGLFramebufferObjectFormat()
        wanted.setAttachment(QOpenGLFramebufferObject.Attachment.CombinedDepthStencil)
        self._target = QOpenGLFramebufferObject(width, height, wanted)
        self._target.bind()
        # OpenGL counts its rows from below.
        self._read = np.empty((height, width, 4), dtype=np.uint8)
        self._pixels = np.zeros_like(self._read)
        self._picture = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        self._picture.setDevicePixelRatio(ratio)
        self._stale = True
        if first:
            self._vispy_canvas.events.initialize()
        self._vispy_set_physical_size(width, height)
        self._vispy_canvas.events.resize(size=(self.width(), self.height()), physical_size=(width, height))

    def _begin(self) -> None:
        """Hand over to OpenGL what is to be drawn."""
        self._fit()
        self._in_flight = True
        try:
            self._draw()
            if self._stale:
                # After another size napari puts its camera right only while it draws, and asks to draw once more.
                self._draw()
        except BaseException:
            # The next time that it is painted.
            self._stale = True
            raise
        finally:
            self._vispy_canvas.context.flush()

    def _draw(self) -> None:
        self._stale = False
        self._vispy_canvas.set_current()
        self._vispy_canvas.events.draw(region=None)

    def _finish(self) -> bool:
        """Have everything drawn, and take over as far as it came; whether there was anything."""
        self._fit()
        try:
            if self._stale:
                self._begin()
        finally:
            drawn, self._in_flight = self._in_flight, False
            if drawn:
                self._read_back()
        return drawn

    def _read_back(self) -> None:
        self.makeCurrent()
        if self._read_pixels is None:
            self._take_picture()
        else:
            height, width, _ = self._read.shape
            self._read_pixels(0, 0, width, height, _GL_BGRA, _GL_UNSIGNED_BYTE, self._read.ctypes.data)
            self._pixels[::-1] = self._read

    def _take_picture(self) -> None:
        """Let Qt read the pixels, which takes longer."""
        assert self._target is not None
        ratio = self._picture.devicePixelRatio()
        self._picture = self._target.toImage().convertToFormat(QImage.Format.Format_RGB32)
        self._picture.setDevicePixelRatio(ratio)
