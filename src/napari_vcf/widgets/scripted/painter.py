"""The scripted reader at the painter: the body proposed and corrected, or outlined, and the lesion by threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QWidget

from napari_vcf.phantom import PhantomTruth
from napari_vcf.reading.masks import decode_mask
from napari_vcf.widgets.common.shortcuts_in_force import key_of
from napari_vcf.widgets.instruments.extent.panel import ExtentWidget
from napari_vcf.widgets.scripted.eye import best_limit, lesion_seen, pull_of
from napari_vcf.widgets.scripted.hands import Hands, HandsError
from napari_vcf.widgets.scripted.strokes import outline_of

if TYPE_CHECKING:
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["Painter"]

#: Fewer pixels of a slice cannot be clicked around.
_SMALLEST_PX = 10
#: A contour that is not right after so many drags is taken as it is.
_MOST_PULLS = 4
#: Of the reference, how far each press of a key moves the limit, and how many presses are tried.
_STEP, _STEPS = 0.05, range(-8, 31)


class Painter:
    """Paints body and lesion on the T2 with fat suppression, where oedema is bright and the shell is dark.

    Parameters
    ----------
    arrangement : Arrangement
        The desk in its window.
    truth : PhantomTruth
        Where things are.
    hands : Hands
        Mouse and keys.
    go_to_panel : callable
        Goes to a panel by its key.
    shoot : callable
        Called with a name at each stage of the work worth a picture.
    """

    def __init__(
        self,
        arrangement: Arrangement,
        truth: PhantomTruth,
        hands: Hands,
        go_to_panel: Callable[[str], QWidget],
        shoot: Callable[[str], None],
    ) -> None:
        self._viewport, self._desk = arrangement.viewport, arrangement.desk
        self._truth, self._hands, self._go_to_panel, self._shoot = truth, hands, go_to_panel, shoot

    def paint(self, *, proposed: bool) -> None:
        """Estimate by eye, then body and lesion."""
        truth, hands = self._truth, self._hands
        image = self._desk.image_id
        panel = self._go_to_panel("Lesion extent")
        if not isinstance(panel, ExtentWidget):
            raise HandsError("The painter is not where it was.")
        self._panel, self._model = panel, panel.model
        hands.key(key_of(f"extent.estimate_{min(3, int(truth.lesion_share * 4)) + 1}"))
        for _ in self._model.images():
            if self._model.image is not None and self._model.image.id == image:
                break
            hands.key(key_of("extent.image"))
        slices = np.flatnonzero(truth.body_mask.any(axis=(1, 2))).tolist()
        self._middle = slices[len(slices) // 2]
        rows, columns = np.nonzero(truth.body_mask[self._middle])
        hands.look_at(self._world(self._middle, np.array([[rows.mean(), columns.mean()]]))[0], millimetres=75.0)
        drawable = [index for index in slices if np.count_nonzero(truth.body_mask[index]) >= _SMALLEST_PX]
        if proposed:
            self._check_proposal(drawable)
        else:
            hands.key(key_of("extent.outline"))
            # Every second slice by hand, and the outermost that show more than a few pixels; those between follow.
            for index in sorted({*drawable[::2], drawable[-1]}):
                self._outline(index)
        self._lesion()
        hands.go_to(self._world(self._middle, np.zeros((1, 2)))[0])
        self._shoot(f"extent-{self._desk.stage}")
        hands.key(key_of("extent.look"))

    # -- the body ---------------------------------------------------------------------------------------------------
    def _check_proposal(self, drawable: list[int]) -> None:
        """Have the body proposed and go through its slices."""
        hands, errand, found = self._hands, self._panel.proposal.errand, self._model.proposed
        hands.key(key_of("extent.propose"))
        hands.wait_until(lambda: not errand.running and bool(found.kinds), "the body to be proposed")
        hands.wait(100)
        self._shoot("proposal")
        missed = sorted(set(drawable) - set(found.kinds))
        for _ in found.kinds:
            index = self._model.current_index()
            if index is None or index not in found.waiting:
                break
            if index not in drawable:
                hands.key(key_of("extent.reject"))
                continue
            self._pull(index)
            hands.key(key_of("extent.finish"))
        if found.waiting:
            raise HandsError("Slices of the proposed body were passed over.")
        if missed:
            hands.key(key_of("extent.outline"))
            for index in missed:
                self._outline(index)

    def _pull(self, index: int) -> None:
        """Drag the contour on the screen to the edge, where it is off."""
        truth = self._truth
        for _ in range(_MOST_PULLS):
            shape = self._model.proposed.shape_on(index)
            assert shape is not None
            pull = pull_of(shape, truth.body_mask[index], truth.t2_grid.spacing_mm[1:])
            if pull is None:
                return
            self._hands.drag(self._world(index, np.stack([pull.grab, pull.to])))

    def _outline(self, index: int) -> None:
        """Click around the body on a slice."""
        points = self._world(index, outline_of(self._truth.body_mask[index]))
        self._hands.go_to(points[0])
        for point in points:
            self._hands.click_at(point)
        self._hands.key(key_of("extent.finish"))

    # -- the lesion -------------------------------------------------------------------------------------------------
    def _lesion(self) -> None:
        """Compare the body with the normal vertebra below it, and move the limit until the eye agrees."""
        truth, hands, threshold = self._truth, self._hands, self._panel.threshold
        normal = truth.landmarks_mr[truth.level_below]["body_center"]
        hands.go_to(self._viewport.to_world(normal))
        hands.key(key_of("extent.threshold"))
        while threshold.tissue != "normal_vertebra":
            hands.key(key_of("extent.tissue"))
        hands.click_at(self._viewport.to_world(normal))
        signal, image, masks = threshold.signal, self._model.image, self._model.masks
        if signal is None or image is None or masks is None or threshold.side != "brighter":
            raise HandsError("The normal vertebra was not measured.")
        # What is taken is yellow on all slices, and all are looked at.
        body, volume = decode_mask(masks.body, masks.grid.shape), self._desk.volume(image.id)
        values, lesion = [], 0
        for index in np.flatnonzero(body.any(axis=(1, 2))).tolist():
            hands.go_to(self._world(index, np.zeros((1, 2)))[0])
            lesion += int(np.count_nonzero(lesion_seen(body[index], truth.body_mask[index], truth.lesion_mask[index])))
            values.append(np.asarray(volume.data[index][body[index]], dtype=np.float64))
        start = threshold.factor
        limits = {signal.mean * (start + _STEP * step): step for step in _STEPS if start + _STEP * step > 0}
        steps = limits[best_limit(np.concatenate(values), lesion, limits)]
        for _ in range(abs(steps)):
            hands.key(key_of("extent.bigger" if steps > 0 else "extent.smaller"))
        hands.go_to(self._viewport.to_world(normal))
        hands.wait(100)
        self._shoot("threshold")
        hands.key(key_of("extent.finish"))

    def _world(self, index: int, rows_columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """World points of pixels of the MR images."""
        slices = np.full(len(rows_columns), index, dtype=np.float64)
        lps = self._truth.t2_grid.to_lps(np.column_stack([rows_columns[:, 1], rows_columns[:, 0], slices]))
        return self._viewport.frame.to_world(lps)
