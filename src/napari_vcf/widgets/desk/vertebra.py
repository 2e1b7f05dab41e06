"""Where the fractured vertebra is, as far as the reader has shown it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["middle_of_vertebra"]


def middle_of_vertebra(desk: Desk, image_id: str) -> NDArray[np.float64]:
    """The middle of the fractured vertebra's calipers; without any, the middle of the screen.

    Parameters
    ----------
    desk : Desk
        With an image on the screen.
    image_id : str
        The image in whose space the point is wanted.

    Returns
    -------
    ndarray, shape (3,)
        LPS mm.
    """
    reading = desk.reading
    if reading is not None and reading.state.spine is not None:
        level = reading.state.spine.fractured
        ends = [
            desk.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
            for caliper in reading.state.stages[desk.stage].calipers
            if caliper.level == level and desk.can_show(caliper.image)
        ]
        if ends:
            return desk.to_lps(np.concatenate(ends).mean(axis=0), image_id)
    center = np.asarray(desk.viewer.scene.camera.center, dtype=np.float64)[-2:]
    return desk.to_lps([desk.current_slice_mm, *center], image_id)
