"""What several panes show alike is painted once, and anew when it changes."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def sheet(qapp):
    from napari_vcf.widgets.linked_views.sheet import Sheet

    return Sheet()


def pixels(picture):
    """Red, green, blue and opacity of a picture."""
    from napari._qt.utils import QImg2array

    return QImg2array(picture.toImage())


def test_a_picture_is_painted_once_for_a_place_until_it_is_forgotten(sheet):
    from qtpy.QtCore import QSize

    painted = []
    for _ in range(2):
        for place in (1, 2, 1):
            sheet.picture(place, QSize(30, 20), 1.0, painted.append)
    assert len(painted) == 2
    sheet.forget()
    sheet.picture(1, QSize(30, 20), 1.0, painted.append)
    assert len(painted) == 3


def test_what_never_changes_is_kept_whatever_else_does_until_it_is_drawn_from_others(sheet):
    from qtpy.QtCore import QSize

    painted = []

    def ask(*drawn):
        sheet.picture_of(drawn, 1, QSize(30, 20), 1.0, painted.append)

    one, other = [1.0], [1.0]
    ask(one)
    sheet.forget()
    ask(one)
    assert len(painted) == 1
    # Equal, and yet another one.
    ask(other)
    ask(other, one)
    ask(one, other)
    assert len(painted) == 4


def test_places_that_were_left_are_not_kept_and_a_closed_case_leaves_nothing(sheet):
    from qtpy.QtCore import QSize

    drawn = [object()]
    for place in range(50):
        for size in (QSize(30, 20), QSize(30, 21)):
            sheet.picture_of(drawn, place, size, 1.0, lambda _painter: None)
    assert len(sheet._made_of) <= 8
    painted = []
    for size in (QSize(30, 20), QSize(30, 21)):
        sheet.picture_of(drawn, 49, size, 1.0, painted.append)
    assert not painted
    sheet.clear()
    assert not sheet._made_of
    assert not sheet._of


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_text_stands_at_its_side_on_a_shade_that_holds_all_of_it(sheet, ratio):
    from qtpy.QtCore import QRectF, QSize, Qt
    from qtpy.QtGui import QColor, QPainter, QPixmap

    sides = Qt.AlignmentFlag
    area = QRectF(5, 3, 110, 74)
    for where, rows, columns in (
        (sides.AlignTop | sides.AlignLeft, slice(0, 30), slice(0, 60)),
        (sides.AlignBottom | sides.AlignLeft, slice(50, 80), slice(0, 60)),
        (sides.AlignVCenter | sides.AlignRight, slice(25, 55), slice(60, 120)),
    ):
        canvas = QPixmap(QSize(120, 80) * ratio)
        canvas.setDevicePixelRatio(ratio)
        canvas.fill(QColor("white"))
        painter = QPainter(canvas)
        sheet.write(painter, area, where, "T2Äg", QColor("#ffd75e"), ratio)
        painter.end()
        found = pixels(canvas)[..., :3].astype(int)
        changed = np.any(found != 255, axis=-1)
        there = np.zeros_like(changed)
        there[*(slice(int(part.start * ratio), int(part.stop * ratio)) for part in (rows, columns))] = True
        assert changed[there].any()
        assert not changed[~there].any()
        # Letters, and no letter at the rim of the shade.
        letters = np.abs(found - (255, 215, 94)).max(axis=-1) < 12
        assert letters.any()
        inside = np.argwhere(letters)
        shade = np.argwhere(changed)
        assert (inside.min(axis=0) > shade.min(axis=0)).all()
        assert (inside.max(axis=0) < shade.max(axis=0)).all()


def test_a_text_that_is_too_long_ends_with_its_area(sheet):
    from qtpy.QtCore import QRectF, Qt
    from qtpy.QtGui import QColor, QPainter, QPixmap

    canvas = QPixmap(120, 80)
    canvas.fill(QColor("white"))
    painter = QPainter(canvas)
    where = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
    sheet.write(painter, QRectF(5, 3, 40, 70), where, "a long text " * 9, QColor("red"), 1.0)
    painter.end()
    changed = np.any(pixels(canvas)[..., :3] != 255, axis=-1)
    assert changed[:, :48].any()
    assert not changed[:, 48:].any()
