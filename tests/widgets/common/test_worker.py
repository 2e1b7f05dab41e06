"""Workers under names that can be read."""

from __future__ import annotations

import threading

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
