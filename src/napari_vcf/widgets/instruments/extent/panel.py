"""The lesion painter's panel: outline the body, paint the lesion in it, estimate by eye, then see the share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QButtonGroup, QComboBox, QGridLayout, QHBoxLayout, QLabel

from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.measure import Extent
from napari_vcf.reading import ITEMS
from napari_vcf.reading.findings import EXTENT_VISUAL
from napari_vcf.widgets.common.controls import (
    ORANGE,
    Banner,
    button,
    heading,
    keep_keys,
    mark,
    note,
    rule,
    toggle,
)
from napari_vcf.widgets.common.locked_layer import FRAME_MS
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.instruments.carried.box import CarriedBox
from napari_vcf.widgets.instruments.extent.carried_drawing import CarriedDrawing
from napari_vcf.widgets.instruments.extent.contour_tool import ContourDrawing, ContourTool
from napari_vcf.widgets.instruments.extent.model import ExtentModel
from napari_vcf.widgets.instruments.extent.outline_tool import OutlineDrawing, OutlineTool
from napari_vcf.widgets.instruments.extent.proposal_box import ProposalBox, slices_text
from napari_vcf.widgets.instruments.extent.threshold import ThresholdTool
from napari_vcf.widgets.instruments.extent.tools import BRUSHES, MODES, OUTLINES, BrushBox, Mode, extent_texts
from napari_vcf.widgets.instruments.instrument import Instrument, Tool, ToolManager

__all__ = ["ExtentWidget"]

#: The estimate that this panel takes, and the item that it estimates.
EXTENT = ITEMS[EXTENT_VISUAL].estimates


class ExtentWidget(Instrument):
    """Share of the vertebral body that the lesion takes.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse and the keys.
    """

    name = "extent"
    title = say("Lesion extent")
    item = "lesion_extent"

    def __init__(self, tools: ToolManager) -> None:
        super().__init__(tools)
        desk, viewport = self.desk, self.viewport
        self.model = ExtentModel(viewport, lambda: self.in_hand)
        self.outline = OutlineTool(viewport, self._on_outline, self._may_draw)
        self.threshold = ThresholdTool(viewport, self.model, self._show_guide, self._may_draw)
        self.contour = ContourTool(viewport, self.model, self._may_draw)
        self.proposal = ProposalBox(viewport, self.model, self._check, lambda: self.in_hand)
        self.mode: Mode = "outline"
        self._was_in_front = False
        self._build()
        self.drawing = OutlineDrawing(viewport, self.outline)
        self.proposal_drawing = ContourDrawing(viewport, self.model, self.contour, self._sketch)
        self.carried_drawing = CarriedDrawing(viewport, self.model)
        self.model.layers_changed.connect(self._use_mode)
        self.tools.changed.connect(lambda holder: self.model.step_back(getattr(holder, "hides_masks", False)))
        self.viewport.drawings_hidden_changed.connect(self.model.show_masks)
        self._live = QTimer(self)
        self._live.setSingleShot(True)
        self._live.setInterval(FRAME_MS)
        self._live.timeout.connect(self._show_live)
        self.model.touched.connect(self._on_touched)
        self.outline.changed.connect(self._show_guide)
        viewport.slice_changed.connect(self._on_slice)
        viewport.overlay_changed.connect(self.refresh)
        desk.opened.connect(self._forget)
        desk.opened.connect(self._explain_grades)
        threshold = self.threshold
        for name, run in {
            **{mode: lambda m=mode: self.set_mode(m) for mode in MODES},
            "finish": self._finish,
            "take_back": self.outline.take_back,
            "stop": self._cancel,
            "smaller": lambda: self._resize(-1),
            "bigger": lambda: self._resize(1),
            "from_calipers": self.body_from_calipers,
            "tissue": self._if_threshold(threshold.next_tissue),
            "side": self._if_threshold(threshold.swap_side),
            "this_slice": self._if_threshold(threshold.swap_scope),
            **{f"estimate_{n}": value.click for n, value in enumerate(self._visual.values(), start=1)},
            "image": self._next_image,
            "through": self.brush.through.click,
            "fill": self.brush.fill.click,
            "clear_slice": self._clear_slice,
            "clear_all": self.model.clear,
            "unseen": self.next_unseen,
            "propose": self.proposal.propose,
            "labels": self.proposal.ask_labels,
            "next_waiting": self._if_proposed(self.proposal.go_on),
            "reject": self._reject,
            "accept_rest": self._if_proposed(self.proposal.accept_rest),
        }.items():
            self.share(f"extent.{name}", run)
        self.follow_desk()

    # -- building ---------------------------------------------------------------------------------------------------
    def _build(self) -> None:
        self._guide = Banner("guide")
        self._image = QComboBox()
        self._image.setObjectName("image")
        tip = tr("Image on whose voxels body and lesion are painted; fixed once something is painted.")
        self._image.setToolTip(with_key(tip, "extent.image"))
        keep_keys(self._image)
        self._image.activated.connect(self._on_image)
        top = QHBoxLayout()
        top.addWidget(QLabel(tr("Paint on")))
        top.addWidget(self._image, 1)
        self.column.addWidget(self._guide)
        self.column.addLayout(top)
        self.carried = self._carried_box = CarriedBox(
            self.viewport,
            self.model.carried,
            confirm="extent.finish",
            delete="extent.reject",
            how=say("Brush or outline changes it."),
        )
        self.column.addWidget(self.carried)
        self.column.addLayout(self._build_modes())
        self.column.addWidget(self.proposal)
        self.column.addWidget(self.threshold)
        self.brush = BrushBox(self._on_brush, lambda on: setattr(self.model, "fill_between", on))
        self.column.addWidget(self.brush)
        row = QHBoxLayout()
        for name, text, tip, run in (
            ("clear_slice", tr("Clear slice"), tr("Remove body and lesion from this slice"), self._clear_slice),
            ("clear_all", tr("Clear all"), tr("Remove body and lesion; it can be undone"), self.model.clear),
        ):
            row.addWidget(button(name, text, tip, run, action=f"extent.{name}"))
        self._undo = button("undo", tr("Undo"), tr("Take the last change back"), self.desk.undo, action="reading.undo")
        self._redo = button("redo", tr("Redo"), tr("Make it again"), self.desk.redo, action="reading.redo")
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        self.column.addLayout(row)
        self.column.addWidget(rule())
        self.column.addWidget(heading(tr("Your estimate by eye")))
        self.column.addLayout(self._build_visual())
        self.column.addWidget(rule())
        self.column.addWidget(heading(tr("Measured")))
        self._result = note(name="result")
        self._details = note(name="details")
        self._differ = note(name="differ")
        self._unseen = note(name="unseen")
        self._next = button(
            "next_unseen",
            tr("Next one"),
            tr("Go to a slice not yet looked at"),
            self.next_unseen,
            action="extent.unseen",
        )
        for widget in (self._result, self._details, self._differ):
            self.column.addWidget(widget)
        seen = QHBoxLayout()
        seen.addWidget(self._unseen, 1)
        seen.addWidget(self._next)
        self.column.addLayout(seen)
        self.column.addStretch(1)

    def _build_modes(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        group = QButtonGroup(self)
        for number, (mode, text) in enumerate(MODES.items()):
            widget = toggle(f"mode_{mode}", shown(text), shown(ACTIONS[f"extent.{mode}"].text), action=f"extent.{mode}")
            widget.clicked.connect(lambda _=False, m=mode: self.set_mode(m))
            group.addButton(widget)
            grid.addWidget(widget, number // 3, number % 3)
        group.addButton(self.proposal.mode)
        tip = tr("Take the body between the fractured vertebra's calipers as a start; correct it with the brush")
        start = button(
            "from_calipers", tr("From calipers"), tip, self.body_from_calipers, action="extent.from_calipers"
        )
        grid.addWidget(start, 2, 2)
        return grid

    def _build_visual(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._visual = {}
        group = QButtonGroup(self)
        group.setExclusive(False)
        for number, value in enumerate(ITEMS[EXTENT_VISUAL].values, start=1):
            widget = toggle(
                f"visual_{value}", str(value), shown(ITEMS[EXTENT_VISUAL].help), action=f"extent.estimate_{number}"
            )
            widget.clicked.connect(lambda _=False, v=str(value): self._on_visual(v))
            group.addButton(widget)
            row.addWidget(widget)
            self._visual[str(value)] = widget
        return row

    # -- what the reader does ---------------------------------------------------------------------------------------
    def set_mode(self, mode: Mode) -> None:
        """Take another of the painter's tools."""
        self.tools.take(self)
        if mode not in OUTLINES or mode != self.mode:
            self.outline.forget()
        self.mode = mode
        self._use_mode()
        self._show()

    def _use_mode(self) -> None:
        self.button(f"mode_{self.mode}").setChecked(True)
        own: dict[Mode, Tool] = {"threshold": self.threshold.tool, "check": self.contour}
        self.tool = own.get(self.mode, self.outline if self.mode in OUTLINES else None)
        self.threshold.activate(self.in_hand and self.mode == "threshold")
        self.proposal_drawing.active = self.in_hand
        self.proposal_drawing.redraw_soon()
        self.model.lend(self.in_hand and self.mode in ("body_add", "body_erase"))
        self.model.lend_carried(BRUSHES[self.mode][0] if self.in_hand and self.mode in BRUSHES else None)
        layers = self.model.layers
        if layers is None:
            return
        self._on_brush()
        if self.in_hand and self.mode in BRUSHES and self.model.is_in_front:
            layers.start(*BRUSHES[self.mode])
        else:
            layers.stop()

    def _may_draw(self) -> bool:
        """Whether what is measured is what is seen; where it is not, say what is wanted."""
        if self.model.is_in_front:
            return True
        self.desk.message.emit(self._not_in_front(), "warning")
        return False

    def _not_in_front(self) -> str:
        image, covered_by = self.model.image, self.viewport.covered_by
        if image is None:
            return say("The extent is painted on MRI; this stage has none.")
        seen = self.desk.image if covered_by is None or self.desk.case is None else self.desk.case.image(covered_by)
        on_screen = say("no image") if seen is None else seen.label
        if self.model.masks is not None:
            return say(
                "Body and lesion are painted on {wanted}, and {seen} is on the screen: bring {wanted} to the front.",
                wanted=image.label,
                seen=on_screen,
            )
        return say(
            "Body and lesion are painted on {wanted}, and {seen} is on the screen: bring {wanted} to the front, or "
            "paint on another image ({key}).",
            wanted=image.label,
            seen=on_screen,
            key=key_text("extent.image"),
        )

    def taken(self) -> None:
        """Show the plane on which the image can be painted, and take the tool that was last used."""
        image = self.model.image
        if self.desk.reading is not None:
            self.model.sync()
        if image is not None and not self.model.is_in_front and self.desk.reading is not None:
            self.desk.show(image.id)
            if self.model.layers is None:
                self.desk.show_plane(f"native:{image.id}")
        self._use_mode()
        self._show()

    def laid_down(self) -> None:
        """Give the mouse back."""
        self.outline.forget()
        self.contour.cancel()
        self.threshold.activate(active=False)
        self.proposal_drawing.active = False
        self.proposal_drawing.redraw_soon()
        self.model.lend(False)
        self.model.lend_carried(None)
        if self.model.layers is not None:
            self.model.layers.stop()

    def _forget(self) -> None:
        self.model.forget()
        self.begin_stage()

    def begin_stage(self) -> None:
        """Take the outline up again, with no limit, reference tissue, image or half an outline of another stage."""
        self.outline.forget()
        self.mode = "outline"
        self.model.choose(None)
        self.threshold.forget()
        self._use_mode()

    def next_unseen(self) -> None:
        """Show the next slice of the body, or next to it, that was not looked at."""
        extent = self._extent()
        if extent is None:
            return
        unseen = (*self.model.unseen(extent.body_slices), *self.model.unseen_beyond())
        if unseen:
            self.model.go_to(unseen[0])

    def _on_outline(self, outline: NDArray[np.float64]) -> None:
        self.model.outline(outline, part="lesion" if self.mode == "lesion_outline" else "body")

    def body_from_calipers(self) -> None:
        """Begin with the quadrangle that the calipers of the fractured vertebra span on their slice."""
        corners = self.model.caliper_corners()
        if self.model.layers is None:
            self.desk.message.emit(self._guidance(), "info")
        elif not self._may_draw():
            return
        elif corners is None:
            self.desk.message.emit(say("Measure at least the anterior and the posterior height first."), "info")
        else:
            self.viewport.go_to_slice(float(corners[0][0]))
            self.model.outline(corners, part="body")

    def _on_image(self, index: int) -> None:
        self.model.choose(self._image.itemData(index))
        self.desk.show(self._image.itemData(index))
        self.refresh()

    def _next_image(self) -> None:
        if self._image.isEnabled() and self._image.count() > 1:
            index = (self._image.currentIndex() + 1) % self._image.count()
            self._image.setCurrentIndex(index)
            self._on_image(index)

    def _on_brush(self, *_: object) -> None:
        image = self.model.image
        self.brush.show_size(0.0 if image is None else float(image.series.grid.spacing_mm[2]))
        if self.model.layers is not None:
            self.model.layers.set_brush(self.brush.pixels, in_3d=self.brush.in_3d)

    def _resize(self, step: int) -> None:
        if self.mode == "threshold":
            self.threshold.step(step)
        elif self.mode == "check":
            self.model.proposed.step_reach(step)
            self._show_guide()
        else:
            self.brush.step(step)

    def _finish(self) -> None:
        if self._carried_box.waits and not self.outline.points:
            self._carried_box.confirm()
        elif self.mode == "threshold":
            self.threshold.take()
        elif self.mode == "check":
            self._if_proposed(self.proposal.accept)()
        else:
            self.outline.close()

    def _reject(self) -> None:
        if self._carried_box.waits:
            self._carried_box.delete()
        else:
            self._if_proposed(self.proposal.reject)()

    def _cancel(self) -> None:
        if self.mode == "threshold":
            self.threshold.drop()
        elif self.mode == "check":
            self.proposal.stop()
            self.contour.cancel()
        else:
            self.outline.cancel()

    def _if_threshold(self, act: Callable[[], None]) -> Callable[[], None]:
        """Keys that mean something to the threshold alone."""
        return lambda: act() if self.mode == "threshold" else None

    def _if_proposed(self, act: Callable[[], None]) -> Callable[[], None]:
        """Keys that decide on what is proposed: only where it is seen."""

        def run() -> None:
            if self._may_draw() and self.proposal.is_seen():
                if self.mode != "check":
                    self.set_mode("check")
                act()

        return run

    def _check(self) -> None:
        """Go through a proposed body; what there is of it is drawn at once."""
        self.set_mode("check")
        self.proposal_drawing.redraw()

    def _sketch(self) -> NDArray[np.float64] | None:
        """What the heights alone say of the body, while it is being proposed."""
        return self.model.caliper_corners() if self.proposal.errand.running else None

    def _explain_grades(self) -> None:
        """Tell where the grades part, by the protocol of the reading that was opened."""
        reading = self.desk.reading
        assert reading is not None
        by_eye = shown(reading.protocol.form[EXTENT_VISUAL].help)
        for number, widget in enumerate(self._visual.values(), start=1):
            widget.setToolTip(with_key(by_eye, f"extent.estimate_{number}"))

    def _on_visual(self, value: str) -> None:
        reading, stage = self.desk.reading, self.desk.stage
        if reading is None:
            return
        answer = reading.state.stages[stage].answers.get(EXTENT_VISUAL)
        if answer is not None and answer.value == value:
            self.desk.guard(lambda: reading.withdraw_answer(stage, EXTENT_VISUAL))
        else:
            self.desk.guard(lambda: reading.answer(stage, EXTENT_VISUAL, value))
        self._show()

    def _clear_slice(self) -> None:
        if self._may_draw():
            self.model.clear_slice()

    def _on_slice(self, _position: float) -> None:
        self.model.look()
        if self.isVisible():
            self._show()

    # -- what is shown ----------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Redraw the panel and the layers from the reading."""
        if self.desk.reading is not None or self.model.layers is not None:
            self.model.sync()
        if self.model.is_in_front != self._was_in_front:
            self._was_in_front = self.model.is_in_front
            self._use_mode()
        self.threshold.refresh()
        self.proposal_drawing.redraw_soon()
        self.carried_drawing.redraw_soon()
        self._show()

    def _extent(self) -> Extent | None:
        reading = self.desk.reading
        return None if reading is None else reading.results(self.desk.stage).painted

    def _show(self) -> None:
        reading = self.desk.reading
        images = self.model.images() if reading is not None else ()
        self.setEnabled(bool(images))
        if [self._image.itemData(i) for i in range(self._image.count())] != [i.id for i in images]:
            self._image.clear()
            for image in images:
                self._image.addItem(image.label, image.id)
        if self.model.image is not None and reading is not None:
            self._image.setCurrentIndex(self._image.findData(self.model.image.id))
        self._image.setEnabled(self.model.masks is None)
        self._undo.setEnabled(reading is not None and reading.can_undo)
        self._redo.setEnabled(reading is not None and reading.can_redo)
        self._carried_box.refresh()
        self.proposal.refresh()
        self._show_guide()
        self._show_results()

    def _show_guide(self) -> None:
        self._guide.setText(self.guide_text(self._guidance()))

    def _guidance(self) -> str:
        reading = self.desk.reading
        if reading is None:
            return tr("No case is open.")
        if self.model.image is None:
            return tr("The extent is painted on MRI; this stage has none.")
        if reading.state.spine is None:
            return tr("Name the fractured vertebra first (Calipers).")
        if self.model.layers is None:
            return tr("{label} does not lie on this plane. Choose it, or its own slices.", label=self.model.image.label)
        if not self.model.is_in_front:
            return shown(self._not_in_front())
        if self.outline.points:
            return tr(
                "{count} points. Close at the first one, by a double click or {close}; {stop} stops.",
                count=len(self.outline.points),
                close=key_text("extent.finish"),
                stop=key_text("extent.stop"),
            )
        if self.outline.waiting and self.mode in OUTLINES:
            return tr(
                "An outline is half drawn on {slices}: go back there to close it.",
                slices=slices_text(self.outline.waiting),
            )
        level = reading.state.spine.fractured
        front = self.model.carried.front
        if front is not None:
            return tr(
                "Is this the {part} of <b>{level}</b>, as you signed it? {confirm} confirms it; brush or outline "
                "changes it.",
                part=Sentence(front.kind),
                level=level,
                confirm=key_text("extent.finish"),
            )
        if self.mode == "check":
            return self.proposal.guidance(level)
        if self.model.masks is None or self.model.masks.body.voxels == 0:
            outline = tr(
                "Outline the body of <b>{level}</b> on every second slice, and on the outermost two.", level=level
            )
            if self.model.proposed.offered and not self.model.proposed.lacking(self.model.image.id):
                propose = tr("Or have it proposed from its heights ({key}).", key=key_text("extent.propose"))
                return f"{outline} {propose}"
            return outline
        return {
            "threshold": self.threshold.guidance(),
            "lesion_outline": tr(
                "Click around abnormal marrow, or draw freehand; what lies in the body becomes lesion."
            ),
            "outline": tr(
                "Click around the body on this slice, or draw freehand. Slices between are filled, but "
                "none beyond the outermost outlines."
            ),
            "body_add": tr("Paint what belongs to the body."),
            "body_erase": tr("Paint over what does not belong to the body."),
            "lesion_add": tr("Paint abnormal marrow; the brush cannot leave the body."),
            "lesion_erase": tr("Paint over what is normal marrow."),
            "look": tr("Nothing is painted; the left button moves the image."),
        }[self.mode]

    def _show_results(self) -> None:
        reading, stage = self.desk.reading, self.desk.stage
        extent = self._extent()
        answer = reading.state.stages[stage].answers.get(EXTENT_VISUAL) if reading is not None else None
        asked = reading is not None and reading.protocol.asks(stage, EXTENT_VISUAL)
        for value, widget in self._visual.items():
            widget.setEnabled(asked)
            widget.setChecked(answer is not None and answer.value == value)
        result = details = differ = ""
        unseen = self.model.unseen(extent.body_slices) if extent is not None else ()
        beyond = self.model.unseen_beyond() if extent is not None else ()
        self._next.setVisible(bool(unseen or beyond))
        self._unseen.setText("" if extent is None else _looked_at(len(unseen), len(extent.body_slices), len(beyond)))
        if extent is None:
            result = tr("No body outlined yet.")
        else:
            mark(self._unseen, ORANGE if unseen or beyond else "")
            if reading is not None and EXTENT in reading.hidden(stage):
                result = tr("Hidden until you have given your own estimate above.")
            else:
                result, details = self._texts(extent)
                # Before anything is painted there is nothing to differ from.
                if extent.lesion_cm3 and answer and answer.value is not None and answer.value != extent.grade:
                    differ = tr(
                        "Your estimate {estimate} and the measured {grade} differ; both are kept.",
                        estimate=answer.value,
                        grade=extent.grade,
                    )
        # Each once: a label that is emptied and filled again has the whole panel laid out twice.
        for label, text in ((self._result, result), (self._details, details), (self._differ, differ)):
            label.setText(text)

    def _on_touched(self) -> None:
        if not self._live.isActive():
            self._live.start()

    def _show_live(self) -> None:
        """Let share and grade follow a stroke, where they may be seen."""
        reading, stage = self.desk.reading, self.desk.stage
        if reading is None or not self.isVisible():
            return
        extent = None if EXTENT in reading.hidden(stage) else self.model.live_extent()
        if extent is not None:
            result, details = self._texts(extent)
            self._result.setText(result)
            self._details.setText(details)

    def _texts(self, extent: Extent) -> tuple[str, str]:
        reading = self.desk.reading
        counted = reading is not None and reading.results(self.desk.stage).extent is not None
        return extent_texts(extent, counted=counted)


def _looked_at(unseen: int, slices: int, beyond: int) -> str:
    """What of the body, and of what lies next to it, was not on the screen yet."""
    sentences = [
        tr("<b>{unseen}</b> of {slices} body slices not yet looked at", unseen=unseen, slices=slices)
        if unseen
        else tr("All {slices} body slices looked at", slices=slices)
        if slices > 1
        else tr("The body's one slice looked at")
    ]
    if beyond:
        sentences.append(
            tr("<b>{count}</b> beyond the outermost outlines not yet: does the body go on there?", count=beyond)
            if beyond > 1
            else tr("<b>1</b> beyond the outermost outline not yet: does the body go on there?")
        )
    return tr("; ").join(sentences)
