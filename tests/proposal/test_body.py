"""A body proposed from its calipers, on bodies of known shape and on real ones with masks."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

from napari_vcf.geometry import Grid, Volume
from napari_vcf.phantom import PhantomSpec, make_case
from napari_vcf.proposal import Endplates, ProposalError, propose_body
from support import realdata

POSITIONS = ("anterior", "middle", "posterior")


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def _calipers(landmarks, level: str) -> Endplates:
    marks = landmarks[level]
    return Endplates(*(np.array([marks[f"{p}_{end}"] for p in POSITIONS]) for end in ("superior", "inferior")))


@pytest.fixture(scope="module")
def case():
    return make_case(PhantomSpec(seed=4711, fracture="biconcave", contrasts=("T1", "T2", "T2FS")))


def _proposed(case, names=("T2", "T1", "T2FS"), data=None):
    truth = case.truth
    images = [Volume(case.volumes[n].grid, case.volumes[n].data if data is None else data, "signal") for n in names]
    near = [_calipers(truth.landmarks_mr, level) for level in (truth.level_above, truth.level_below)]
    return propose_body(images, _calipers(truth.landmarks_mr, truth.level), neighbours=near)


def test_proposal_on_three_contrasts_is_near_the_truth(case):
    proposal = _proposed(case)
    assert _dice(proposal.mask, case.truth.body_mask) > 0.9
    assert set(proposal.seen) == set(np.flatnonzero(proposal.mask.any(axis=(1, 2))).tolist())
    assert all(0 <= share <= 1 for share in proposal.seen.values())


def test_one_contrast_alone_is_enough_for_a_proposal(case):
    assert _dice(_proposed(case, names=("T1",)).mask, case.truth.body_mask) > 0.8


def test_proposal_is_the_same_bit_for_bit(case):
    first, second = _proposed(case), _proposed(case)
    assert np.array_equal(first.mask, second.mask)
    assert first.seen == second.seen


def test_proposal_stops_at_the_pedicles(case):
    """Nothing is proposed farther behind the back wall than a few millimetres, where the pedicles leave."""
    truth, mask = case.truth, _proposed(case).mask
    distance = ndimage.distance_transform_edt(~truth.body_mask, sampling=truth.t2_grid.spacing_mm)
    assert distance[mask].max() < 6.0


def test_where_no_edge_is_to_be_seen_the_proposal_says_so(case):
    noise = np.random.default_rng(3).normal(100, 20, case.volumes["T2"].data.shape).astype(np.float32)
    blind = _proposed(case, names=("T2",), data=noise)
    good = _proposed(case)
    assert len(blind.poor) > 0.8 * len(blind.seen)
    assert len(good.poor) < 0.3 * len(good.seen)


def test_an_outermost_slice_that_a_wall_cuts_through_is_said_to_fit_poorly(case):
    proposal = _proposed(case)
    areas = proposal.mask.sum(axis=(1, 2))
    first, last = np.flatnonzero(areas)[[0, -1]]
    for end, near in ((first, first + 1), (last, last - 1)):
        assert (int(end) in proposal.poor) == (areas[end] < 0.7 * areas[near])
    assert areas[first] < 0.7 * areas[first + 1]


def test_proposed_volume_is_near_that_of_the_truth(case):
    """Voxels count by half of their slice's thickness, rims are round: nothing is added all around."""
    assert abs(_proposed(case).mask.sum() / case.truth.body_mask.sum() - 1) < 0.05


def _made_grid() -> tuple[Grid, np.ndarray]:
    """Sagittal slices of 4 mm around a made body, and the patient LPS mm of their voxels, shape (3, *grid)."""
    grid = Grid.from_axes(
        (15, 120, 120), origin_lps=(-28.0, -40.0, 45.0), column_direction=(0, 1, 0), row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0), spacing_mm=(4.0, 0.75, 0.75),
    )  # fmt: skip
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)[..., ::-1]
    return grid, np.moveaxis(grid.to_lps(index), -1, 0)


def _made_image(grid: Grid, clean: np.ndarray) -> Volume:
    """What is clean, blurred and noisy."""
    noise = np.random.default_rng(1).normal(0, 6, grid.shape)
    image = ndimage.gaussian_filter(clean, (0.3, 0.6, 0.6)) + noise
    return Volume(grid, image.astype(np.float32), "signal")


def test_made_body_of_another_shape_is_found():
    """A superellipsoid in a brighter surrounding, which no part of the method knows."""
    grid, (x, y, z) = _made_grid()
    radius = (np.abs((x - 1.0) / 21.0) ** 2.6 + np.abs((y - 4.0) / 16.0) ** 2.6) ** (1 / 2.6)
    top, bottom = 9.0 + 0.15 * (y - 4.0), -10.0 + 0.05 * (y - 4.0)
    body = (radius < 1) & (z < top) & (z > bottom)
    shell = ndimage.binary_dilation(body, np.ones((1, 3, 3)), iterations=2) & ~body
    clean = np.where(body, 100.0, np.where(shell, 20.0, 160.0))
    ends = [[(0.0, v, h + 0.05 * s), (0.0, v, low)] for v, s in ((-9.5, 0), (4.0, 0), (17.5, 0))
            for h, low in [(9.0 + 0.15 * (v - 4.0) + 0.8, -10.0 + 0.05 * (v - 4.0) - 0.8)]]  # fmt: skip
    calipers = Endplates([e[0] for e in ends], [e[1] for e in ends])
    proposal = propose_body([_made_image(grid, clean)], calipers)
    assert _dice(proposal.mask, body) > 0.9


def _at_hind_corners(power: float) -> tuple[int, int]:
    """Voxels at the hind corners, proposed and true, of a body whose outline from above is this square behind."""
    grid, (x, y, z) = _made_grid()
    powers = np.where(y > 4.0, power, 2.8)
    body = ((np.abs((x - 1.0) / 21.0) ** powers + np.abs((y - 4.0) / 16.0) ** powers) < 1) & (np.abs(z) < 10.0)
    shell = ndimage.binary_dilation(body, np.ones((1, 3, 3)), iterations=2) & ~body
    pedicle = (np.abs(np.abs(x - 1.0) - 14.0) < 4.5) & (y > 14.0) & (y < 40.0) & (z > 1.0) & (z < 8.0)
    clean = np.where(body | pedicle, 100.0, np.where(shell, 20.0, 160.0))
    calipers = Endplates(*([(0.0, v, side * 10.8) for v in (-9.5, 4.0, 17.5)] for side in (1, -1)))
    mask = propose_body([_made_image(grid, clean)], calipers).mask
    corners = (y > 10.0) & (np.abs(x - 1.0) > 9.0)
    return int((mask & corners).sum()), int((body & corners).sum())


def test_hind_corners_are_proposed_as_round_or_as_square_as_they_are():
    """A pedicle hides the back wall at some levels only; the others tell how the outline goes on."""
    (round_found, round_true), (square_found, square_true) = _at_hind_corners(2.6), _at_hind_corners(6.0)
    assert square_true > 1.15 * round_true
    assert square_found / round_found > 0.85 * square_true / round_true


def test_real_ct_body_is_found():
    folder = realdata.data_path("spine_nifti/tptbox_ct_mr")
    grid, image = _read(folder / "sub-ct_label-22_ct.nii.gz")
    _, vertebra = _read(folder / "sub-ct_seg-vert_label-22_msk.nii.gz")
    _, part = _read(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz")
    body = (vertebra == 22) & ((part == 49) | (part == 50))
    middle = body[int(np.flatnonzero(body.any(axis=(1, 2))).mean())]
    slice_index = int(np.flatnonzero(body.any(axis=(1, 2))).mean())
    columns = np.flatnonzero(middle.any(axis=0))
    tops, bottoms = [], []
    for column in (columns[0] + 2, (columns[0] + columns[-1]) // 2, columns[-1] - 2):
        rows = np.flatnonzero(middle[:, column])
        tops.append(grid.to_lps((column, rows[0] - 0.5, slice_index)))
        bottoms.append(grid.to_lps((column, rows[-1] + 0.5, slice_index)))
    proposal = propose_body([Volume(grid, image, "HU")], Endplates(tops, bottoms))
    assert _dice(proposal.mask, body) > 0.85


def _read(path) -> tuple[Grid, np.ndarray]:
    """An image as sagittal slices, rows to the feet, columns to the back."""
    image = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "PIR")
    data = SimpleITK.GetArrayFromImage(image)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return Grid(data.shape, affine), data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, b: (t[:2], b[:2]), "all three"),
        (lambda t, b: (t + np.array((0, 500, 0)), b + np.array((0, 500, 0))), "do not lie on the image"),
        (lambda t, b: (t, t - np.array((0, 0, 0.5))), "shorter than 1 mm"),
        (lambda t, b: (t[[1, 1, 1]], b[[1, 1, 1]]), "apart"),
    ],
)
def test_calipers_that_are_those_of_no_body_are_refused(case, change, message):
    own = _calipers(case.truth.landmarks_mr, case.truth.level)
    with pytest.raises(ProposalError, match=message):
        propose_body([case.volumes["T2"]], Endplates(*change(np.asarray(own.top_lps), np.asarray(own.bottom_lps))))


def test_axial_slices_are_refused(case):
    grid = Grid.from_axes(
        (20, 90, 90), origin_lps=(-60.0, -60.0, -40.0), column_direction=(1, 0, 0), row_direction=(0, 1, 0),
        spacing_mm=(4.0, 1.3, 1.3),
    )  # fmt: skip
    own = _calipers(case.truth.landmarks_mr, case.truth.level)
    with pytest.raises(ProposalError, match="sagittal"):
        propose_body([Volume(grid, np.zeros(grid.shape, dtype=np.float32), "HU")], own)
