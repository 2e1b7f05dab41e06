"""The slice on the canvas: one number that napari's slider, the title, the tools and the counts follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_vcf.widgets.desk.space import View

__all__ = ["Slices"]


class Slices:
    """The slices of a view, of which one is drawn; napari's sliders are held to them.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer that draws.
    in_grid : bool
        Whether its layers are shown in cells side by side, which napari calls a grid, or on each other.

    Attributes
    ----------
    view : View or None
        Whose slices they are.
    index : int
        Number of the slice that is drawn.
    wanted_mm : float
        Where the reader went, mm in the world. Another image may have no slice there; going back, this one has.
    """

    #: Another slice is drawn; carries its position in mm.
    changed = Signal(float)

    def __init__(self, viewer: Any, *, in_grid: bool = False) -> None:
        self._viewer = viewer
        self._in_grid = in_grid
        self.view: View | None = None
        self.index = 0
        self.wanted_mm = 0.0
        self._ndim = 0
        self._held = 0
        #: The slice that the wheel has been turned to since a slice was last drawn, where that is another one.
        self._turned_to: int | None = None
        self._turn = QTimer()
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self.end_turn)
        dims = viewer.dims.events
        dims.point.connect(self._on_point)
        dims.order.connect(self._on_order)
        dims.range.connect(self._on_range)
        dims.ndisplay.connect(self._on_layout)
        viewer.canvas.grid.events.enabled.connect(self._on_layout)

    @property
    def axis(self) -> int:
        """Number of napari's axis through the slices: a layer of somebody else's may have put more axes before it."""
        return max(0, int(self._viewer.dims.ndim) - 3)

    @property
    def current_mm(self) -> float:
        """World position of the slice that is drawn."""
        return 0.0 if self.view is None else float(self.view.positions_mm[self.index])

    def nearest(self, position_mm: float) -> int:
        """Number of the slice nearest to a world position."""
        return 0 if self.view is None else int(np.abs(self.view.positions_mm - position_mm).argmin())

    def is_on_current(self, point_world: ArrayLike) -> bool:
        """Whether a world point belongs to the slice that is drawn."""
        if self.view is None:
            return False
        position = float(np.asarray(point_world)[0])
        index = self.nearest(position)
        beyond = abs(position - float(self.view.positions_mm[index])) > self.view.grid.spacing_mm[0] / 2 + 1e-6
        return not beyond and index == self.index

    def go_to(self, index: int) -> None:
        """Draw a slice; a number beyond the last or first means that one."""
        # Whoever goes elsewhere after the wheel was turned stays there.
        self._turned_to = None
        if self.view is None:
            return
        index = self._within(index, self.view)
        changed, self.index = index != self.index, index
        self.wanted_mm = self.current_mm
        self.draw()
        if changed and not self._held:
            self.changed.emit(self.current_mm)

    @staticmethod
    def _within(index: int, view: View) -> int:
        return int(np.clip(index, 0, len(view.positions_mm) - 1))

    def turn(self, slices: int) -> None:
        """Go some slices on or back by the wheel, which a hand turns faster than a busy machine draws.

        The first notch is drawn at once. Those that have piled up behind it by then are gone through together: only the
        slice to which they lead is drawn.
        """
        if self.view is None:
            return
        waiting = self._turn.isActive()
        self._turned_to = self._within((self.index if self._turned_to is None else self._turned_to) + slices, self.view)
        if not waiting:
            self.end_turn()

    def end_turn(self) -> None:
        """Draw the slice to which the wheel was turned; before anything else is done there."""
        if self._turned_to is not None:
            self.go_to(self._turned_to)
            # Runs out only when all that waits in the window's queue has been heard.
            self._turn.start()

    def set_view(self, view: View | None) -> None:
        """Take over the slices of another view, at its first one."""
        self.view, self.index, self._turned_to = view, 0, None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Say nothing, and take nothing over from napari, while layers come and go."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._ndim = int(self._viewer.dims.ndim)

    def draw(self) -> None:
        """Let napari draw the slice, and its slider go through the view's slices alone."""
        if self.view is None or self._viewer.dims.ndim < 3:
            # Until images that were deleted by hand are back there is nothing to go through.
            return
        dims, axis, positions = self._viewer.dims, self.axis, self.view.positions_mm
        self._held += 1
        try:
            step = float(self.view.grid.spacing_mm[0])
            # napari counts steps by cutting off: a rounding short of the last slice would leave it out.
            wanted = (float(positions[0]), float(positions[-1]) + 1e-6 * step, step)
            if max(abs(one - other) for one, other in zip(dims.range[axis], wanted, strict=True)) > 1e-9:
                dims.set_range(axis, wanted)
            if dims.point[axis] != positions[self.index]:
                with self._asked_once():
                    dims.set_point(axis, float(positions[self.index]))
        finally:
            self._held -= 1

    def _asked_once(self) -> AbstractContextManager[object]:
        """Have napari ask its layers for a slice once: it tells of a point twice, by its place and by its step."""
        ask = getattr(self._viewer, "_update_layers", None)
        return nullcontext() if ask is None else self._viewer.dims.events.current_step.blocker(ask)

    def _on_point(self, _event: Any = None) -> None:
        """Take over where napari's slider was moved to: a slice of the image, never a place between two."""
        if self.view is None or self._held or self._viewer.dims.ndim < 3:
            return
        dims = self._viewer.dims
        if dims.ndim != self._ndim:
            # A layer of somebody else's has put axes before the slices, or taken them away: nobody has moved.
            self._ndim = int(dims.ndim)
            self.draw()
        else:
            self.go_to(self.nearest(float(dims.point[self.axis])))

    def _on_range(self, _event: Any = None) -> None:
        if not self._held:
            self.draw()

    def hold_layout(self) -> None:
        """Be on one upright slice again, where napari failed in the middle of a change and told nobody of it.

        A layer of somebody else's that cannot be laid out anew ends the round in which all others are told.
        """
        self._on_order()
        self._on_layout()

    def _on_layout(self, _event: Any = None) -> None:
        """Keep napari from a projection under the title of one slice, and images on each other or side by side."""
        if self.view is None:
            return
        if self._viewer.dims.ndisplay != 2:
            self._viewer.dims.ndisplay = 2
        if self._viewer.canvas.grid.enabled != self._in_grid:
            self._viewer.canvas.grid.enabled = self._in_grid

    def _on_order(self, _event: Any = None) -> None:
        """Keep napari from rolling or transposing the axes: letters, slices and instruments know the plane's own."""
        dims = self._viewer.dims
        upright = tuple(range(dims.ndim))
        if self.view is not None and tuple(dims.order) != upright:
            dims.order = upright
