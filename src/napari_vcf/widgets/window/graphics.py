"""What the window will be drawn with: binding, screens and OpenGL.

Run as a program it prints what it found as JSON. A Qt that finds no display ends its whole process, so whoever only
wants to know asks a process of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

__all__ = ["graphics"]


def graphics() -> dict[str, Any]:
    """Ask Qt for its binding, screens and OpenGL.

    Returns
    -------
    dict
        ``binding``, ``qt`` (its version), ``platform``, ``screens`` (``width`` and ``height`` in pixels of the desktop,
        ``scale``), and ``gl`` (``vendor``, ``renderer``, ``version``), which is None where no context can be made.

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
        "gl": _gl(),
    }


def _gl() -> dict[str, str] | None:
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
