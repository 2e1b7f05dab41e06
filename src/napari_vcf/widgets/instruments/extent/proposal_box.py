"""The part of the painter's panel that has the body proposed and shows what became of its slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_vcf.language import say, shown, tr
from napari_vcf.reading.proposing import proposed_from
from napari_vcf.reading.state import ProposedBody
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import ORANGE, button, mark, note, toggle
from napari_vcf.widgets.common.errand import Errand, Progress
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS
from napari_vcf.widgets.common.shortcuts_in_force import key_text
from napari_vcf.widgets.instruments.extent.label_choice import LabelChoice
from napari_vcf.widgets.instruments.extent.label_dialog import LabelDialog
from napari_vcf.widgets.instruments.extent.model import ExtentModel
from napari_vcf.widgets.instruments.extent.proposed import SliceKind
from napari_vcf.widgets.instruments.extent.slice_strip import KINDS, SliceStrip

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["ProposalBox", "slices_text"]


def slices_text(indices: tuple[int, ...]) -> str:
    """Slices of the image, counted from 1 as the title counts them."""
    numbers = ", ".join(str(index + 1) for index in indices)
    return say("slices {numbers}", numbers=numbers) if len(indices) > 1 else say("slice {number}", number=numbers)


class ProposalBox(QWidget):
    """Has the body proposed beside the window, and takes the reader's word on its slices.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    model : ExtentModel
        Whose proposal it is.
    take_up : callable
        Called when the slices of a proposal are to be gone through.
    in_hand : callable
        Whether the painter is in hand: else a proposal that is ready waits, and takes nothing away from the reader.
    """

    def __init__(
        self, viewport: Viewport, model: ExtentModel, take_up: Callable[[], None], in_hand: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._viewport = viewport
        self._desk = desk = viewport.desk
        self._model, self._proposed = model, model.proposed
        self._take_up, self._in_hand = take_up, in_hand
        self.errand = Errand(say("Proposing the body"))
        self._asked: tuple[object, str] | None = None
        self._build()
        self.errand.progressed.connect(self._bar.report)
        self.errand.finished.connect(self._on_proposed)
        self.errand.failed.connect(self._on_failed)
        desk.labels_offered.connect(self.ask_labels)
        for signal in (desk.opened, desk.closed, desk.stage_changed):
            signal.connect(self.stop)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.mode = toggle(
            "mode_check", tr("Propose body"), shown(ACTIONS["extent.propose"].text), action="extent.propose"
        )
        self.mode.clicked.connect(lambda _=False: self.propose())
        self._bar = SteadyBar("proposal_progress", tr("How far the proposal of the body is"))
        self._stop = button("proposal_stop", tr("Stop"), tr("Stop proposing the body"), self.stop, action="extent.stop")
        self.from_labels = button(
            "from_labels",
            tr("From labels…"),
            shown(ACTIONS["extent.labels"].text),
            self.ask_labels,
            action="extent.labels",
        )
        top = QHBoxLayout()
        for widget in (self.mode, self.from_labels, self._bar, self._stop):
            top.addWidget(widget, 1)
        column.addLayout(top)
        self.strip = SliceStrip(self._model.go_to)
        column.addWidget(self.strip)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._buttons = []
        for name, text, tip, run, action in (
            (
                "accept",
                tr("Accept"),
                tr("Accept this slice and go on to the next that waits"),
                self.accept,
                "extent.finish",
            ),
            ("reject", tr("Reject"), shown(ACTIONS["extent.reject"].text), self.reject, "extent.reject"),
            ("next_waiting", tr("Next"), shown(ACTIONS["extent.next_waiting"].text), self.go_on, "extent.next_waiting"),
            (
                "accept_rest",
                tr("Accept rest"),
                shown(ACTIONS["extent.accept_rest"].text),
                self.accept_rest,
                "extent.accept_rest",
            ),
        ):
            widget = button(name, text, tip, run, action=action)
            self._buttons.append(widget)
            row.addWidget(widget)
        column.addLayout(row)
        self._says = note(name="proposal_says")
        column.addWidget(self._says)

    # -- proposing --------------------------------------------------------------------------------------------------
    def propose(self) -> None:
        """Have the body proposed, or go on with the slices of a proposal."""
        reading, image = self._desk.reading, self._model.image
        if reading is None or image is None or self.errand.running:
            return
        if self._proposed.waiting and not self._proposed.outdated:
            self._take_up()
            return
        request = self._desk.guard(lambda: self._proposed.request(image.id))
        if request is None:
            self.refresh()
            return
        case, self._asked = reading.case, (reading, self._desk.stage)

        def work(progress: Progress) -> object:
            volumes = [case.volume(each) for each in request.images]
            return proposed_from(request, volumes, progress=progress)

        self._bar.report(0, 0, say("Proposing the body"))
        self.errand.start(work)
        self._take_up()

    def stop(self, *_: object) -> None:
        """Stop; nothing is proposed."""
        if self.errand.running:
            self.errand.cancel()

    def ask_labels(self, path: Path | None = None) -> None:
        """Have the body taken from a label map of another program, as a proposal."""
        desk, reading, image = self._desk, self._desk.reading, self._model.image
        if reading is None or self.errand.running:
            return
        if image is None or not self._proposed.offered:
            desk.message.emit(
                say(
                    "A label map becomes a proposed body in a stage that measures the lesion's extent on MRI, where "
                    "the protocol allows bodies to be proposed."
                ),
                "warning",
            )
            return
        request = desk.guard(lambda: self._proposed.request(image.id))
        if request is None:
            self.refresh()
            return
        self._asked = (reading, desk.stage)
        choice = LabelChoice(reading, desk.stage, request, blinded=desk.study_stage is not None)
        dialog = LabelDialog(self, choice, self._on_labels)
        dialog.open()
        if path is not None:
            dialog.form.container["file"].value = path

    def _on_labels(self, proposed: ProposedBody, differs: bool) -> None:
        self._take_up()
        self._put(proposed)
        source = proposed.source
        if differs and source is not None and self._proposed.kinds:
            said = say(
                "The label is named {own}; it was taken as the body of {level} at your word.",
                own=source.own_level,
                level=source.level,
            )
            self._desk.message.emit(said, "warning")

    def _on_proposed(self, proposed: object) -> None:
        if isinstance(proposed, ProposedBody):
            self._put(proposed)
        self._asked = None
        self._go_through()

    def _put(self, proposed: ProposedBody) -> None:
        """Put a proposal before the reader, where it is still that of the stage on the desk."""
        if self._asked != (self._desk.reading, self._desk.stage):
            return
        waiting = self._proposed.put(proposed)
        if waiting is None:
            return
        self._model.forget_looks(waiting)
        said = say(
            "The body is proposed on {slices}; none of them counts before you accept it.",
            slices=slices_text(waiting),
        )
        self._desk.message.emit(said, "info")
        index = self._proposed.nearest(self._model.current_index())
        if index is not None and self._in_hand():
            self._model.go_to(index)

    def _on_failed(self, sentence: str) -> None:
        self._asked = None
        if sentence:
            self._desk.message.emit(sentence, "error")
        self._go_through()

    def _go_through(self) -> None:
        if self._in_hand():
            self._take_up()
        else:
            self.refresh()

    # -- the reader's word ------------------------------------------------------------------------------------------
    def accept(self) -> None:
        """Accept the slice on the screen and go on."""
        index = self._here()
        if index is not None and self._proposed.accept(index):
            self.go_on()

    def reject(self) -> None:
        """Reject the slice on the screen and go on."""
        index = self._here()
        if index is not None and self._proposed.reject(index):
            self.go_on()

    def go_on(self) -> None:
        """Go to the next slice that waits."""
        following = self._proposed.following(self._model.current_index())
        if following is not None:
            self._model.go_to(following)
        elif self._proposed.kinds:
            self._desk.message.emit(say("No slice of the proposed body waits any more."), "info")

    def accept_rest(self) -> None:
        """Accept all that waits; what was not looked at is said, and not counted."""
        unseen = self._proposed.accept_rest(self._model.unseen(self._proposed.waiting))
        if unseen:
            finish, following = key_text("extent.finish"), key_text("extent.next_waiting")
            self._desk.message.emit(
                say(
                    "Not counted: {slices} of the proposed body, which you have not looked at. "
                    "{following} goes there, {finish} accepts.",
                    slices=slices_text(unseen),
                    following=following,
                    finish=finish,
                ),
                "warning",
            )

    def _here(self) -> int | None:
        """The slice of the proposal on the screen, where it can be judged."""
        index = self._model.current_index()
        if index is None or index not in self._proposed.kinds:
            if self._proposed.kinds:
                self._desk.message.emit(say("No body is proposed on this slice."), "info")
            return None
        return index

    def is_seen(self) -> bool:
        """Whether there is something to decide on that can be seen; shows it, or says what is wanted, where not."""
        if not self._proposed.kinds:
            said = say("No body is proposed; {key} proposes one.", key=key_text("extent.propose"))
        elif self._viewport.drawings_hidden:
            self._viewport.hide_drawings(False)
            said = say("What is proposed was hidden; here it is. Decide now.")
        else:
            return True
        self._desk.message.emit(said, "info")
        return False

    # -- what is shown ----------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show what became of each slice."""
        kinds, running = self._proposed.kinds, self.errand.running
        self.setVisible(self._proposed.offered)
        waiting = self._proposed.waiting
        again = bool(kinds) and (not waiting or self._proposed.outdated)
        self.mode.setText(tr("Propose again") if again else tr("Check proposal") if kinds else tr("Propose body"))
        self.mode.setVisible(not running)
        self.from_labels.setVisible(not running)
        for widget in (self._bar, self._stop):
            widget.setVisible(running)
        self.strip.setVisible(bool(kinds))
        here = self._model.current_index()
        seen = frozenset(kinds) - frozenset(self._model.unseen(tuple(kinds)))
        self.strip.show_slices(kinds, here, seen)
        for widget in self._buttons:
            widget.setVisible(bool(kinds))
        accept, reject, following, rest = self._buttons
        accept.setEnabled(here in waiting)
        reject.setEnabled(here in kinds and kinds[here] != "rejected")
        following.setEnabled(bool(waiting))
        rest.setEnabled(bool(waiting))
        self._says.setText(self._sentence())
        self._says.setVisible(bool(self._says.text()))
        mark(self._says, ORANGE if kinds and waiting else "")

    def guidance(self, level: str) -> str:
        """What to do next with the proposed body of a vertebra."""
        proposed = self._proposed
        finish, reject, following = (key_text(f"extent.{name}") for name in ("finish", "reject", "next_waiting"))
        if self.errand.running:
            return tr(
                "The body of <b>{level}</b> is being proposed from its heights; {key} stops it.",
                level=level,
                key=key_text("extent.stop"),
            )
        if not proposed.kinds:
            image = self._model.image
            lacking = "" if image is None else proposed.lacking(image.id)
            return shown(lacking) or tr(
                "No body of <b>{level}</b> is proposed; {key} proposes one.",
                level=level,
                key=key_text("extent.propose"),
            )
        smaller, bigger = key_text("extent.smaller"), key_text("extent.bigger")
        pull = tr(
            "drag its line where it is off ({smaller} {bigger}: {reach_mm:.0f} mm to either side follow)",
            smaller=smaller,
            bigger=bigger,
            reach_mm=proposed.reach_mm,
        )
        if self._model.current_index() in proposed.waiting:
            return tr(
                "Proposed, dashed: is this the body of <b>{level}</b>, without pedicles? {finish} "
                "accepts it and goes on, {reject} rejects it; {pull}.",
                level=level,
                finish=finish,
                reject=reject,
                pull=pull,
            )
        if proposed.waiting:
            return tr(
                "This slice is decided; {pull}. {following} or {finish} goes to the next that waits.",
                pull=pull,
                following=following,
                finish=finish,
            )
        return tr("All slices of the proposal are decided; {pull}, or go on with the lesion.", pull=pull)

    def _sentence(self) -> str:
        kinds = self._proposed.kinds
        if not kinds:
            return ""
        by_kind = {kind: tuple(i for i, other in kinds.items() if other == kind) for kind in KINDS}
        words: dict[SliceKind, str] = {
            "proposed": tr("accepted as proposed"),
            "label_map": tr("accepted from the label map"),
            "corrected": tr("corrected"),
            "drawn": tr("drawn"),
            "rejected": tr("rejected"),
            "unseen": tr("accepted without a look"),
            "waiting": tr("not decided"),
        }
        parts = [f"{KINDS[kind][0]} {len(by_kind[kind])} {text}" for kind, text in words.items() if by_kind[kind]]
        sentences = [", ".join(parts) + "."]
        left = (*by_kind["unseen"], *by_kind["waiting"])
        if left:
            sentences.append(tr("What is not decided after a look counts nowhere."))
        if self._proposed.outdated:
            sentences.append(
                tr("The heights were changed since; {key} proposes it again.", key=key_text("extent.propose"))
            )
        if self._proposed.poor:
            slices = slices_text(self._proposed.poor)
            sentences.append(tr("The fit is poor on {slices}: look closely.", slices=slices))
        return " ".join(sentences)
