"""MR to MR of one patient who moved between two frames of reference: a rigid motion near a marked point.

Mutual information of Mattes et al. (IEEE Trans Med Imaging 2003; 22: 120-128), as SimpleITK has it, inside a block
around the fixed point; the start is the shift that brings one marked point onto the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the library's own documented short name

from napari_vcf.geometry import RigidTransform, Volume
from napari_vcf.language import say
from napari_vcf.registration.reslicing import to_image
from napari_vcf.registration.result import RegistrationResult

__all__ = ["register_frames"]

#: Half of the block that is compared: about three vertebrae with their discs, and the canal behind them.
_HALF_BLOCK_MM = (25.0, 45.0, 55.0)
#: Beyond this the fit has left the vertebra that was marked.
_FARTHEST_MM, _WIDEST_DEG = 12.0, 12.0
#: So much better than at the start must it be, in nats, to say that it found something.
_LEAST_GAIN = 0.005
_SEED = 1


def register_frames(
    moving: Volume, fixed: Volume, *, moving_point_lps: Sequence[float], fixed_point_lps: Sequence[float]
) -> RegistrationResult:
    """Find the rigid motion from one MR frame to another.

    Parameters
    ----------
    moving, fixed : Volume
        One image of each frame.
    moving_point_lps, fixed_point_lps : sequence of float
        The same place in each, LPS mm; the centre of the fractured body serves best.

    Returns
    -------
    RegistrationResult
        Its ``ct_to_mr`` brings the moving image's LPS mm to the fixed image's. ``"doubtful"`` always needs a person's
        eye; ``"refused"`` where the points lie outside or the fit left the place that was marked.
    """
    began = time.perf_counter()
    start = RigidTransform.from_rotation_vector((0, 0, 0), np.subtract(fixed_point_lps, moving_point_lps))
    for name, volume, point in (("first", moving, moving_point_lps), ("second", fixed, fixed_point_lps)):
        if not volume.grid.contains(point):
            return _refused(
                say("The point on the {name} image lies outside it; mark the same place on both.", name=name), began
            )
    target, source = (sitk.Cast(to_image(v.data, v.grid), sitk.sitkFloat32) for v in (fixed, moving))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricFixedMask(_block(fixed, fixed_point_lps))
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.5, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    # ITK's transform leads from the fixed image to the moving one.
    euler = sitk.Euler3DTransform()
    euler.SetCenter([float(c) for c in fixed_point_lps])
    euler.SetTranslation([float(c) for c in np.subtract(moving_point_lps, fixed_point_lps)])
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 200)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(euler, inPlace=True)
    method.SetNumberOfThreads(1)
    before = method.MetricEvaluate(target, source)
    try:
        method.Execute(target, source)
    except RuntimeError:
        return _refused(say("The two images hardly overlap where they were marked."), began)
    gain = before - method.GetMetricValue()
    motion = _rigid(euler).inverse()
    shift = float(np.linalg.norm(motion.apply(moving_point_lps) - start.apply(moving_point_lps)))
    quality = {"gain": round(gain, 4), "shift_mm": round(shift, 3), "angle_deg": round(motion.angle_deg, 3)}
    if shift > _FARTHEST_MM or motion.angle_deg > _WIDEST_DEG:
        reason = say(
            "The fit moved {shift:.0f} mm and {angle_deg:.0f} degrees away from what was marked; "
            "mark the same place on both, or read the image by itself.",
            shift=shift,
            angle_deg=motion.angle_deg,
        )
        return _refused(reason, began)
    seconds = time.perf_counter() - began
    if gain < _LEAST_GAIN:
        reason = say("The images fit hardly better than at the marked points; look closely.")
        return RegistrationResult("doubtful", reason, motion, seconds, shift, motion.angle_deg, quality)
    return RegistrationResult(
        "ok", say("The images fit; look before you use it."), motion, seconds, shift, motion.angle_deg, quality
    )


def _refused(reason: str, began: float) -> RegistrationResult:
    return RegistrationResult("refused", reason, None, time.perf_counter() - began)


def _block(volume: Volume, point_lps: Sequence[float]) -> sitk.Image:
    slices, rows, columns = np.indices(volume.grid.shape)
    points = volume.grid.to_lps(np.stack([columns, rows, slices], axis=-1))
    inside = (np.abs(points - np.asarray(point_lps)) < _HALF_BLOCK_MM).all(axis=-1)
    return to_image(inside, volume.grid)


def _rigid(euler: sitk.Euler3DTransform) -> RigidTransform:
    rotation = np.array(euler.GetMatrix()).reshape(3, 3)
    # Euler angles are exact to a rounding; the nearest rotation is exact to the last digit.
    u, _, vt = np.linalg.svd(rotation)
    matrix = np.eye(4)
    matrix[:3, :3] = u @ vt
    center, translation = np.array(euler.GetCenter()), np.array(euler.GetTranslation())
    matrix[:3, 3] = center + translation - matrix[:3, :3] @ center
    return RigidTransform(matrix)
