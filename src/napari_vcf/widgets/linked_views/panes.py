"""The linked panes beside the large image: the other images at the same place, and the planes across it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from psygnal import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_vcf.dicom import Role
from napari_vcf.widgets.linked_views.crosshair import Crosshair
from napari_vcf.widgets.linked_views.pane import Pane

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["LAYOUTS", "Layout", "Panes"]

Layout = Literal["all", "planes", "images", "single"]
LAYOUTS: dict[Layout, str] = {
    "all": "Images + planes",
    "planes": "Axial + coronal",
    "images": "Images",
    "single": "One image",
}
_ORDER = (Role.CT, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS, Role.DWI, Role.ADC)


class Panes(QWidget):
    """Panes in as many rows and columns as make them largest.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    """

    layout_changed = Signal(str)
    #: Whether there is anything to show.
    needed = Signal(bool)

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.setObjectName("panes")
        self._viewport, self._desk = viewport, viewport.desk
        desk = viewport.desk
        self.crosshair = Crosshair(viewport)
        self.arrangement: Layout = "all"
        self.panes: list[Pane] = []
        self._shown_for: object = None
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        signals: tuple[Any, ...] = (
            desk.image_changed,
            viewport.frame_changed,
            desk.reading_changed,
            desk.window_changed,
        )
        for signal in (*signals, viewport.drawing_changed, viewport.slice_changed, self.crosshair.moved):
            signal.connect(self._draw)
        desk.opened.connect(lambda: self.set_layout(desk.settings.get("layout", "all")))
        for signal in (desk.opened, desk.closed, desk.stage_changed, desk.image_changed, desk.reading_changed):
            signal.connect(self._fill)
        self._fill()

    def set_layout(self, layout: str) -> None:
        """Choose which panes are shown; a name that is none changes nothing."""
        known = next((name for name in get_args(Layout) if name == layout), None)
        if known is not None and known != self.arrangement:
            self.arrangement = known
            self._fill()
            self._desk.settings.put("layout", known)
            self.layout_changed.emit(known)

    def next_layout(self) -> None:
        """Go to the next choice of panes."""
        names = list(LAYOUTS)
        self.set_layout(names[(names.index(self.arrangement) + 1) % len(names)])

    # -- inside -----------------------------------------------------------------------------------------------------
    def _wanted(self) -> list[tuple[int, str | None]]:
        """Axis and image of each pane."""
        if self._desk.reading is None or self._desk.image_id is None:
            return []
        images = [i for i in self._desk.images() if i.series.role in _ORDER]
        images.sort(key=lambda image: _ORDER.index(image.series.role))
        own: list[tuple[int, str | None]] = [(0, image.id) for image in images]
        planes: list[tuple[int, str | None]] = [(1, None), (2, None)]
        if self.arrangement == "all":
            return own + planes
        return {"planes": planes, "images": own}.get(self.arrangement, [])

    def _fill(self, *_: object) -> None:
        wanted = self._wanted()
        self.needed.emit(bool(wanted))
        self.crosshair.show(bool(wanted))
        if wanted != self._shown_for:
            self._shown_for = wanted
            for old in self.panes:
                self._grid.removeWidget(old)
                old.setParent(None)
                old.deleteLater()
            self.panes = [Pane(self._viewport, self.crosshair, axis, image) for axis, image in wanted]
            for pane in self.panes:
                pane.chosen.connect(self._desk.show)
            self._columns = 0
            self._arrange()
        self._draw()

    def _arrange(self) -> None:
        count = len(self.panes)
        if not count:
            return
        columns = max(range(1, count + 1), key=self._side)
        if columns == self._columns:
            return
        self._columns = columns
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        for number, pane in enumerate(self.panes):
            self._grid.addWidget(pane, number // columns, number % columns)
            self._grid.setRowStretch(number // columns, 1)

    def _side(self, columns: int) -> float:
        """Side of the largest square that fits into each pane."""
        rows = -(-len(self.panes) // columns)
        return min(self.width() / columns, self.height() / rows)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Arrange anew."""
        super().resizeEvent(event)
        self._arrange()

    def _draw(self, *_: object) -> None:
        """Ask for all panes to be drawn: once for a shower of changes, and in one frame with the large image."""
        for pane in self.panes:
            pane.update()
