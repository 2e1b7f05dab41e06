"""The caliper panel: six-point morphometry with guidance, losses by every definition, and the degree."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QMessageBox, QWidget

from napari_vcf.language import Sentence, joined, say, shown, tr
from napari_vcf.measure import (
    POSITIONS,
    REFERENCE_RULES,
    SNAP_REACH_MM,
    HeightLoss,
    Position,
    ReferenceRule,
    VertebraStatus,
)
from napari_vcf.reading import Protocol
from napari_vcf.reading.levels import REGULAR_LEVELS
from napari_vcf.reading.results import caliper_mm, heights_of
from napari_vcf.widgets.common.controls import (
    QUIET_STYLE,
    Banner,
    button,
    heading,
    keep_keys,
    lay_out_now,
    note,
    open_box,
    percent,
    points,
    rule,
)
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.desk.screen_boxes import shown_box
from napari_vcf.widgets.instruments.calipers.drawing import POSITION_SHORT, CaliperDrawing
from napari_vcf.widgets.instruments.calipers.pending import PendingMiddle
from napari_vcf.widgets.instruments.calipers.table import ROWS, CaliperTable
from napari_vcf.widgets.instruments.calipers.tool import CaliperTool, Height, said_of_middle
from napari_vcf.widgets.instruments.carried.box import CarriedBox
from napari_vcf.widgets.instruments.instrument import Instrument, ToolManager

__all__ = ["RULE_NAMES", "CalipersWidget"]

RULE_NAMES: dict[ReferenceRule, str] = {
    "mean_adjacent": say("mean of neighbours"),
    "above": say("vertebra above"),
    "below": say("vertebra below"),
    "own_posterior": say("own posterior wall"),
}
_UNNAMED = "choose …"


class CalipersWidget(Instrument):
    """Heights of the fractured vertebra and its neighbours.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    name = "calipers"
    item = "compression_degree"

    def __init__(self, tools: ToolManager) -> None:
        super().__init__(tools)
        desk, viewport = self.desk, self.viewport
        self._chosen: Height | None = None
        self.calipers = CaliperTool(viewport, self.target)
        self.tool = self.calipers
        self._build()
        self.drawing = CaliperDrawing(viewport, self.calipers)
        self.calipers.changed.connect(self._show)
        for name, run in {
            "name": lambda: open_box(self._level),
            **{f"{which}_{at}": self._table.cell(which, at).click for which in ROWS for at in POSITIONS},
            "status_above": lambda: self._table.next_status("above"),
            "status_below": lambda: self._table.next_status("below"),
            "delete": self.delete,
            "snap": self._snap.click,
            "off_the_edge": self.calipers.take_off_the_edge,
            "corners": self._corners.click,
            "accept": self.accept,
            "stop": self.cancel,
        }.items():
            self.share(f"calipers.{name}", run)
        desk.opened.connect(self._forget)
        self.follow_desk()

    def _build(self) -> None:
        self._guide = Banner("guide")
        self._level = QComboBox()
        self._level.setObjectName("fractured")
        self._level.addItems([shown(_UNNAMED), *REGULAR_LEVELS])
        self._level.setMaxVisibleItems(26)
        keep_keys(self._level)
        tip = tr("Name of the fractured vertebra. Another name later corrects a miscount and moves all names.")
        self._level.setToolTip(with_key(tip, "calipers.name"))
        self._level.activated.connect(self._on_level)
        top = QHBoxLayout()
        top.addWidget(QLabel(tr("Fractured vertebra")))
        top.addWidget(self._level, 1)
        self._table = CaliperTable(self.choose, self._say)
        self._delete = button(
            "delete",
            tr("Delete"),
            tr("Delete the chosen caliper; it can be undone"),
            self.delete,
            action="calipers.delete",
        )
        self._undo = button("undo", tr("Undo"), tr("Take the last change back"), self.desk.undo, action="reading.undo")
        self._redo = button("redo", tr("Redo"), tr("Make it again"), self.desk.redo, action="reading.redo")
        row = QHBoxLayout()
        for widget in (self._delete, self._undo, self._redo):
            row.addWidget(widget)
        self._snap = QCheckBox(tr("draw the ends to the edge"))
        self._snap.setObjectName("snapping")
        self._snap.toggled.connect(self._on_snap)
        self._corners = QCheckBox(tr("heights by corners"))
        self._corners.setObjectName("corners")
        self._corners.setToolTip(
            with_key(
                tr(
                    "Set the corners of the three bodies instead of drawing nine heights: of each the upper and the "
                    "lower anterior one, then the posterior ones, from above. The middle heights are proposed"
                ),
                "calipers.corners",
            )
        )
        self._corners.toggled.connect(self._on_corners)
        self._accept = button(
            "accept_middles",
            tr("Accept middles"),
            tr(
                "Accept the proposed middle heights on this slice whose ends lie on an edge (◇); before that "
                "they count nowhere. The record says that they were proposed"
            ),
            self.accept,
            action="calipers.accept",
        )
        self._degree = note(name="degree")
        self._losses = note(name="losses")
        self._reason = note(name="reason")
        self.column.addWidget(self._guide)
        self.column.addLayout(top)
        self.carried = CarriedBox(
            self.viewport,
            self.calipers.carried,
            confirm="calipers.accept",
            delete="calipers.delete",
            how=say("Dragging it, or measuring the height anew, changes it."),
            prepare=lambda _item: self.calipers.select(None),
            may_delete=lambda: not self._chosen_is_placed(),
        )
        self.column.addWidget(self.carried)
        self.column.addWidget(self._table)
        self.column.addLayout(row)
        snapping = QHBoxLayout()
        snapping.addWidget(self._snap, 1)
        self._by_hand = button(
            "off_the_edge",
            tr("Back to my hand"),
            tr(
                "Ends of the chosen caliper, or of the one placed last, that were drawn to the edge "
                "(marked ◇) go back where your hand put them"
            ),
            self.calipers.take_off_the_edge,
            action="calipers.off_the_edge",
        )
        snapping.addWidget(self._by_hand)
        self.column.addLayout(snapping)
        corners = QHBoxLayout()
        corners.addWidget(self._corners, 1)
        corners.addWidget(self._accept)
        self.column.addLayout(corners)
        self.column.addWidget(rule())
        self.column.addWidget(heading(tr("Height loss")))
        self.column.addWidget(self._degree)
        self.column.addWidget(self._losses)
        self.column.addWidget(self._reason)
        self.column.addWidget(rule())
        self.column.addWidget(heading(tr("By each definition of the reference height")))
        self.column.addWidget(self._build_definitions())
        self.column.addStretch(1)

    def _build_definitions(self) -> QWidget:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        self._cells: dict[ReferenceRule, tuple[QLabel, ...]] = {}
        for column, text in enumerate((tr("reference"), tr("loss"), tr("degree"), tr("to the cut"))):
            head = QLabel(text)
            head.setStyleSheet(QUIET_STYLE)
            grid.addWidget(head, 0, column)
        for row, name in enumerate(REFERENCE_RULES, start=1):
            cells = tuple(QLabel() for _ in range(4))
            cells[1].setObjectName(f"loss_{name}")
            cells[2].setObjectName(f"degree_{name}")
            for column, cell in enumerate(cells):
                grid.addWidget(cell, row, column)
            self._cells[name] = cells
        grid.setColumnStretch(0, 1)
        legend = note(tr("✓ graded by the protocol, ◐ borderline"))
        legend.setStyleSheet(QUIET_STYLE)
        grid.addWidget(legend, len(REFERENCE_RULES) + 1, 0, 1, 4)
        return table

    # -- what comes next --------------------------------------------------------------------------------------------
    def target(self) -> Height | None:
        """The height that the next caliper measures: the chosen one, else the first that is missing."""
        if self.desk.image_id is None:
            return None
        front = self.calipers.carried.front
        if self._chosen is None and front is not None and front.level is not None and front.position is not None:
            return front.level, front.position
        return self._chosen or self.next_missing()

    def next_missing(self) -> Height | None:
        """First height that is not measured: of the fractured vertebra, then of the one above, then of the one below.

        By corners it is a wall first, from above to below, and then a middle height that no edge lets propose.
        """
        stage, levels = self.stage, self._levels()
        if stage is None:
            return None
        by_corners = self.calipers.by_corners
        # A neighbour that cannot serve as reference need not be measured.
        wanted = [
            level
            for which in (("above", "fractured", "below") if by_corners else ("fractured", "above", "below"))
            if (level := levels[which]) is not None and stage.references.get(level) not in ("not_in_view", "not_intact")
        ]
        walls: tuple[Position, ...] = ("anterior", "posterior") if by_corners else POSITIONS
        missing = [(level, at) for level in wanted for at in walls if stage.caliper(level, at) is None]
        if missing or not by_corners:
            return missing[0] if missing else None
        for level in wanted:
            pending = self.calipers.pending.of(level)
            if stage.caliper(level, "middle") is None and (pending is None or pending.guessed):
                return level, "middle"
        return None

    def _levels(self) -> dict[str, str | None]:
        reading = self.desk.reading
        if reading is None or reading.state.spine is None:
            return {"above": None, "fractured": None, "below": None}
        above, below = reading.references()
        return {"above": above, "fractured": reading.state.spine.fractured, "below": below}

    # -- what the reader does ---------------------------------------------------------------------------------------
    def choose(self, height: Height) -> None:
        """Choose a height: it is selected where it is measured, else it is the next to be placed."""
        stage = self.stage
        caliper = stage.caliper(*height) if stage is not None else None
        if caliper is None:
            drafted = [item for item, c in self.calipers.carried.calipers() if (c.level, c.position) == height]
            if drafted:
                self._box.show_item(drafted[0])
                self._show()
                return
            self._chosen = height
            # Whoever chooses a height wants to draw it, and not what is proposed for it.
            self.calipers.pending.aside = height[0] if height[1] == "middle" else None
            self.calipers.select(None)
        else:
            self._chosen = None
            if self.viewport.can_show(caliper.image):
                self.viewport.go_to_slice(float(self.viewport.to_world(caliper.start_lps, caliper.image)[0]))
            self.calipers.select(height)

    def _chosen_is_placed(self) -> bool:
        """Whether a caliper of the record is chosen, and not one that was carried and waits."""
        height = self.calipers.selected
        return self.stage is not None and height is not None and self.stage.caliper(*height) is not None

    @property
    def _box(self) -> CarriedBox:
        assert self.carried is not None
        return self.carried

    def delete(self) -> None:
        """Remove the chosen caliper; where none is chosen, what is in front of those that were carried."""
        reading, height = self.desk.reading, self.calipers.selected
        if not self._chosen_is_placed() and self._box.waits and self.calipers.carried.front is not None:
            self.calipers.selected = None
            self._box.delete()
            self.refresh()
            return
        if reading is None or height is None:
            self.desk.message.emit(say("Choose a caliper first: click it in the image or in the table."), "info")
            return
        self.calipers.selected = None
        if self.desk.guard(lambda: reading.remove_caliper(self.desk.stage, *height)) is not None:
            for text in said_of_middle(reading):
                self.desk.message.emit(text, "info")

    def accept(self) -> None:
        """Confirm the height in front that was carried, else accept the proposed middles seen on this slice."""
        if self._box.waits:
            self._box.confirm()
            self.refresh()
            return
        reading, stage = self.desk.reading, self.desk.stage
        if reading is None:
            return
        if self.viewport.drawings_hidden:
            self.desk.message.emit(
                say(
                    "The drawings are hidden ({key}): nobody accepts what is not seen.",
                    key=key_text("image.hide_drawings"),
                ),
                "info",
            )
            return
        ready = [pending.level for pending in self.calipers.waiting_middles() if self._is_ready(pending)]
        if not ready:
            left = [pending.level for pending in self.calipers.pending.all()]
            text = (
                say(
                    "Nothing to accept here: what is proposed for {levels} lies on no edge, or is not on the screen.",
                    levels=", ".join(left),
                )
                if left
                else say("No middle height is proposed.")
            )
            self.desk.message.emit(text, "info")
        elif self.desk.guard(lambda: reading.accept_middles(stage, ready)) is not None:
            done = say("Middle height accepted as proposed: {levels}.", levels=", ".join(ready))
            self.desk.message.emit(done, "info")

    def _is_ready(self, pending: PendingMiddle) -> bool:
        """Whether a proposal may be accepted: on edges at both ends, not moved, and in view."""
        if pending.guessed or pending.moved:
            return False
        zoom = max(float(self.viewport.viewer.scene.camera.zoom), 1e-6)
        low, high = shown_box(self.viewport, zoom)
        caliper = pending.caliper
        ends = self.viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)[:, 1:] * zoom
        return bool(((ends >= low) & (ends <= high)).all())

    def cancel(self) -> None:
        """Forget a caliper that is half drawn, and what is chosen."""
        self._chosen = None
        self.calipers.pending.aside = None
        self.calipers.selected = None
        self.calipers.carried.choose(None)
        self.calipers.cancel()

    def _on_level(self, index: int) -> None:
        reading = self.desk.reading
        if reading is not None and index > 0:
            level, spine = self._level.itemText(index), reading.state.spine
            read = any(stage.drawn or stage.answered for stage in reading.state.stages.values())
            if spine is not None and level != spine.fractured and read:
                self._ask_recount(spine.fractured, level)
                return
            self.desk.guard(lambda: reading.set_spine(level))
        self._show()

    def _ask_recount(self, before: str, level: str) -> None:
        """Ask whether the vertebrae were miscounted; then all names move at once."""
        reading = self.desk.reading
        assert reading is not None
        box = QMessageBox(self)
        box.setObjectName("recount")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(tr("Correct the levels"))
        box.setText(
            tr("Was the fractured vertebra miscounted: {level} instead of {before}?", level=level, before=before)
        )
        box.setInformativeText(
            tr(
                "Calipers, body, ADC rectangles, registration and answers of every stage stay as they are, and "
                "all names move. One undo takes it back."
            )
        )
        yes = box.addButton(tr("Move all names to {level}", level=level), QMessageBox.ButtonRole.AcceptRole)
        yes.setObjectName("recount_yes")
        box.addButton(tr("Leave them"), QMessageBox.ButtonRole.RejectRole).setObjectName("recount_no")

        def decide(clicked: object) -> None:
            if clicked is yes and reading is self.desk.reading:
                self.desk.guard(lambda: reading.correct_levels(level, has_t13=level == "T13", has_l6=level == "L6"))
            self._show()

        box.buttonClicked.connect(decide)
        box.open()

    def _say(self, level: str, status: VertebraStatus | None) -> None:
        reading, stage = self.desk.reading, self.desk.stage
        if reading is None:
            return
        if status is not None:
            self.desk.guard(lambda: reading.set_reference(stage, level, status))
        elif level in reading.state.stages[stage].references:
            self.desk.guard(lambda: reading.withdraw_reference(stage, level))
        self._show()

    def _on_snap(self, wanted: bool) -> None:
        self.calipers.wants_snapping = wanted
        self.desk.settings.put("snapping", wanted)

    def _on_corners(self, wanted: bool) -> None:
        self.calipers.cancel()
        self.calipers.by_corners = wanted
        self.desk.settings.put("corners", wanted)

    def _forget(self) -> None:
        self._chosen = None
        self.calipers.forget()
        self._snap.setChecked(self.desk.settings.get("snapping", False))
        self._corners.setChecked(self.desk.settings.get("corners", False))

    def begin_stage(self) -> None:
        """Choose nothing: what is chosen belongs to the stage before."""
        self.cancel()

    def laid_down(self) -> None:
        """Forget a caliper that is half drawn."""
        self.calipers.cancel()

    # -- what is shown ----------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Redraw the panel and the calipers from the reading."""
        stage = self.stage
        if stage is not None and self._chosen is not None and stage.caliper(*self._chosen) is not None:
            self._chosen = None
            self.calipers.pending.aside = None
        if self.in_hand:
            self.calipers.resume()
        drafted = {(c.level, c.position) for c in self.calipers.drafted()}
        selected = self.calipers.selected
        if stage is None or (selected and selected not in drafted and stage.caliper(*selected) is None):
            self.calipers.selected = None
        self.drawing.redraw()
        self._show()

    def _show(self) -> None:
        reading = self.desk.reading
        self.setEnabled(reading is not None)
        spine = reading.state.spine if reading is not None else None
        self._level.setCurrentText(shown(_UNNAMED) if spine is None else spine.fractured)
        heights = {} if reading is None else heights_of(self.calipers.stage_with_draft())
        drafted = {(c.level, c.position) for c in self.calipers.drafted()}
        self._table.show_stage(
            self._levels(), self.stage, heights, self.target(), self.calipers.selected, carried=drafted
        )
        waiting = {each.level: each for each in self.calipers.waiting_middles()}
        self._table.show_proposed({level: None if p.guessed else caliper_mm(p.caliper) for level, p in waiting.items()})
        self._accept.setEnabled(any(self._is_ready(pending) for pending in waiting.values()))
        self._guide.setText(self.guide_text(self._guidance()))
        allowed = reading is None or reading.protocol.snapping
        self._snap.setEnabled(allowed)
        self._snap.setToolTip(
            with_key(
                tr(
                    "Each end goes to the edge within {snap_reach_mm:g} mm, along the caliper: on MRI the "
                    "outer side of the endplate, else the strongest one. Off until you want it; recorded",
                    snap_reach_mm=SNAP_REACH_MM,
                ),
                "calipers.snap",
            )
            if allowed
            else tr("The study's protocol does not allow it.")
        )
        self._delete.setEnabled(self.calipers.selected is not None)
        self._box.refresh()
        self._undo.setEnabled(reading is not None and reading.can_undo)
        self._redo.setEnabled(reading is not None and reading.can_redo)
        losses = self.calipers.losses()
        graded = losses.get(reading.protocol.reference) if reading is not None else None
        self._show_graded(graded)
        for name in REFERENCE_RULES:
            self._show_definition(name, losses.get(name), graded)
        if self.calipers.draft is not None:
            # With every move of a drag.
            lay_out_now()

    def _guidance(self) -> str:
        if self.desk.reading is None:
            return tr("No case is open.")
        if self.desk.reading.state.spine is None:
            return tr("Name the fractured vertebra first.")
        draft, stop = self.calipers.draft, key_text("calipers.stop")
        if draft is not None:
            c = draft.caliper
            if self.calipers.is_waiting:
                return tr(
                    "{level} {position}: <b>{mm:.1f} mm</b>. Click on the lower endplate ({stop} stops).",
                    level=c.level,
                    position=Sentence(c.position),
                    mm=draft.mm,
                    stop=stop,
                )
            return f"{c.level} {shown(Sentence(c.position))}: <b>{draft.mm:.1f} mm</b>"
        target = self.target()
        if self.calipers.carried.front is not None and target is not None and not self.calipers.is_waiting:
            return tr(
                "Is this the <b>{level} {position}</b> height, as you signed it? {confirm} confirms it.",
                level=target[0],
                position=Sentence(target[1]),
                confirm=key_text("calipers.accept"),
            )
        if self.calipers.by_corners:
            by_corners = self._corner_guidance(target)
            if by_corners:
                return by_corners
        if target is not None:
            level, position = target[0], Sentence(target[1])
            if self.calipers.is_waiting:
                return tr(
                    "{level} {position}: click on the lower endplate ({stop} stops).",
                    level=level,
                    position=position,
                    stop=stop,
                )
            return tr(
                "Next: <b>{level} {position}</b> height on the mid-sagittal slice. Click on the upper, then on the "
                "lower endplate, or drag from one to the other.",
                level=level,
                position=position,
            )
        stage = self.stage
        unsaid = [
            v for k, v in self._levels().items() if k != "fractured" and v and stage and v not in stage.references
        ]
        if unsaid:
            if len(unsaid) == 1:
                return tr("All heights are measured. Say whether {level} is intact.", level=unsaid[0])
            return tr("All heights are measured. Say whether {levels} are intact.", levels=joined(say(" and "), unsaid))
        return tr("All heights are measured. Drag an end to correct it.")

    def _corner_guidance(self, target: Height | None) -> str:
        """What comes next by corners; empty where it is what comes by heights."""
        stop, accept = key_text("calipers.stop"), key_text("calipers.accept")
        if target is not None and target[1] != "middle":
            level, position = target[0], Sentence(target[1])
            if self.calipers.is_waiting:
                return tr(
                    "{level}: click its <b>lower {position}</b> corner ({stop} stops).",
                    level=level,
                    position=position,
                    stop=stop,
                )
            return tr(
                "Next: <b>{level}</b>, its <b>upper {position}</b> corner on the mid-sagittal slice, then the "
                "lower one.",
                level=level,
                position=position,
            )
        waiting = self.calipers.waiting_middles()
        ready = [pending.level for pending in waiting if self._is_ready(pending)]
        if ready:
            return tr(
                "Proposed: the middle height of <b>{levels}</b> (dashed). <b>{key}</b> accepts, a drag corrects; "
                "before that it is no height.",
                levels=", ".join(ready),
                key=accept,
            )
        if target is not None and not self.calipers.is_waiting:
            reason = self.calipers.pending.reason(target[0])
            return (reason and shown(reason)) or tr(
                "Next: <b>{level} middle</b> height. No edge is clear at an end of what is proposed: drag that end to "
                "the endplate, or click on both endplates beside it.",
                level=target[0],
            )
        return ""

    def _show_graded(self, loss: HeightLoss | None) -> None:
        if loss is None or loss.degree is None:
            self._degree.setText(tr("No degree yet."))
        else:
            mark = tr(" · <b>◐ borderline</b>") if loss.borderline else ""
            self._degree.setText(
                tr(
                    '<span style="font-size: large;"><b>Degree {degree}</b></span> &nbsp;{loss} at the {position} '
                    "height<br>{distance} from the cut {cut}{mark}",
                    degree=loss.degree,
                    loss=percent(loss.graded_loss),
                    position=Sentence(loss.graded_position or ""),
                    distance=points(loss.distance_to_cut),
                    cut=loss.nearest_cut,
                    mark=mark,
                )
            )
        self._degree.setToolTip("" if self.desk.reading is None else _degrees(self.desk.reading.protocol))
        parts = (
            []
            if loss is None
            else [
                tr(
                    "{position} {loss} ({height:.1f} of {reference:.1f} mm)",
                    position=POSITION_SHORT[item.position],
                    loss=percent(item.loss),
                    height=item.height_mm,
                    reference=item.reference_mm,
                )
                for item in loss.losses
            ]
        )
        self._losses.setText("<br>".join(parts))
        self._reason.setText("" if loss is None else shown(loss.reason or loss.note))

    def _show_definition(self, name: ReferenceRule, loss: HeightLoss | None, graded: HeightLoss | None) -> None:
        cells = self._cells[name]
        is_graded = graded is not None and name == graded.rule
        cells[0].setText(f"<b>{shown(RULE_NAMES[name])} ✓</b>" if is_graded else shown(RULE_NAMES[name]))
        has = loss is not None and loss.degree is not None
        texts = ("–", "–", "")
        if loss is not None and has and loss.graded_position is not None:
            mark = " ◐" if loss.borderline else ""
            short = POSITION_SHORT[loss.graded_position]
            texts = (f"{percent(loss.graded_loss)} {short}", str(loss.degree), points(loss.distance_to_cut) + mark)
        for cell, text in zip(cells[1:], texts, strict=True):
            cell.setText(text)
        for cell in cells:
            cell.setToolTip(
                ""
                if loss is None
                else shown(loss.reason or loss.note) or tr("Reference: {name}.", name=RULE_NAMES[name])
            )


def _degrees(protocol: Protocol) -> str:
    """Where the degrees part, by the protocol."""
    first, second = protocol.degree_cuts
    return tr(
        "I: loss below {first}, II: {first} to {second}, III: above {second}. A loss nearer to a cut than "
        "{within:g} percentage points is called borderline.",
        first=first,
        second=second,
        within=100 * protocol.degree_borderline_within,
    )
