"""CT to MR registration of the fractured vertebra on synthetic cases, beside itk-elastix and ANTs with the same mask.

The target registration error (TRE) is the mean over the endplate corners and the centre of the fractured body; the
clicks carry 1.5 mm of noise on each axis. itk-elastix and ANTs are optional: where they are missing, their rows say
so. ``NAPARI_VCF_BENCH_CASES`` sets the number of ordinary cases (default 12; hard cases are half as many).
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.phantom import PhantomCase, make_case, random_spec
from napari_vcf.registration import register_levels, register_vertebra, reslice
from napari_vcf.registration.reslicing import to_image

CONTRASTS = ("T1", "T2", "T2FS")
HALF_AXES_MM = np.array([30.0, 36.0, 26.0])
CLICK_SD_MM = 1.5


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


def main() -> str:
    """Measure, and return the tables."""
    count = int(os.environ.get("NAPARI_VCF_BENCH_CASES", "12"))
    parts = []
    for title, hard, number in (("Ordinary", False, count), ("Hard", True, max(count // 2, 1))):
        rows: dict[str, list[tuple[float, float, float, str, float]]] = {}
        levels: list[tuple[float, float]] = []
        off: list[str] = []
        for seed in range(500, 500 + number):
            clicked = _clicked(seed, hard)
            for name, method in _methods().items():
                rows.setdefault(name, []).append(method(clicked))
            levels += _reference_errors(clicked)
            off += _one_level_off(clicked, seed)
        parts.append(_table(title, rows, levels, off))
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


def _methods() -> dict[str, Callable[[Clicked], tuple[float, float, float, str, float]]]:
    return {"napari-vcf": _own, "itk-elastix rigid, same mask": _elastix, "ANTs rigid, same mask": _ants}


def _own(clicked: Clicked) -> tuple[float, float, float, str, float]:
    result = register_vertebra(
        clicked.case.volumes["CT"], clicked.mr, ct_point_lps=clicked.ct_point, mr_point_lps=clicked.mr_point
    )
    if result.ct_to_mr is None:
        return np.nan, np.nan, result.seconds, result.status, np.nan
    errors = clicked.errors(result.ct_to_mr)
    return errors.mean(), errors.max(), result.seconds, result.status, result.quality["expected_error_mm"]


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


def _scored(clicked: Clicked, pull: RigidTransform, seconds: float) -> tuple[float, float, float, str, float]:
    """`pull` maps fixed (MR) to moving points, which are the CT's shifted by the clicks."""
    shift = RigidTransform.from_rotation_vector((0, 0, 0), clicked.mr_point - clicked.ct_point)
    errors = clicked.errors(pull.inverse() @ shift)
    return errors.mean(), errors.max(), seconds, "", np.nan


def _elastix(clicked: Clicked) -> tuple[float, float, float, str, float]:
    itk = _optional("itk")
    if itk is None or not hasattr(itk, "elastix_registration_method"):
        return np.nan, np.nan, np.nan, "not installed", np.nan
    t1, moving, mask = _prepared(clicked)
    fixed_image, moving_image = (_itk(itk, volume.data, volume.grid) for volume in (t1, moving))
    mask_image = _itk(itk, mask.astype(np.uint8), t1.grid)
    parameters = itk.ParameterObject.New()
    settings = itk.ParameterObject.GetDefaultParameterMap("rigid", 3)
    settings["NumberOfSpatialSamples"] = ("4096",)
    settings["MaximumNumberOfIterations"] = ("500",)
    settings["AutomaticTransformInitialization"] = ("false",)
    settings["ErodeMask"] = ("false",)
    parameters.AddParameterMap(settings)
    itk.set_nthreads(1)
    started = time.perf_counter()
    _, found = itk.elastix_registration_method(
        fixed_image, moving_image, parameter_object=parameters, fixed_mask=mask_image, log_to_console=False
    )
    seconds = time.perf_counter() - started
    answer = found.GetParameterMap(0)
    angles = [float(value) for value in answer["TransformParameters"]]
    center = [float(value) for value in answer["CenterOfRotationPoint"]]
    return _scored(clicked, _euler(angles, center), seconds)


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


def _ants(clicked: Clicked) -> tuple[float, float, float, str, float]:
    ants = _optional("ants")
    if ants is None:
        return np.nan, np.nan, np.nan, "not installed", np.nan
    t1, moving, mask = _prepared(clicked)

    def image(data: np.ndarray, grid: Grid) -> Any:
        like = to_image(data.astype(np.float32), grid)
        array = np.ascontiguousarray(data.astype(np.float32).transpose(2, 1, 0))
        direction = np.array(like.GetDirection()).reshape(3, 3)
        return ants.from_numpy(array, origin=like.GetOrigin(), spacing=like.GetSpacing(), direction=direction)

    started = time.perf_counter()
    answer = ants.registration(
        fixed=image(t1.data, t1.grid),
        moving=image(moving.data, moving.grid),
        mask=image(mask, t1.grid),
        type_of_transform="Rigid",
        initial_transform="Identity",
        random_seed=1,
    )
    seconds = time.perf_counter() - started
    found = ants.read_transform(answer["fwdtransforms"][0])
    parameters, center = np.array(found.parameters), np.array(found.fixed_parameters)[:3]
    matrix = np.eye(4)
    matrix[:3, :3] = parameters[:9].reshape(3, 3)
    matrix[:3, 3] = center + parameters[9:12] - matrix[:3, :3] @ center
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = u @ vt
    return _scored(clicked, RigidTransform(matrix), seconds)


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


def _table(
    title: str,
    rows: dict[str, list[tuple[float, float, float, str, float]]],
    levels: list[tuple[float, float]],
    off: list[str],
) -> str:
    lines = [
        f"## {title} cases",
        "",
        "| method | cases | median TRE mm | 95th percentile mm | worst landmark mm | < 2 mm | ok | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, results in rows.items():
        numbers = np.array([row[:3] for row in results], dtype=float)
        if np.isnan(numbers).all():
            lines.append(f"| {name} | {results[0][3]} | | | | | | |")
            continue
        tre, worst, seconds = numbers.T
        ok = f"{np.mean([row[3] == 'ok' for row in results]):.0%}" if name == "napari-vcf" else ""
        lines.append(
            f"| {name} | {len(results)} | {np.nanmedian(tre):.2f} | {np.nanpercentile(tre, 95):.2f} | "
            f"{np.nanmax(worst):.2f} | {np.mean(tre < 2):.0%} | {ok} | {np.nanmedian(seconds):.1f} |"
        )
    own = [row for row in rows["napari-vcf"] if np.isfinite(row[0])]
    predicted, true = np.array([row[4] for row in own]), np.array([row[0] for row in own])
    lines += [
        "",
        f"Predicted against true error: median {np.median(predicted):.2f} against {np.median(true):.2f} mm; "
        f"the true error is within the predicted one in {np.mean(true <= predicted):.0%}.",
        "",
        f"CT click one level off: {len(off)} runs, {sum(status == 'ok' for status in off)} reported ok.",
    ]
    if levels:
        own_error, reused = np.array(levels).T
        lines += [
            "",
            f"Reference vertebrae: own transform median {np.median(own_error):.2f} mm, the fractured one's re-used "
            f"{np.median(reused):.2f} mm; at worst {np.max(own_error - reused):+.2f} mm against re-use.",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
