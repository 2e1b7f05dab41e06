"""Who has the left mouse button: one instrument at a time, or none (then it moves the image)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

if TYPE_CHECKING:
    from napari_vcf.widgets.desk import Desk

__all__ = ["MouseTools", "Tool"]

#: A generator like napari's mouse drag callbacks: it gets the press, and after each ``yield`` a move, then the release.
Drag = Callable[[Any, Any], Iterator[None] | None]


@dataclass(frozen=True, slots=True)
class Tool:
    """An instrument's use of the left button.

    Attributes
    ----------
    name : str
        Its name.
    drag : callable or None
        Called with (viewer, event); None where the active layer itself takes the mouse (painting).
    on_start, on_end : callable or None
        Called when the tool is taken up and put down.
    cursor : str
        napari's name of the mouse pointer.
    """

    name: str
    drag: Drag | None
    on_start: Callable[[], None] | None = None
    on_end: Callable[[], None] | None = None
    cursor: str = "cross"


class MouseTools:
    """The tools of a desk.

    An event that a tool sees is marked as handled, so that neither napari's camera nor a layer's own mode acts on it.
    ``event.position`` is the world point (slice, row, column) in mm; pass it to ``desk.to_lps``.
    """

    #: Another tool was taken up; carries its name, or None.
    changed = Signal(object)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tools: dict[str, Tool] = {}
        self._current: str | None = None
        desk.viewer.mouse_drag_callbacks.append(self._on_drag)

    @property
    def current(self) -> str | None:
        """Name of the tool that has the mouse."""
        return self._current

    def add(
        self,
        name: str,
        drag: Drag | None,
        *,
        on_start: Callable[[], None] | None = None,
        on_end: Callable[[], None] | None = None,
        cursor: str = "cross",
    ) -> None:
        """Register a tool."""
        self._tools[name] = Tool(name, drag, on_start, on_end, cursor)

    def use(self, name: str | None) -> None:
        """Give a tool the mouse; None gives it back to the image."""
        if name == self._current:
            return
        before = self._tools.get(self._current) if self._current is not None else None
        self._current = None
        if before is not None and before.on_end is not None:
            before.on_end()
        self._current = name
        if name is not None and (start := self._tools[name].on_start) is not None:
            start()
        self.refresh_pointer()
        self.changed.emit(name)

    def toggle(self, name: str) -> None:
        """Take a tool up, or put it down."""
        self.use(None if self._current == name else name)

    def refresh_pointer(self) -> None:
        """Show the tool's mouse pointer; the layer in front may have set its own."""
        tool = self._tools.get(self._current) if self._current is not None else None
        if tool is not None and tool.drag is not None:
            self._desk.viewer.cursor.style = tool.cursor
        elif tool is None:
            self._desk.viewer.cursor.style = "standard"

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        tool = self._tools.get(self._current) if self._current is not None else None
        if tool is None or tool.drag is None or event.button != 1 or self._desk.reading is None:
            return
        event.handled = True
        steps = tool.drag(viewer, event)
        if steps is None:
            return
        for _ in steps:
            event.handled = True
            yield
            event.handled = True
