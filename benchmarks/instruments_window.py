"""The part of the instruments' benchmark that needs a window; run by it as a process of its own, answers in JSON.

A case of a CT and five MR series, prepared and in memory, is opened on the desk with the CT joined to the MRI. The same
arrays are added to a plain napari viewer as layers. Both are timed in turn, until all that they show is on the screen.
The plain viewer's one pane is as large as the desk's image and its linked panes together.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from napari_vcf.dicom import Role, Scan, Series, VolumeInfo
from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.measure import POSITIONS
from napari_vcf.reading import Case, Protocol, Reading
from napari_vcf.registration import RegistrationResult

ROLES = (Role.T1, Role.T2, Role.T2FS, Role.DWI, Role.ADC)
CT_SHAPE, MR_SHAPE = (300, 512, 512), (30, 384, 384)
SIZE = (1400, 900)
SLICES = 12
#: How much of the image is seen while something is drawn or painted on it.
MILLIMETRES = 130.0
ROUNDS = 4


class Shown(NamedTuple):
    """What the desk shows while slices change."""

    text: str
    layout: str
    roles: tuple[Role, ...]
    calipers: bool


#: The first is the comparison that is aimed at.
SHOWN = (
    Shown("five image panes", "images", (Role.CT, Role.T1, Role.T2, Role.T2FS, Role.ADC), calipers=False),
    Shown("six image panes, axial and coronal plane", "all", (Role.CT, *ROLES), calipers=False),
    Shown("the same, nine calipers drawn on each image", "all", (Role.CT, *ROLES), calipers=True),
)


def volumes() -> dict[Role, Volume]:
    rng = np.random.default_rng(3)
    ct = Grid.from_axes(
        CT_SHAPE, origin_lps=(-127.0, -127.0, -150.0), column_direction=(1, 0, 0), row_direction=(0, 1, 0),
        spacing_mm=(1.0, 0.5, 0.5),
    )  # fmt: skip
    mr = Grid.from_axes(
        MR_SHAPE, origin_lps=(-70.0, -150.0, 150.0), column_direction=(0, 1, 0), row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0), spacing_mm=(4.8, 0.8, 0.8),
    )  # fmt: skip
    found = {Role.CT: Volume(ct, rng.normal(100, 200, CT_SHAPE).astype(np.float32), "HU")}
    for role in ROLES:
        unit = "um2/s" if role is Role.ADC else "signal"
        found[role] = Volume(mr, rng.gamma(4.0, 200.0, MR_SHAPE).astype(np.float32), unit)
    return found


def reading_of(found: dict[Role, Volume], roles: tuple[Role, ...], *, calipers: bool) -> Reading:
    """A reading whose CT is joined to the MRI, with nine calipers or none."""
    series = tuple(
        Series(
            key=role.value, series_instance_uid=role.value, modality="CT" if role is Role.CT else "MR", description="",
            role=role, role_evidence="made so", grid=found[role].grid, volumes=(VolumeInfo("made"),),
            unit=found[role].unit, unit_evidence="made so", corrections=(), measurable=True, not_measurable_reason="",
            frame_of_reference_uid=None, stack=None, scale=None,
        )
        for role in roles
    )  # fmt: skip

    def load(item: Series, *_: Any, **__: Any) -> Volume:
        return found[item.role]

    # All images are seen together: the desk would begin with the CT alone.
    reading = Reading(
        Case(Scan(Path(), series, ()), pseudonym="C001", load=load),
        protocol=Protocol(stages=("combined",)), study="S1", reader="R1",
    )  # fmt: skip
    reading.set_spine("L1")
    images = {image.series.role: image.id for image in reading.case.images.values()}
    for level, z in (("T12", 34.0), ("L1", 0.0), ("L2", -34.0)) if calipers else ():
        for position, y in zip(POSITIONS, (-15.0, 0.0, 15.0), strict=True):
            reading.place_caliper(
                stage="combined", level=level, position=position, image=images[Role.T2], start_lps=(2.0, y, z + 12),
                end_lps=(2.0, y, z - 12),
            )  # fmt: skip
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=images[Role.CT], mr_images=[images[Role.T2]], mr_point_lps=(0, 0, 0),
        ct_point_lps=(0, 0, 0),
        result=RegistrationResult(
            "ok", "", RigidTransform.from_rotation_vector((2, -3, 1), (3, 4, -5)), 1.0, 6.0, 4.0
        ),
    )  # fmt: skip
    reading.accept_registration("L1")
    return reading


class Eyes:
    """Waits until widgets have been painted anew."""

    def __init__(self, main: Any) -> None:
        from qtpy.QtCore import QObject

        from napari_vcf.widgets.common.canvas_widget import canvas_of

        self.canvas: Any = canvas_of(main)
        self.drawn = 0
        # The window is put together anew for its other widgets as well, with the canvas as it was.
        self._fresh = False
        self.canvas._vispy_canvas.events.draw.connect(self._on_draw)
        self.canvas.frameSwapped.connect(self._count)
        self._painted: set[int] = set()
        eyes = self

        class Filter(QObject):
            def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802
                if event.type() == event.Type.Paint:
                    eyes._painted.add(id(watched))
                return False

        self._filter = Filter()

    def _on_draw(self, _event: object) -> None:
        self._fresh = True

    def _count(self) -> None:
        self.drawn += self._fresh
        self._fresh = False

    def until(self, act: Callable[[], object], panes: Callable[[], list[Any]] = list) -> float:
        """Seconds from an act until the canvas and all panes are on the screen."""
        from qtpy.QtGui import QCursor
        from qtpy.QtWidgets import QApplication

        before, start = self.drawn, time.perf_counter()
        self._fresh = False
        self._painted.clear()
        act()
        while True:
            for pane in panes():
                pane.installEventFilter(self._filter)
            QApplication.processEvents()
            if self.drawn > before and all(id(pane) in self._painted for pane in panes()):
                # The display answers after it has done all that it was told before.
                QCursor.pos()
                return time.perf_counter() - start
            if time.perf_counter() - start > 60:
                raise TimeoutError("nothing was drawn within a minute")


def settle() -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(400)


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return pages * resource.getpagesize() / 1e6


class Window:
    """What both windows tell, and what a hand does in them."""

    eyes: Eyes

    def send(self, kind: str, place: tuple[float, float], button: str = "LeftButton") -> None:
        """Send a press, move or release of the mouse to the canvas, at a place from its middle in pixels."""
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        canvas = self.eyes.canvas
        at = QPointF(canvas.width() / 2 + place[0], canvas.height() / 2 + place[1])
        none, which = Qt.MouseButton.NoButton, getattr(Qt.MouseButton, button)
        event = QMouseEvent(
            getattr(QEvent.Type, kind), at, QPointF(canvas.mapToGlobal(at.toPoint())),
            none if kind == "MouseMove" else which, none if kind == "MouseButtonRelease" else which,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)

    def move(self, number: int) -> float:
        """Seconds from one move of a drag until it is on the screen."""
        self.rest_hand()
        return self.move_now(number)

    def rest_hand(self) -> None:
        """Wait as long as vispy wants: it leaves out moves that come sooner than 10 ms after the last one."""
        from qtpy.QtTest import QTest

        QTest.qWait(20)

    def move_now(self, number: int) -> float:
        """Seconds from the next move of a drag until it is on the screen."""
        # What moves less than a click's few pixels is no drag.
        place = self.grip[0] + 8.0 + 2.0 * (number % 12), self.grip[1] + 4.0 + 2.0 * (number % 5)
        return self.eyes.until(lambda: self.send("MouseMove", place, self.button))

    def grab(self, place: tuple[float, float], button: str = "LeftButton") -> None:
        """Press the mouse at a place from the canvas' middle."""
        self.grip, self.button = place, button
        settle()
        self.send("MouseMove", place, button)
        settle()
        self.send("MouseButtonPress", place, button)
        settle()

    def let_go(self) -> None:
        """Let the mouse go where it was pressed."""
        self.send("MouseButtonRelease", self.grip, self.button)
        settle()

    def frames(self) -> int:
        """How often the canvas was drawn."""
        settle()
        return self.eyes.drawn

    def rss_mb(self) -> float:
        return rss_mb()


class DeskWindow(Window):
    """The desk in a window of its own."""

    def __init__(self, found: dict[Role, Volume]) -> None:
        import napari

        from napari_vcf.widgets.window.arrangement import arrange
        from napari_vcf.widgets.window.raster_canvas import draw_as_fits

        draw_as_fits()
        self.found = found
        self.viewer = napari.Viewer()
        arrangement = arrange(self.viewer)
        arrangement.main.resize(*SIZE)
        settle()
        self.arrangement = arrangement
        self.desk, self.viewport = arrangement.desk, arrangement.viewport
        self.panes, self.dock = arrangement.panes, arrangement.panes_dock
        self.eyes = Eyes(arrangement.main)

    def open(self, number: int) -> float:
        shown = SHOWN[number]
        reading = reading_of(self.found, shown.roles, calipers=shown.calipers)
        taken = self.eyes.until(lambda: self.desk.start(reading), lambda: self.panes.panes or [self.dock])
        self.panes.set_layout(shown.layout)
        settle()
        return taken

    def step(self, number: int) -> float:
        way = 1 if number % SLICES < SLICES / 2 else -1
        return self.eyes.until(lambda: self.viewport.step_slice(way), lambda: self.panes.panes)

    def begin(self, gesture: str) -> None:
        """Have everything ready for a gesture, and begin it."""
        arrangement, viewport = self.arrangement, self.viewport
        image = next(image for image in self.desk.images() if image.series.role is Role.T2)
        if self.desk.image_id != image.id:
            self.desk.show(image.id)
        viewport.center_on(viewport.to_world((2.0, 0.0, 0.0), image.id), millimetres=MILLIMETRES)
        if gesture == "window":
            self.grab((30.0, 30.0), "RightButton")
        elif gesture == "caliper":
            arrangement.raise_panel("Calipers")
            settle()
            self.grab((0.0, -12.0 * viewport.viewer.scene.camera.zoom))
        elif gesture == "brush":
            shape = image.series.grid.shape
            body = np.zeros(shape, dtype=bool)
            body[12:18, 150:230, 140:240] = True
            self.desk.reading.set_masks("combined", image.id, body, np.zeros(shape, dtype=bool))
            arrangement.raise_panel("Lesion extent")
            settle()
            arrangement.panels["Lesion extent"].set_mode("lesion_add")
            self.grab((0.0, 0.0))

    def other_image(self, number: int) -> float:
        """Seconds until another image, seen before, is in front."""
        images = self.desk.images()
        image = images[number % len(images)]
        return self.eyes.until(lambda: self.desk.show(image.id), lambda: self.panes.panes)

    def next_case(self, reading: Reading | None = None) -> tuple[float, float]:
        """Seconds from a case that is loaded until its first image is on the screen, and until all of it is."""
        if reading is None:
            reading = reading_of(self.found, SHOWN[2].roles, calipers=False)
            settle()
        self.desk.saved = True
        seen: list[float] = []

        def look() -> None:
            if self.desk.reading is reading and self.viewport.image_layer is not None:
                seen.append(time.perf_counter())

        self.eyes.canvas.frameSwapped.connect(look)
        start = time.perf_counter()
        whole = self.eyes.until(lambda: self.desk.start(reading), lambda: self.panes.panes)
        self.eyes.canvas.frameSwapped.disconnect(look)
        return seen[0] - start, whole

    def close(self) -> None:
        self.desk.saved = True
        self.desk.close()
        settle()

    def pixels(self) -> int:
        canvas = self.eyes.canvas
        return int(canvas.width() * canvas.height() + sum(pane.width() * pane.height() for pane in self.panes.panes))

    def panes_shown(self) -> int:
        return len(self.panes.panes)

    def copies_mb(self) -> float:
        """What the panes hold of pixels that are not the volumes' own."""
        size = 0
        for pane in self.panes.panes:
            cut = pane.cut()
            if cut is not None and not any(np.shares_memory(cut.pixels, v.data) for v in self.found.values()):
                size += cut.pixels.nbytes
        return size / 1e6


class PlainWindow(Window):
    """A plain napari viewer with the same arrays."""

    def __init__(self, found: dict[Role, Volume]) -> None:
        import napari

        self.found = found
        self.viewer = napari.Viewer()
        self.main = self.viewer.window._qt_window
        self.main.resize(*SIZE)
        settle()
        self.eyes = Eyes(self.main)

    def _add(self, *roles: Role) -> None:
        for role in roles:
            volume = self.found[role]
            scale = volume.grid.spacing_mm
            self.viewer.add_image(volume.data, name=role.value, contrast_limits=(0, 2000), scale=scale)

    def open(self) -> float:
        taken = self.eyes.until(lambda: self._add(*self.found))
        settle()
        return taken

    def close(self) -> None:
        self.viewer.layers.clear()
        settle()

    def one_pane(self, pixels: int) -> None:
        """Show one image on so many pixels."""
        self.close()
        self._add(Role.T2)
        canvas = self.eyes.canvas
        for _ in range(6):
            settle()
            missing = pixels - canvas.width() * canvas.height()
            self.main.resize(self.main.width() + round(missing / canvas.height()), self.main.height())
        settle()

    def step(self, number: int) -> float:
        return self.eyes.until(lambda: self.viewer.dims.set_current_step(0, 8 + number % SLICES))

    def begin(self, gesture: str) -> None:
        """Have napari's own counterpart of a gesture ready, and begin it."""
        viewer = self.viewer
        volume = self.found[Role.T2]
        _, rows, columns = volume.grid.shape
        scale = volume.grid.spacing_mm
        viewer.scene.camera.center = (0.0, rows * scale[1] / 2, columns * scale[2] / 2)
        viewer.scene.camera.zoom = min(viewer.canvas.size) / MILLIMETRES
        viewer.dims.set_current_step(0, 15)
        middle = np.array([rows * scale[1] / 2, columns * scale[2] / 2])
        if gesture == "caliper":
            lines = [
                middle + np.array([[z - 12.0, y], [z + 12.0, y]])
                for z in (-34.0, 0.0, 34.0)
                for y in (-15.0, 0.0, 15.0)
            ]
            layer = viewer.add_shapes(lines, shape_type="line", ndim=2, edge_width=0.5, edge_color="yellow")
            layer.mode = "direct"
            layer.selected_data = {4}
            self.grab((0.0, -12.0 * viewer.scene.camera.zoom))
        elif gesture == "brush":
            layer = viewer.add_labels(np.zeros(volume.grid.shape, dtype=np.uint8), scale=scale)
            layer.mode, layer.brush_size = "paint", 5
            self.grab((0.0, 0.0))

    def window(self, number: int) -> float:
        """Seconds until another window of the image is on the screen; napari has no drag for it."""
        layer = self.viewer.layers[0]
        return self.eyes.until(lambda: setattr(layer, "contrast_limits", (0.0, 2000.0 + 25.0 * (1 + number % 12))))

    def pixels(self) -> int:
        return int(self.eyes.canvas.width() * self.eyes.canvas.height())


def serve(window: str) -> None:
    """Do what is asked for, a line of JSON for each call."""
    found = volumes()
    shown = DeskWindow(found) if window == "desk" else PlainWindow(found)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(shown, name)(*arguments)), flush=True)


class Remote:
    """A window in a process of its own. It sleeps while it is not asked, so that several can be measured in turn."""

    def __init__(self, window: str, **environment: str) -> None:
        command = [sys.executable, __file__, window]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
        )

    def ask(self, name: str, *arguments: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *arguments]), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            # Libraries print as well.
            if line.strip() and line[0] in "[{-0123456789n":
                return json.loads(line)
        raise RuntimeError(f"The window ended while it was asked for {name}.")

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


class Windows(NamedTuple):
    """The desk as it is, the desk with its canvas drawn by Qt's OpenGL widget, and a plain napari viewer."""

    desk: Remote
    opengl: Remote
    plain: Remote

    def times(self) -> dict[str, list[float]]:
        return {name: [] for name in self._fields}


def changes(windows: Windows, number: int) -> dict[str, Any]:
    """Times of a change of slice, in all windows in turn."""
    desk, opengl, plain = windows
    desk.ask("open", number)
    opengl.ask("open", number)
    plain.ask("one_pane", desk.ask("pixels"))
    times = windows.times()
    for step in range((ROUNDS + 1) * SLICES):
        if step == SLICES:
            # The first round pays for what is drawn for the first time.
            drawn, times = desk.ask("frames"), windows.times()
        for name, window in zip(windows._fields, windows, strict=True):
            times[name].append(window.ask("step", step))
    frames = (desk.ask("frames") - drawn) / (ROUNDS * SLICES)
    kept = {name: desk.ask(name) for name in ("panes_shown", "pixels", "copies_mb")}
    desk.ask("close")
    opengl.ask("close")
    return {"text": SHOWN[number].text, **times, "frames": frames, **kept}


def gestures(windows: Windows) -> dict[str, Any]:
    """Seconds of each move of a drag, in turn; of another image, and of the next case."""
    desk, opengl, plain = windows
    desk.ask("open", 2)
    opengl.ask("open", 2)
    plain.ask("one_pane", desk.ask("pixels"))
    found: dict[str, Any] = {}
    for gesture in ("window", "caliper", "brush"):
        for window in windows:
            window.ask("begin", gesture)
        times = windows.times()
        for number in range((ROUNDS + 1) * SLICES):
            if number == SLICES:
                times = windows.times()
            for name, window in zip(windows._fields, windows, strict=True):
                act = "window" if (gesture, window) == ("window", plain) else "move"
                times[name].append(window.ask(act, number))
        for window in windows:
            if (gesture, window) != ("window", plain):
                window.ask("let_go")
        found[gesture] = times
    found |= other_images({"desk": desk, "opengl": opengl})
    desk.ask("close")
    opengl.ask("close")
    return found


def other_images(desks: dict[str, Remote]) -> dict[str, dict[str, list[float]]]:
    """Seconds until another image is in front, and until the next case is, in turn."""
    kinds: list[dict[str, list[float]]] = [{name: [] for name in desks} for _ in range(3)]
    shown, first, whole = kinds
    for number in range(18):
        for name, desk in desks.items():
            shown[name].append(desk.ask("other_image", number))
    for _ in range(6):
        for name, desk in desks.items():
            seen, all_of_it = desk.ask("next_case")
            first[name].append(seen)
            whole[name].append(all_of_it)
    # Each image comes to the front for the first time in the first six, and the first case with another one.
    shown = {name: times[6:] for name, times in shown.items()}
    first, whole = ({name: times[1:] for name, times in case.items()} for case in (first, whole))
    return {"other_image": shown, "next_case": first, "next_case_whole": whole}


def measured() -> dict[str, Any]:
    """All windows beside each other: seconds and MB."""
    windows = Windows(Remote("desk"), Remote("desk", NAPARI_VCF_CANVAS="opengl"), Remote("plain"))
    times, memory = windows.times(), windows.times()
    for round_ in range(ROUNDS + 1):
        for name, window in zip(windows._fields, windows, strict=True):
            before = window.ask("rss_mb")
            taken = window.ask("open", *([] if name == "plain" else [1]))
            memory[name].append(window.ask("rss_mb") - before)
            # The first opening pays for shaders and fonts.
            if round_:
                times[name].append(taken)
            window.ask("close")
    found = [changes(windows, number) for number in range(len(SHOWN))]
    drags = gestures(windows)
    for window in windows:
        window.end()
    size = sum(int(np.prod(shape)) * 4 for shape in (CT_SHAPE, *[MR_SHAPE] * len(ROLES))) / 1e6
    return {"open": times, "mb": memory, "changes": found, "gestures": drags, "volumes_mb": size}


if __name__ == "__main__":
    serve(sys.argv[1])
