"""Where the scanners put their grids, and the images they make of the painted tissue."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.phantom.anatomy import Anatomy
from napari_vcf.phantom.canvas import Block, Canvas
from napari_vcf.phantom.lesion import SUBSLICES, Lesion
from napari_vcf.phantom.physics import (
    Texture,
    coil_sensitivity,
    ct_noise,
    low_pass,
    rician,
    shifted,
)
from napari_vcf.phantom.shapes import F32
from napari_vcf.phantom.skeleton import paint_column
from napari_vcf.phantom.soft import paint_canal, paint_trunk
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.tissues import (
    SEQUENCES,
    Tissue,
    fat_signals,
    hounsfield,
    texture_strength,
    water_signals,
)

__all__ = [
    "DIFFUSION_FACTOR",
    "MR_FOV_MM",
    "MR_SLICES",
    "MR_SPACING_MM",
    "MR_THICKNESS_MM",
    "Textures",
    "ct_grid",
    "diffusion_grid",
    "mr_grid",
    "render_ct",
    "render_mr",
]

MR_FOV_MM = 320.0
MR_SLICES = 15
MR_THICKNESS_MM = 4.0
MR_SPACING_MM = 4.8
#: T1 and T2 pixels along each side of a pixel of the diffusion images.
DIFFUSION_FACTOR = 3
#: Signal of normal marrow in the stored images.
_MARROW_LEVEL = 420.0
#: Averages at b = 800 for one at b = 0.
_AVERAGES = 6
#: Share of the pixels' width that the MR's low-pass has as its standard deviation.
_LOW_PASS_PX = 0.5


def mr_grid(spec: PhantomSpec, to_mr: RigidTransform) -> Grid:
    """The sagittal grid of T1, T2 and T2FS in the MR's patient frame."""
    about_z, about_y = np.radians(spec.mr_oblique_deg)
    column = np.array([-math.sin(about_z), math.cos(about_z), 0.0])
    row = np.array([math.sin(about_y), 0.0, -math.cos(about_y)])
    row -= (row @ column) * column
    row /= np.linalg.norm(row)
    pixel = MR_FOV_MM / spec.mr_matrix
    # Slices along the normal, that is from the patient's left to the right: the order in which readers sort them.
    normal = np.cross(column, row)
    half = (spec.mr_matrix - 1) / 2 * pixel
    center = to_mr.apply((0.0, -18.0, -12.0))
    origin = center - half * column - half * row - (MR_SLICES - 1) / 2 * MR_SPACING_MM * normal
    return Grid.from_axes(
        (MR_SLICES, spec.mr_matrix, spec.mr_matrix),
        origin_lps=origin,
        column_direction=column,
        row_direction=row,
        spacing_mm=(MR_SPACING_MM, pixel, pixel),
    )


def diffusion_grid(grid: Grid) -> Grid:
    """The grid of DWI and ADC: the same slices with pixels three times as large."""
    affine = grid.affine_lps.copy()
    affine[:3, :2] *= DIFFUSION_FACTOR
    offset = (DIFFUSION_FACTOR - 1) / 2
    affine[:3, 3] = grid.to_lps((offset, offset, 0.0))
    return Grid((grid.shape[0], grid.shape[1] // DIFFUSION_FACTOR, grid.shape[2] // DIFFUSION_FACTOR), affine)


def ct_grid(spec: PhantomSpec, anatomy: Anatomy, to_ct: RigidTransform) -> Grid:
    """The axial grid of the CT in its own patient frame, from the vertebra above to the vertebra below."""
    middle = anatomy.fractured
    ends = []
    for index in (middle - 1, middle + 1):
        vertebra, pose = anatomy.vertebrae[index], to_ct @ anatomy.poses[index]
        ends += [pose.apply(point)[2] for point in vertebra.landmarks().values()]
    low, high = min(ends) - 4.0, max(ends) + 4.0
    count = math.ceil((high - low) / spec.ct_slice_mm)
    center = (to_ct @ anatomy.poses[middle]).apply((0.0, 4.0, 0.0))
    pixel = spec.ct_fov_mm / spec.ct_matrix
    half = (spec.ct_matrix - 1) / 2 * pixel
    first = (low + high) / 2 - (count - 1) / 2 * spec.ct_slice_mm
    return Grid.from_axes(
        (count, spec.ct_matrix, spec.ct_matrix),
        origin_lps=(round(center[0] - half, 3), round(center[1] - half, 3), round(first, 3)),
        column_direction=(1.0, 0.0, 0.0),
        row_direction=(0.0, 1.0, 0.0),
        spacing_mm=(spec.ct_slice_mm, pixel, pixel),
    )


def render_mr(
    spec: PhantomSpec, anatomy: Anatomy, to_mr: RigidTransform, lesion: Lesion, textures: Textures
) -> dict[str, Volume]:
    """Make the MR images that the case asks for.

    Parameters
    ----------
    spec : PhantomSpec
    anatomy : Anatomy
        As it lies in the MR examination.
    to_mr : RigidTransform
        The upright frame to the MR's patient frame.
    lesion : Lesion
    textures : Textures

    Returns
    -------
    dict of str to Volume
        Whole numbers as the scanner would store them.
    """
    wanted = set(spec.contrasts) - {"CT"}
    names = [n for n in SEQUENCES if n in wanted or ("ADC" in wanted and n.startswith("DWI"))]
    if not names:
        return {}
    adc = {"adc_lesion": spec.adc_lesion_um2_per_s, "adc_marrow": spec.adc_marrow_um2_per_s}
    water = np.stack([water_signals(SEQUENCES[n], **adc) for n in names])
    fat = np.stack([fat_signals(SEQUENCES[n]) for n in names])
    grid = mr_grid(spec, to_mr)
    images_water = np.zeros((len(names), *grid.shape), dtype=np.float32)
    images_fat = np.zeros_like(images_water)
    for index in range(grid.shape[0]):
        weights = _paint(spec, anatomy, lesion, grid, index, to_mr, MR_THICKNESS_MM, examination=0)
        block = Block.of_slice(grid, index, thickness_mm=MR_THICKNESS_MM, samples=1).moved(to_mr.inverse())
        textures.infiltrate(weights, block)
        textures.modulate(weights, block)
        flat = weights.reshape(len(Tissue), -1)
        images_water[:, index] = (water @ flat).reshape(len(names), *grid.shape[1:])
        images_fat[:, index] = (fat @ flat).reshape(len(names), *grid.shape[1:])
    return _mr_images(spec, names, images_water, images_fat, grid, to_mr)


def _mr_images(
    spec: PhantomSpec,
    names: list[str],
    images_water: NDArray[np.float32],
    images_fat: NDArray[np.float32],
    grid: Grid,
    to_mr: RigidTransform,
) -> dict[str, Volume]:
    sensitivity = _sensitivity(spec, grid, to_mr)
    axis = 1 if spec.readout == "head_feet" else 2
    out: dict[str, Volume] = {}
    for number, name in enumerate(names):
        sequence = SEQUENCES[name]
        rng = np.random.default_rng([spec.seed, 53, list(SEQUENCES).index(name)])
        reference = _marrow_signal(name)
        scale = _MARROW_LEVEL / reference
        if name.startswith("DWI"):
            clean = _binned(images_water[number] * sensitivity) * scale
            averages = _AVERAGES if sequence.b_s_per_mm2 else 1
            noisy = rician(low_pass(clean, 0.35), _MARROW_LEVEL / spec.dwi_snr / math.sqrt(averages), rng)
            out[name] = _stored(noisy, diffusion_grid(grid))
            continue
        fat = shifted(images_fat[number], spec.chemical_shift_px, axis)
        clean = low_pass((images_water[number] + fat) * sensitivity * scale, _LOW_PASS_PX)
        out[name] = _stored(rician(clean, _MARROW_LEVEL / spec.snr, rng), grid)
    if "ADC" in spec.contrasts:
        out["ADC"] = _adc(out["DWI_b0"], out["DWI_b800"], spec)
    return {name: volume for name, volume in out.items() if name in spec.contrasts}


def _marrow_signal(name: str) -> float:
    """Signal of normal marrow without fat suppression (DWI: of its water at b = 0)."""
    if name.startswith("DWI"):
        return float(water_signals(SEQUENCES["DWI_b0"], adc_lesion=1.0, adc_marrow=1.0)[Tissue.MARROW])
    sequence = SEQUENCES[name]
    water = water_signals(sequence, adc_lesion=1.0, adc_marrow=1.0)[Tissue.MARROW]
    return float(water + fat_signals(sequence)[Tissue.MARROW] / sequence.fat_left)


def _adc(b0: Volume, b800: Volume, spec: PhantomSpec) -> Volume:
    """The ADC map as a scanner computes it: voxel by voxel, zero where there is no signal, whole numbers."""
    weighting = SEQUENCES["DWI_b800"].b_s_per_mm2
    low, high = np.maximum(b0.data, 1.0), np.maximum(b800.data, 1.0)
    adc = np.log(low / high) / weighting * 1e6
    adc = np.clip(np.rint(adc), 0, 4095)
    adc[b0.data < 3.0 * _MARROW_LEVEL / spec.dwi_snr] = 0
    return Volume(b0.grid, adc.astype(np.float32), "um2/s")


def _stored(image: F32, grid: Grid) -> Volume:
    return Volume(grid, np.clip(np.rint(image), 0, 32767).astype(np.float32), "signal")


def _binned(image: F32) -> F32:
    f = DIFFUSION_FACTOR
    slices, rows, columns = image.shape
    return np.asarray(image.reshape(slices, rows // f, f, columns // f, f).mean(axis=(2, 4)), dtype=np.float32)


def _sensitivity(spec: PhantomSpec, grid: Grid, to_mr: RigidTransform) -> F32:
    """Computed on every sixteenth pixel and interpolated: it is smooth."""
    slices, rows, columns = grid.shape
    r = np.linspace(0, rows - 1, 25)
    c = np.linspace(0, columns - 1, 25)
    s, rr, cc = np.meshgrid(np.arange(slices), r, c, indexing="ij")
    points = to_mr.inverse().apply(grid.to_lps(np.stack([cc, rr, s], axis=-1)))
    coarse = coil_sensitivity(points, spec.bias, [spec.seed, 47])
    weights_r = _linear_weights(rows, 25)
    weights_c = _linear_weights(columns, 25)
    return np.asarray(np.einsum("ri,sij->srj", weights_r, coarse) @ weights_c.T, dtype=np.float32)


def _linear_weights(size: int, nodes: int) -> F32:
    where = np.arange(size) * ((nodes - 1) / (size - 1))
    return np.asarray(np.maximum(1 - np.abs(where[:, None] - np.arange(nodes)[None]), 0), dtype=np.float32)


class Textures:
    """The patient's textures, which both examinations see.

    Parameters
    ----------
    spec : PhantomSpec
    """

    def __init__(self, spec: PhantomSpec) -> None:
        self._fine = Texture([spec.seed, 59], (2.0, 2.0, 2.4))
        self._coarse = Texture([spec.seed, 61], (7.0, 7.0, 9.0))
        self._strands = Texture([spec.seed, 71], (4.2, 3.4, 26.0))
        self._fatty = float(np.random.default_rng([spec.seed, 29]).uniform(0.25, 0.7))

    def pattern(self, block: Block) -> F32:
        """Mixed fine and coarse texture, standard deviation about 1."""
        return self._fine.sample(block) * np.float32(0.75) + self._coarse.sample(block) * np.float32(0.65)

    def infiltrate(self, weights: F32, block: Block) -> None:
        """Strands of fat in the muscles."""
        strands = self._strands.sample(block)
        share = np.clip((strands - np.float32(0.55)) * np.float32(0.6), 0.0, 0.8) * np.float32(self._fatty)
        moved = weights[Tissue.MUSCLE] * share
        weights[Tissue.FAT] += moved
        weights[Tissue.MUSCLE] -= moved

    def modulate(self, weights: F32, block: Block) -> None:
        """Let each tissue's signal vary with the texture."""
        pattern = self.pattern(block)
        for tissue, strength in enumerate(texture_strength().tolist()):
            if strength:
                weights[tissue] *= 1 + np.float32(strength) * pattern


def _paint(
    spec: PhantomSpec,
    anatomy: Anatomy,
    lesion: Lesion,
    grid: Grid,
    index: int,
    to_frame: RigidTransform,
    thickness_mm: float,
    *,
    examination: int,
) -> F32:
    samples = SUBSLICES if thickness_mm > 2.0 else 3
    block = Block.of_slice(grid, index, thickness_mm=thickness_mm, samples=samples).moved(to_frame.inverse())
    canvas = Canvas(block)
    paint_column(canvas, anatomy, spec, lesion)
    if examination:
        # Axial slices: along the column, all but the bones changes slowly.
        canvas.coarsen(1)
    paint_canal(canvas, anatomy, spec)
    paint_trunk(canvas, anatomy, spec, examination=examination)
    return canvas.weights


def render_ct(spec: PhantomSpec, anatomy: Anatomy, to_ct: RigidTransform, lesion: Lesion, textures: Textures) -> Volume:
    """Make the CT.

    Parameters
    ----------
    spec : PhantomSpec
    anatomy : Anatomy
        As it lies in the CT examination.
    to_ct : RigidTransform
        The upright frame to the CT's patient frame.
    lesion : Lesion
    textures : Textures

    Returns
    -------
    Volume
        Whole HU.
    """
    grid = ct_grid(spec, anatomy, to_ct)
    half = _half(grid)
    hu = hounsfield(malignant=spec.malignant) + 1000.0
    image = np.zeros(half.shape, dtype=np.float32)
    for index in range(half.shape[0]):
        weights = _paint(spec, anatomy, lesion, half, index, to_ct, spec.ct_slice_mm, examination=1)
        block = Block.of_slice(half, index, thickness_mm=spec.ct_slice_mm, samples=1).moved(to_ct.inverse())
        textures.infiltrate(weights, block)
        pattern = textures.pattern(block)
        flat = (hu @ weights.reshape(len(Tissue), -1)).reshape(half.shape[1:])
        bone = weights[Tissue.MARROW] + weights[Tissue.LESION] + weights[Tissue.POSTERIOR_MARROW]
        image[index] = flat + pattern * (np.float32(4.0) + np.float32(26.0) * bone)
    full = _doubled(image) - np.float32(1000.0)
    rng = np.random.default_rng([spec.seed, 67])
    full += ct_noise(full, spec.ct_noise_hu, grid.spacing_mm[2], rng)
    return Volume(grid, np.clip(np.rint(full), -1024, 3071).astype(np.float32), "HU")


def _half(grid: Grid) -> Grid:
    """The same field with pixels twice as large."""
    affine = grid.affine_lps.copy()
    affine[:3, :2] *= 2.0
    affine[:3, 3] = grid.to_lps((0.5, 0.5, 0.0))
    return Grid((grid.shape[0], grid.shape[1] // 2, grid.shape[2] // 2), affine)


def _doubled(image: F32) -> F32:
    """Twice as many rows and columns over the same field, linear: a quarter and three quarters of the neighbours."""
    for axis in (1, 2):
        padded = np.concatenate(
            [image.take([0], axis=axis), image, image.take([-1], axis=axis)], axis=axis, dtype=np.float32
        )
        n = image.shape[axis]
        before, here, after = (padded.take(range(k, k + n), axis=axis) for k in range(3))
        pairs = np.stack([0.25 * before + 0.75 * here, 0.75 * here + 0.25 * after], axis=axis + 1)
        shape = list(image.shape)
        shape[axis] = 2 * n
        image = pairs.reshape(shape).astype(np.float32)
    return image
