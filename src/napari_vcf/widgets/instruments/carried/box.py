"""The part of a panel that shows what was carried and waits, and takes the reader's word on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_vcf.language import say, shown, tr
from napari_vcf.reading.carrying import CarriedItem, item_words
from napari_vcf.widgets.common.controls import ORANGE, button, mark, note
from napari_vcf.widgets.common.shortcuts_in_force import key_text
from napari_vcf.widgets.instruments.carried.model import CarriedModel

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["CarriedBox"]


class CarriedBox(QWidget):
    """Says what is in front of what was carried, and confirms or deletes it.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    model : CarriedModel
        What waits.
    confirm, delete : str
        The panel's actions by whose keys it is done.
    how : str
        How something is changed, as a sentence.
    prepare : callable
        Called with an item before it is shown.
    may_delete : callable
        Whether the key of deleting means what was carried, and not something else that is chosen.
    """

    def __init__(
        self,
        viewport: Viewport,
        model: CarriedModel,
        *,
        confirm: str,
        delete: str,
        how: str,
        prepare: Callable[[CarriedItem], object] = lambda _item: None,
        may_delete: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self._viewport, self._desk = viewport, viewport.desk
        self._model = model
        self._confirm, self._delete, self._how = confirm, delete, how
        self._prepare, self._may_delete = prepare, may_delete
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._says = note(name="carried_says")
        column.addWidget(self._says)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._buttons = []
        for name, text, tip, run, action in (
            (
                "carried_confirm",
                tr("Confirm"),
                tr("Take it into this stage as you signed it; the record says that it was carried unchanged"),
                self.confirm,
                confirm,
            ),
            (
                "carried_delete",
                tr("Delete"),
                tr("Take it out of what was carried; what is drawn then is drawn in this stage (can be undone)"),
                self.delete,
                delete,
            ),
            (
                "carried_next",
                tr("Next"),
                tr("Show the next one that waits"),
                self.go_on,
                "reading.next_carried",
            ),
        ):
            widget = button(name, text, tip, run, action=action)
            self._buttons.append(widget)
            row.addWidget(widget)
        column.addLayout(row)

    @property
    def waits(self) -> bool:
        """Whether something of this panel waits and may be seen."""
        return bool(self._model.waiting)

    @property
    def withheld(self) -> bool:
        """Whether something waits that is not shown before the estimate by eye."""
        return self._model.withheld

    # -- the reader's word ------------------------------------------------------------------------------------------
    def confirm(self) -> None:
        """Confirm what is in front as it is, and show the next."""
        self._decide("confirmed")

    def delete(self) -> None:
        """Delete what is in front, and show the next."""
        self._decide("deleted")

    def _decide(self, decision: Literal["confirmed", "deleted"]) -> None:
        item = self._model.front
        if item is None:
            self.go_on()
            return
        if not self.is_seen(item):
            # Nothing is confirmed, and nothing deleted, that is not on the screen.
            self.show_item(item)
            self._desk.message.emit(
                say("Here it is, as you signed it: {item}. Decide now.", item=item_words(item)), "info"
            )
            return
        following = self._model.following
        if not self._model.decide(item, decision):
            return
        waiting = self._model.waiting
        if following is not None and following in waiting and following.image == item.image:
            self.show_item(following)
        elif waiting:
            self.go_on()
        else:
            self._model.choose(None)
            self.refresh()

    def go_on(self) -> None:
        """Show what is in front, where it is not on the screen, else the next one that waits."""
        front = self._model.front
        following = self._model.following if front is None or self.is_seen(front) else front
        if following is not None:
            self.show_item(following)

    def is_seen(self, item: CarriedItem) -> bool:
        """Whether an item is on the screen."""
        viewport = self._viewport
        if self._desk.image_id != item.image or viewport.covered_by is not None or viewport.drawings_hidden:
            return False
        point = self._point(item)
        return point is None or viewport.on_current_slice(viewport.to_world(point, item.image))

    def show_item(self, item: CarriedItem) -> None:
        """Bring an item in front, with its image and its slice."""
        viewport = self._viewport
        self._model.choose(item)
        self._prepare(item)
        viewport.hide_drawings(False)
        if viewport.covered_by is not None:
            viewport.overlay(None)
        if self._desk.image_id != item.image:
            self._desk.show(item.image)
        point = self._point(item)
        if point is not None and viewport.can_show(item.image):
            viewport.go_to_slice(float(viewport.to_world(point, item.image)[0]))
        self.refresh()

    def _point(self, item: CarriedItem) -> np.ndarray | None:
        """A point by which the slice of an item is known; None where it lies on many, or on none."""
        if item.kind == "roi":
            return np.asarray(self._model.roi(item).center_lps)
        if item.kind != "caliper":
            return None
        return np.asarray(self._model.caliper(item).start_lps)

    # -- what is shown ----------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Say what is in front, and what can be done with it."""
        front, withheld = self._model.front, self._model.withheld
        self.setVisible(self.waits or withheld)
        for widget in self._buttons:
            widget.setVisible(self.waits)
        confirm, delete, _ = self._buttons
        confirm.setEnabled(front is not None)
        delete.setEnabled(front is not None)
        self._says.setText(self._sentence())
        mark(self._says, ORANGE if self.waits else "")

    def _sentence(self) -> str:
        front, count = self._model.front, self._model.count
        if not self.waits:
            return (
                tr("What you drew and signed before is shown once you have given your own estimate by eye.")
                if self._model.withheld
                else ""
            )
        following = key_text("reading.next_carried")
        if front is None:
            return tr(
                "{count} drawings that you signed in an earlier stage wait on other images; {key} shows the next.",
                count=count,
                key=following,
            )
        delete = tr("{key} deletes it.", key=key_text(self._delete)) if self._may_delete() else ""
        return tr(
            "Carried, dashed, as you signed it: <b>{item}</b>. {confirm} confirms it. {delete} {how} "
            "{count} wait ({key} shows the next); none counts before.",
            item=item_words(front),
            confirm=key_text(self._confirm),
            delete=delete,
            how=shown(self._how),
            count=count,
            key=following,
        )
