"""A body from a label map: which label, where it lies, whose vertebra, and what the record keeps of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.dicom.labels import LabelMap, read_label_map
from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.proposal import ProposalError
from napari_vcf.reading import Case, Protocol, Reading, RefusedActionError
from napari_vcf.reading import actions as act
from napari_vcf.reading.body_slices import slice_origins
from napari_vcf.reading.export import build_export
from napari_vcf.reading.label_proposing import (
    LABEL_METHOD,
    ChosenLabel,
    label_again,
    place_of,
    places_for,
    plain_names,
)
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.proposal_checks import label_maps_of, proposal_statements
from support.cases import image, measure_heights, memory_case, new_reading
from support.labelfiles import stored, write_nifti
from support.realdata import data_path

STAGE = "mri"
#: Axial voxels of 1.5 mm, as a program writes them that resamples first.
OWN = Grid.from_axes(
    (80, 60, 60), origin_lps=(-40.0, -44.0, -58.0), column_direction=(1, 0, 0), row_direction=(0, 1, 0),
    spacing_mm=(1.5, 1.5, 1.5),
)  # fmt: skip
#: Middle and half sizes of the bodies of T12, L1 and L2, mm; their heights are measured by `measure_heights`.
BODIES = {"T12": 40.0, "L1": 0.0, "L2": -40.0}


def ready(**options: object) -> Reading:
    reading = new_reading(**options)
    measure_heights(reading, STAGE)
    reading.answer(STAGE, "lesion_pattern", "none")
    reading.answer(STAGE, "lesion_extent_visual", "G2")
    return reading


def points(grid: Grid = OWN) -> np.ndarray:
    slices, rows, columns = np.indices(grid.shape)
    return grid.to_lps(np.stack([columns, rows, slices], axis=-1))


def body_at(z: float, grid: Grid = OWN) -> np.ndarray:
    offset = points(grid) - (0.0, 0.0, z)
    return np.asarray((np.abs(offset) < (16.1, 17.1, 12.1)).all(axis=-1))


def write(path: Path, labels: dict[int, np.ndarray], names: dict[int, str] | None = None) -> LabelMap:
    array = np.zeros(OWN.shape, dtype=np.uint8)
    for value, mask in labels.items():
        array[mask] = value
    return read_label_map(write_nifti(path, *stored(array, OWN, (1, 2, 0), (True, False, True)), names))


@pytest.fixture
def one(tmp_path) -> LabelMap:
    return write(tmp_path / "own.nii.gz", {3: body_at(0.0)})


def choose(reading: Reading, labels: LabelMap, number: int = 0, **changes: object) -> ChosenLabel:
    values = {"lies_in": image(reading, Role.T2), "level": "L1", **changes}
    return ChosenLabel(labels, labels.classes[number], **values)


def propose(reading: Reading, chosen: ChosenLabel, **options: bool) -> None:
    reading.propose_from_labels(STAGE, image(reading, Role.T2), chosen, **options)


def proposal_of(reading: Reading):
    return reading.state.stages[STAGE].masks.proposal


def proposed_mask(reading: Reading) -> np.ndarray:
    return decode_mask(proposal_of(reading).mask, (9, 100, 100))


def test_a_label_becomes_a_proposal_where_it_lies_in_the_patient_and_counts_nowhere_yet(one):
    reading = ready()
    propose(reading, choose(reading, one))
    truth = body_at(0.0, reading.case.image(image(reading, Role.T2)).series.grid)
    found = proposed_mask(reading)
    both = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert both > 0.95
    assert not decode_mask(reading.state.stages[STAGE].masks.body, found.shape).any()
    proposal = proposal_of(reading)
    assert proposal.method == LABEL_METHOD
    assert proposal.source.body.file == "own.nii.gz"
    assert proposal.source.body.sha256 == one.sha256
    assert (proposal.source.body.values, proposal.source.body.name) == ((3,), "label 3")
    assert (proposal.source.part, proposal.source.level, proposal.source.placed_by) == ("whole", "L1", "reader")


def test_accepted_and_corrected_slices_say_that_they_come_from_a_label_map(one):
    reading = ready()
    propose(reading, choose(reading, one))
    slices = np.flatnonzero(proposed_mask(reading).any(axis=(1, 2))).tolist()
    reading.decide_slices(STAGE, slices[:3], "accepted")
    masks = reading.state.stages[STAGE].masks
    body = decode_mask(masks.body, (9, 100, 100))
    body[slices[0], 50:52, 50:52] = False
    reading.set_masks(STAGE, masks.image, body, np.zeros_like(body))
    assert slice_origins(reading.state.stages[STAGE].masks) == {
        slices[0]: "corrected", slices[1]: "label_map", slices[2]: "label_map",
    }  # fmt: skip
    extent = build_export(reading).stages[STAGE].extent
    assert extent.slices_label_map == tuple(slices[1:3])
    assert extent.slices_proposed == ()
    assert extent.slices_corrected == (slices[0],)


def test_nothing_is_proposed_before_the_estimate_by_eye_or_where_the_protocol_forbids_it(one):
    reading = new_reading()
    measure_heights(reading, STAGE)
    with pytest.raises(RefusedActionError, match="own estimate"):
        propose(reading, choose(reading, one))
    forbidden = ready(protocol=reading.protocol.model_copy(update={"body_proposal": False}))
    with pytest.raises(RefusedActionError, match="does not allow"):
        propose(forbidden, choose(forbidden, one))


def test_a_label_of_another_vertebra_or_place_is_refused(tmp_path):
    reading = ready()
    other = write(tmp_path / "o.nii.gz", {1: body_at(40.0)})
    with pytest.raises(ProposalError, match="does not contain the middle"):
        propose(reading, choose(reading, other))
    assert reading.state.stages[STAGE].masks is None


def test_of_the_bodies_of_all_levels_the_one_at_the_heights_is_taken(tmp_path):
    reading = ready()
    bodies = np.logical_or.reduce([body_at(z) for z in BODIES.values()])
    labels = write(tmp_path / "vertebrae_body.nii.gz", {1: bodies})
    propose(reading, choose(reading, labels))
    assert proposal_of(reading).source.part == "connected"
    rows = np.flatnonzero(proposed_mask(reading).any(axis=(0, 2)))
    assert rows.min() >= 43
    assert rows.max() <= 57


def touching(tmp_path: Path) -> tuple[LabelMap, LabelMap]:
    """Bodies that run into each other, and a file that tells the levels apart."""
    bodies = np.logical_or.reduce([body_at(z) for z in BODIES.values()])
    bodies |= (np.abs(points()[..., :2]) < (5, 5)).all(axis=-1) & (np.abs(points()[..., 2]) < 45)
    arch = (np.abs(points()[..., 0]) < 12) & (np.abs(points()[..., 1] - 30) < 12)
    z = points()[..., 2]
    levels = {
        number: (bodies | arch) & (np.abs(z - middle) < 20) for number, middle in ((19, 40.0), (20, 0.0), (21, -40.0))
    }
    return (
        write(tmp_path / "p_seg-spine_msk.nii.gz", {49: bodies}),
        write(tmp_path / "p_seg-vert_msk.nii.gz", levels),
    )


def test_bodies_that_touch_are_told_apart_by_a_file_of_levels(tmp_path):
    reading = ready()
    parts, levels = touching(tmp_path)
    with pytest.raises(ProposalError, match="more than this body"):
        propose(reading, choose(reading, parts))
    propose(reading, choose(reading, parts, levels=levels))
    source = proposal_of(reading).source
    assert source.part == "level"
    assert (source.levels.values, source.levels.level, source.own_level) == ((20,), "L1", "L1")
    assert label_maps_of(reading.state.stages[STAGE].masks) == (parts.sha256, levels.sha256)


def test_a_whole_vertebra_is_refused_as_a_body(tmp_path):
    reading = ready()
    _, levels = touching(tmp_path)
    with pytest.raises(RefusedActionError, match="whole vertebra with pedicles"):
        propose(reading, choose(reading, levels, 1))
    # Also where nothing names it so.
    unnamed = levels.named("numbers")
    with pytest.raises(ProposalError, match="whole vertebra with arch"):
        propose(reading, choose(reading, unnamed, 1))


def test_a_disc_is_refused_as_a_body(tmp_path):
    reading = ready()
    labels = write(tmp_path / "n.nii.gz", {1: body_at(0.0)}, {1: "disc L1/L2"})
    with pytest.raises(RefusedActionError, match="is no vertebral body"):
        propose(reading, choose(reading, labels))


# -- the level ---------------------------------------------------------------------------------------------------------
def test_a_label_of_another_name_is_taken_at_the_readers_word_and_the_difference_is_told(tmp_path):
    reading = ready()
    labels = write(tmp_path / "n.nii.gz", {1: body_at(0.0)}, {1: "Vertebral body T12"})
    propose(reading, choose(reading, labels))
    source = proposal_of(reading).source
    assert (source.level, source.own_level) == ("L1", "T12")
    assert reading.state.spine.fractured == "L1"
    (warning,) = [each for each in reading.results(STAGE).warnings if each.code == "label_level_differs"]
    assert "T12" in warning.text
    assert "L1" in warning.text


def test_a_label_that_was_confirmed_as_another_vertebra_is_refused(one):
    reading = ready()
    with pytest.raises(RefusedActionError, match="confirmed as T12"):
        propose(reading, choose(reading, one, level="T12"))


def test_a_miscount_that_is_corrected_moves_the_confirmed_level_and_not_that_of_the_label(tmp_path):
    reading = ready()
    labels = write(tmp_path / "n.nii.gz", {1: body_at(0.0)}, {1: "Vertebral body L1"})
    propose(reading, choose(reading, labels))
    reading.correct_levels("L2")
    source = proposal_of(reading).source
    assert (source.level, source.own_level) == ("L2", "L1")


# -- where it lies -----------------------------------------------------------------------------------------------------
def test_a_label_lies_in_the_space_of_an_image_that_the_stage_shows_and_that_is_joined_to_the_painted_one(one):
    reading = ready()
    t2 = reading.case.image(image(reading, Role.T2))
    places = places_for(reading.state, STAGE, t2, reading.case)
    assert places[0] == t2.id
    assert image(reading, Role.CT) not in places
    assert image(reading, Role.CT) not in places_for(reading.state, "combined", t2, reading.case)
    with pytest.raises(RefusedActionError, match="Nothing joins"):
        propose(reading, choose(reading, one, lies_in=image(reading, Role.CT)))


def test_a_label_on_the_ct_comes_to_the_mri_by_the_accepted_registration(tmp_path):
    reading = new_reading(protocol=Protocol(stages=("combined",)))
    measure_heights(reading, "combined")
    reading.answer("combined", "lesion_extent_visual", "G2")
    motion = RigidTransform.from_rotation_vector((3.0, 0.0, -4.0), (6.0, -5.0, 9.0))
    affine = motion.inverse().matrix @ OWN.affine_lps
    array = np.where(body_at(0.0), 1, 0).astype(np.uint8)
    labels = read_label_map(write_nifti(tmp_path / "ct.nii.gz", *stored(array, Grid(OWN.shape, affine))))
    ct, t2 = image(reading, Role.CT), image(reading, Role.T2)
    reading.apply(
        act.ProposeRegistration(
            mr_level="L1", ct_level="L1", ct_image=ct, mr_images=(t2,), mr_point_lps=(0.0, 0.0, 0.0),
            ct_point_lps=(0.0, 0.0, 0.0), status="ok", ct_to_mr=tuple(tuple(row) for row in motion.matrix.tolist()),
            quality={},
        )
    )  # fmt: skip
    with pytest.raises(RefusedActionError, match="Nothing joins"):
        reading.propose_from_labels("combined", t2, choose(reading, labels, lies_in=ct))
    reading.apply(act.AcceptRegistration(level="L1"))
    reading.propose_from_labels("combined", t2, choose(reading, labels, lies_in=ct))
    proposal = reading.state.stages["combined"].masks.proposal
    found = decode_mask(proposal.mask, (9, 100, 100))
    truth = body_at(0.0, reading.case.image(t2).series.grid)
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    assert proposal.source.lies_in == ct
    # It was placed with a motion that is not the one that joins the two.
    turned = proposal.source.model_copy(update={"motion": tuple(map(tuple, np.eye(4).tolist()))})
    action = next(entry.action for entry in reading.log if entry.action.action == "propose_body")
    other = action.model_copy(update={"proposal": action.proposal.model_copy(update={"source": turned})})
    with pytest.raises(RefusedActionError, match="not what it was placed with"):
        reading.apply(act.ACTION_ADAPTER.validate_python(other.model_dump()))


def test_a_segmentation_is_put_by_its_frame_of_reference_and_refused_where_no_image_has_it(one):
    from dataclasses import replace

    reading = ready(case=memory_case(frame_of_reference_uid="1.2.3"))
    t2 = reading.case.image(image(reading, Role.T2))
    adc = image(reading, Role.ADC)
    framed = replace(one, frame_of_reference_uid="1.2.3")
    assert place_of(framed, (t2.id, adc), reading.case) == adc
    with pytest.raises(RefusedActionError, match="frame of reference that no image"):
        place_of(framed, (t2.id,), reading.case)


def test_a_file_without_a_frame_is_taken_for_the_image_that_has_its_voxels(tmp_path):
    reading = ready()
    t2 = reading.case.image(image(reading, Role.T2))
    adc = reading.case.image(image(reading, Role.ADC))
    places = places_for(reading.state, STAGE, t2, reading.case)
    grid = adc.series.grid
    array = np.ones(grid.shape, dtype=np.uint8)
    same = read_label_map(write_nifti(tmp_path / "a.nii.gz", *stored(array, grid, (2, 0, 1), (True, True, False))))
    assert place_of(same, places, reading.case) == adc.id
    other = write(tmp_path / "b.nii.gz", {1: body_at(0.0)})
    assert place_of(other, places, reading.case) == t2.id


# -- what the record tells ---------------------------------------------------------------------------------------------
def test_in_a_study_neither_the_files_name_nor_names_given_freely_are_kept(tmp_path):
    reading = ready()
    labels = write(
        tmp_path / "smith_metastasis.nii.gz", {1: body_at(0.0)}, {1: "Vertebral body L1, metastasis of Smith"}
    )
    plain = plain_names(labels)
    propose(reading, choose(reading, plain), blinded=True)
    text = proposal_of(reading).model_dump_json().lower()
    assert "smith" not in text
    assert "metastasis" not in text
    assert labels.sha256 in text
    assert proposal_of(reading).source.body.level == "L1"


def test_the_whole_proposal_stands_in_the_journal_and_can_be_undone(one):
    reading = ready()
    propose(reading, choose(reading, one))
    again = ready()
    entry = reading.log[-1]
    written = act.ACTION_ADAPTER.validate_json(act.ACTION_ADAPTER.dump_json(entry.action))
    again.apply(written)
    assert again.state.stages[STAGE].masks.proposal.mask == proposal_of(reading).mask
    assert again.state.stages[STAGE].masks.proposal.source == proposal_of(reading).source
    reading.apply(act.Undo())
    assert reading.state.stages[STAGE].masks is None


def test_the_proposal_is_computed_again_from_its_files_bit_for_bit(tmp_path):
    reading = ready()
    parts, levels = touching(tmp_path)
    propose(reading, choose(reading, parts, levels=levels))
    grid = reading.case.image(image(reading, Role.T2)).series.grid
    files = {each.sha256: each.path for each in (parts, levels)}
    assert label_again(proposal_of(reading), grid, files) == proposal_of(reading).mask
    assert label_again(proposal_of(reading), grid, {parts.sha256: parts.path}) is None


def statements(reading: Reading, **options: object) -> dict[str, bool]:
    masks = reading.state.stages[STAGE].masks
    return {each.place: each.holds for each in proposal_statements("p", masks, reading.case, level="L1", **options)}


def test_an_export_is_checked_with_and_without_the_file(one):
    reading = ready()
    propose(reading, choose(reading, one))
    assert statements(reading) == {"p.source.level": True}
    assert statements(reading, label_maps={one.sha256: one.path}) == {"p.source.level": True, "p.mask": True}
    # A file whose content is not what was read, under the hash of the one that was.
    other = write(one.path.with_name("x.nii.gz"), {3: body_at(2.0)})
    assert statements(reading, label_maps={one.sha256: other.path})["p.mask"] is False


@pytest.mark.parametrize("with_levels", [True, False])
def test_a_real_body_comes_from_the_masks_of_a_published_program(tmp_path, with_levels):
    import shutil

    folder = data_path("spine_nifti/tptbox_ct_mr")
    shutil.copy(folder / "sub-mri_label-6_T2w.nii.gz", tmp_path)
    parts = read_label_map(folder / "sub-mri_seg-subreg_label-6_msk.nii.gz")
    levels = read_label_map(folder / "sub-mri_seg-vert_label-6_msk.nii.gz")
    (bodies,) = [each for each in parts.classes if each.structure == "bodies"]
    (sixth,) = [each for each in levels.classes if each.name == "vertebra C6"]
    truth = parts.mask(bodies) & levels.mask(sixth)

    case = Case.open(tmp_path, pseudonym="C001")
    (t2,) = case.images
    reading = Reading(case, study="S1", reader="R1", protocol=Protocol(stages=("mri",)))
    reading.correct_role(t2, "T2")
    reading.set_spine("C6")
    grid = case.image(t2).series.grid
    inside = grid.to_lps(np.argwhere(truth)[:, ::-1])
    middle = inside.mean(axis=0)
    near = inside[np.abs(inside[:, 0] - middle[0]) < 2]
    for position, share in (("anterior", 0.2), ("middle", 0.5), ("posterior", 0.8)):
        y = np.quantile(near[:, 1], share)
        column = near[np.abs(near[:, 1] - y) < 1, 2]
        ends = [(middle[0], y, z) for z in (column.max(), column.min())]
        reading.place_caliper(
            stage="mri", level="C6", position=position, image=t2, start_lps=ends[0], end_lps=ends[1]
        )  # fmt: skip
    reading.answer("mri", "lesion_extent_visual", "G1")
    chosen = ChosenLabel(parts, bodies, t2, "C6", levels if with_levels else None)
    reading.propose_from_labels("mri", t2, chosen)
    proposal = reading.state.stages["mri"].masks.proposal
    found = decode_mask(proposal.mask, grid.shape)
    assert proposal.source.own_level == ("C6" if with_levels else None)
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.99
