"""One synthetic case: images and truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.phantom.acquisition import MR_THICKNESS_MM, Textures, diffusion_grid, mr_grid, render_ct, render_mr
from napari_vcf.phantom.anatomy import Anatomy, build_anatomy, with_posture
from napari_vcf.phantom.lesion import Lesion, fit_lesion
from napari_vcf.phantom.levels import LEVELS
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.truth import PhantomTruth

__all__ = ["PhantomCase", "make_case", "make_truth"]


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A synthetic case.

    Parameters
    ----------
    spec : PhantomSpec
    volumes : mapping of str to Volume
        Keyed by contrast; whole numbers as stored, float32.
    truth : PhantomTruth
    """

    spec: PhantomSpec
    volumes: Mapping[str, Volume]
    truth: PhantomTruth


def make_case(spec: PhantomSpec | None = None) -> PhantomCase:
    """Build and render a case; the same specification gives the same case.

    Parameters
    ----------
    spec : PhantomSpec, optional
        The sample case if left out.

    Returns
    -------
    PhantomCase
    """
    plan = _plan(PhantomSpec() if spec is None else spec)
    textures = Textures(plan.spec)
    volumes = render_mr(plan.spec, plan.anatomy, plan.to_mr, plan.lesion, textures)
    if "CT" in plan.spec.contrasts:
        volumes["CT"] = render_ct(plan.spec, plan.moved, plan.to_ct, plan.lesion, textures)
    return PhantomCase(plan.spec, {name: volumes[name] for name in plan.spec.contrasts}, _truth(plan))


def make_truth(spec: PhantomSpec | None = None) -> PhantomTruth:
    """The truth of a case without its images, in a fraction of a second.

    Parameters
    ----------
    spec : PhantomSpec, optional
        The sample case if left out.

    Returns
    -------
    PhantomTruth
    """
    return _truth(_plan(PhantomSpec() if spec is None else spec))


@dataclass(frozen=True, eq=False)
class _Plan:
    """All that is settled before anything is rendered."""

    spec: PhantomSpec
    anatomy: Anatomy
    moved: Anatomy
    to_mr: RigidTransform
    to_ct: RigidTransform
    grid: Grid
    lesion: Lesion
    body_mask: NDArray[np.bool_]
    lesion_mask: NDArray[np.bool_]


def _plan(spec: PhantomSpec) -> _Plan:
    anatomy = build_anatomy(spec)
    to_mr = _to_mr(spec)
    grid = mr_grid(spec, to_mr)
    broken = anatomy.fractured
    lesion, body_mask, lesion_mask = fit_lesion(
        spec, anatomy.vertebrae[broken], to_mr @ anatomy.poses[broken], grid, thickness_mm=MR_THICKNESS_MM
    )
    return _Plan(
        spec=spec,
        anatomy=anatomy,
        moved=with_posture(anatomy, spec),
        to_mr=to_mr,
        to_ct=_to_ct(spec, anatomy, to_mr),
        grid=grid,
        lesion=lesion,
        body_mask=body_mask,
        lesion_mask=lesion_mask,
    )


def _to_mr(spec: PhantomSpec) -> RigidTransform:
    """How the patient lies in the MR: a little turned and off the isocentre."""
    rng = np.random.default_rng([spec.seed, 3])
    return RigidTransform.from_rotation_vector(
        rng.uniform(-2, 2, size=3), (rng.uniform(-6, 6), rng.uniform(15, 45), rng.uniform(-20, 20))
    )


def _to_ct(spec: PhantomSpec, anatomy: Anatomy, to_mr: RigidTransform) -> RigidTransform:
    """The upright frame to the CT's patient frame, so that the motion at the compressed vertebra is as specified."""
    center_mr = to_mr.apply(anatomy.poses[anatomy.fractured].matrix[:3, 3])
    center_ct = center_mr + np.array(spec.ct_translation_mm)
    ct_to_mr = RigidTransform.from_rotation_vector(spec.ct_rotation_deg, center_mr - center_ct, center_lps=center_ct)
    return ct_to_mr.inverse() @ to_mr


def _truth(plan: _Plan) -> PhantomTruth:
    spec, anatomy, moved = plan.spec, plan.anatomy, plan.moved
    grid, body_mask, lesion_mask = plan.grid, plan.body_mask, plan.lesion_mask
    marks_mr, marks_ct, heights, transforms = {}, {}, {}, {}
    for name in LEVELS:
        index = anatomy.index(name)
        pose_mr, pose_ct = plan.to_mr @ anatomy.poses[index], plan.to_ct @ moved.poses[index]
        local = anatomy.vertebrae[index].landmarks()
        marks_mr[name] = {key: pose_mr.apply(point) for key, point in local.items()}
        marks_ct[name] = {key: pose_ct.apply(point) for key, point in local.items()}
        transforms[name] = pose_mr @ pose_ct.inverse()
        values = anatomy.vertebrae[index].heights_mm
        heights[name] = dict(zip(("anterior", "middle", "posterior"), (float(v) for v in values), strict=True))
    neighbour = LEVELS[LEVELS.index(spec.level) + 1]
    if neighbour == spec.cemented:
        neighbour = LEVELS[LEVELS.index(spec.level) - 1]
    return PhantomTruth(
        level=spec.level,
        levels=LEVELS,
        ct_to_mr=transforms[spec.level],
        ct_to_mr_by_level=transforms,
        landmarks_mr=marks_mr,
        landmarks_ct=marks_ct,
        heights_mm=heights,
        t2_grid=grid,
        adc_grid=diffusion_grid(grid),
        body_mask=body_mask,
        lesion_mask=lesion_mask,
        lesion_share=float(lesion_mask.sum() / body_mask.sum()),
        adc_um2_per_s={"lesion": spec.adc_lesion_um2_per_s, "marrow": spec.adc_marrow_um2_per_s},
        lesion_point_lps=_deepest(lesion_mask if lesion_mask.any() else body_mask, grid),
        marrow_point_lps=marks_mr[neighbour]["body_center"],
        marrow_level=neighbour,
    )


def _deepest(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    """The voxel centre farthest from the mask's border within its slice."""
    slices, rows, columns = np.nonzero(mask)
    low = np.array([slices.min(), rows.min() - 1, columns.min() - 1])
    part = mask[low[0] : slices.max() + 1, low[1] : rows.max() + 2, low[2] : columns.max() + 2]
    depth = np.stack([ndimage.distance_transform_edt(layer) for layer in part])
    slice_, row, column = np.array(np.unravel_index(int(np.argmax(depth)), depth.shape)) + low
    return grid.to_lps((float(column), float(row), float(slice_)))
