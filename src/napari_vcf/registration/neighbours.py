"""Each vertebra its own transform: the fractured one first, then the reference vertebrae from where it leads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.language import joined, said, say
from napari_vcf.registration.checks import checked_ct, checked_point, usable_contrasts
from napari_vcf.registration.engine import fit_column, refine, report_to
from napari_vcf.registration.errors import RegistrationError
from napari_vcf.registration.landmarks import distance_mm
from napari_vcf.registration.result import RegistrationResult
from napari_vcf.registration.samples import working_frame
from napari_vcf.registration.scene import Scene, build_scene
from napari_vcf.registration.spine_bend import straight_at
from napari_vcf.registration.vertebra import one_blas_thread, register_vertebra

__all__ = ["PointPair", "register_levels"]

#: The CT point may be missing for a reference vertebra: the fractured one's transform leads to it.
PointPair = tuple[ArrayLike | None, ArrayLike]

#: Below this share of its region in the CT a neighbour is not fitted alone, only with the column.
_ALONE = 0.6
#: A neighbour's own fit may differ from the column's by this much; beyond it has gone astray.
_ASTRAY_MM = 3.0
#: Posture moves a neighbour against the fractured vertebra by this much at most.
_POSTURE_MM = 9.0


def register_levels(
    ct: Volume,
    mr: Mapping[str, Volume],
    points: Mapping[str, PointPair],
    *,
    fractured: str,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    same_frame: bool = False,
) -> dict[str, RegistrationResult]:
    """Register the fractured vertebra, and each reference vertebra by itself.

    Parameters
    ----------
    ct, mr, threads, progress, cancelled, same_frame
        As in `register_vertebra`.
    points : mapping of str to (CT point or None, MR point)
        Body centres by level, LPS mm. The fractured vertebra needs both; a reference vertebra's CT point only serves to
        check the level.
    fractured : str
        Its level, a key of `points`.

    Returns
    -------
    dict of str to RegistrationResult
        By level. Where the fractured vertebra is refused, so are the others.

    Raises
    ------
    RegistrationError
        If the fractured level or its CT point is missing.
    CancelledError
        If the person cancelled.
    """
    if fractured not in points or points[fractured][0] is None:
        raise RegistrationError(
            say("The fractured level {fractured} needs a point in the CT and one in the MR.", fractured=fractured)
        )
    ct_point, mr_point = points[fractured]
    assert ct_point is not None
    main = register_vertebra(
        ct,
        mr,
        ct_point_lps=ct_point,
        mr_point_lps=mr_point,
        threads=threads,
        progress=progress,
        cancelled=cancelled,
        same_frame=same_frame,
    )
    results = {fractured: main}
    report = report_to(progress, cancelled)
    others = [level for level in points if level != fractured]
    for number, level in enumerate(others):
        report(number / len(others), say("registering {level}", level=level))
        results[level] = _reference(ct, mr, points[level], main, threads)
    return {level: results[level] for level in points}


def _reference(
    ct: Volume, mr: Mapping[str, Volume], points: PointPair, main: RegistrationResult, threads: int
) -> RegistrationResult:
    started = time.perf_counter()
    if main.ct_to_mr is None:
        reason = say("The fractured vertebra could not be registered: {reason}", reason=main.reason)
        return RegistrationResult("refused", reason, None, 0.0)
    try:
        mr_point = checked_point(points[1], "MR")
        usable, left_out = usable_contrasts(mr, mr_point)
        ct_point = main.ct_to_mr.inverse().apply(mr_point)
        clicked = None if points[0] is None else checked_point(points[0], "CT")
        checked_ct(ct, ct_point)
        scene = build_scene(ct, usable, working_frame(usable, mr_point, ct_point), threads)
        with one_blas_thread():
            transform, moved, alone = _fit(scene, main.ct_to_mr)
    except RegistrationError as refusal:
        return RegistrationResult("refused", said(refusal), None, time.perf_counter() - started)
    shift = float(np.linalg.norm(transform.apply(ct_point) - mr_point))
    off = None if clicked is None else float(np.linalg.norm(transform.apply(clicked) - mr_point))
    quality = {
        "contrasts": [contrast.name for contrast in scene.contrasts],
        "contrasts_left_out": [*left_out, *scene.left_out],
        "overlap_share": round(scene.covered, 4),
        "posture_mm": round(moved, 3),
        "fitted_alone": alone,
        "shift_mm": round(shift, 3),
        "angle_deg": round(transform.angle_deg, 3),
    }
    doubts: list[str] = []
    if main.status != "ok":
        doubts.append(say("The fractured vertebra is doubtful: {reason}", reason=main.reason))
    if moved > _POSTURE_MM:
        doubts.append(
            say("The vertebra fits {moved:.1f} mm from where the fractured one's transform puts it.", moved=moved)
        )
    if off is not None:
        quality["clicks_apart_mm"] = round(off, 3)
        if off > _POSTURE_MM:
            doubts.append(
                say("The clicked points lie {off:.0f} mm apart after the registration: check the level.", off=off)
            )
    fitted = (
        say("Fitted by itself, {moved:.1f} mm from where the fractured vertebra's transform puts it.", moved=moved)
        if alone
        else say(
            "Fitted with the column, {moved:.1f} mm from where the fractured vertebra's transform puts it.", moved=moved
        )
    )
    reason = joined(" ", doubts) if doubts else fitted
    seconds = time.perf_counter() - started
    return RegistrationResult(
        "doubtful" if doubts else "ok", reason, transform, seconds, shift, transform.angle_deg, quality
    )


def _fit(scene: Scene, leading: RigidTransform) -> tuple[RigidTransform, float, bool]:
    start = scene.frame.pose_of(leading)
    _, column = fit_column(scene, start)
    straight = straight_at(column, np.zeros(3))
    pose: NDArray[np.float64] = straight
    alone = scene.covered >= _ALONE
    if alone:
        pose = refine(scene, column, start[:3]).pose
        if distance_mm(pose, straight) > _ASTRAY_MM:
            pose, alone = straight, False
    return scene.frame.ct_to_mr(pose), distance_mm(pose, start), alone
