"""A proposed body and its slices: what waits for the reader, and what becomes of it. Knows no window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.language import said, say
from napari_vcf.measure import PULL_REACH_MM, fill_outline, pull_contour
from napari_vcf.reading.body_slices import open_slices, slice_origins
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.masks import decode_mask

if TYPE_CHECKING:
    from napari_vcf.geometry import Grid
    from napari_vcf.reading.proposing import BodyRequest
    from napari_vcf.reading.state import Masks, ProposedBody
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["ProposedModel", "SliceKind"]

#: What became of a slice, as the panel shows it: it waits, was accepted without a look, or has its origin.
SliceKind = Literal["waiting", "unseen", "rejected", "proposed", "label_map", "corrected", "drawn"]

_ITEM = "lesion_extent"
_REACH_MM = (4.0, 30.0)
_REACH_STEP_MM = 2.0


class ProposedModel:
    """The body proposed in the stage on the desk.

    Parameters
    ----------
    desk : Desk
        Whose reading it belongs to.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        #: Way along the contour on which a pull fades, mm.
        self.reach_mm = PULL_REACH_MM
        self._decoded: tuple[Masks, NDArray[np.bool_], NDArray[np.bool_], dict[int, SliceKind]] | None = None

    # -- may it be proposed -----------------------------------------------------------------------------------------
    @property
    def offered(self) -> bool:
        """Whether the protocol lets a body be proposed in this stage."""
        reading = self._desk.reading
        return reading is not None and reading.protocol.body_proposal and reading.protocol.asks(self._desk.stage, _ITEM)

    def lacking(self, image_id: str) -> str:
        """What is lacking before a body can be proposed on an image, as a sentence; empty where nothing is."""
        try:
            self.request(image_id)
        except RefusedActionError as refused:
            return said(refused)
        return ""

    def request(self, image_id: str) -> BodyRequest:
        """Gather what it is proposed from; raises `RefusedActionError` where that is not allowed yet."""
        assert self._desk.reading is not None
        return self._desk.reading.body_request(self._desk.stage, image_id)

    @property
    def outdated(self) -> bool:
        """Whether heights or images are others than those that the proposal was computed from; a label map has none."""
        masks, reading = self.masks, self._desk.reading
        if masks is None or masks.proposal is None or reading is None or masks.proposal.source is not None:
            return False
        try:
            request = self.request(masks.image)
        except RefusedActionError:
            # Without a height there is nothing to compare, and nothing that could be proposed instead.
            return False
        return (request.ends, request.neighbours) != (masks.proposal.ends, masks.proposal.neighbours)

    def put(self, proposed: ProposedBody) -> tuple[int, ...] | None:
        """Put a computed proposal before the reader.

        Returns
        -------
        tuple of int or None
            The slices that wait now; None where it was refused, or what it was computed from is not so any more.
        """
        desk, image_id = self._desk, proposed.images[0]
        reading = desk.reading
        if reading is None:
            return None
        request = desk.guard(lambda: self.request(image_id))
        if request is None:
            return None
        used = (request.images, request.ends, request.neighbours)
        if proposed.source is not None:
            # What helps to compute one does not matter to a label map.
            used = (proposed.images, request.ends, proposed.neighbours)
        if used != (proposed.images, proposed.ends, proposed.neighbours):
            desk.message.emit(
                say("The heights were changed while the body was being proposed; propose it again."), "info"
            )
            return None
        if desk.guard(lambda: reading.propose_body(desk.stage, image_id, proposed)) is None:
            return None
        return self.waiting

    # -- its slices -------------------------------------------------------------------------------------------------
    @property
    def masks(self) -> Masks | None:
        """The masks of the record, where a proposal belongs to them."""
        reading = self._desk.reading
        masks = None if reading is None else reading.state.stages[self._desk.stage].masks
        return masks if masks is not None and masks.proposal is not None else None

    def _read(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], dict[int, SliceKind]] | None:
        masks = self.masks
        if masks is None or masks.proposal is None:
            self._decoded = None
            return None
        if self._decoded is None or self._decoded[0] is not masks:
            shape, proposal = masks.grid.shape, masks.proposal
            kinds: dict[int, SliceKind] = dict.fromkeys(proposal.rejected, "rejected")
            kinds.update(dict.fromkeys(open_slices(masks), "waiting"))
            kinds.update(dict.fromkeys(proposal.unseen, "unseen"))
            kinds.update(slice_origins(masks))
            ordered = dict(sorted(kinds.items()))
            self._decoded = masks, decode_mask(masks.body, shape), decode_mask(proposal.mask, shape), ordered
        return self._decoded[1:]

    @property
    def kinds(self) -> dict[int, SliceKind]:
        """What became of each slice, in their order; empty without a proposal."""
        read = self._read()
        return {} if read is None else read[2]

    @property
    def waiting(self) -> tuple[int, ...]:
        """Slices of which the reader has not said anything after a look."""
        return tuple(index for index, kind in self.kinds.items() if kind in ("waiting", "unseen"))

    @property
    def poor(self) -> tuple[int, ...]:
        """Waiting slices on which the program itself found the fit poor."""
        masks = self.masks
        poor = () if masks is None or masks.proposal is None else masks.proposal.poor
        return tuple(index for index in self.waiting if index in poor)

    def following(self, index: int | None) -> int | None:
        """The next slice that waits, after the last one from the first on; None where none does."""
        waiting = self.waiting
        if not waiting:
            return None
        return next((other for other in waiting if index is not None and other > index), waiting[0])

    def nearest(self, index: int | None) -> int | None:
        """The waiting slice nearest to one."""
        waiting = self.waiting
        return min(waiting, key=lambda other: abs(other - (index or 0)), default=None)

    def shape_on(self, index: int) -> NDArray[np.bool_] | None:
        """What is body on a slice, or is proposed there and waits; None where there is neither."""
        read = self._read()
        if read is None or not 0 <= index < len(read[0]):
            return None
        body, proposed, kinds = read
        shape = proposed[index] if kinds.get(index) in ("waiting", "unseen") else body[index]
        return shape if shape.any() else None

    def lent(self) -> dict[int, NDArray[np.bool_]]:
        """What is proposed on the slices that wait, by slice."""
        read = self._read()
        return {} if read is None else {index: read[1][index] for index in self.waiting}

    # -- what the reader says ---------------------------------------------------------------------------------------
    def accept(self, index: int) -> bool:
        """Accept a slice that is on the screen; what was corrected or drawn stays as it is."""
        return index not in self.waiting or self._decide((index,), "accepted")

    def reject(self, index: int) -> bool:
        """Reject a slice; it holds no body then."""
        return self._decide((index,), "rejected")

    def accept_rest(self, unseen: tuple[int, ...]) -> tuple[int, ...]:
        """Accept all that waits; what was not on the screen is noted as such.

        Returns
        -------
        tuple of int
            The slices that are not counted, since nobody looked at them.
        """
        waiting = self.waiting
        seen = tuple(index for index in waiting if index not in unseen)
        hidden = tuple(index for index in waiting if index in unseen)
        if seen:
            self._decide(seen, "accepted")
        if hidden and set(hidden) != {index for index, kind in self.kinds.items() if kind == "unseen"}:
            self._decide(hidden, "accepted", looked_at=False)
        return hidden

    def _decide(
        self, slices: tuple[int, ...], decision: Literal["accepted", "rejected"], *, looked_at: bool = True
    ) -> bool:
        desk = self._desk
        reading = desk.reading
        if reading is None:
            return False
        return desk.guard(lambda: reading.decide_slices(desk.stage, slices, decision, looked_at=looked_at)) is not None

    # -- pulling the contour ----------------------------------------------------------------------------------------
    def step_reach(self, steps: int) -> None:
        """Let a pull be felt farther along the contour, or less far."""
        least, most = _REACH_MM
        self.reach_mm = min(max(self.reach_mm + steps * _REACH_STEP_MM, least), most)

    def pulled(self, contour_mm: ArrayLike, grab: ArrayLike, to: ArrayLike) -> NDArray[np.float64]:
        """A contour (n, 2) as the hand pulls it, all in mm on the plane."""
        return pull_contour(contour_mm, grab, to, reach_mm=self.reach_mm)

    def correct(self, grid: Grid, index: int, contour_lps: NDArray[np.float64]) -> bool:
        """Make a pulled contour the body of its slice, and say that it was corrected."""
        desk, masks = self._desk, self.masks
        reading, shape = desk.reading, self.shape_on(index)
        if reading is None or masks is None or shape is None:
            return False

        def change() -> bool:
            inside = fill_outline(grid, index, contour_lps)
            if np.array_equal(inside, shape):
                return True
            if not inside.any():
                raise RefusedActionError(
                    say("This contour holds no pixel; reject the slice if there is no body on it.")
                )
            body = decode_mask(masks.body, masks.grid.shape)
            lesion = decode_mask(masks.lesion, masks.grid.shape)
            waited = index in self.waiting
            body[index] = inside
            reading.set_masks(desk.stage, masks.image, body, lesion & body, corrected=(index,) if waited else ())
            return True

        return bool(desk.guard(change))
