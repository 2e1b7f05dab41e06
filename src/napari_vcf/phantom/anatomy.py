"""The column as a chain of vertebrae in the patient, upright in LPS, and the curves that soft tissue follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from napari_vcf.geometry import RigidTransform
from napari_vcf.phantom.disc import Disc, build_disc
from napari_vcf.phantom.levels import COLUMN, LEVELS, measures_of
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.vertebra import Vertebra, build_vertebra

__all__ = ["Anatomy", "Curves", "build_anatomy", "with_posture"]

#: Share of a wedge's angle that remains as kyphosis; the discs take up the rest.
KYPHOSIS_SHARE = 0.65
#: Share of the lost height that the upper endplate has come down.
_SHARE_ABOVE = {"wedge": 1.0, "biconcave": 0.55, "crush": 0.6}


@dataclass(frozen=True)
class Curves:
    """Lines along the column as functions of the height z, tabulated every millimetre.

    Parameters
    ----------
    z : ndarray
        Height, mm, ascending.
    x : ndarray
        The column's middle.
    back, front : ndarray
        The bodies' posterior and anterior wall in the midline, y in mm.
    trend : ndarray
        The posterior wall's course without its waves, which the trunk follows.
    gap : ndarray
        1 at the height of a disc, 0 at that of a lamina.
    cosine : ndarray
        Cosine of the column's tilt: thickness across the column over thickness along y.
    """

    z: NDArray[np.float64]
    x: NDArray[np.float64]
    back: NDArray[np.float64]
    front: NDArray[np.float64]
    trend: NDArray[np.float64]
    gap: NDArray[np.float64]
    cosine: NDArray[np.float64]


@dataclass(frozen=True)
class Anatomy:
    """Vertebrae, their poses and what is around them, in an upright frame of the patient (LPS axes, mm).

    Parameters
    ----------
    vertebrae : tuple of Vertebra
        From head to feet.
    poses : tuple of RigidTransform
        Each vertebra's own frame to the upright frame.
    discs : tuple of Disc
        Between the vertebrae, from head to feet.
    curves : Curves
    fractured : int
        Index of the compressed vertebra.
    """

    vertebrae: tuple[Vertebra, ...]
    poses: tuple[RigidTransform, ...]
    discs: tuple[Disc, ...]
    curves: Curves
    fractured: int

    @cached_property
    def inverse_poses(self) -> tuple[RigidTransform, ...]:
        """The upright frame to each vertebra's own."""
        return tuple(pose.inverse() for pose in self.poses)

    def index(self, level: str) -> int:
        """Position of a level in the column."""
        return [v.level for v in self.vertebrae].index(level)

    def center_z(self, level: str) -> float:
        """Height of a body's centre, mm."""
        return float(self.poses[self.index(level)].matrix[2, 3])


def fractured_heights(spec: PhantomSpec) -> tuple[float, float, float]:
    """Anterior, middle and posterior height of the compressed body, mm."""
    if spec.heights_mm is not None:
        return spec.heights_mm
    index = LEVELS.index(spec.level)
    above, below = (
        _varied_heights(spec, LEVELS[index - 1]),
        _varied_heights(spec, LEVELS[index + 1]),
    )
    a, m, p = ((u + v) / 2 * (1 - loss) for u, v, loss in zip(above, below, spec.effective_losses, strict=True))
    return a, m, p


def build_anatomy(spec: PhantomSpec) -> Anatomy:
    """Stack the column of a case as it lies in the MR examination.

    Parameters
    ----------
    spec : PhantomSpec

    Returns
    -------
    Anatomy
        With the middle of T11..L5 near the origin.
    """
    names = tuple(COLUMN)
    measures = [measures_of(name, spec.body_scale) for name in names]
    vertebrae = [_vertebra(spec, name) for name in names]
    fractured = names.index(spec.level)
    vertebrae[fractured] = _compressed(spec, vertebrae[fractured])
    broken = vertebrae[fractured]
    reach = 2 * (broken.half_depth_mm - 2.5)
    wedge = np.degrees(np.arctan2(broken.heights_mm[2] - broken.heights_mm[0], reach)) * KYPHOSIS_SHARE
    tilts = _tilts(spec, names, fractured, float(wedge))
    discs = [m.disc_mm for m in measures]
    poses = _stack(vertebrae, tilts, discs)
    curves = _curves(vertebrae, poses)
    return Anatomy(tuple(vertebrae), tuple(poses), _discs(spec, vertebrae, poses), curves, fractured)


def with_posture(anatomy: Anatomy, spec: PhantomSpec) -> Anatomy:
    """The same column as it lies in the CT examination: every other vertebra moved against the compressed one.

    Each vertebra turns about the centre of the disc towards the compressed one, and takes all beyond it along.

    Parameters
    ----------
    anatomy : Anatomy
        As in the MR examination.
    spec : PhantomSpec

    Returns
    -------
    Anatomy
    """
    rng = np.random.default_rng([spec.seed, 31])
    bend = 1.0 if rng.random() < 0.5 else -1.0
    poses = list(anatomy.poses)
    for direction in (-1, 1):
        motion = RigidTransform.identity()
        index = anatomy.fractured + direction
        gap = 0
        while 0 <= index < len(poses):
            sacral = anatomy.vertebrae[index].is_sacral and anatomy.vertebrae[index].level != "S1"
            size = 0.0 if sacral else spec.posture_deg * (1.0 if gap == 0 else 0.45)
            axis = np.array([direction * bend, *rng.uniform(-0.35, 0.35, size=2)])
            rotation = axis / np.linalg.norm(axis) * size
            pivot = (anatomy.poses[index].matrix[:3, 3] + anatomy.poses[index - direction].matrix[:3, 3]) / 2
            motion = motion @ RigidTransform.from_rotation_vector(rotation, (0.0, 0.0, 0.0), center_lps=pivot)
            poses[index] = motion @ anatomy.poses[index]
            index += direction
            gap += 1
    vertebrae = list(anatomy.vertebrae)
    return replace(anatomy, poses=tuple(poses), discs=_discs(spec, vertebrae, poses), curves=_curves(vertebrae, poses))


def _discs(spec: PhantomSpec, vertebrae: list[Vertebra], poses: list[RigidTransform]) -> tuple[Disc, ...]:
    discs = []
    for index, pair in enumerate(pairwise(vertebrae)):
        rng = np.random.default_rng([spec.seed, 13, index])
        vital = 0.15 if pair[0].is_sacral else float(rng.uniform(0.35, 0.95))
        discs.append(build_disc(pair, (poses[index], poses[index + 1]), vital))
    return tuple(discs)


def _rng(spec: PhantomSpec, name: str) -> np.random.Generator:
    return np.random.default_rng([spec.seed, 11, list(COLUMN).index(name)])


def _varied_heights(spec: PhantomSpec, name: str) -> tuple[float, float, float]:
    """Heights of an intact vertebra, which differ a little from person to person."""
    rng = _rng(spec, name)
    common = rng.normal(1.0, 0.015)
    a, m, p = (h * common * rng.normal(1.0, 0.008) for h in measures_of(name, spec.body_scale).heights_mm)
    return float(a), float(m), float(p)


def _vertebra(spec: PhantomSpec, name: str) -> Vertebra:
    measures = measures_of(name, spec.body_scale)
    return build_vertebra(name, replace(measures, heights_mm=_varied_heights(spec, name)), spec.body_scale)


def _compressed(spec: PhantomSpec, intact: Vertebra) -> Vertebra:
    """Take the lost height from the upper endplate (wedge), or from both; the origin stays the body's centre."""
    share_above = _SHARE_ABOVE[spec.fracture]
    lost = [h - new for h, new in zip(intact.heights_mm, fractured_heights(spec), strict=True)]
    top = [t - share_above * x for t, x in zip(intact.top_mm, lost, strict=True)]
    bottom = [b + (1 - share_above) * x for b, x in zip(intact.bottom_mm, lost, strict=True)]
    shift = (top[1] + bottom[1]) / 2
    return replace(
        intact,
        top_mm=(top[0] - shift, top[1] - shift, top[2] - shift),
        bottom_mm=(bottom[0] - shift, bottom[1] - shift, bottom[2] - shift),
        posterior_bulge_mm=2.6 if spec.malignant else 0.4,
        buckle_mm={"wedge": 1.8, "biconcave": 0.8, "crush": 2.0}[spec.fracture],
    )


def _tilts(spec: PhantomSpec, names: tuple[str, ...], fractured: int, wedge: float) -> NDArray[np.float64]:
    """Rotation vector of each vertebra, degrees."""
    rng = np.random.default_rng([spec.seed, 17])
    tilts = np.zeros((len(names), 3))
    for i, name in enumerate(names):
        tilts[i, 0] = COLUMN[name].tilt_deg * spec.lordosis_scale + rng.normal(0.0, 0.8)
        # The compressed body lies between, nearer to the side whose endplate is not depressed.
        tilts[i, 0] += wedge * (
            0.55 if i < fractured else -0.45 if i > fractured else 0.55 - _SHARE_ABOVE[spec.fracture]
        )
        phase = (i - 5) / 3.0
        tilts[i, 1] = spec.scoliosis_deg * np.sin(phase)
        tilts[i, 2] = 0.4 * spec.scoliosis_deg * np.cos(phase) + rng.normal(0.0, 0.6)
    return tilts


def _stack(vertebrae: list[Vertebra], tilts: NDArray[np.float64], discs: list[float]) -> list[RigidTransform]:
    """Put one vertebra under the other, a disc between the rims, then centre T11..L5 on the origin."""
    rotations = [RigidTransform.from_rotation_vector(t, (0, 0, 0)).matrix[:3, :3] for t in tilts]
    centers = [np.zeros(3)]
    for i in range(1, len(vertebrae)):
        above, below = vertebrae[i - 1], vertebrae[i]
        rim_above = np.array([0.0, 0.0, (above.bottom_mm[0] + above.bottom_mm[2]) / 2])
        rim_below = np.array([0.0, 0.0, (below.top_mm[0] + below.top_mm[2]) / 2])
        axis = rotations[i - 1][:, 2] + rotations[i][:, 2]
        axis /= np.linalg.norm(axis)
        # Posterior walls stay in line: bodies of different depth are set back by half of the difference.
        step = np.array([0.0, above.half_depth_mm - below.half_depth_mm, 0.0])
        center = centers[-1] + rotations[i - 1] @ rim_above - discs[i - 1] * axis - rotations[i] @ rim_below + step
        centers.append(center)
    names = [v.level for v in vertebrae]
    middle = np.mean([centers[names.index(name)] for name in LEVELS], axis=0)
    poses = []
    for rotation, center in zip(rotations, centers, strict=True):
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = center - middle
        poses.append(RigidTransform(matrix))
    return poses


def _curves(vertebrae: list[Vertebra], poses: list[RigidTransform]) -> Curves:
    back, front = [], []
    for vertebra, pose in zip(vertebrae, poses, strict=True):
        d = vertebra.half_depth_mm
        wall = vertebra.posterior_bulge_mm
        for index, share in ((2, 0.9), (1, 0.0), (2, -0.9)):
            z = share * (vertebra.top_mm[index] if share > 0 else -vertebra.bottom_mm[index])
            back.append(pose.apply((0.0, d + (wall if share == 0 else 0.35 * wall), z)))
        for share in (0.85, 0.0, -0.85):
            z = share * (vertebra.top_mm[0] if share > 0 else -vertebra.bottom_mm[0])
            front.append(pose.apply((0.0, -d + (2.2 if share == 0 else 0.0), z)))
    heights = np.arange(-330.0, 330.0, 1.0)
    back_y = _curve(np.array(back), 1, heights)
    slope = np.gradient(_smooth(back_y, 12), heights)
    return Curves(
        z=heights,
        x=_smooth(_curve(np.array(back), 0, heights), 10),
        back=back_y,
        front=_curve(np.array(front), 1, heights),
        trend=_smooth(back_y, 60),
        gap=_gaps(poses, heights),
        cosine=1 / np.sqrt(1 + slope**2),
    )


def _gaps(poses: list[RigidTransform], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    laminae = np.array([pose.apply((0.0, 0.0, -5.0))[2] for pose in poses])[::-1]
    phase = np.interp(heights, laminae, np.arange(len(laminae)))
    return np.asarray(np.sin(np.pi * phase) ** 2)


def _curve(points: NDArray[np.float64], axis: int, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """One coordinate of points along the column as a function of height, continued straight at both ends."""
    points = points[np.argsort(points[:, 2])]
    keep = np.concatenate([[True], np.diff(points[:, 2]) > 1.0])
    points = points[keep]
    inside = np.clip(z, points[0, 2], points[-1, 2])
    y = PchipInterpolator(points[:, 2], points[:, axis])(inside)
    for end, near in ((0, 4), (-1, -5)):
        slope = (points[end, axis] - points[near, axis]) / (points[end, 2] - points[near, 2])
        y = y + (z - inside) * slope * ((z < points[0, 2]) if end == 0 else (z > points[-1, 2]))
    return np.asarray(_smooth(y, 3))


def _smooth(values: NDArray[np.float64], half_width: int) -> NDArray[np.float64]:
    """Moving average with a Hann window."""
    window = np.hanning(2 * half_width + 3)[1:-1]
    padded = np.pad(values, half_width, mode="reflect", reflect_type="odd")
    return np.asarray(np.convolve(padded, window / window.sum(), mode="valid"))
