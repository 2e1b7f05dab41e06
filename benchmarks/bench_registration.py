"""CT to MR registration of the fractured vertebra on synthetic cases, beside itk-elastix and ANTs with the same mask.

The error of a case is the mean over the endplate corners and the centre of the fractured body. The clicks carry 1.5 mm
of noise on each axis, and every method starts from the same ones. itk-elastix and ANTs register the T1 image in the
ellipsoid that this project uses. They are optional (`pip install "napari-vcf[bench]"`); where they are missing, their
rows say so. Everything runs on one thread. ``NAPARI_VCF_BENCH_CASES`` sets the number of ordinary cases (default 10).

Four further grounds, beside the same programs, are in [CT to MRI registration](../registration.md#on-five-grounds).
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.phantom import PhantomCase, make_case, random_spec
from napari_vcf.registration import register_levels, register_vertebra, reslice
from napari_vcf.registration.reslicing import to_image

CONTRASTS = ("T1", "T2", "T2FS")
HALF_AXES_MM = np.array([30.0, 36.0, 26.0])
CLICK_SD_MM = 1.5
ORDINARY_SEED = 90100
HARD_SEED = 90500


@dataclass(frozen=True)
class Clicked:
    """A case with its noisy clicks."""

    case: PhantomCase
    ct_point: np.ndarray
    mr_point: np.ndarray

    @property
    def mr(self) -> dict[str, Volume]:
        return {name: self.case.volumes[name] for name in CONTRASTS}

    def landmarks(self, level: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        truth = self.case.truth
        level = truth.level if level is None else level
        names = sorted(truth.landmarks_ct[level])
        of_ct = np.array([truth.landmarks_ct[level][name] for name in names])
        return of_ct, np.array([truth.landmarks_mr[level][name] for name in names])

    def errors(self, transform: RigidTransform, level: str | None = None) -> np.ndarray:
        of_ct, of_mr = self.landmarks(level)
        return np.linalg.norm(transform.apply(of_ct) - of_mr, axis=1)


@dataclass(frozen=True)
class Outcome:
    """What one method made of one case; NaN and a reason where it gave no transform."""

    mean_mm: float = np.nan
    worst_mm: float = np.nan
    cpu_s: float = np.nan
    wall_s: float = np.nan
    status: str = ""
    expected_mm: float = np.nan


class Watch:
    """Processor and wall time of a block."""

    def __enter__(self) -> Watch:
        self._start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_s, self.wall_s = time.process_time() - self._start[0], time.perf_counter() - self._start[1]


def main() -> str:
    """Measure, and return the tables."""
    os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"
    count = int(os.environ.get("NAPARI_VCF_BENCH_CASES", "10"))
    parts: list[str] = []
    everything: list[Outcome] = []
    for title, hard, first, number in (
        ("Ordinary", False, ORDINARY_SEED, count),
        ("Hard", True, HARD_SEED, max(3 * count // 5, 1)),
    ):
        own: list[Outcome] = []
        beside: dict[str, list[Outcome]] = {name: [] for name in OTHERS}
        levels: list[tuple[float, float]] = []
        off: list[str] = []
        for index in range(number):
            clicked = _clicked(first + index, hard)
            own.append(_own(clicked))
            for name, method in OTHERS.items():
                beside[name].append(method(clicked))
            # Each of these takes several registrations more.
            if index < max(number // 3, 1):
                levels += _reference_errors(clicked)
                off += _one_level_off(clicked, first + index)
            print(f"{title.lower()} {index + 1} of {number}", file=sys.stderr, flush=True)
        parts.append(_section(title, first, own, beside, levels, off))
        everything += own
    parts.append(_calibration(everything))
    return "\n\n".join(parts)


def _clicked(seed: int, hard: bool) -> Clicked:
    case = make_case(replace(random_spec(seed, hard=hard), contrasts=("CT", *CONTRASTS)))
    noise = np.random.default_rng(seed).normal(0.0, CLICK_SD_MM, (2, 3))
    truth = case.truth
    return Clicked(
        case,
        np.asarray(truth.landmarks_ct[truth.level]["body_center"]) + noise[0],
        np.asarray(truth.landmarks_mr[truth.level]["body_center"]) + noise[1],
    )


def _own(clicked: Clicked) -> Outcome:
    with Watch() as watch:
        result = register_vertebra(
            clicked.case.volumes["CT"], clicked.mr, ct_point_lps=clicked.ct_point, mr_point_lps=clicked.mr_point
        )
    if result.ct_to_mr is None:
        return Outcome(cpu_s=watch.cpu_s, wall_s=watch.wall_s, status=result.status)
    errors = clicked.errors(result.ct_to_mr)
    expected = result.quality["expected_error_mm"]
    return Outcome(errors.mean(), errors.max(), watch.cpu_s, watch.wall_s, result.status, expected)


def _prepared(clicked: Clicked) -> tuple[Volume, Volume, np.ndarray]:
    """T1 around the click, the CT shifted by the clicks onto it and resampled to 1 mm, and the ellipsoid mask."""
    t1 = clicked.case.volumes["T1"]
    slices, rows, columns = np.indices(t1.grid.shape)
    offset = t1.grid.to_lps(np.stack([columns, rows, slices], axis=-1)) - clicked.mr_point
    mask = ((offset / HALF_AXES_MM) ** 2).sum(axis=-1) <= 1.0
    low = clicked.mr_point - 60.0
    cube = Grid.from_axes(
        (120, 120, 120), origin_lps=low, column_direction=(1, 0, 0), row_direction=(0, 1, 0), spacing_mm=(1, 1, 1)
    )
    shift = RigidTransform.from_rotation_vector((0, 0, 0), clicked.mr_point - clicked.ct_point)
    moving = reslice(clicked.case.volumes["CT"], cube, transform=shift)
    return t1, Volume(cube, np.clip(moving.data, -160, 640), "HU"), mask


def _scored(clicked: Clicked, pull: RigidTransform, watch: Watch) -> Outcome:
    """`pull` maps fixed (MR) to moving points, which are the CT's shifted by the clicks."""
    shift = RigidTransform.from_rotation_vector((0, 0, 0), clicked.mr_point - clicked.ct_point)
    errors = clicked.errors(pull.inverse() @ shift)
    return Outcome(errors.mean(), errors.max(), watch.cpu_s, watch.wall_s)


def _elastix(clicked: Clicked) -> Outcome:
    itk = _optional("itk")
    if itk is None or not hasattr(itk, "elastix_registration_method"):
        return Outcome(status="itk-elastix is not installed")
    t1, moving, mask = _prepared(clicked)
    fixed_image, moving_image = (_itk(itk, volume.data, volume.grid) for volume in (t1, moving))
    mask_image = _itk(itk, mask.astype(np.uint8), t1.grid)
    parameters = itk.ParameterObject.New()
    settings = itk.ParameterObject.GetDefaultParameterMap("rigid", 3)
    settings["NumberOfSpatialSamples"] = ("4096",)
    settings["AutomaticTransformInitialization"] = ("false",)
    settings["ErodeMask"] = ("false",)
    parameters.AddParameterMap(settings)
    itk.set_nthreads(1)
    with Watch() as watch:
        _, found = itk.elastix_registration_method(
            fixed_image,
            moving_image,
            parameter_object=parameters,
            fixed_mask=mask_image,
            number_of_threads=1,
            log_to_console=False,
        )
    answer = found.GetParameterMap(0)
    angles = [float(value) for value in answer["TransformParameters"]]
    center = [float(value) for value in answer["CenterOfRotationPoint"]]
    return _scored(clicked, _euler(angles, center), watch)


def _euler(parameters: list[float], center: list[float]) -> RigidTransform:
    """ITK's Euler3DTransform: R = Rz Rx Ry about a centre, then a shift."""
    x, y, z = (
        RigidTransform.from_rotation_vector(np.degrees(parameters[k]) * np.eye(3)[k], (0, 0, 0)) for k in range(3)
    )
    matrix = (z @ x @ y).matrix.copy()
    matrix[:3, 3] = np.array(center) + np.array(parameters[3:]) - matrix[:3, :3] @ np.array(center)
    return RigidTransform(matrix)


def _itk(itk: Any, data: np.ndarray, grid: Grid) -> Any:
    source = to_image(data.astype(np.float32) if data.dtype != np.uint8 else data, grid)
    image = itk.image_from_array(np.ascontiguousarray(data if data.dtype == np.uint8 else data.astype(np.float32)))
    image.SetSpacing(list(source.GetSpacing()))
    image.SetOrigin(list(source.GetOrigin()))
    image.SetDirection(np.array(source.GetDirection()).reshape(3, 3))
    return image


def _ants(clicked: Clicked) -> Outcome:
    ants = _optional("ants")
    if ants is None:
        return Outcome(status="ANTs (antspyx) is not installed")
    t1, moving, mask = _prepared(clicked)

    def image(data: np.ndarray, grid: Grid) -> Any:
        like = to_image(data.astype(np.float32), grid)
        array = np.ascontiguousarray(data.astype(np.float32).transpose(2, 1, 0))
        direction = np.array(like.GetDirection()).reshape(3, 3)
        return ants.from_numpy(array, origin=like.GetOrigin(), spacing=like.GetSpacing(), direction=direction)

    with Watch() as watch:
        answer = ants.registration(
            fixed=image(t1.data, t1.grid),
            moving=image(moving.data, moving.grid),
            mask=image(mask, t1.grid),
            type_of_transform="Rigid",
            initial_transform="Identity",
            random_seed=1,
        )
    found = ants.read_transform(answer["fwdtransforms"][0])
    parameters, center = np.array(found.parameters), np.array(found.fixed_parameters)[:3]
    matrix = np.eye(4)
    matrix[:3, :3] = parameters[:9].reshape(3, 3)
    matrix[:3, 3] = center + parameters[9:12] - matrix[:3, :3] @ center
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = u @ vt
    return _scored(clicked, RigidTransform(matrix), watch)


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _reference_errors(clicked: Clicked) -> list[tuple[float, float]]:
    """For each neighbour: error of its own transform, and of the fractured vertebra's re-used."""
    truth = clicked.case.truth
    neighbours = [level for level in (truth.level_above, truth.level_below) if level in truth.landmarks_ct]
    points: dict[str, Any] = {truth.level: (clicked.ct_point, clicked.mr_point)}
    points |= {level: (None, truth.landmarks_mr[level]["body_center"]) for level in neighbours}
    results = register_levels(clicked.case.volumes["CT"], clicked.mr, points, fractured=truth.level)
    main_transform = results[truth.level].ct_to_mr
    found = []
    for level in neighbours:
        own = results[level].ct_to_mr
        if own is not None and main_transform is not None:
            found.append((clicked.errors(own, level).mean(), clicked.errors(main_transform, level).mean()))
    return found


def _one_level_off(clicked: Clicked, seed: int) -> list[str]:
    """Status with the CT click on each neighbour."""
    truth = clicked.case.truth
    statuses = []
    for number, level in enumerate((truth.level_above, truth.level_below)):
        if level in truth.landmarks_ct:
            noise = np.random.default_rng(9000 + 2 * seed + number).normal(0.0, CLICK_SD_MM, 3)
            point = np.asarray(truth.landmarks_ct[level]["body_center"]) + noise
            result = register_vertebra(
                clicked.case.volumes["CT"], clicked.mr, ct_point_lps=point, mr_point_lps=clicked.mr_point
            )
            statuses.append(result.status)
    return statuses


def _section(
    title: str,
    first: int,
    own: list[Outcome],
    beside: dict[str, list[Outcome]],
    levels: list[tuple[float, float]],
    off: list[str],
) -> str:
    head = "| method | cases | median mm | 95th percentile mm | worst landmark mm | < 2 mm | ok | CPU s | wall s |"
    lines = [f"## {title} cases", "", f"Seeds {first} to {first + len(own) - 1}.", "", head, "|" + "---|" * 9]
    lines.append(_row("napari-vcf", own, judged=True))
    lines += [_row(name, outcomes) for name, outcomes in beside.items()]
    wrong = sum(o.status == "ok" and not o.mean_mm < 2 for o in own)
    needless = sum(o.status != "ok" and o.mean_mm < 2 for o in own)
    lines += [
        "",
        f"Beyond 2 mm and yet `ok`: {wrong} of {len(own)}. Within 2 mm and yet doubted: {needless} of {len(own)}.",
        "",
        f"CT click one level off, in the first third of the cases: {len(off)} runs, {off.count('ok')} of them `ok`.",
    ]
    if levels:
        error, reused = np.array(levels).T
        excess = error - reused
        lines += [
            "",
            f"Neighbouring vertebrae of the same cases: own transform median {np.median(error):.2f} mm, the fractured "
            f"vertebra's re-used {np.median(reused):.2f} mm. More than 0.5 mm worse than re-used: "
            f"{(excess > 0.5).sum()} of {excess.size}, at worst {excess.max():+.2f} mm.",
        ]
    return "\n".join(lines)


def _row(name: str, outcomes: list[Outcome], *, judged: bool = False) -> str:
    tre, worst, cpu, wall = np.array([(o.mean_mm, o.worst_mm, o.cpu_s, o.wall_s) for o in outcomes]).T
    if np.isnan(tre).all():
        return f"| {name} | {outcomes[0].status} | | | | | | | |"
    ok = f"{np.mean([o.status == 'ok' for o in outcomes]):.0%}" if judged else ""
    return (
        f"| {name} | {len(outcomes)} | {np.nanmedian(tre):.2f} | {np.nanpercentile(tre, 95):.2f} | "
        f"{np.nanmax(worst):.2f} | {np.mean(tre < 2):.0%} | {ok} | {np.nanmedian(cpu):.1f} | {np.nanmedian(wall):.1f} |"
    )


def _calibration(outcomes: list[Outcome]) -> str:
    """Predicted against true error: what is said to hold for nine in ten, and for how many it did."""
    pairs = np.array([(o.expected_mm, o.mean_mm) for o in outcomes if np.isfinite(o.mean_mm)])
    lines = [
        "## Expected against true error",
        "",
        "The expected error is what nine in ten such cases are to stay below. No case here took part in setting it.",
        "",
        "| expected mm | cases | median expected mm | median true mm | true within expected |",
        "|---|---|---|---|---|",
    ]
    edges = (0.0, 0.8, 1.2, 1.6, np.inf)
    rows = [(f"{a:.1f} to {b:.1f}" if np.isfinite(b) else f"over {a:.1f}", a, b) for a, b in pairwise(edges)]
    for name, low, high in [*rows, ("all", 0.0, np.inf)]:
        chosen = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < high)]
        if len(chosen):
            expected, true = chosen.T
            lines.append(
                f"| {name} | {len(chosen)} | {np.median(expected):.2f} | {np.median(true):.2f} | "
                f"{np.mean(true <= expected):.0%} |"
            )
    return "\n".join(lines)


OTHERS: dict[str, Callable[[Clicked], Outcome]] = {
    "itk-elastix rigid, same mask": _elastix,
    "ANTs rigid, same mask": _ants,
}


if __name__ == "__main__":
    print(main())
