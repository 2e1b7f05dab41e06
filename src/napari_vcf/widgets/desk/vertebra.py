"""Where the fractured vertebra is, as far as the reader has shown it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["middle_of_vertebra"]


def middle_of_vertebra(viewport: Viewport, image_id: str) -> NDArray[np.float64]:
    """The middle of the fractured vertebra's calipers; without any, the middle of the screen.

    Parameters
    ----------
    viewport : Viewport
        With an image on the screen.
    image_id : str
        The image in whose space the point is wanted.

    Returns
    -------
    ndarray, shape (3,)
        LPS mm.
    """
    desk = viewport.desk
    reading = desk.reading
    if reading is not None and reading.state.spine is not None:
        level = reading.state.spine.fractured
        ends = [
            viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
            for caliper in reading.state.stages[desk.stage].calipers
            if caliper.level == level and viewport.can_show(caliper.image)
        ]
        if ends:
            return viewport.to_lps(np.concatenate(ends).mean(axis=0), image_id)
    center = np.asarray(viewport.viewer.scene.camera.center, dtype=np.float64)[-2:]
    return viewport.to_lps([viewport.current_slice_mm, *center], image_id)
