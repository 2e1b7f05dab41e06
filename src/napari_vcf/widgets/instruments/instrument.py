"""What the instrument panels have in common: the one in the reader's hand has the mouse and the shared keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from qtpy.QtWidgets import QAbstractButton, QDockWidget, QVBoxLayout, QWidget

from napari_vcf.language import joined, say, tr
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import StageState
from napari_vcf.widgets.common.controls import fill_with, find_dock, scrolled
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, SCOPES
from napari_vcf.widgets.common.shortcuts_in_force import key_text, keys_of
from napari_vcf.widgets.desk.viewport import Viewport
from napari_vcf.widgets.instruments.carried.box import CarriedBox

__all__ = ["SHARED", "Holder", "Instrument", "Tool", "ToolManager", "World"]

World = NDArray[np.float64]
#: Group of the keys that each instrument uses in its own way.
SHARED = "Instruments"
#: Narrowest width in which every panel is readable, pixels.
PANEL_WIDTH = 370


class Tool:
    """What an instrument does with the mouse; points are world (slice, row, column) in mm. The base does nothing."""

    #: Whether every point of a drag counts, and not only those that the canvas has time for.
    wants_every_point = False

    def press(self, point: World) -> bool:
        """Left button down; True takes the drag away from the view."""
        del point
        return False

    def drag(self, point: World) -> None:
        """Move with the button down, after a press that was taken."""

    def release(self, point: World) -> None:
        """Button up, after a press that was taken."""

    def hover(self, point: World) -> None:
        """Move with no button down."""

    def double_click(self, point: World) -> bool:
        """Second press of a double click; True if it was used."""
        del point
        return False

    def cancel(self) -> None:
        """Forget what is half done; the reading is untouched."""

    def change_plane(self) -> None:
        """Another plane is on the screen; by default the points of what is half done mean nothing there."""
        self.cancel()

    def take_back(self) -> bool:
        """Take the last step of what is half done back; False where nothing is."""
        return False


class Holder(Protocol):
    """Anything that can have the mouse: an instrument panel, or the registration."""

    tool: Tool | None
    shared_keys: dict[str, Callable[[], object]]

    def taken(self) -> None:
        """It has the mouse from now on."""

    def laid_down(self) -> None:
        """It has the mouse no longer."""


class ToolManager(QObject):
    """Arbiter of one window: gives mouse and shared keys to what is in the reader's hand, one thing at a time.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    """

    #: Something else came into hand; carries it, or None.
    changed = Signal(object)

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.viewport, self.desk = viewport, viewport.desk
        self.active: Holder | None = None
        #: Where the pointer was in the drag that goes on, pixels of the canvas.
        self._trail: list[QPointF] = []
        self._canvas: QWidget | None = None
        # Qt, too, leaves out moves while the program is busy.
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
        self._bound: set[str] = set()
        #: Keys of each instrument and what they do there, by its title, for the list of keys.
        self.sheets: dict[str, dict[str, str]] = {}
        viewer = viewport.viewer
        viewer.mouse_drag_callbacks.append(self._on_drag)
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_double_click_callbacks.append(self._on_double_click)
        viewport.frame_changed.connect(self._on_frame)
        viewport.desk.half_done.append(self._take_back)

    def take(self, holder: Holder) -> None:
        """Put something into the reader's hand; what was there before is laid down."""
        if self.active is holder:
            return
        if self.active is not None:
            self.active.laid_down()
        self.active = holder
        holder.taken()
        self.changed.emit(holder)

    def lay_down(self, holder: Holder) -> None:
        """Take it out of the reader's hand, if it is there; the mouse moves the image then."""
        if self.active is holder:
            self.active = None
            holder.laid_down()
            self.changed.emit(None)

    def share_key(self, key: str, description: str, *, title: str, repeats: bool = False) -> None:
        """Bind a key that several instruments use, each in its own way, for the one that is in tool."""
        self.sheets.setdefault(title, {})[key] = description
        if key not in self._bound:
            self._bound.add(key)
            self.viewport.keys.bind(key, lambda: self._press_key(key), description, group=SHARED, repeats=repeats)
        elif not repeats:
            self.viewport.keys.stop_repeating(key)

    def _press_key(self, key: str) -> None:
        action = self.active.shared_keys.get(key) if self.active is not None else None
        if action is not None:
            action()

    def _on_frame(self) -> None:
        if self.active is not None and self.active.tool is not None:
            self.active.tool.change_plane()

    def _take_back(self) -> bool:
        return self.active is not None and self.active.tool is not None and self.active.tool.take_back()

    def _tool(self) -> Tool | None:
        viewport, desk = self.viewport, self.desk
        usable = desk.reading is not None and viewport.view is not None and viewport.viewer.dims.ndisplay == 2
        return self.active.tool if usable and self.active is not None else None

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        tool = self._tool()
        if tool is None or event.button != 1 or event.modifiers or event.handled:
            return
        if self._is_covered():
            event.handled = True
            return
        # Nothing is drawn unseen.
        self.viewport.hide_drawings(False)
        if not tool.press(_point(event)):
            # What the instrument does not want moves the image.
            return
        camera = viewer.scene.camera
        panned = camera.mouse_pan
        camera.mouse_pan = False
        event.handled = True
        self._trail.clear()
        try:
            yield
            while event.type == "mouse_move":
                self._follow(tool, event)
                event.handled = True
                yield
            self._follow(tool, event, at_end=True)
            tool.release(_point(event))
            event.handled = True
        finally:
            camera.mouse_pan = panned

    def _follow(self, tool: Tool, event: Any, *, at_end: bool = False) -> None:
        """Hand over where the pointer was: of a busy canvas each place, where the tool wants them all."""
        trail = [*self._trail]
        self._trail.clear()
        if tool.wants_every_point:
            for place in trail:
                tool.drag(self._world_at(place))
        if not at_end:
            tool.drag(_point(event))

    def follow_canvas(self, canvas: QWidget) -> None:
        """Note where the pointer goes on the canvas of the window."""
        self._canvas = canvas
        canvas.installEventFilter(self)

    def _world_at(self, place: QPointF) -> World:
        assert self._canvas is not None
        camera = self.viewport.viewer.scene.camera
        row, column = np.asarray(camera.center, dtype=np.float64)[-2:]
        down, right = place.y() - self._canvas.height() / 2, place.x() - self._canvas.width() / 2
        return np.array([self.viewport.current_slice_mm, row + down / camera.zoom, column + right / camera.zoom])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Note every place of the pointer during a drag: the canvas leaves out those that follow too soon."""
        del watched
        if event.type() == QEvent.Type.MouseMove and event.buttons() & Qt.MouseButton.LeftButton:
            self._trail.append(event.position())
        return False

    def _is_covered(self) -> bool:
        """Whether another image hides the one in front, which is the one that is measured; said where it is so."""
        covered_by, case, image = self.viewport.covered_by, self.desk.case, self.desk.image
        if covered_by is None or case is None or image is None:
            return False
        over = case.image(covered_by).label
        self.desk.message.emit(
            say(
                "{over} hides {label}, which would be measured: take it off first ({key}).",
                over=over,
                label=image.label,
                key=key_text("image.flicker"),
            ),
            "warning",
        )
        return True

    def _on_move(self, _viewer: Any, event: Any) -> None:
        tool = self._tool()
        if tool is not None and not event.is_dragging:
            tool.hover(_point(event))

    def _on_double_click(self, _viewer: Any, event: Any) -> None:
        tool = self._tool()
        if (
            tool is not None
            and event.button == 1
            and self.viewport.covered_by is None
            and tool.double_click(_point(event))
        ):
            event.handled = True


def _point(event: Any) -> World:
    return np.asarray(event.position, dtype=np.float64)[-3:]


class Instrument(QWidget):
    """A panel in a dock. It comes into hand when it comes to the front.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    #: Object name of the panel, for scripts.
    name = "instrument"
    #: Heading of its keys; its name, where this is empty.
    title = ""
    #: What of the panel was carried from earlier stages and waits, and how it is shown; None where nothing can be.
    carried: CarriedBox | None = None
    #: Key of the item that is worked out from what is drawn with it.
    item = ""
    #: Whether masks step back while it is in hand: they would hide what it measures.
    hides_masks = False

    def __init__(self, tools: ToolManager) -> None:
        super().__init__()
        self.setObjectName(self.name)
        self.tools = tools
        self.viewport, self.desk = tools.viewport, tools.desk
        self.tool: Tool | None = None
        self.shared_keys: dict[str, Callable[[], object]] = {}
        self._dock: QDockWidget | None = None
        self.setMinimumWidth(PANEL_WIDTH)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(6, 6, 6, 6)
        self.column.setSpacing(6)
        self.area = scrolled(inside, sideways=False)
        fill_with(self, self.area)

    def follow_desk(self) -> None:
        """Refresh with everything that changes on the desk; called once the panel is built."""
        viewport, desk = self.viewport, self.desk
        # Before anything is shown of the new stage.
        desk.stage_changed.connect(self._on_stage)
        for signal in (desk.opened, desk.closed, desk.stage_changed, desk.image_changed, viewport.frame_changed):
            signal.connect(self._on_desk)
        desk.reading_changed.connect(self._on_desk)
        for signal in (desk.opened, desk.stage_changed):
            signal.connect(self._on_other_images)
        self.refresh()

    def _on_desk(self, *_: object) -> None:
        self.refresh()

    def _on_stage(self, _stage: str) -> None:
        self.begin_stage()

    def begin_stage(self) -> None:
        """Forget what was chosen, compared or half drawn in the stage before: nothing of it is seen in the next."""
        if self.tool is not None:
            self.tool.cancel()

    def _on_other_images(self, *_: object) -> None:
        # The desk is still choosing its first image; what is in hand prepares itself afterwards.
        QTimer.singleShot(0, self._prepare_again)

    def _prepare_again(self) -> None:
        if self.in_hand:
            self.taken()

    @property
    def in_hand(self) -> bool:
        """Whether this instrument has the mouse."""
        return self.tools.active is self

    @property
    def stage(self) -> StageState | None:
        """What was done in the stage on the desk; None without a case."""
        reading = self.desk.reading
        return None if reading is None else reading.state.stages[self.desk.stage]

    def guide_text(self, guidance: str) -> str:
        """What the guide says: first, where that is so, that this stage does not ask for what is measured here."""
        reading, stage = self.desk.reading, self.desk.stage
        if reading is None or self.item in reading.asked(stage):
            return guidance
        unasked = tr("{stage} does not ask for this: nothing has to be drawn here.", stage=STAGE_NAMES[stage])
        return f"{unasked} {guidance}"

    def share(self, action: str, run: Callable[[], object], *, detail: str = "") -> None:
        """Bind an action of the register while this instrument is in hand; a detail goes behind its sentence."""
        known = ACTIONS[action]
        text = joined(" ", (known.text, detail)) if detail else known.text
        for key in keys_of(action):
            self.shared_keys[key] = run
            self.tools.share_key(key, text, title=SCOPES[known.scope], repeats=known.repeats)

    def button(self, name: str) -> QAbstractButton:
        """A button of this panel by its object name."""
        found = self.findChild(QAbstractButton, name)
        if found is None:
            raise LookupError(f"There is no button '{name}' in {self.name}.")
        return found

    def refresh(self) -> None:
        """Redraw panel and layers from the state of the reading."""

    def taken(self) -> None:
        """The instrument comes into the reader's tool."""

    def laid_down(self) -> None:
        """The instrument leaves the reader's tool."""

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Come back into hand when the panel is clicked."""
        self.tools.take(self)
        super().mousePressEvent(event)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Come into hand when the panel comes to the front."""
        super().showEvent(event)
        dock = find_dock(self)
        if dock is None:
            self.tools.take(self)
        elif dock is not self._dock:
            # Behind another tab a docked panel is neither hidden nor told; only its dock knows.
            self._dock = dock
            dock.visibilityChanged.connect(self._on_front)
            if not self.visibleRegion().isEmpty():
                self._on_front(front=True)

    def hideEvent(self, event: Any) -> None:  # noqa: N802
        """Leave the hand when the panel is closed."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._on_front(front=False)

    def _on_front(self, front: bool) -> None:
        if front:
            self.tools.take(self)
        elif self.window().isVisible():
            # While the window closes there is nothing left to tidy up.
            self.tools.lay_down(self)
