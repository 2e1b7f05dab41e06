"""napari's playing of an axis stops whenever it is told to."""

from __future__ import annotations

import threading

import pytest

pytestmark = pytest.mark.gui


class ForgetsLate(threading.Event):
    """Is forgotten only after it was set: the thread is told to stop before its first act."""

    def __init__(self):
        super().__init__()
        self.told = threading.Event()

    def set(self):
        super().set()
        self.told.set()

    def clear(self):
        self.told.wait(10)
        super().clear()


@pytest.fixture
def sliders(bench, monkeypatch):
    sliders = bench.viewport.viewer.window._qt_viewer.dims
    thread = sliders._animation_thread
    wait = thread.wait
    # Without an end, a test that fails would not come back.
    monkeypatch.setattr(thread, "wait", lambda *limit: wait(*(limit or (2000,))))
    yield sliders
    monkeypatch.undo()
    while not thread.wait(20):
        thread._stop()


def test_an_axis_that_is_stopped_as_soon_as_it_plays_stops(bench, sliders, monkeypatch):
    bench.close_up()
    thread = sliders._animation_thread
    monkeypatch.setattr(thread, "_waiter", ForgetsLate())
    sliders.play(bench.viewport.slice_axis)
    # What is in front changes at once, and napari stops the axis for it.
    sliders.stop()
    assert not thread.isRunning()


def test_an_axis_plays_until_it_is_stopped(bench, sliders):
    bench.close_up()
    seen = set()
    bench.viewport.slice_changed.connect(lambda *_: seen.add(bench.viewport.slice_number))
    sliders.play(bench.viewport.slice_axis)
    bench.until(lambda: len(seen) > 2)
    assert sliders.is_playing
    sliders.stop()
    assert not sliders._animation_thread.isRunning()
