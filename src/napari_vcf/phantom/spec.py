"""What a synthetic case shall be: every choice, with nothing drawn at random that is not named here or by the seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_vcf.errors import NapariVcfError
from napari_vcf.phantom.levels import LEVELS

__all__ = ["ALL_CONTRASTS", "Contrast", "Fracture", "PhantomSpec", "SpecError", "random_spec"]

Fracture = Literal["wedge", "biconcave", "crush"]
Contrast = Literal["CT", "T1", "T2", "T2FS", "DWI_b0", "DWI_b800", "ADC"]

ALL_CONTRASTS: tuple[Contrast, ...] = ("CT", "T1", "T2", "T2FS", "DWI_b0", "DWI_b800", "ADC")

#: Share of the mean height of the neighbours that is lost at the front, the middle and the back.
DEFAULT_LOSSES: dict[Fracture, tuple[float, float, float]] = {
    "wedge": (0.45, 0.36, 0.08),
    "biconcave": (0.18, 0.50, 0.12),
    "crush": (0.75, 0.74, 0.55),
}


class SpecError(NapariVcfError):
    """A synthetic case that cannot be built as specified."""


@dataclass(frozen=True)
class PhantomSpec:
    """A synthetic case of a compressed lumbar vertebra.

    Parameters
    ----------
    seed : int
        Draws what is not said here: small variations of anatomy, textures, bowel, noise, UIDs.
    fracture : {"wedge", "biconcave", "crush"}
        Shape of the compressed body.
    level : str
        The compressed vertebra, T12 to L4, so that both neighbours have a known truth.
    losses : tuple of float, optional
        Lost share of the anterior, middle and posterior height against the mean of the two neighbours; typical of the
        fracture if left out.
    heights_mm : tuple of float, optional
        Anterior, middle and posterior height of the compressed body in mm; overrides `losses`.
    malignant : bool
        Lytic lesion with a bulging posterior wall, instead of oedema below a broken endplate.
    lesion_share : float
        Share of the compressed body's marrow that is abnormal, 0 to 1.
    adc_lesion_um2_per_s, adc_marrow_um2_per_s : float
        Apparent diffusion coefficients.
    ct_rotation_deg, ct_translation_mm : tuple of float
        Motion from the CT's patient frame to the MR's at the compressed vertebra: the rotation vector (CT to MR, about
        the centre of the body), and the position of that centre in the CT's frame minus that in the MR's.
    posture_deg : float
        Rotation of each neighbour against the compressed vertebra between the two examinations.
    body_scale, lordosis_scale, scoliosis_deg : float
        Size of the skeleton, factor on the curvature in the sagittal plane, tilt in the coronal plane.
    cemented : str, optional
        Level of a vertebra filled with bone cement.
    ct_slice_mm, ct_fov_mm, ct_matrix : float, float, int
        Thickness and distance of the axial slices, field of view and matrix (even).
    ct_noise_hu : float
        Standard deviation of the CT's noise in soft tissue.
    mr_matrix : int
        Rows and columns of T1, T2 and T2FS over 320 mm; a multiple of three.
    mr_oblique_deg : tuple of float
        Turn of the sagittal slices about the patient's long axis and about the front-back axis.
    snr : float
        Signal of normal marrow without fat suppression, over the noise of one channel.
    dwi_snr : float
        The same for marrow in the DWI at b = 0.
    bias : float
        Strength of the receive coil's sensitivity: natural logarithm of its range over the column, roughly.
    chemical_shift_px : float
        Shift of fat along the readout, in pixels of T1 and T2.
    readout : {"head_feet", "anterior_posterior"}
        Direction of the readout.
    contrasts : tuple of str
        What to render. Leaving out DWI and ADC saves little, leaving out CT or MR about half of the time.

    Raises
    ------
    SpecError
        If the case cannot be built.
    """

    seed: int = 0
    fracture: Fracture = "wedge"
    level: str = "L1"
    losses: tuple[float, float, float] | None = None
    heights_mm: tuple[float, float, float] | None = None
    malignant: bool = False
    lesion_share: float = 0.62
    adc_lesion_um2_per_s: float = 1250.0
    adc_marrow_um2_per_s: float = 420.0
    ct_rotation_deg: tuple[float, float, float] = (4.0, -2.0, 3.0)
    ct_translation_mm: tuple[float, float, float] = (6.0, 38.0, -412.0)
    posture_deg: float = 2.0
    body_scale: float = 1.0
    lordosis_scale: float = 1.0
    scoliosis_deg: float = 2.0
    cemented: str | None = None
    ct_slice_mm: float = 5.0
    ct_fov_mm: float = 180.0
    ct_matrix: int = 512
    ct_noise_hu: float = 14.0
    mr_matrix: int = 384
    mr_oblique_deg: tuple[float, float] = (1.8, -1.2)
    snr: float = 26.0
    dwi_snr: float = 50.0
    bias: float = 0.6
    chemical_shift_px: float = 0.5
    readout: Literal["head_feet", "anterior_posterior"] = "head_feet"
    contrasts: tuple[Contrast, ...] = ALL_CONTRASTS

    def __post_init__(self) -> None:
        _check_seed(self.seed)
        if self.level not in LEVELS[1:-1]:
            raise SpecError(f"The compressed vertebra must be one of {', '.join(LEVELS[1:-1])}, not '{self.level}'.")
        if self.fracture not in DEFAULT_LOSSES:
            raise SpecError(f"A fracture is wedge, biconcave or crush, not '{self.fracture}'.")
        if self.cemented is not None and (self.cemented not in LEVELS or self.cemented == self.level):
            raise SpecError(f"Cement goes into another vertebra of {', '.join(LEVELS)}, not '{self.cemented}'.")
        self._check_numbers()
        unknown = set(self.contrasts) - set(ALL_CONTRASTS)
        if unknown or not self.contrasts:
            raise SpecError(f"Contrasts must be some of {', '.join(ALL_CONTRASTS)}; unknown: {sorted(unknown)}.")

    def _check_numbers(self) -> None:
        for heights in (self.heights_mm, None if self.losses is None else tuple(1 - loss for loss in self.losses)):
            if heights is not None and (len(heights) != 3 or not all(math.isfinite(h) and h > 0 for h in heights)):
                raise SpecError(f"The body needs three positive heights; losses stay below 1: {heights}.")
        if not 0.0 <= self.lesion_share <= 1.0:
            raise SpecError(f"The lesion's share is between 0 and 1, not {self.lesion_share}.")
        if self.ct_matrix % 2 or self.mr_matrix % 3:
            raise SpecError("The CT's matrix must be even and the MR's a multiple of three.")
        positive = {
            "ct_slice_mm": self.ct_slice_mm,
            "ct_fov_mm": self.ct_fov_mm,
            "snr": self.snr,
            "dwi_snr": self.dwi_snr,
            "body_scale": self.body_scale,
            "adc_lesion_um2_per_s": self.adc_lesion_um2_per_s,
            "adc_marrow_um2_per_s": self.adc_marrow_um2_per_s,
        }
        for name, value in positive.items():
            if not (math.isfinite(value) and value > 0):
                raise SpecError(f"{name} must be a positive number, not {value}.")

    @property
    def effective_losses(self) -> tuple[float, float, float]:
        """The lost shares that apply where no heights are given."""
        return DEFAULT_LOSSES[self.fracture] if self.losses is None else self.losses


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise SpecError(f"The seed is a whole number from 0, not {seed}.")


def random_spec(
    seed: int, *, hard: bool = False, contrasts: tuple[Contrast, ...] = ("CT", "T1", "T2", "T2FS")
) -> PhantomSpec:
    """Draw a case for a study of registration.

    Parameters
    ----------
    seed : int
        The same seed gives the same case.
    hard : bool
        Thick CT slices, low signal, strong bias, chemical shift, differing posture, large turns, and in every third
        case a cemented neighbour; otherwise an ordinary case.
    contrasts : tuple of str
        What to render.

    Returns
    -------
    PhantomSpec

    Raises
    ------
    SpecError
        If the seed is negative.
    """
    _check_seed(seed)
    rng = np.random.default_rng([seed, 7919, int(hard)])
    fracture: Fracture = ("wedge", "biconcave", "crush")[int(rng.integers(3))]
    base = np.array(DEFAULT_LOSSES[fracture])
    # One factor for the fracture as a whole and small ones for its three heights: a crushed body stays a crushed body.
    losses = np.clip(base * rng.uniform(0.65, 1.05) * rng.uniform(0.9, 1.1, size=3), 0.02, 0.78)
    level = LEVELS[1:-1][int(rng.integers(5))]
    angle = rng.uniform(8.0, 16.0) if hard else rng.uniform(0.0, 8.0)
    axis = rng.normal(size=3)
    rotation = axis / np.linalg.norm(axis) * angle
    cemented: str | None = None
    if hard and seed % 3 == 2:
        index = LEVELS.index(level)
        cemented = LEVELS[index + (1 if rng.random() < 0.5 else -1)]
    uniform = rng.uniform
    return PhantomSpec(
        seed=seed,
        fracture=fracture,
        level=level,
        losses=(float(losses[0]), float(losses[1]), float(losses[2])),
        malignant=bool(rng.random() < 0.5),
        lesion_share=float(uniform(0.15, 1.0)),
        adc_lesion_um2_per_s=float(uniform(700, 1700)),
        adc_marrow_um2_per_s=float(uniform(300, 550)),
        ct_rotation_deg=(float(rotation[0]), float(rotation[1]), float(rotation[2])),
        ct_translation_mm=(float(uniform(-30, 30)), float(uniform(-60, 60)), float(uniform(-600, 600))),
        posture_deg=float(uniform(4.0, 6.0) if hard else uniform(0.0, 3.0)),
        body_scale=float(uniform(0.9, 1.1)),
        lordosis_scale=float(uniform(0.6, 1.25)),
        scoliosis_deg=float(uniform(-8, 8) if hard else uniform(-4, 4)),
        cemented=cemented,
        ct_slice_mm=5.0 if hard else float(rng.choice([1.25, 2.5, 3.75, 5.0])),
        ct_noise_hu=float(uniform(18, 30) if hard else uniform(9, 18)),
        mr_oblique_deg=(float(uniform(-4, 4)), float(uniform(-4, 4))),
        snr=9.0 if hard else float(uniform(14, 35)),
        bias=float(uniform(1.0, 1.5) if hard else uniform(0.2, 0.8)),
        chemical_shift_px=1.5 if hard else float(uniform(0.0, 1.0)),
        readout="head_feet" if rng.random() < 0.6 else "anterior_posterior",
        contrasts=contrasts,
    )
