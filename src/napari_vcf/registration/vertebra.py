"""Registration of one vertebra from a clicked pair of points."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.registration.checks import checked_ct, checked_point, usable_contrasts
from napari_vcf.registration.engine import CAPTURE_MM, Settings, build_scene, cancellable, search_pose
from napari_vcf.registration.errors import RegistrationError
from napari_vcf.registration.result import RegistrationResult
from napari_vcf.registration.scene import working_frame

__all__ = ["register_vertebra"]


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
) -> RegistrationResult:
    """Find the rigid motion that brings one vertebra of a CT onto the MR.

    Parameters
    ----------
    ct : Volume
        HU.
    mr : mapping of str to Volume
        The MR contrasts at hand, in one patient frame; all are used together.
    ct_point_lps, mr_point_lps : array_like, shape (3,)
        The centre of the same vertebral body in each image, clicked; good to a few millimetres.
    threads : int
        Processor threads; the result does not depend on it.
    progress : callable, optional
        ``progress(done, total, what)``.
    cancelled : callable, optional
        Asked often; where it answers true, `CancelledError` is raised.
    same_frame : bool
        Whether both images declare the same frame of reference, so that they agree up to the patient's motion.

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
    report = cancellable(progress, cancelled)
    try:
        result = _register(ct, mr, ct_point_lps, mr_point_lps, threads, report, same_frame)
    except RegistrationError as refusal:
        return RegistrationResult("refused", str(refusal), None, time.perf_counter() - started)
    status, reason, transform, shift, angle, quality = result
    return RegistrationResult(status, reason, transform, time.perf_counter() - started, shift, angle, quality)


def _register(
    ct: Volume,
    mr: Mapping[str, Volume],
    ct_point_lps: ArrayLike,
    mr_point_lps: ArrayLike,
    threads: int,
    report: Callable[[float, str], None],
    same_frame: bool,
) -> tuple[Any, str, RigidTransform, float, float, dict[str, Any]]:
    ct_point = checked_point(ct_point_lps, "CT")
    mr_point = checked_point(mr_point_lps, "MR")
    usable, left_out = usable_contrasts(mr, mr_point)
    checked_ct(ct, ct_point)
    settings = Settings()
    frame = working_frame(usable, mr_point, ct_point)
    report(0.02, "preparing")
    scene = build_scene(ct, usable, frame, settings)
    found = search_pose(scene, settings, threads=threads, report=report)
    transform = frame.ct_to_mr(found.pose)
    shift = float(np.linalg.norm(transform.apply(ct_point) - mr_point))
    quality = {
        "contrasts": list(scene.samples.names),
        "contrasts_left_out": left_out,
        "covered_share": round(scene.covered, 4),
        "mutual_information": round(found.value, 6),
        "same_frame": same_frame,
    }
    if shift > CAPTURE_MM:
        reason = f"The best fit lies {shift:.1f} mm from the clicked points; check them."
        return "doubtful", reason, transform, shift, transform.angle_deg, quality
    return "ok", "Registered.", transform, shift, transform.angle_deg, quality
