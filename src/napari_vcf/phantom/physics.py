"""Texture, coil sensitivity and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from napari_vcf.phantom.canvas import Block
from napari_vcf.phantom.shapes import F32

__all__ = ["Texture", "coil_sensitivity", "ct_noise", "low_pass", "rician", "shifted_rows_or_columns"]


class Texture:
    """Smooth random numbers in patient space, the same in every examination of one patient.

    Parameters
    ----------
    seed : sequence of int
    cell_mm : tuple of float
        Distance of the random nodes along x, y and z.
    """

    def __init__(self, seed: list[int], cell_mm: tuple[float, float, float]) -> None:
        nodes = np.random.default_rng(seed).normal(size=(40, 40, 40)).astype(np.float32)
        nodes = ndimage.gaussian_filter(nodes, 0.6, mode="wrap")
        self._nodes = np.asarray(nodes / nodes.std(), dtype=np.float32)
        self._cell_mm = cell_mm

    def sample(self, block: Block) -> F32:
        """Values at the middle of a slice, shape (rows, columns), standard deviation about 0.7."""
        middle = (block.shape[0] - 1) / 2
        m = block.matrix
        r = np.arange(block.shape[1])[:, None]
        c = np.arange(block.shape[2])[None, :]
        where = [
            ((m[i, 3] + middle * m[i, 2] + r * m[i, 1] + c * m[i, 0]) / self._cell_mm[i]).astype(np.float32)
            for i in range(3)
        ]
        return np.asarray(
            ndimage.map_coordinates(self._nodes, np.stack(where), order=1, mode="grid-wrap", output=np.float32)
        )


def coil_sensitivity(points: NDArray[np.float64], strength: float, seed: list[int]) -> F32:
    """Sensitivity of a spine coil behind the patient: falls to the front and to both ends; 1 near the origin.

    Parameters
    ----------
    points : ndarray, shape (..., 3)
        Upright patient coordinates, mm.
    strength : float
        Zero for none.
    seed : sequence of int

    Returns
    -------
    ndarray of float32, shape (...)
    """
    rng = np.random.default_rng(seed)
    x, y, z = (points[..., i] / 160.0 for i in range(3))
    slope = rng.uniform(-0.25, 0.25, size=2)
    wave = rng.uniform(0, 6.3)
    log = 1.5 * y - 0.4 * y * y - (0.7 * z * z) + slope[0] * z + slope[1] * x + 0.18 * np.sin(3.2 * z + wave)
    log -= 0.18 * np.sin(wave)
    return np.exp(strength * log).astype(np.float32)


def low_pass(image: F32, sigma_px: float) -> F32:
    """Blur within each slice; the phantom has no ringing."""
    return np.asarray(ndimage.gaussian_filter(image, (0.0, sigma_px, sigma_px), mode="nearest"), dtype=np.float32)


def shifted_rows_or_columns(image: F32, shift_px: float, axis: int) -> F32:
    """Shift by a part of a pixel along one axis of (slices, rows, columns), linear, towards higher indices."""
    if shift_px == 0.0:
        return image
    shift = [0.0, 0.0, 0.0]
    shift[axis] = shift_px
    return np.asarray(ndimage.shift(image, shift, order=1, mode="nearest"), dtype=np.float32)


def rician(signal: F32, sigma: float, rng: np.random.Generator) -> F32:
    """Magnitude of a signal with Gaussian noise in both channels."""
    real = signal + np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.sqrt(real * real + imaginary * imaginary)


def ct_noise(attenuation: F32, sigma_hu: float, pixel_mm: float, rng: np.random.Generator) -> F32:
    """Noise of filtered back-projection: little at low frequency, a soft kernel, streaks along absorbing rows.

    Parameters
    ----------
    attenuation : ndarray, shape (slices, rows, columns)
        The image without noise, HU.
    sigma_hu : float
        Standard deviation in soft tissue.
    pixel_mm : float
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, same shape
        HU.
    """
    slices, rows, columns = attenuation.shape
    fy = fft.fftfreq(rows, pixel_mm)[:, None]
    fx = fft.rfftfreq(columns, pixel_mm)[None, :]
    f = np.sqrt(fx * fx + fy * fy)
    # The ramp of the back-projection times a standard kernel; a small floor for the noise of the calibration.
    transfer = (np.sqrt(f) * np.exp(-((f / 0.42) ** 2)) + 0.03).astype(np.float32)
    streaks = (np.exp(-((fx / 0.035) ** 2)) * np.exp(-((fy / 0.30) ** 2))).astype(np.float32)
    out = np.empty_like(attenuation)
    path = ndimage.uniform_filter1d(np.maximum(attenuation + 1000.0, 0.0).mean(axis=2), 9, axis=1)
    for index in range(slices):
        white = fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
        noise = fft.irfft2(white * transfer, s=(rows, columns))
        lines = fft.irfft2(white * streaks, s=(rows, columns))
        level = np.sqrt(path[index] / max(float(path.mean()), 1.0))[:, None]
        mixed = noise / noise.std() + 0.28 * level * lines / lines.std()
        out[index] = mixed * (np.float32(sigma_hu / 1.04) * level)
    return out
