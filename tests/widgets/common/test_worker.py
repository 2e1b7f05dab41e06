"""Workers under names that can be read."""

from __future__ import annotations

import threading
import warnings
import weakref

import pytest

pytestmark = pytest.mark.gui


def test_a_window_that_is_closed_over_work_names_it_as_the_panels_do(bench):
    from napari_vcf.widgets.common.errand import Errand

    errand, go_on = Errand("Searching the archive"), threading.Event()
    errand.start(lambda _progress: go_on.wait(20))
    try:
        (said,) = bench.arrangement.viewport.viewer.window._task_status_manager.get_status()
        assert "'Searching the archive'" in said
        assert "function" not in said
    finally:
        go_on.set()
        bench.until(lambda: not errand.running)


def run_errand(bench, work):
    from napari_vcf.widgets.common.errand import Errand

    errand = Errand("Working")
    errand.start(work)
    bench.until(lambda: not errand.running)


def test_what_was_worked_on_goes_with_the_work(bench):
    class Images:
        """What a case is."""

    images = Images()
    gone = weakref.finalize(images, lambda: None)

    def work(_progress, images=images):
        return repr(images)

    run_errand(bench, work)
    del work, images
    bench.until(lambda: not gone.alive)


def test_work_stops_where_the_window_closes_over_it(bench):
    from napari_vcf.errors import CancelledError
    from napari_vcf.widgets.common.errand import Errand

    errand, begun, ended = Errand("Searching the archive"), threading.Event(), threading.Event()

    def work(progress):
        begun.set()
        try:
            while not ended.wait(0.01):
                progress(0, 0, "searching")
        except CancelledError:
            ended.set()
            raise

    errand.start(work)
    try:
        assert begun.wait(10)
        bench.arrangement.viewport.viewer.window._task_status_manager.cancel_all()
        assert ended.wait(10)
    finally:
        ended.set()
        errand._end()


def test_warnings_are_told_as_before_after_two_works_that_overlap(bench):
    from napari_vcf.widgets.common.errand import Errand

    before = (warnings.showwarning, list(warnings.filters))
    errands, go_on = (Errand("One"), Errand("Other")), (threading.Event(), threading.Event())
    begun = (threading.Event(), threading.Event())
    for errand, start, end in zip(errands, begun, go_on, strict=True):
        errand.start(lambda _progress, start=start, end=end: (start.set(), end.wait(20)))
        assert start.wait(10)
    for errand, end in zip(errands, go_on, strict=True):
        end.set()
        bench.until(lambda errand=errand: not errand.running)
    bench.settle()
    assert (warnings.showwarning, list(warnings.filters)) == before
