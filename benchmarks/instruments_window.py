"""The part of the instruments' benchmark that needs a window; run by it in a process of its own, answers in JSON.

A case of a CT and five MR series, prepared and in memory, is opened on the desk with the CT joined to the MRI. The same
arrays are added to a plain napari viewer as layers. Both are timed in turn, until everything they show is on the screen.
The plain viewer's one pane is as large as the desk's image and its linked panes together.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_vcf.dicom import Role, Scan, Series, VolumeInfo
from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.measure import POSITIONS
from napari_vcf.reading import Case, Reading
from napari_vcf.registration import RegistrationResult

ROLES = (Role.T1, Role.T2, Role.T2FS, Role.DWI, Role.ADC)
CT_SHAPE, MR_SHAPE = (300, 512, 512), (30, 384, 384)
SIZE = (1400, 900)
SLICES = 12
ROUNDS = 3
#: Choices of linked panes: those of the layout, the images of the case, and what the row says.
CASES: dict[str, tuple[str, tuple[Role, ...]]] = {
    "five": ("images", (Role.CT, Role.T1, Role.T2, Role.T2FS, Role.ADC)),
    "all": ("all", (Role.CT, *ROLES)),
}


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


def reading_of(found: dict[Role, Volume], roles: tuple[Role, ...]) -> Reading:
    """A reading with a joined CT and nine calipers."""
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

    reading = Reading(Case(Scan(Path(), series, ()), pseudonym="C001", load=load), study="S1", reader="R1")
    reading.set_spine("L1")
    images = {image.series.role: image.id for image in reading.case.images.values()}
    for level, z in (("T12", 34.0), ("L1", 0.0), ("L2", -34.0)):
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
        from qtpy.QtOpenGLWidgets import QOpenGLWidget

        canvases = [canvas for canvas in main.findChildren(QOpenGLWidget) if canvas.isVisible()]
        self.canvas = max(canvases, key=lambda canvas: canvas.width() * canvas.height())
        self.drawn = 0
        self.canvas.frameSwapped.connect(self._count)
        self._painted: set[int] = set()
        eyes = self

        class Filter(QObject):
            def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802
                if event.type() == event.Type.Paint:
                    eyes._painted.add(id(watched))
                return False

        self._filter = Filter()

    def _count(self) -> None:
        self.drawn += 1

    def until(self, act: Callable[[], object], panes: Callable[[], list[Any]] = list) -> float:
        """Seconds from an act until the canvas and all panes are on the screen."""
        from qtpy.QtWidgets import QApplication

        before, start = self.drawn, time.perf_counter()
        self._painted.clear()
        act()
        while True:
            for pane in panes():
                pane.installEventFilter(self._filter)
            QApplication.processEvents()
            if self.drawn > before and all(id(pane) in self._painted for pane in panes()):
                return time.perf_counter() - start
            if time.perf_counter() - start > 60:
                raise TimeoutError("nothing was drawn within a minute")


def settle() -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(400)


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return pages * resource.getpagesize() / 1e6


class DeskWindow:
    """The desk in a window of its own."""

    def __init__(self, found: dict[Role, Volume]) -> None:
        import napari

        from napari_vcf.widgets.docks import arrange

        self.found = found
        self.viewer = napari.Viewer()
        arrangement = arrange(self.viewer)
        arrangement.main.resize(*SIZE)
        settle()
        self.desk, self.panes, self.dock = arrangement.desk, arrangement.panes, arrangement.panes_dock
        self.eyes = Eyes(arrangement.main)

    def open(self, name: str) -> float:
        layout, roles = CASES[name]
        self.desk.remembered.put("layout", layout)
        reading = reading_of(self.found, roles)
        taken = self.eyes.until(lambda: self.desk.start(reading), lambda: self.panes.panes or [self.dock])
        settle()
        return taken

    def step(self, number: int) -> float:
        way = 1 if number % SLICES < SLICES / 2 else -1
        return self.eyes.until(lambda: self.desk.step_slice(way), lambda: self.panes.panes)

    def close(self) -> None:
        self.desk.saved = True
        self.desk.close()
        settle()

    @property
    def pixels(self) -> int:
        canvas = self.eyes.canvas
        return int(canvas.width() * canvas.height() + sum(pane.width() * pane.height() for pane in self.panes.panes))

    def copies_mb(self) -> float:
        """What the panes hold of pixels that are not the volumes' own."""
        size = 0
        for pane in self.panes.panes:
            cut = pane.cut()
            if cut is not None and not any(np.shares_memory(cut.pixels, v.data) for v in self.found.values()):
                size += cut.pixels.nbytes
        return size / 1e6


class PlainWindow:
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

    @property
    def pixels(self) -> int:
        return int(self.eyes.canvas.width() * self.eyes.canvas.height())


def slices(desk: DeskWindow, plain: PlainWindow, name: str) -> dict[str, Any]:
    """Times of a change of slice, the desk's and the plain viewer's in turn."""
    desk.open(name)
    plain.one_pane(desk.pixels)
    ours, theirs = [], []
    for number in range((ROUNDS + 1) * SLICES):
        if number == SLICES:
            # The first round pays for what is drawn for the first time.
            ours, theirs, drawn = [], [], desk.eyes.drawn
        ours.append(desk.step(number))
        theirs.append(plain.step(number))
    settle()
    found = {
        "desk": ours,
        "plain": theirs,
        "panes": len(desk.panes.panes),
        "frames": (desk.eyes.drawn - drawn) / (ROUNDS * SLICES),
        "pixels": [desk.pixels, plain.pixels],
        "copies_mb": desk.copies_mb(),
    }
    desk.close()
    return found


def main() -> None:
    found = volumes()
    desk, plain = DeskWindow(found), PlainWindow(found)
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {"desk": [], "plain": []}
    memory: dict[str, list[float]] = {"desk": [], "plain": []}
    # The first opening pays for shaders and fonts.
    for round_ in range(ROUNDS + 1):
        for name, act, end in (
            ("desk", lambda: desk.open("all"), desk.close),
            ("plain", plain.open, plain.close),
        ):
            before = rss_mb()
            taken = act()
            memory[name].append(rss_mb() - before)
            if round_:
                times[name].append(taken)
            end()
    found_slices = {name: slices(desk, plain, name) for name in CASES}
    size = sum(volume.data.nbytes for volume in found.values()) / 1e6
    print(json.dumps({"open": times, "mb": memory, "slices": found_slices, "volumes_mb": size}))


if __name__ == "__main__":
    sys.exit(main())
