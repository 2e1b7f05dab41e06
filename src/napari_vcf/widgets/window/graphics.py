"""What the window will be drawn with: binding, screens and OpenGL.

Run as a program it prints what it found as JSON. A Qt that finds no display ends its whole process, so whoever only
wants to know asks a process of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

__all__ = ["drawn_in_software", "gl_in_use", "graphics"]

#: Parts of the names that programs which draw OpenGL without a graphics card give themselves.
_SOFTWARE = frozenset({"llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic", "basic render"})


def graphics() -> dict[str, Any]:
    """Ask Qt for its binding, screens and OpenGL.

    Returns
    -------
    dict
        ``binding``, ``qt`` (its version), ``platform``, ``screens`` (``width`` and ``height`` in pixels of the desktop,
        ``scale``), and ``gl``, as `gl_in_use` gives it.

    Raises
    ------
    ImportError
        If there is no binding, or a system library that it needs is missing.
    """
    for binding in ("PySide6", "PyQt6"):
        if importlib.util.find_spec(binding) is not None:
            # Without a system library qtpy says that there is no binding; the binding itself names the library.
            importlib.import_module(f"{binding}.QtGui")
    import qtpy
    from qtpy.QtGui import QGuiApplication

    app = QGuiApplication.instance() or QGuiApplication([])
    return {
        "binding": qtpy.API_NAME,
        "qt": qtpy.QT_VERSION,
        "platform": app.platformName(),
        "screens": [
            {
                "width": screen.geometry().width(),
                "height": screen.geometry().height(),
                "scale": float(screen.devicePixelRatio()),
            }
            for screen in app.screens()
        ],
        "gl": gl_in_use(),
    }


def drawn_in_software(renderer: str) -> bool:
    """Whether an OpenGL of this name draws with the processor, without a graphics card."""
    return any(name in renderer.lower() for name in _SOFTWARE)


def gl_in_use() -> dict[str, str] | None:
    """Ask what draws OpenGL; an application has to be there.

    Returns
    -------
    dict or None
        ``vendor``, ``renderer`` and ``version`` as it names them; None where no context can be made.
    """
    from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
    from vispy.gloo import gl

    context = QOpenGLContext()
    surface = QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return None
    try:
        return {
            "vendor": gl.glGetParameter(gl.GL_VENDOR),
            "renderer": gl.glGetParameter(gl.GL_RENDERER),
            "version": gl.glGetParameter(gl.GL_VERSION),
        }
    finally:
        context.doneCurrent()


if __name__ == "__main__":
    print(json.dumps(graphics()))  # noqa: T201
