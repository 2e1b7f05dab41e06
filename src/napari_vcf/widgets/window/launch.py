"""A napari window with the desk in it, from a script or a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_vcf.widgets.common.screen import check_display

if TYPE_CHECKING:
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["open_window"]


def open_window() -> Arrangement:
    """Open a napari window with the reading desk.

    Returns
    -------
    Arrangement

    Raises
    ------
    DisplayError
        If there is no display or no Qt binding.
    CanvasError
        If how the canvas is to be drawn was named wrongly.
    """
    check_display()
    import gc

    import napari

    from napari_vcf.widgets.window.arrangement import arrange
    from napari_vcf.widgets.window.raster_canvas import draw_as_fits

    draw_as_fits()
    viewer = napari.Viewer(title="napari-vcf")
    arrangement = arrange(viewer)
    arrangement.fit_screen()
    # napari collects garbage at each layer it takes off; what is there for good need not be gone through every time.
    gc.collect()
    gc.freeze()
    return arrangement
