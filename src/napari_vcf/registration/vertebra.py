"""Registration of one vertebra from a clicked pair of points, with the level's evidence and the fit's quality."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.language import joined, said, say
from napari_vcf.registration.checks import checked_ct, checked_point, usable_contrasts
from napari_vcf.registration.engine import Report, refine, report_to, search_column
from napari_vcf.registration.errors import RegistrationError
from napari_vcf.registration.frame import Pose
from napari_vcf.registration.landmarks import distance_mm
from napari_vcf.registration.levels import compare_levels
from napari_vcf.registration.pairs import fit_points
from napari_vcf.registration.quality import stability
from napari_vcf.registration.result import METHOD_VERSION, RegistrationResult
from napari_vcf.registration.samples import working_frame
from napari_vcf.registration.scene import Scene, build_scene
from napari_vcf.registration.shared_frame import declared_pose, frame_holds
from napari_vcf.registration.verdict import Findings, doubts_by_name, frame_may_stand, judge

__all__ = ["one_blas_thread", "register_vertebra"]


def register_vertebra(
    ct: Volume,
    mr: Mapping[str, Volume],
    *,
    ct_point_lps: ArrayLike,
    mr_point_lps: ArrayLike,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    same_frame: bool = False,
    more_pairs: Sequence[tuple[ArrayLike, ArrayLike]] = (),
) -> RegistrationResult:
    """Find the rigid motion that brings one vertebra of a CT onto the MR.

    Parameters
    ----------
    ct : Volume
        HU.
    mr : mapping of str to Volume
        The MR contrasts at hand, in one patient frame; all are used together. Names with FS, STIR, SPAIR, ... tell the
        fat-suppressed ones.
    ct_point_lps, mr_point_lps : array_like, shape (3,)
        The centre of the same vertebral body in each image, clicked; good to a few millimetres.
    threads : int
        Processor threads; the result does not depend on it.
    progress : callable, optional
        ``progress(done, total, what)``.
    cancelled : callable, optional
        Asked often; where it answers true, `CancelledError` is raised.
    same_frame : bool
        Whether both images declare the same frame of reference, so that they agree up to the patient's motion. The
        search then starts without a turn, and points that lie apart in that frame are doubted. Where the images cannot
        settle the fit and do not contradict the frame, its own transform is returned, as ``"doubtful"``.
    more_pairs : sequence of (CT point, MR point), optional
        Further points of the same vertebra, clicked in both images. From three pairs in all, the search starts from
        their own rigid fit.

    Returns
    -------
    RegistrationResult
        Input that cannot be registered gives ``"refused"`` with the reason.

    Raises
    ------
    CancelledError
        If the person cancelled.
    """
    started = time.perf_counter()
    report = report_to(progress, cancelled)
    try:
        ct_point = checked_point(ct_point_lps, "CT")
        mr_point = checked_point(mr_point_lps, "MR")
        usable, left_out = usable_contrasts(mr, mr_point)
        bone = checked_ct(ct, ct_point)
        report(0.02, say("preparing"))
        frame = working_frame(usable, mr_point, ct_point)
        start, residual = fit_points(frame, more_pairs)
        scene = build_scene(ct, usable, frame, threads)
        with one_blas_thread():
            pose, findings, quality = _register(scene, start, report)
    except RegistrationError as refusal:
        return RegistrationResult("refused", said(refusal), None, time.perf_counter() - started)
    transform = frame.ct_to_mr(pose)
    shift = float(np.linalg.norm(transform.apply(ct_point) - mr_point))
    findings = findings.located(shift, transform.angle_deg, _frame_gap(ct_point, mr_point, same_frame), residual)
    apart = distance_mm(pose, declared_pose(scene)) if same_frame else None
    findings = replace(findings, bone_share=bone, from_frame_mm=apart)
    status, reason = judge(findings)
    expected = findings.expected_error_mm
    if apart is not None and frame_may_stand(findings) and frame_holds(scene, start):
        transform = RigidTransform.identity()
        shift = float(np.linalg.norm(ct_point - mr_point))
        reason = joined(" ", (reason, say("So the images are left as their common frame of reference places them.")))
        quality["fit_from_frame_mm"] = round(apart, 3)
        # What was found of the fit's error holds for the frame only with the way from one to the other.
        expected += apart
    quality = {
        **quality,
        "method_version": METHOD_VERSION,
        "doubts": doubts_by_name(findings),
        "expected_error_mm": round(expected, 3),
        "contrasts": [contrast.name for contrast in scene.contrasts],
        "contrasts_left_out": [*left_out, *scene.left_out],
        "overlap_share": round(scene.covered, 4),
        "bone_share": round(bone, 4),
        "same_frame": same_frame,
        "pairs": 1 + len(more_pairs),
        "shift_mm": round(shift, 3),
        "angle_deg": round(transform.angle_deg, 3),
    }
    if residual is not None:
        quality["pairs_residual_mm"] = round(residual, 3)
    seconds = time.perf_counter() - started
    return RegistrationResult(status, reason, transform, seconds, shift, transform.angle_deg, quality)


def one_blas_thread() -> threadpool_limits:
    """For optimisers of six numbers: more threads of linear algebra only wait for each other, at twice the cost."""
    return threadpool_limits(limits=1, user_api="blas")


def _register(scene: Scene, start: Pose, report: Report) -> tuple[Pose, Findings, dict[str, Any]]:
    columns = search_column(scene, start, _part(report, 0.05, 0.35))
    column = columns[0][1]
    fit = refine(scene, column, start[:3])
    pose = fit.pose
    report(0.5, say("testing the levels"))
    evidence = compare_levels(scene, column, _part(report, 0.5, 0.3))
    firm = stability(scene, pose, column, _part(report, 0.8, 0.2))
    findings = Findings(
        stability=firm,
        evidence=evidence,
        covered=scene.covered,
        contrasts=len(scene.contrasts),
        slice_mm=scene.ct.grid.spacing_mm[0],
        information=fit.value / len(scene.contrasts),
        rival_mm=fit.rival_mm,
        rival_share=columns[1][0] / columns[0][0] if len(columns) > 1 and columns[0][0] > 0 else 0.0,
    )
    quality: dict[str, Any] = {
        "mutual_information": round(fit.value, 6),
        **{name: round(number, 3) for name, number in asdict(firm).items()},
        "rival_mm": round(fit.rival_mm, 3),
        "fat_shift_mm": round(fit.fat_shift_mm, 3),
        "level_margin": None if evidence.margin is None else round(evidence.margin, 4),
        "level_agreement": None if evidence.agreement is None else round(evidence.agreement, 3),
        "level_best": evidence.best,
        "level_explained": {name: round(number, 5) for name, number in evidence.explained.items()},
        "level_offset_mm": evidence.offset_mm,
        "level_untested": list(evidence.untested),
        "level_voxels": evidence.compared,
    }
    return pose, findings, quality


def _frame_gap(ct_point: NDArray[np.float64], mr_point: NDArray[np.float64], same_frame: bool) -> float | None:
    """How far apart the clicks lie in the frame that both images share; None where they share none."""
    return float(np.linalg.norm(ct_point - mr_point)) if same_frame else None


def _part(report: Report, start: float, length: float) -> Report:
    return lambda done, what: report(start + done * length, what)
