"""The table of the nine heights: which is measured, which comes next, and which neighbour may serve as reference."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import get_args

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QComboBox, QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.measure import POSITIONS, Heights, Position, VertebraStatus
from napari_vcf.reading.state import StageState
from napari_vcf.widgets.common.controls import CHOSEN_STYLE, ORANGE, dress, keep_keys, swatch, toggle
from napari_vcf.widgets.common.shortcuts_in_force import with_key
from napari_vcf.widgets.instruments.calipers.drawing import POSITION_COLORS
from napari_vcf.widgets.instruments.calipers.tool import Height

__all__ = ["ROWS", "STATUS_NAMES", "CaliperTable"]

ROWS = ("above", "fractured", "below")
STATUS_NAMES: dict[VertebraStatus, str] = {
    "intact": say("intact"),
    "not_intact": say("not intact"),
    "not_in_view": say("not in view"),
}
_NOT_SAID = say("intact?")


class CaliperTable(QWidget):
    """Rows above, fractured, below; columns anterior, middle, posterior, in mm.

    Parameters
    ----------
    choose : callable
        Called with the (level, position) of a cell that is clicked.
    say : callable
        Called with a level and what the reader says of it; None takes it back.
    """

    def __init__(self, choose: Callable[[Height], None], say: Callable[[str, VertebraStatus | None], None]) -> None:
        super().__init__()
        self._choose, self._say = choose, say
        self._levels: dict[str, str | None] = dict.fromkeys(ROWS)
        self._carried: Collection[Height] = ()
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self._cells: dict[tuple[str, Position], QToolButton] = {}
        self._names: dict[str, QLabel] = {}
        self._status: dict[str, QComboBox] = {}
        self._proposed: dict[str, float | None] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for column, position in enumerate(POSITIONS):
            grid.addWidget(swatch(POSITION_COLORS[position], shown(Sentence(position))), 0, column + 1)
            grid.setColumnStretch(column + 1, 1)
        header = QLabel("mm")
        header.setToolTip(tr("Heights in millimetres between the two ends of each caliper."))
        grid.addWidget(header, 0, 0)
        for row, which in enumerate(ROWS, start=1):
            grid.addWidget(self._head(which), row, 0)
            for column, position in enumerate(POSITIONS):
                grid.addWidget(self._cell(which, position), row, column + 1)

    def _head(self, which: str) -> QWidget:
        head = QWidget()
        layout = QGridLayout(head)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        name = self._names[which] = QLabel()
        name.setObjectName(f"level_{which}")
        layout.addWidget(name, 0, 0)
        if which != "fractured":
            combo = self._status[which] = QComboBox()
            combo.setObjectName(f"status_{which}")
            combo.addItems([shown(text) for text in (_NOT_SAID, *STATUS_NAMES.values())])
            tip = tr(
                "Is the {vertebra} intact? Only an intact one serves as reference; say 'not in view' where it is not "
                "on the image.",
                vertebra=Sentence(f"vertebra {which}"),
            )
            combo.setToolTip(with_key(tip, f"calipers.status_{which}"))
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            keep_keys(combo)
            combo.activated.connect(lambda index, w=which: self._on_status(w, index))
            layout.addWidget(combo, 1, 0)
        return head

    def _cell(self, which: str, position: Position) -> QToolButton:
        cell = toggle(
            f"cell_{which}_{position}",
            "–",
            tr("Place, or choose, the {position} height of this vertebra.", position=Sentence(position)),
        )
        cell.setMinimumHeight(30)
        cell.setCursor(Qt.CursorShape.PointingHandCursor)
        cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        cell.clicked.connect(lambda _=False, w=which, p=position: self._on_cell(w, p))
        self._cells[which, position] = cell
        return cell

    def cell(self, which: str, position: Position) -> QToolButton:
        """The button of a height."""
        return self._cells[which, position]

    def next_status(self, which: str) -> None:
        """Say the next of a neighbour: intact, not intact, not in view, nothing."""
        combo = self._status[which]
        if combo.isEnabled():
            self._on_status(which, (combo.currentIndex() + 1) % combo.count())

    def _on_cell(self, which: str, position: Position) -> None:
        level = self._levels[which]
        if level is not None:
            self._choose((level, position))

    def _on_status(self, which: str, index: int) -> None:
        level = self._levels[which]
        if level is not None:
            self._say(level, None if index == 0 else get_args(VertebraStatus)[index - 1])

    def show_proposed(self, proposed: dict[str, float | None]) -> None:
        """Note the middle heights that are proposed and wait, in mm by level; None for one that has no length yet."""
        self._proposed = dict(proposed)

    def show_stage(
        self,
        levels: dict[str, str | None],
        stage: StageState | None,
        heights: dict[str, Heights],
        target: Height | None,
        selected: Height | None,
        *,
        carried: Collection[Height] = (),
    ) -> None:
        """Show what is measured.

        Parameters
        ----------
        levels : dict
            Level of each row; None where there is none.
        stage : StageState or None
            What was said of the neighbours.
        heights : dict
            Heights in mm by level, a draft included.
        target, selected : tuple or None
            The height that comes next, and the one that is chosen.
        carried : collection of tuple
            Heights that were carried from an earlier stage and wait.
        """
        self._carried = carried
        self._levels = dict(levels)
        for which in ROWS:
            level = levels[which]
            says = shown(Sentence(which))
            self._names[which].setText(f"<b>{level}</b> {says}" if level else f"– {says}")
            status = stage.references.get(level) if stage is not None and level is not None else None
            combo = self._status.get(which)
            if combo is not None:
                combo.setEnabled(level is not None)
                combo.setCurrentIndex(0 if status is None else get_args(VertebraStatus).index(status) + 1)
            for position in POSITIONS:
                self._show_cell(which, position, level, status, heights, target, selected)

    def _show_cell(
        self,
        which: str,
        position: Position,
        level: str | None,
        status: VertebraStatus | None,
        heights: dict[str, Heights],
        target: Height | None,
        selected: Height | None,
    ) -> None:
        cell = self._cells[which, position]
        here = None if level is None else (level, position)
        mm = heights[level].at(position) if level in heights and level is not None else None
        is_next = here is not None and here == target
        chosen = here is not None and here == selected
        waits = mm is None and here in self._carried
        proposal = mm is None and not waits and position == "middle" and level in self._proposed
        proposed = self._proposed.get(level) if proposal and level is not None else None
        unmeasured = tr("next") if is_next else "–" if proposed is None else f"{proposed:.1f} ?"
        cell.setText(f"{mm:.1f}" if mm is not None else "?" if waits else unmeasured)
        cell.setEnabled(level is not None and (status != "not_in_view" or mm is not None))
        cell.setChecked(chosen)
        width = 2 if is_next or chosen else 0
        color = ORANGE if is_next else POSITION_COLORS[position]
        frame = f"QToolButton {{ border: {width}px solid {color}; font-weight: bold; }}" if width else ""
        dress(cell, CHOSEN_STYLE + frame)
        size = tr("carried, to be confirmed") if waits else tr("not measured") if mm is None else f"{mm:.2f} mm"
        if proposal:
            size = tr("proposed, not accepted yet")
        tip = tr(
            "{position} height of {level}: {size}. Click to place or choose it.",
            position=Sentence(position.capitalize()),
            level=level or Sentence(which),
            size=size,
        )
        cell.setToolTip(with_key(tip, f"calipers.{which}_{position}"))
