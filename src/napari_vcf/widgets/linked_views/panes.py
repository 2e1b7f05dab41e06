"""The linked panes beside the large image: the other images at the same place, and the planes across it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from psygnal import Signal
from qtpy.QtWidgets import QGridLayout, QLayout, QWidget

from napari_vcf.dicom import Role
from napari_vcf.language import say, shown
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.spaces import same_space
from napari_vcf.reading.stations import covers
from napari_vcf.widgets.linked_views.crosshair import Crosshair
from napari_vcf.widgets.linked_views.pane import Pane
from napari_vcf.widgets.linked_views.sheet import Sheet

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["BESIDE", "LAYOUTS", "Layout", "Panes"]

Layout = Literal["all", "planes", "images", "single"]
LAYOUTS: dict[Layout, str] = {
    "all": say("Images + planes"),
    "planes": say("Axial + coronal"),
    "images": say("Images"),
    "single": say("One image"),
}
#: A layout of one image beside the large one, followed by the label of the image.
BESIDE = "beside:"
#: Side of the least room that panes take, in pixels of the screen.
_LEAST = 110
_ORDER = (Role.CT, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS, Role.DWI, Role.ADC)


def _meet(one: CaseImage, other: CaseImage) -> bool:
    """Whether two images of one space show the same part of the body."""
    return covers(one, other) or covers(other, one)


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
    #: Other panes are shown, which want another share of the window.
    sized = Signal()

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.setObjectName("panes")
        self._viewport, self._desk = viewport, viewport.desk
        desk = viewport.desk
        self.crosshair = Crosshair(viewport)
        self._sheet = Sheet()
        self.arrangement: str = "all"
        self._enlarged: int | None = None
        self._before_beside = "all"
        #: What was shown before two images were compared, and what is shown while they are.
        self._comparison: tuple[str, str] | None = None
        self.panes: list[Pane] = []
        #: Panes that are not needed now. One may be in the middle of the double click that sent it here.
        self._resting: list[Pane] = []
        self._shown_for: object = None
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        # However many there are, panes share the room that there is: none of it is asked of the window, which would
        # grow past the screen and stay so.
        self._grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumSize(_LEAST, _LEAST)
        signals: tuple[Any, ...] = (desk.image_changed, viewport.frame_changed, desk.reading_changed)
        viewport.comparison_changed.connect(self._compare)
        for signal in (*signals, viewport.drawing_changed, viewport.slice_changed, self.crosshair.moved):
            signal.connect(self._draw)
        desk.window_changed.connect(self._draw_image)
        desk.closed.connect(self._sheet.clear)
        desk.opened.connect(lambda: self.set_layout(desk.settings.get("layout", "all")))
        for signal in (desk.opened, desk.closed, desk.stage_changed, desk.image_changed, desk.reading_changed):
            signal.connect(self._fill)
        self._fill()

    def set_layout(self, layout: str) -> None:
        """Choose which panes are shown; a name that is none changes nothing."""
        if layout not in get_args(Layout) and not layout.startswith(BESIDE):
            return
        self._enlarged = None
        # Who chooses has what was chosen, also once a comparison is over.
        self._comparison = None
        if layout != self.arrangement:
            if not self.arrangement.startswith(BESIDE):
                self._before_beside = self.arrangement
            self.arrangement = layout
            self._fill()
            self._desk.settings.put("layout", layout)
            self.layout_changed.emit(layout)
        else:
            self._fill()

    def _compare(self, image_id: str | None) -> None:
        """Show one image beside the large one while the two are compared, or what was shown before; kept nowhere."""
        if image_id is None:
            if self._comparison is None or self.arrangement != self._comparison[1]:
                return
            layout, self._comparison = self._comparison[0], None
        elif self._desk.case is None:
            return
        else:
            layout = f"{BESIDE}{self._desk.case.image(image_id).label}"
            before = self.arrangement if self._comparison is None else self._comparison[0]
            self._comparison = before, layout
        self._enlarged = None
        self.arrangement = layout
        self._fill()
        self.layout_changed.emit(layout)

    def next_layout(self) -> None:
        """Go to the next choice of panes."""
        names: list[str] = list(LAYOUTS)
        here = names.index(self.arrangement) if self.arrangement in names else -1
        self.set_layout(names[(here + 1) % len(names)])

    def choices(self) -> list[tuple[str, str]]:
        """Each choice of panes, in words and by its name, with those of one image beside the large one."""
        every = [(shown(text), str(name)) for name, text in LAYOUTS.items()]
        return every + [(f"| {image.label}", f"{BESIDE}{image.label}") for image in self._images()]

    def next_beside(self) -> None:
        """Put the next image beside the large one; after the last, show the panes that were there before."""
        in_front = self._desk.image_id
        names = [f"{BESIDE}{image.label}" for image in self._images() if image.id != in_front]
        if self.arrangement not in names:
            self.set_layout(names[0] if names else self.arrangement)
        elif self.arrangement == names[-1]:
            self.set_layout(self._before_beside)
        else:
            self.set_layout(names[names.index(self.arrangement) + 1])

    @property
    def is_beside(self) -> bool:
        """Whether one pane stands beside the large image, as large as it."""
        return len(self.panes) == 1 and (self.panes[0].beside or self._enlarged is not None)

    # -- inside -----------------------------------------------------------------------------------------------------
    def _wanted(self) -> list[tuple[int, str | None]]:
        """Axis and image of each pane."""
        if self._desk.reading is None or self._desk.image_id is None:
            return []
        images = self._images()
        own: list[tuple[int, str | None]] = [(0, image.id) for image in images]
        planes: list[tuple[int, str | None]] = [(1, None), (2, None)]
        if self._enlarged is not None:
            return [(self._enlarged, None)]
        if self.arrangement.startswith(BESIDE):
            # An image that this case does not have stands beside nothing: all are shown.
            chosen = self._of_this_station(self.arrangement.removeprefix(BESIDE))
            return own + planes if chosen is None else [(0, chosen.id)]
        if self.arrangement == "all":
            return own + planes
        return {"planes": planes, "images": own}.get(self.arrangement, [])

    def _of_this_station(self, label: str) -> CaseImage | None:
        """The image with a label; of several stations of its role the one that shows what the image in front does."""
        images, front = self._images(), self._desk.image
        named = next((image for image in images if image.label == label), None)
        if named is None or front is None or not same_space(named, front) or _meet(named, front):
            return named
        same = (image for image in images if image.series.role is named.series.role and image.id != front.id)
        return next((image for image in same if same_space(image, front) and _meet(image, front)), named)

    def _images(self) -> list[CaseImage]:
        images = [image for image in self._desk.images() if image.series.role in _ORDER]
        return sorted(images, key=lambda image: _ORDER.index(image.series.role))

    def _enlarge(self, pane: Pane) -> None:
        """Show one plane across the image alone, as large as the image; or all again."""
        self._enlarged = pane.axis if self._enlarged is None else None
        self._fill()

    def _fill(self, *_: object) -> None:
        if self._desk.reading is None:
            self._enlarged = None
        wanted = self._wanted()
        beside = self.arrangement.startswith(BESIDE) and len(wanted) == 1 and self._enlarged is None
        if wanted or not self._desk.replacing:
            # Between two cases the room stays: the canvas would grow and shrink again.
            self.needed.emit(bool(wanted))
        self.crosshair.planes_shown = any(axis for axis, _ in wanted)
        self.crosshair.show(bool(wanted))
        if (wanted, beside) != self._shown_for:
            self._shown_for = wanted, beside
            self._take(wanted, beside=beside)
            self._columns = 0
            self._arrange()
            self.sized.emit()
        self._draw()

    def _take(self, wanted: list[tuple[int, str | None]], *, beside: bool) -> None:
        """Have one pane for each that is wanted: those that show it already, then any other, then new ones."""
        free = [*self.panes, *self._resting]
        kept: dict[tuple[int, str | None], Pane] = {}
        for pane in self.panes:
            if (pane.axis, pane.image_id) in wanted and pane.beside == beside:
                kept[pane.axis, pane.image_id] = pane
                free.remove(pane)
        panes = []
        for axis, image in wanted:
            pane = kept.get((axis, image)) or (free.pop(0) if free else self._new())
            pane.aim(axis, image, beside=beside)
            panes.append(pane)
        for pane in self.panes:
            self._grid.removeWidget(pane)
        for pane in free:
            pane.rest()
        self.panes, self._resting = panes, free

    def _new(self) -> Pane:
        pane = Pane(self._viewport, self.crosshair, 0, sheet=self._sheet)
        pane.setParent(self)
        pane.chosen.connect(self._bring)
        pane.enlarged.connect(self._enlarge)
        return pane

    def _bring(self, image_id: str) -> None:
        """Bring an image to the front; what it stood beside stands beside it."""
        before = self._desk.image
        beside = len(self.panes) == 1 and self.panes[0].beside
        self._desk.show(image_id)
        if beside and before is not None and before.id != self._desk.image_id:
            self.set_layout(f"{BESIDE}{before.label}")

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
            pane.show()

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
        self._sheet.forget()
        for pane in self.panes:
            pane.update()

    def _draw_image(self, image_id: str) -> None:
        """Ask for those that show an image to be drawn."""
        for pane in self.panes:
            if pane.shown == image_id:
                pane.update()
