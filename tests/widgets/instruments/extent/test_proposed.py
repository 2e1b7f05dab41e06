"""The slices of a proposed body, without a window: what waits, what was decided, and pulling a contour."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.measure import POSITIONS, mask_contour
from napari_vcf.reading import Protocol
from napari_vcf.reading.masks import decode_mask, encode_mask
from napari_vcf.reading.proposing import METHOD
from napari_vcf.reading.state import ProposedBody
from napari_vcf.widgets.desk.desk import Desk
from napari_vcf.widgets.instruments.extent.proposed import ProposedModel
from support.cases import asked_again
from support.synthetic_case import CENTER, make_case


class Proposals:
    """A desk with three heights, an estimate by eye, and a proposal put together by hand."""

    def __init__(self, protocol: Protocol | None = None) -> None:
        self.desk = Desk()
        self.desk.open_case(make_case(), protocol=protocol or asked_again())
        self.desk.set_stage("mri")
        self.said: list[str] = []
        self.desk.message.connect(lambda text, _kind: self.said.append(text))
        self.reading = self.desk.reading
        self.reading.set_spine("L1")
        self.image = next(image for image in self.desk.images() if image.label == "T2")
        self.grid = self.image.series.grid
        self.model = ProposedModel(self.desk)

    def measure(self, up: float = 12.0) -> None:
        for position, y in zip(POSITIONS, (-14.0, 0.0, 14.0), strict=True):
            start, end = CENTER + np.array([[0.0, y, up], [0.0, y, -12.0]])
            self.reading.place_caliper(
                stage="mri", level="L1", position=position, image=self.image.id,
                start_lps=start, end_lps=end,
            )  # fmt: skip

    def computed(self, slices: range = range(2, 7), poor: tuple[int, ...] = ()) -> ProposedBody:
        mask = np.zeros(self.grid.shape, dtype=bool)
        mask[slices.start : slices.stop, 58:82, 42:68] = True
        request = self.model.request(self.image.id)
        return ProposedBody(
            images=request.images, ends=request.ends, neighbours=request.neighbours, method=METHOD,
            mask=encode_mask(mask), poor=poor,
        )  # fmt: skip

    def body(self) -> np.ndarray:
        masks = self.reading.state.stages["mri"].masks
        return decode_mask(masks.body, masks.grid.shape)

    def lps(self, contour: np.ndarray, index: int) -> np.ndarray:
        return self.grid.to_lps(np.column_stack([contour, np.full(len(contour), float(index))]))


@pytest.fixture
def proposals() -> Proposals:
    found = Proposals()
    found.measure()
    found.reading.answer("mri", "lesion_extent_visual", "G2")
    assert found.model.put(found.computed()) == (2, 3, 4, 5, 6)
    return found


def test_a_proposal_is_offered_only_where_the_protocol_allows_it():
    assert Proposals().model.offered
    assert not Proposals(asked_again(body_proposal=False)).model.offered


def test_a_body_is_not_proposed_before_the_heights_and_not_before_the_estimate_by_eye():
    found = Proposals()
    assert "Give your own estimate" in found.model.lacking(found.image.id)
    found.reading.answer("mri", "lesion_extent_visual", "G2")
    assert "Measure the anterior" in found.model.lacking(found.image.id)
    found.measure()
    assert found.model.lacking(found.image.id) == ""


def test_what_was_computed_from_other_heights_is_not_put_before_the_reader():
    found = Proposals()
    found.measure()
    found.reading.answer("mri", "lesion_extent_visual", "G2")
    computed = found.computed()
    found.measure(up=10.0)
    assert found.model.put(computed) is None
    assert "heights were changed" in found.said[-1]
    assert found.model.kinds == {}


def test_a_proposal_is_outdated_once_a_height_is_another(proposals):
    assert not proposals.model.outdated
    proposals.measure(up=10.0)
    assert proposals.model.outdated


def test_slices_wait_until_they_are_accepted_corrected_or_rejected(proposals):
    model = proposals.model
    assert model.accept(3)
    assert model.reject(6)
    assert model.kinds == {2: "waiting", 3: "proposed", 4: "waiting", 5: "waiting", 6: "rejected"}
    assert model.waiting == (2, 4, 5)
    assert np.flatnonzero(proposals.body().any(axis=(1, 2))).tolist() == [3]


def test_the_next_slice_that_waits_comes_after_the_one_on_the_screen_and_then_from_the_first_on(proposals):
    model = proposals.model
    model.accept(4)
    assert [model.following(index) for index in (3, 4, 6, None)] == [5, 5, 2, 2]
    assert [model.nearest(index) for index in (4, 0, 8)] == [3, 2, 6]
    for index in (2, 3, 5, 6):
        model.accept(index)
    assert model.following(4) is None
    assert model.nearest(4) is None


def test_accepting_a_corrected_slice_again_leaves_the_correction(proposals):
    model = proposals.model
    smaller = mask_contour(model.shape_on(4)[:78])[:, ::-1]
    assert model.correct(proposals.grid, 4, proposals.lps(smaller, 4))
    corrected = proposals.body()[4]
    assert model.accept(4)
    assert np.array_equal(proposals.body()[4], corrected)
    assert model.kinds[4] == "corrected"


def test_accepting_the_rest_counts_only_slices_that_were_looked_at(proposals):
    model = proposals.model
    model.accept(4)
    assert model.accept_rest(unseen=(2, 6)) == (2, 6)
    assert model.kinds == {2: "unseen", 3: "proposed", 4: "proposed", 5: "proposed", 6: "unseen"}
    assert proposals.reading.results("mri").painted.body_slices == (3, 4, 5)
    warnings = [issue.code for issue in proposals.reading.results("mri").warnings]
    assert "proposal_unseen" in warnings
    # They still wait for a look; said once more, nothing is noted anew.
    assert model.waiting == (2, 6)
    changes = len(proposals.reading.log)
    assert model.accept_rest(unseen=(2, 6)) == (2, 6)
    assert len(proposals.reading.log) == changes
    assert model.accept(2)
    assert model.kinds[2] == "proposed"


def test_a_contour_that_comes_back_as_it_was_decides_nothing(proposals):
    model = proposals.model
    changes = len(proposals.reading.log)
    assert model.correct(proposals.grid, 4, proposals.lps(mask_contour(model.shape_on(4))[:, ::-1], 4))
    assert len(proposals.reading.log) == changes
    assert model.kinds[4] == "waiting"


def test_a_pulled_contour_is_corrected_body_and_keeps_what_lies_beyond_its_reach(proposals):
    model, grid = proposals.model, proposals.grid
    contour = mask_contour(model.shape_on(4))[:, ::-1] * (1.2, 0.9)
    grab = contour[np.argmin(contour[:, 1] + np.abs(contour[:, 0] - 66.0))]
    pulled = model.pulled(contour, grab, grab - (0.0, 5.0)) / (1.2, 0.9)
    before = model.shape_on(4)
    assert model.correct(grid, 4, proposals.lps(pulled, 4))
    after = proposals.body()[4]
    assert after.sum() > before.sum()
    assert np.array_equal(after[70:], before[70:])
    assert model.kinds == {2: "waiting", 3: "waiting", 4: "corrected", 5: "waiting", 6: "waiting"}
    proposals.desk.undo()
    assert model.kinds[4] == "waiting"


def test_a_contour_pulled_on_a_drawn_slice_stays_a_drawn_one():
    found = Proposals()
    found.measure()
    found.reading.answer("mri", "lesion_extent_visual", "G2")
    body = np.zeros(found.grid.shape, dtype=bool)
    body[4, 55:80, 40:70] = True
    found.reading.set_masks("mri", found.image.id, body, np.zeros_like(body))
    assert found.model.put(found.computed()) == (2, 3, 5, 6)
    assert np.array_equal(found.model.shape_on(4), body[4])
    found.model.correct(found.grid, 4, found.lps(mask_contour(body[4][:75])[:, ::-1], 4))
    assert found.model.kinds[4] == "drawn"


def test_the_reach_of_a_pull_stays_within_what_a_body_allows(proposals):
    model = proposals.model
    first = model.reach_mm
    model.step_reach(1)
    assert model.reach_mm > first
    model.step_reach(-100)
    least = model.reach_mm
    model.step_reach(100)
    assert 0 < least < first < model.reach_mm < 60


def test_slices_on_which_the_fit_is_poor_are_named_until_they_are_decided(proposals):
    proposals.model.put(proposals.computed(poor=(2, 3)))
    assert proposals.model.poor == (2, 3)
    proposals.model.accept(2)
    assert proposals.model.poor == (3,)
