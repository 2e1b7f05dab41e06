"""What stands on and beside the image: number of the slice, pseudonym."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_the_number_beside_napari_slider_is_that_of_the_title_and_may_be_typed(bench):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    own = bench.arrangement.slice_number
    for step in (0, 1, -3):
        bench.viewport.step_slice(step)
        assert f"slice {own.number.text()} {own.count.text()}," in bench.arrangement.title.text()
    for number in (1, 9, 4):
        own.number.setFocus()
        own.number.selectAll()
        QTest.keyClicks(own.number, str(number))
        QTest.keyClick(own.number, Qt.Key.Key_Return)
        assert f"slice {number} of 9," in bench.arrangement.title.text()
    assert own.number.isVisible()
    row = own.number.parent()
    assert not row.curslice_label.isVisible()


def test_the_pseudonym_of_the_case_stands_on_the_image(bench):
    assert bench.desk.case.pseudonym in bench.arrangement.title.text().splitlines()
