"""Where a pane looks in an image that nothing joins to the one in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, ReadingFrame
from napari_vcf.widgets.desk.space import PatientSpace, View, sagittal_view

__all__ = ["OwnPlace"]


@dataclass(slots=True, eq=False)
class OwnPlace:
    """A plane through an image's own patient space, and a point on it.

    Attributes
    ----------
    image_id : str
        The image.
    space : str
        Its patient space.
    view : View
        Its sagittal plane.
    center : ndarray, shape (3,)
        The point that is looked at, LPS mm.
    """

    image_id: str
    space: PatientSpace
    view: View
    center: NDArray[np.float64]

    @classmethod
    def of(cls, image_id: str, space: PatientSpace, grid: Grid) -> OwnPlace:
        """The middle of an image, on its slice there."""
        place = cls(image_id, space, sagittal_view(space, grid), np.asarray(grid.center_lps, dtype=np.float64))
        place.step(0)
        return place

    @property
    def frame(self) -> ReadingFrame:
        """Its plane."""
        return self.view.frame

    def step(self, steps: int) -> None:
        """Go some slices on; at the last one it stays."""
        world = self.view.frame.to_world(self.center)
        positions = self.view.positions_mm
        index = int(np.abs(positions - world[0]).argmin()) + steps
        world[0] = positions[min(max(index, 0), len(positions) - 1)]
        self.center = self.view.frame.to_lps(world)
