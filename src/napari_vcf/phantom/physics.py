"""Texture, coil sensitivity and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from napari_vcf.phantom.canvas import Block
from napari_vcf.phantom.shapes import F32

__all__ = ["Texture", "coil_sensitivity", "ct_noise", "low_pass", "rician", "shifted"]


class Texture:
    """Smooth random numbers in patient space, the same in every examination of one patient.

    Parameters
    ----------
    seed : sequence of int
    cell_mm : tuple of float
        Distance of the random nodes along x, y and z.
    """

    _NODES = 32
    _FINER = 4

    def __init__(self, seed: list[int], cell_mm: tuple[float, float, float]) -> None:
        nodes = np.random.default_rng(seed).normal(size=(self._NODES,) * 3).astype(np.float32)
        nodes = ndimage.gaussian_filter(nodes, 0.5, mode="wrap")
        # Interpolated once, so that looking up the nearest entry is as good as interpolating each time.
        for axis in range(3):
            nodes = _finer(nodes, axis, self._FINER)
        self._table = np.asarray(nodes / nodes.std(), dtype=np.float32).ravel()
        self._steps_mm = [cell / self._FINER for cell in cell_mm]

    def sample(self, block: Block) -> F32:
        """Values at the middle of a slice, shape (rows, columns), with standard deviation 1."""
        size = self._NODES * self._FINER
        middle = (block.shape[0] - 1) / 2
        m = block.matrix
        r = np.arange(block.shape[1])[:, None]
        c = np.arange(block.shape[2])[None, :]
        index = np.zeros(block.shape[1:], dtype=np.int32)
        for i, step in enumerate(self._steps_mm):
            along_rows = ((m[i, 3] + middle * m[i, 2] + r * m[i, 1]) / step + 1e4).astype(np.float32)
            where = (along_rows + (c * m[i, 0] / step).astype(np.float32)).astype(np.int32)
            # The table's size is a power of two: a bit mask wraps around.
            index = index * size + (where & (size - 1))
        return np.asarray(self._table[index], dtype=np.float32)


def _finer(nodes: F32, axis: int, factor: int) -> F32:
    """Insert interpolated values along one axis of a periodic table."""
    following = np.roll(nodes, -1, axis=axis)
    steps = [(1 - k / factor) * nodes + (k / factor) * following for k in range(factor)]
    shape = list(nodes.shape)
    shape[axis] *= factor
    return np.asarray(np.stack(steps, axis=axis + 1).reshape(shape), dtype=np.float32)


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
    return np.asarray(np.exp(strength * log), dtype=np.float32)


def low_pass(image: F32, sigma_px: float) -> F32:
    """Blur within each slice; the phantom has no ringing."""
    return np.asarray(ndimage.gaussian_filter(image, (0.0, sigma_px, sigma_px), mode="nearest"), dtype=np.float32)


def shifted(image: F32, shift_px: float, axis: int) -> F32:
    """Shift by pixels, and parts of one, towards higher indices along one axis; linear, the edges repeated."""
    if shift_px == 0.0:
        return image
    whole = int(np.floor(shift_px))
    part = shift_px - whole
    size = image.shape[axis]
    near = image.take(np.clip(np.arange(size) - whole, 0, size - 1), axis=axis)
    far = image.take(np.clip(np.arange(size) - whole - 1, 0, size - 1), axis=axis)
    return np.asarray((1 - part) * near + part * far, dtype=np.float32)


def rician(signal: F32, sigma: float, rng: np.random.Generator) -> F32:
    """Magnitude of a signal with Gaussian noise in both channels."""
    real = signal + np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.sqrt(real * real + imaginary * imaginary), dtype=np.float32)


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
