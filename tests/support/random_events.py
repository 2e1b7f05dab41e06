"""Random events on the real window, and what must hold after each of them.

Every event is drawn from the seed alone where the window looks the same: a run is repeated by its seed, and what went
wrong is named by the number of the event.
"""

from __future__ import annotations

import logging
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QAction, QKeySequence, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QTabBar,
    QWidget,
)
from scipy.ndimage import maximum_filter

from napari_vcf.widgets.common.canvas_widget import canvas_of
from support.window import turn_wheel

#: What ends the program, leaves the machine, opens another case, or belongs to the person's settings and not to the
#: window.
LEFT_OUT = re.compile(
    r"exit|quit|close|restart|plugin|documentation|tutorial|release|homepage|repository|github|report|sample|"
    r"preferences|console|screenshot|about|fullscreen|full screen|tour|getting|examples|image\.sc|layers? to|"
    r"open |recent|chat|startup|save",
    re.IGNORECASE,
)
#: Controls that begin another case, or end this one for good.
NOT_PRESSED = frozenset({"open_sample", "open_folder", "register", "export"})
#: Where the keyboard goes in no window: they end it, or ask for files.
NOT_TYPED = frozenset({"Ctrl+Q", "Ctrl+W", "Ctrl+Shift+W", "Ctrl+R", "Ctrl+Shift+K", "Ctrl+Shift+R", "Ctrl+Shift+P"})
#: napari's own keys and those of other programs, which a hand finds by mistake.
_STRAY = """
    Ctrl+Y Ctrl+G Ctrl+E Ctrl+T Ctrl+A Ctrl+D Ctrl+C Ctrl+V Ctrl+X Ctrl+S Ctrl+O Ctrl+F Ctrl+H Ctrl+M Ctrl+J Ctrl+N
    Ctrl+Shift+T Ctrl+Shift+Y Ctrl+Shift+D Ctrl+Shift+G Ctrl+Shift+V Ctrl+Alt+T Alt+Up Alt+Down Alt+Right Alt+Left
    Ctrl+Left Ctrl+Right Ctrl+Up Ctrl+Down Left Right Up Down Tab Backtab Space Shift+Up Shift+Down Del Backspace
    Return Esc Home End PgUp PgDown A B C D E F G H I J K L M N O P Q R S T U V W X Y Z 0 1 2 3 4 5 6 7 8 9
    F1 F2 F3 F4 F5 F6 F7 F8 F11 F12
"""
STRAY_KEYS = _STRAY.split()
#: They write where something is being written, or are keys of the form.
_EDITING = frozenset(["Del", "Backspace", "Return", "Space", "Esc", "Left", "Right", "Up", "Down", "Ctrl+V", "Ctrl+X"])
CHECK_PIXELS_EVERY = 5
#: Sizes of the window, the first one to begin with.
SIZES = ((1200, 780), (1366, 768), (1000, 700), (1600, 1000))


@dataclass
class Event:
    """One thing that a hand does; `answers` is whether it may change the record."""

    what: str
    run: Callable[[], object]
    answers: bool


@dataclass
class Fault:
    """What did not hold, after which event."""

    number: int
    event: str
    kind: str
    text: str
    before: tuple[str, ...]

    def __str__(self) -> str:
        return f"event {self.number} ({self.event}): {self.kind}: {self.text}"


@dataclass
class Outcome:
    """A run."""

    seed: int
    events: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    changes: int = 0
    looks: int = 0


class _Ears(logging.Handler):
    """Every traceback, wherever it is told: excepthook, logs, napari's notifications, the error stream."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # The program's own sentences are what it is there to say.
        if not record.name.startswith("napari_vcf"):
            self.heard.append(f"{record.name}: {record.getMessage()}")

    @contextmanager
    def listening(self) -> Iterator[_Ears]:
        from napari.utils.notifications import notification_manager

        from napari_vcf.errors import NapariVcfError

        def notified(notification: Any) -> None:
            defect = getattr(notification, "exception", None)
            if defect is not None and not isinstance(defect, NapariVcfError):
                self.heard.append(f"notification: {notification.message}")

        def raised(kind: type[BaseException], error: BaseException, place: Any) -> None:
            import traceback

            self.heard.append("".join(traceback.format_exception(kind, error, place)[-6:]))

        hook, sys.excepthook = sys.excepthook, raised
        notification_manager.notification_ready.connect(notified)
        logging.getLogger().addHandler(self)
        # Named, so that what a crash says is still there.
        with Path(tempfile.gettempdir(), f"napari-vcf-stderr-{os.getpid()}").open("w+b") as stream:
            held = os.dup(2)
            sys.stderr.flush()
            os.dup2(stream.fileno(), 2)
            self._stream, self._read = stream, 0
            try:
                yield self
            finally:
                sys.stderr.flush()
                os.dup2(held, 2)
                os.close(held)
                sys.excepthook = hook
                logging.getLogger().removeHandler(self)
                notification_manager.notification_ready.disconnect(notified)

    def take(self) -> list[str]:
        """What was heard since it was last asked."""
        sys.stderr.flush()
        size = os.fstat(self._stream.fileno()).st_size
        if size > self._read:
            self._stream.seek(self._read)
            text = self._stream.read(size - self._read).decode(errors="replace")
            self._stream.seek(0, os.SEEK_END)
            self._read = size
            if "Traceback" in text or "Error:" in text:
                self.heard.append(text[-3000:])
        heard, self.heard = self.heard, []
        return heard


class RandomHands:
    """A hand that does anything that can be done in one window.

    Parameters
    ----------
    arrangement : Arrangement
        The window, with a case open.
    seed : int
        Draws every event.
    pictures : Path, optional
        Where a picture is kept of what did not look right.
    """

    def __init__(self, arrangement: Any, seed: int, pictures: Path | None = None) -> None:
        self.pictures = pictures
        self.arrangement = arrangement
        self.desk, self.viewport, self.main = arrangement.desk, arrangement.viewport, arrangement.main
        self.random = random.Random(seed)
        self.seed = seed
        self.canvas = canvas_of(arrangement.main)
        self._began = 0.0
        # A dialog waits for an answer in an event loop of its own: somebody must say no.
        self._nay = QTimer()
        self._nay.setInterval(100)
        self._nay.timeout.connect(self._say_no)

    # -- the run ----------------------------------------------------------------------------------------------------
    def run(
        self,
        events: int,
        *,
        most_faults: int = 20,
        told: Callable[[str], object] = lambda _: None,
        each: Callable[[str], object] = lambda _: None,
    ) -> Outcome:
        """Do so many things; stops early where too much goes wrong."""
        outcome, last = Outcome(self.seed), deque[str](maxlen=12)
        ears, started = _Ears(), time.monotonic()
        standing: set[str] = set()
        self._nay.start()
        try:
            with ears.listening():
                for number in range(events):
                    event = self.draw()
                    last.append(event.what)
                    each(f"{number} {event.what}")
                    before = self._record()
                    self._began = time.monotonic()
                    try:
                        event.run()
                        self.settle()
                    except Exception as error:  # noqa: BLE001  (whatever it is, it is a fault with a number)
                        ears.heard.append(f"{type(error).__name__}: {error}")
                    self._began = 0.0
                    self._tidy()
                    outcome.events += 1
                    outcome.kinds[event.what.split(" ")[0]] += 1
                    after = self._record()
                    outcome.changes += before != after
                    found = [("traceback", text) for text in ears.take()]
                    if before != after and not event.answers and before[0] == after[0]:
                        found.append(("the record changed", _difference(before, after)))
                    outcome.looks += number % CHECK_PIXELS_EVERY == 0
                    now = list(self.faults(look=number % CHECK_PIXELS_EVERY == 0))
                    # What goes on from the event before has been said.
                    found += [fault for fault in now if fault[0] not in standing]
                    standing = {kind for kind, _ in now}
                    for kind, text in found:
                        fault = Fault(number, event.what, kind, text, tuple(last))
                        outcome.faults.append(fault)
                        told(str(fault))
                    if now:
                        self._put_right()
                    if len(outcome.faults) >= most_faults:
                        break
                    if number % 500 == 499:
                        told(f"{number + 1} events, {time.monotonic() - started:.0f} s")
        except KeyboardInterrupt:
            # What was found until then is told.
            told("interrupted")
        finally:
            self._nay.stop()
        outcome.seconds = time.monotonic() - started
        return outcome

    def settle(self) -> None:
        """Until what the event set off is done: what was put off to the next turn, and what runs beside the window."""
        errand = self.arrangement.panels["Lesion extent"].proposal.errand
        for _ in range(3):
            QApplication.processEvents()
        while errand.running:
            QTest.qWait(5)

    def _record(self) -> tuple[int, Any, int]:
        reading = self.desk.reading
        return (id(reading), None if reading is None else reading.state, 0 if reading is None else len(reading.log))

    def _say_no(self) -> None:
        if self._began and time.monotonic() - self._began > 0.4:
            for widget in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
                if widget is not None:
                    widget.reject() if isinstance(widget, QDialog) else widget.close()

    def _tidy(self) -> None:
        """Close lists, menus and dialogs that an event has opened, but not always at once."""
        for _ in range(4):
            popup = QApplication.activePopupWidget()
            if popup is None:
                break
            if self.random.random() < 0.3:
                QTest.keyClick(popup, Qt.Key.Key_Down)
            QTest.keyClick(popup, Qt.Key.Key_Escape)
            popup.hide()
            QApplication.processEvents()
        for widget in QApplication.topLevelWidgets():
            if widget is not self.main and widget.isVisible() and isinstance(widget, QDialog):
                widget.reject()
        if not self.main.isActiveWindow():
            self.main.activateWindow()
            QApplication.processEvents()

    def _put_right(self) -> None:
        """What did not hold would not hold after each further event either."""
        viewer = self.viewport.viewer
        with suppress(Exception):
            viewer.canvas.grid.enabled = False
            viewer.dims.ndisplay = 2
            layer = self.viewport.image_layer
            if layer is not None:
                layer.visible, layer.opacity = True, 1.0
            self.viewport.fit()
            self.settle()

    # -- what must hold ---------------------------------------------------------------------------------------------
    def faults(self, *, look: bool) -> Iterator[tuple[str, str]]:
        """What does not hold now."""
        desk, viewer = self.desk, self.viewport.viewer
        if desk.reading is None or desk.image is None or self.viewport.view is None:
            return
        dims = viewer.dims
        if dims.ndisplay != 2:
            yield "3D", "the canvas shows a projection"
            return
        if tuple(dims.order) != tuple(range(dims.ndim)):
            yield "axes", f"the axes are in the order {tuple(dims.order)}"
        if viewer.canvas.grid.enabled:
            yield "grid", "the layers lie side by side"
            return
        if desk.image_id not in {image.id for image in desk.images()}:
            yield "image", f"{desk.image.label} is in front and not of this stage"
        layer = self.viewport.image_layer
        if layer is None or layer not in viewer.layers:
            yield "image", "the layer of the image in front is gone"
            return
        if not layer.visible or layer.opacity < 0.05:
            yield "image", f"the image in front is hidden (visible {layer.visible}, opacity {layer.opacity})"
            return
        title = self.arrangement.title
        if not title.isVisible():
            yield "title", "there is none"
        elif layer.name.split(" ")[0] not in title.text():
            yield "title", f"{title.text()!r} over {layer.name}"
        yield from self._slice(layer, title.text())
        yield from self._tool()
        if look:
            yield from self._picture(layer)

    def _slice(self, layer: Any, title: str) -> Iterator[tuple[str, str]]:
        """The slice that is drawn, the one that is said, and the one that the tools use."""
        position = self.viewport.current_slice_mm
        drawn = round(float(layer.world_to_data(np.asarray(self.viewport.viewer.dims.point)[-3:])[0]))
        positions = np.asarray(self.viewport.view.positions_mm)
        own = int(np.argmin(np.abs(positions - position)))
        if not np.isclose(positions[own], position, atol=1e-3):
            yield "slice", f"the slider stands at {position:.3f} mm, between slices {own} and its neighbour"
        count = np.asarray(layer.data).shape[0] if hasattr(layer.data, "shape") else len(positions)
        if not 0 <= drawn < count:
            yield "slice", f"slice {drawn} of {count} is shown"
        from napari_vcf.widgets.desk.space import position_text

        if position_text(self.viewport.view, position) not in title:
            yield (
                "slice",
                f"the title says {title.splitlines()[-1:]}, the slice is {position_text(self.viewport.view, position)}",
            )

    def _tool(self) -> Iterator[tuple[str, str]]:
        """The tool in hand is that of the panel in front, and draws on the image in front."""
        active = self.arrangement.tools.active
        if active is not None and isinstance(active, QWidget) and not active.isVisible() and self.main.isVisible():
            yield "tool", f"{active.objectName()} is in hand, and its panel is not shown"

    def _picture(self, layer: Any) -> Iterator[tuple[str, str]]:
        """Where the images have contrast at the pixels of the canvas, the canvas has contrast."""
        shot = np.asarray(self.viewport.viewer.screenshot(canvas_only=True, flash=False))[..., :3].astype(float)
        camera, (height, width) = self.viewport.viewer.scene.camera, shot.shape[:2]
        scale = width / max(1, self.canvas.width())
        rows, columns = np.meshgrid(
            np.linspace(0.05, 0.95, 25) * height, np.linspace(0.05, 0.95, 25) * width, indexing="ij"
        )
        center = np.asarray(camera.center)[-2:]
        world = np.stack(
            [
                np.full(rows.shape, self.viewport.current_slice_mm),
                center[0] + (rows - height / 2) / scale / camera.zoom,
                center[1] + (columns - width / 2) / scale / camera.zoom,
            ],
            axis=-1,
        ).reshape(-1, 3)
        _, inside = _gray(layer, world)
        if inside.sum() < 60:
            return
        # What is laid over hides as much of the image in front as it is opaque.
        wanted = np.zeros(len(world))
        shown = [image for image in self.viewport.viewer.layers if image in self.viewport.layers.images.values()]
        for image in shown:
            if image.visible and image.blending != "additive":
                gray, there = _gray(image, world)
                wanted[there] += image.opacity * (gray[there] - wanted[there])
        wanted = wanted[inside]
        seen = shot[rows.astype(int).ravel(), columns.astype(int).ravel()][inside]
        # A colour map that a hand has chosen may have its contrast in one channel alone; of a narrow window only specks
        # may be left, which drawing moves by a pixel.
        near = maximum_filter(shot, size=(9, 9, 1))[rows.astype(int).ravel(), columns.astype(int).ravel()][inside]
        contrast = max(seen.std(axis=0).max(), near.std(axis=0).max())
        if wanted.std() > 0.05 and contrast < 3:
            names = " + ".join(image.name for image in shown if image.visible)
            yield (
                "black",
                f"{names}: contrast {wanted.std():.2f} wanted, {contrast:.1f} of 255 seen; {self._kept(shot)}",
            )

    def _kept(self, shot: np.ndarray) -> str:
        """What lies on the canvas, in words; a picture of it beside, where somebody wants to look."""
        viewer = self.viewport.viewer
        layers = "; ".join(
            f"{layer.name} {type(layer).__name__} {layer.opacity:.2f} {layer.blending}"
            + (f" {layer.colormap.name} {layer.contrast_limits} gamma {layer.gamma}" if hasattr(layer, "gamma") else "")
            for layer in viewer.layers
            if layer.visible
        )
        if self.pictures is not None:
            from PIL import Image

            self.pictures.mkdir(parents=True, exist_ok=True)
            name = f"{self.seed}-{time.strftime('%H%M%S')}"
            Image.fromarray(shot.astype(np.uint8)).save(self.pictures / f"{name}-canvas.png")
            self.main.grab().save(str(self.pictures / f"{name}.png"))
        camera = viewer.scene.camera
        return (
            f"zoom {camera.zoom:.3g}, middle {camera.center}, brightness {shot.min():.0f} to {shot.max():.0f}: {layers}"
        )

    # -- drawing an event -------------------------------------------------------------------------------------------
    def draw(self) -> Event:
        """Something that can be done now."""
        kinds = (
            (self._canvas_mouse, 26),
            (self._wheel, 12),
            (self._bound_key, 18),
            (self._stray_key, 9),
            (self._control, 24),
            (self._menu, 4),
            (self._layer, 6),
            (self._window, 2),
        )
        while True:
            kind = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
            event: Event | None = kind()
            if event is not None:
                return event

    def _place(self, widget: QWidget, *, middle: float = 0.0) -> QPoint:
        if self.random.random() < middle:
            return QPoint(
                int(self.random.gauss(widget.width() / 2, widget.width() / 8)),
                int(self.random.gauss(widget.height() / 2, widget.height() / 8)),
            )
        return QPoint(self.random.randrange(max(1, widget.width())), self.random.randrange(max(1, widget.height())))

    def _modifier(self) -> Qt.KeyboardModifier:
        keys = Qt.KeyboardModifier
        return self.random.choices(
            (keys.NoModifier, keys.ControlModifier, keys.ShiftModifier, keys.AltModifier), (10, 2, 1, 1)
        )[0]

    def _canvas_mouse(self) -> Event:
        widget: QWidget = self.canvas
        panes = [pane for pane in self.arrangement.panes.panes if pane.isVisible()]
        if panes and self.random.random() < 0.2:
            widget = self.random.choice(panes)
        start, end = self._place(widget, middle=0.7), self._place(widget, middle=0.5)
        button = self.random.choices(
            (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton), (8, 1, 1)
        )[0]
        modifier = self._modifier()
        kind = self.random.choices(("click", "drag", "double", "hover", "broken drag"), (5, 5, 1, 2, 1))[0]
        steps = self.random.randrange(2, 6)
        name = widget.objectName() or "canvas"
        what = f"mouse {kind} {button.name} {modifier.name} on {name} {start.x()},{start.y()} -> {end.x()},{end.y()}"

        def send(event_kind: QEvent.Type, place: QPointF, *, down: bool) -> None:
            moved = event_kind == QEvent.Type.MouseMove
            event = QMouseEvent(
                event_kind,
                place,
                QPointF(widget.mapToGlobal(place.toPoint())),
                Qt.MouseButton.NoButton if moved else button,
                button if down else Qt.MouseButton.NoButton,
                modifier,
            )
            QApplication.sendEvent(widget, event)
            # vispy drops moves that come sooner than 10 ms after the last one.
            QTest.qWait(11) if moved else QApplication.processEvents()

        def run() -> None:
            first, last = QPointF(start), QPointF(end)
            if kind == "hover":
                send(QEvent.Type.MouseMove, first, down=False)
                return
            send(QEvent.Type.MouseButtonPress, first, down=True)
            if kind.endswith("drag"):
                for step in range(1, steps + 1):
                    send(QEvent.Type.MouseMove, first + (last - first) * (step / steps), down=True)
            if kind == "broken drag":
                # Another thing is done before the button comes up.
                QTest.keyClick(QApplication.focusWidget() or self.main, self.random.choice("SIVK"))
            send(QEvent.Type.MouseButtonRelease, last if kind.endswith("drag") else first, down=False)
            if kind == "double":
                send(QEvent.Type.MouseButtonDblClick, first, down=True)
                send(QEvent.Type.MouseButtonRelease, first, down=False)

        return Event(what, run, answers=kind != "hover")

    def _wheel(self) -> Event:
        widgets = [self.canvas] * 4 + [pane for pane in self.arrangement.panes.panes if pane.isVisible()]
        widgets += [box for box in self.main.findChildren(QComboBox) if box.isVisible()][:12]
        widget = self.random.choice(widgets)
        place, turn = self._place(widget, middle=0.5), self.random.choice((-120, 120, -240, 240, 7))
        modifier = self._modifier()

        def run() -> None:
            turn_wheel(widget, place, by=turn, modifier=modifier)

        return Event(f"wheel {turn} {modifier.name} on {widget.objectName() or 'canvas'}", run, answers=False)

    def _bound_key(self) -> Event:
        binding = self.random.choice([b for b in self.viewport.keys.bindings if b.key not in NOT_TYPED])
        # Which of the shared keys answers depends on what is in hand.
        answers = binding.group not in {"Image", "Panels"} or isinstance(QApplication.focusWidget(), QLineEdit)
        return Event(f"key {binding.key} ({binding.description})", lambda: self._type(binding.key), answers)

    def _stray_key(self) -> Event | None:
        key = self.random.choice(STRAY_KEYS)
        if key in NOT_TYPED:
            return None
        bound = {binding.key: binding.group for binding in self.viewport.keys.bindings}
        plain = "+" not in key and len(key) == 1
        answers = bound.get(key, "Image") not in {"Image", "Panels"} or plain or key in _EDITING
        return Event(f"stray {key}", lambda: self._type(key), answers)

    def _type(self, keys: str) -> None:
        combination = QKeySequence(keys)[0]
        target = QApplication.focusWidget() or self.main
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())

    def _control(self) -> Event | None:
        kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractSlider, QLineEdit, QTabBar, QAbstractItemView)
        # Each kind has its share: of buttons there are many more.
        kind = self.random.choices(kinds, (10, 3, 2, 2, 2, 3, 2))[0]
        found = [
            widget
            for widget in self.main.findChildren(kind)
            if widget.isVisible()
            and widget.isEnabled()
            and not widget.visibleRegion().isEmpty()
            and widget.objectName() not in NOT_PRESSED
            and not LEFT_OUT.search(f"{widget.objectName()} {widget.toolTip() if kind is not QComboBox else ''}")
        ]
        if not found:
            return None
        widget = self.random.choice(found)
        name = f"{type(widget).__name__} {widget.objectName() or widget.toolTip()[:30]!r}"
        place = self._place(widget)
        if isinstance(widget, QComboBox):
            keys = self.random.choice((Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_End))
            return Event(f"control {name}: {keys.name}", lambda: QTest.keyClick(widget, keys), answers=True)
        if isinstance(widget, QAbstractSpinBox):
            keys = self.random.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_9, Qt.Key.Key_Return))
            return Event(f"control {name}: {keys.name}", lambda: QTest.keyClick(widget, keys), answers=True)
        if isinstance(widget, QLineEdit):
            text = self.random.choice(("C7", "1.5", "a-1", "Zoe", "-", "99999999"))

            def typed() -> None:
                QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
                QTest.keyClicks(widget, text)
                QTest.keyClick(widget, self.random.choice((Qt.Key.Key_Return, Qt.Key.Key_Escape)))

            return Event(f"control {name}: types {text}", typed, answers=True)
        target = widget.viewport() if isinstance(widget, QAbstractItemView) else widget
        click = QTest.mouseDClick if self.random.random() < 0.1 else QTest.mouseClick
        return Event(
            f"control {name} {place.x()},{place.y()}",
            lambda: click(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place),
            # The bar chooses what is looked at; everything on it leaves the answers as they are.
            answers=not self.arrangement.bar.isAncestorOf(widget) or widget.objectName() in {"undo", "redo"},
        )

    def _menu(self) -> Event | None:
        bar = self.main.menuBar()
        if not bar.isEnabled():
            return None
        entries = [entry for entry in _actions(bar.actions()) if not LEFT_OUT.search(entry[0])]
        if not entries:
            return None
        path, action, menus = self.random.choice(entries)
        for menu in menus:
            # Only a menu that a hand has opened knows what can be done now.
            menu.aboutToShow.emit()
        if not action.isEnabled() or not action.isVisible():
            return None
        return Event(f"menu {path}", action.trigger, answers=False)

    def _layer(self) -> Event | None:
        """What napari's layer list, its controls and its model let a hand do to a layer."""
        viewer, draw = self.viewport.viewer, self.random
        if not len(viewer.layers):
            return None
        layer = draw.choice(list(viewer.layers))
        doings: dict[str, Callable[[], object]] = {
            "remove": lambda: viewer.layers.remove(layer),
            "rename": lambda: setattr(layer, "name", draw.choice(("T2", "x", "CT", ""))),
            "hide": lambda: setattr(layer, "visible", False),
            "show": lambda: setattr(layer, "visible", True),
            "fade": lambda: setattr(layer, "opacity", draw.random()),
            "move": lambda: viewer.layers.move(viewer.layers.index(layer), draw.randrange(len(viewer.layers) + 1)),
            "select": lambda: viewer.layers.selection.__setattr__("active", layer),
            "select all": viewer.layers.select_all,
            "remove selected": viewer.layers.remove_selected,
            "toggle": viewer.layers.toggle_selected_visibility,
            "mode": lambda: setattr(layer, "mode", draw.choice([mode.value for mode in layer._modeclass])),
            "scale": lambda: setattr(layer, "scale", np.asarray(layer.scale) * 1.3),
            "translate": lambda: setattr(layer, "translate", np.asarray(layer.translate) + 5),
            "blend": lambda: setattr(layer, "blending", draw.choice(("opaque", "additive", "minimum"))),
            "between": lambda: viewer.dims.set_point(
                self.viewport.slice_axis, self.viewport.current_slice_mm + draw.uniform(-8, 8)
            ),
            "3d": lambda: setattr(viewer.dims, "ndisplay", 3),
            "grid": lambda: setattr(viewer.canvas.grid, "enabled", True),
            "roll": lambda: viewer.dims.roll(),
            "transpose": lambda: viewer.dims.transpose(),
            "reset view": lambda: viewer.fit_to_view() if hasattr(viewer, "fit_to_view") else viewer.reset_view(),
        }
        name = draw.choice(sorted(doings))
        return Event(f"layer {name} {layer.name!r}", doings[name], answers=False)

    def _window(self) -> Event:
        size = self.random.choice(SIZES)
        return Event(f"window {size}", lambda: self.main.resize(*size), answers=False)


def _gray(layer: Any, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grey from 0 to 1 in which an image is shown at points of the slice on the canvas, and which of them lie on it."""
    # A layer lies along the axes or askew, never bent: four points say where all are.
    origin = np.asarray(layer.world_to_data(np.zeros(3)))
    ways = np.array([np.asarray(layer.world_to_data(way)) - origin for way in np.eye(3)])
    index = np.rint(world @ ways + origin).astype(int)
    inside = ((index >= 0) & (index < layer.data.shape)).all(axis=1)
    gray = np.zeros(len(world))
    if inside.any():
        data = np.nan_to_num(np.asarray(layer.data[int(index[inside][0, 0])], dtype=float))
        low, high = layer.contrast_limits
        gray[inside] = np.clip((data[tuple(index[inside, 1:].T)] - low) / max(high - low, 1e-9), 0, 1)
        if layer.colormap.name == "gray_r":
            gray[inside] = 1 - gray[inside]
    return gray, inside


def _actions(
    actions: list[QAction], above: str = "", menus: tuple[QMenu, ...] = ()
) -> Iterator[tuple[str, QAction, tuple[QMenu, ...]]]:
    """Each entry with its path and the menus that are opened on the way to it."""
    for action in actions:
        text = action.text().replace("&", "")
        path = f"{above}/{text}" if above else text
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield from _actions(menu.actions(), path, (*menus, menu))
        elif text:
            yield path, action, menus


def _difference(before: tuple[int, Any, int], after: tuple[int, Any, int]) -> str:
    if before[1] is None or after[1] is None:
        return "the reading was opened or closed"
    names = [
        name
        for name in getattr(type(before[1]), "__dataclass_fields__", {})
        if getattr(before[1], name) != getattr(after[1], name)
    ]
    return f"{', '.join(names) or 'the state'}; {after[2] - before[2]} new entries in the log"


# -- where it happens -----------------------------------------------------------------------------------------------
@contextmanager
def opened_window(place: Path, *, study: bool) -> Iterator[Any]:
    """The real window on a small synthetic case: in a folder, or prepared for a study."""
    from napari_vcf.phantom import PhantomSpec, make_case, write_dicom
    from napari_vcf.widgets.window.launch import open_window

    cases = place / "images"
    for number in range(2 if study else 1):
        phantom = make_case(PhantomSpec(seed=number + 1, mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0))
        write_dicom(phantom, cases / f"Case_{number}")
    arrangement = open_window()
    # A known size: the places of a seed's clicks are those of this window. A small one is drawn sooner.
    arrangement.main.resize(*SIZES[0])
    try:
        if study:
            _begin_study(arrangement, place, cases)
        else:
            arrangement.case_panel.open_folder(cases / "Case_0")
        _wait(lambda: arrangement.desk.reading is not None and arrangement.desk.image is not None)
        _begin_reading(arrangement.desk)
        yield arrangement
    finally:
        arrangement.desk.saved = True
        arrangement.main.close()
        QApplication.processEvents()


def _begin_study(arrangement: Any, place: Path, cases: Path) -> None:
    from napari_vcf.study import create_study, open_study, prepare_study
    from napari_vcf.widgets.study.study_window import begin_study
    from support.studies import protocol_text

    rules = place / "protocol.toml"
    rules.write_text(protocol_text(), encoding="utf-8")
    create_study(place / "study", protocol=rules, readers=("R1", "R2"), seed=1, images=[cases])
    prepare_study(place / "study", workers=0)
    begin_study(arrangement, open_study(place / "study").as_reader("R1"))


def _begin_reading(desk: Any) -> None:
    """Read some of each stage: what is not there cannot be changed by mistake."""
    from napari_vcf.dicom import Role
    from napari_vcf.reading import ITEMS

    reading = desk.reading
    reading.set_spine("L1")
    for stage in desk.stages:
        image = reading.case.with_role(Role.CT if stage == "ct" else Role.T2)[0]
        middle = np.asarray(image.series.grid.center_lps)
        for level, shift, height in (("T12", 34.0, 24.0), ("L1", 0.0, 18.0)):
            for position, y in (("anterior", -12.0), ("middle", 0.0), ("posterior", 12.0)):
                ends = middle + np.array([[0.0, y, shift + height / 2], [0.0, y, shift - height / 2]])
                reading.place_caliper(
                    stage=stage, level=level, position=position, image=image.id, start_lps=ends[0], end_lps=ends[1]
                )
        if stage != "ct":
            shape = image.series.grid.shape
            body = np.zeros(shape, dtype=bool)
            body[shape[0] // 2 - 2 : shape[0] // 2 + 3, 40:52, 40:56] = True
            reading.set_masks(stage, image.id, body, body & (np.arange(shape[2]) < 48))
            adc = reading.case.with_role(Role.ADC)[0]
            axes = adc.series.grid.directions
            rectangle = reading.roi_rectangle(adc.series.grid.center_lps, axes[:, 0], axes[:, 1])
            reading.place_roi(stage=stage, tissue="lesion", placement=1, level="L1", image=adc.id, rectangle=rectangle)
        for key in reading.asked(stage)[::2]:
            if ITEMS[key].values:
                reading.answer(stage, key, ITEMS[key].values[0])
    QApplication.processEvents()


def _wait(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The case did not open.")
        QTest.qWait(20)
    QTest.qWait(300)
