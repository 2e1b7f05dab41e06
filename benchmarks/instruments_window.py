"""The part of the instruments' benchmark that needs a window; run by it in a process of its own, answers in JSON.

A case of a CT and five MR series, prepared and in memory, is opened on the desk with the CT joined to the MRI. The same
arrays are added to a plain napari viewer as layers. Both windows have the same size, and both are timed until what they
show is on the screen.
"""

from __future__ import annotations

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
from napari_vcf.reading import Case, Reading
from napari_vcf.registration import RegistrationResult

ROLES = (Role.T1, Role.T2, Role.T2FS, Role.DWI, Role.ADC)
CT_SHAPE, MR_SHAPE = (300, 512, 512), (30, 384, 384)
SIZE = (1400, 900)
SLICES = 12
ROUNDS = 3


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


def reading_of(found: dict[Role, Volume]) -> Reading:
    series = tuple(
        Series(
            key=role.value, series_instance_uid=role.value, modality="CT" if role is Role.CT else "MR", description="",
            role=role, role_evidence="made so", grid=volume.grid, volumes=(VolumeInfo("made"),), unit=volume.unit,
            unit_evidence="made so", corrections=(), measurable=True, not_measurable_reason="",
            frame_of_reference_uid=None, stack=None, scale=None,
        )
        for role, volume in found.items()
    )  # fmt: skip

    def load(item: Series, *_: Any, **__: Any) -> Volume:
        return found[item.role]

    reading = Reading(Case(Scan(Path(), series, ()), pseudonym="C001", load=load), study="S1", reader="R1")
    reading.set_spine("L1")
    images = {image.series.role: image.id for image in reading.case.images.values()}
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


def desk_times(found: dict[Role, Volume]) -> dict[str, list[float]]:
    import gc

    import napari

    from napari_vcf.widgets.docks import arrange

    viewer = napari.Viewer()
    arrangement = arrange(viewer)
    arrangement.main.resize(*SIZE)
    gc.collect()
    gc.freeze()
    settle()
    desk, panes = arrangement.desk, arrangement.panes
    eyes = Eyes(arrangement.main)
    times: dict[str, list[float]] = {"open": [], "slice": [], "mb": []}
    # The first case pays for shaders and fonts, as the first layer of a plain viewer does.
    for round_ in range(ROUNDS + 1):
        reading = reading_of(found)
        before = rss_mb()
        taken = eyes.until(lambda r=reading: desk.start(r), lambda: panes.panes or [arrangement.panes_dock])
        settle()
        if round_:
            times["open"].append(taken)
        for step in range(SLICES):
            taken = eyes.until(lambda s=step: desk.step_slice(1 if s < SLICES / 2 else -1), lambda: panes.panes)
            if round_:
                times["slice"].append(taken)
        times["mb"].append(rss_mb() - before)
        times["panes"] = [len(panes.panes)]
        desk.saved = True
        desk.close()
        settle()
    times["canvas_px"] = [float(eyes.canvas.width() * eyes.canvas.height())]
    times["panes_px"] = [float(panes.width() * panes.height())]
    viewer.close()
    return times


def plain_times(found: dict[Role, Volume], total_px: float) -> dict[str, list[float]]:
    import napari

    times: dict[str, list[float]] = {"add": [], "slice": []}
    viewer = napari.Viewer()
    main = viewer.window._qt_window
    main.resize(*SIZE)
    settle()
    eyes = Eyes(main)

    def add() -> None:
        for role, volume in found.items():
            viewer.add_image(volume.data, name=role.value, contrast_limits=(0, 2000), scale=volume.grid.spacing_mm)

    for round_ in range(ROUNDS + 1):
        taken = eyes.until(add)
        settle()
        if round_:
            times["add"].append(taken)
        viewer.layers.clear()
        settle()
    # One pane as large as the desk's image and its linked panes together.
    viewer.add_image(found[Role.T2].data, contrast_limits=(0, 2000), scale=found[Role.T2].grid.spacing_mm)
    for _ in range(6):
        settle()
        area = eyes.canvas.width() * eyes.canvas.height()
        main.resize(main.width() + round((total_px - area) / eyes.canvas.height()), main.height())
    settle()
    times["canvas_px"] = [float(eyes.canvas.width() * eyes.canvas.height())]
    for step in range(2 * SLICES * ROUNDS):
        taken = eyes.until(lambda s=step: viewer.dims.set_current_step(0, 8 + s % 2 + s // 8))
        times["slice"].append(taken)
    viewer.close()
    return times


def main() -> None:
    found = volumes()
    desk = desk_times(found)
    plain = plain_times(found, desk["canvas_px"][0] + desk["panes_px"][0])
    size = sum(volume.data.nbytes for volume in found.values()) / 1e6
    print(json.dumps({"desk": desk, "plain": plain, "volumes_mb": size}))


if __name__ == "__main__":
    sys.exit(main())
