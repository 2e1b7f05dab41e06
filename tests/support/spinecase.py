"""A small analytic spine: a CT and MR contrasts of it in well under a second, with a known transform."""

from __future__ import annotations

import numpy as np

from napari_vcf.geometry import Grid, RigidTransform, Volume

#: Anterior and posterior heights of the bodies, from the top; the fourth is compressed.
HEIGHTS_MM = ((24, 25), (25, 25), (26, 26), (13, 23), (27, 27), (28, 27), (28, 26))
DISC_MM = 9.0
FRACTURED = 3
CT_OF_MR = RigidTransform.from_rotation_vector((4.0, -3.0, 5.0), (12.0, -25.0, 40.0), center_lps=(0.0, 0.0, 0.0))


def centers() -> np.ndarray:
    """Body centres in the MR's frame, shape (7, 3), head first; the fractured one is the origin."""
    heights = np.array([(a + b) / 2 for a, b in HEIGHTS_MM])
    tops = -np.concatenate([[0.0], np.cumsum(heights[:-1] + DISC_MM)])
    z = tops - heights / 2
    z -= z[FRACTURED]
    return np.stack([0 * z, 0.0015 * z**2, z], axis=1)


def _soft(distance: np.ndarray) -> np.ndarray:
    return np.clip(0.5 + distance / 1.6, 0.0, 1.0)


def tissues(points: np.ndarray) -> dict[str, np.ndarray]:
    """Share of each tissue at MR-frame points, shape (..., 3)."""
    x, y, z = np.moveaxis(points, -1, 0)
    curve = 0.0015 * z**2
    inside = 17.0 - np.sqrt((x * 0.75) ** 2 + (y - curve) ** 2)
    bone = np.zeros(x.shape)
    marrow = np.zeros(x.shape)
    for number, ((front, back), center) in enumerate(zip(HEIGHTS_MM, centers(), strict=True)):
        half = (front + (back - front) * np.clip((y - center[1] + 17) / 34, 0, 1)) / 2
        body = np.minimum(half - np.abs(z - center[2]), inside)
        bone = np.maximum(bone, _soft(body))
        marrow = np.maximum(marrow, _soft(body - 1.5))
        length = 16.0 + 2.5 * ((number * 5) % 3)
        across = np.hypot((x - (number % 3 - 1)) / 1.2, (z - center[2] + 4) / 2.2)
        spine = np.minimum(4.0 - across, length / 2 - np.abs(y - center[1] - 30 - length / 2))
        wing = np.minimum(3.5 - np.hypot(y - center[1] - 22, z - center[2] - 3), 22 + 3 * (number % 2) - np.abs(x))
        bone = np.maximum(bone, np.maximum(_soft(spine), _soft(wing)))
        marrow = np.maximum(marrow, np.maximum(_soft(spine - 1.5), _soft(wing - 1.5)))
    disc = _soft(inside) * (1 - bone)
    canal = _soft(7.0 - np.hypot(x, y - curve - 26)) * (1 - bone) * (1 - disc)
    muscle = _soft(16.0 - np.hypot(np.abs(x) - 30, y - curve - 2 - 0.1 * z)) * (1 - bone) * (1 - disc)
    return {"bone": bone, "marrow": marrow, "disc": disc, "canal": canal, "muscle": muscle}


def _mix(points: np.ndarray, rest: float, **signal: float) -> np.ndarray:
    parts = tissues(points)
    parts["bone"] = parts["bone"] - parts["marrow"]
    total = sum(parts.values())
    return rest * (1 - np.clip(total, 0, 1)) + sum(signal[name] * part for name, part in parts.items())


def _points(grid: Grid) -> np.ndarray:
    slices, rows, columns = np.indices(grid.shape)
    return grid.to_lps(np.stack([columns, rows, slices], axis=-1))


def ct(half_length_mm: float = 66.0, noise: float = 10.0) -> Volume:
    """Axial, 3 mm slices."""
    middle = CT_OF_MR.apply((0.0, 12.0, 0.0))
    count = int(2 * half_length_mm / 3) + 1
    grid = Grid.from_axes(
        (count, 64, 64),
        origin_lps=middle - (48.0, 48.0, half_length_mm),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(3.0, 1.5, 1.5),
    )
    points = CT_OF_MR.inverse().apply(_points(grid))
    values = _mix(points, -90.0, bone=600.0, marrow=170.0, disc=85.0, canal=15.0, muscle=55.0)
    values += np.random.default_rng(1).normal(0.0, noise, values.shape)
    return Volume(grid, values.astype(np.float32), "HU")


def mr(names: tuple[str, ...] = ("T1", "T2FS")) -> dict[str, Volume]:
    """Sagittal, 4.8 mm apart."""
    grid = Grid.from_axes(
        (15, 150, 84),
        origin_lps=(-33.6, -47.0, 112.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0),
        spacing_mm=(4.8, 1.5, 1.5),
    )
    points = _points(grid)
    signals = {
        "T1": {"rest": 900.0, "bone": 40.0, "marrow": 600.0, "disc": 320.0, "canal": 130.0, "muscle": 300.0},
        "T2FS": {"rest": 60.0, "bone": 30.0, "marrow": 150.0, "disc": 420.0, "canal": 950.0, "muscle": 240.0},
    }
    noise = np.random.default_rng(2)
    return {
        name: Volume(
            grid, (_mix(points, **signals[name]) + noise.normal(0, 15, grid.shape)).astype(np.float32), "signal"
        )
        for name in names
    }
