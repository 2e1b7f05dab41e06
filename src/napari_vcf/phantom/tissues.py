"""Tissues and what they give in CT and MR."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["SEQUENCES", "Sequence", "Tissue", "fat_signals", "hounsfield", "texture_strength", "water_signals"]


class Tissue(IntEnum):
    """What a sample consists of."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    CORTEX = 4
    MARROW = 5
    LESION = 6
    CONDENSED = 7
    NUCLEUS = 8
    ANNULUS = 9
    CSF = 10
    NERVE = 11
    LIGAMENT = 12
    VESSEL = 13
    ORGAN = 14
    BOWEL = 15
    CEMENT = 16
    VEIN = 17
    CARTILAGE = 18
    POSTERIOR_MARROW = 19


@dataclass(frozen=True, slots=True)
class _Properties:
    """CT number; water's proton density, T1 and T2 (ms, 3 T); share of fat; ADC (um2/s); relative texture."""

    hu: float
    water: float
    t1_ms: float
    t2_ms: float
    fat: float = 0.0
    adc: float = 1000.0
    texture: float = 0.03


_TABLE: dict[Tissue, _Properties] = {
    Tissue.AIR: _Properties(-1000, 0.0, 1000, 30, 0.0, 0, 0.0),
    Tissue.SKIN: _Properties(40, 0.6, 900, 25, 0.1, 900),
    Tissue.FAT: _Properties(-102, 0.06, 900, 40, 0.94, 900, 0.07),
    Tissue.MUSCLE: _Properties(56, 0.82, 1400, 33, 0.03, 1350, 0.07),
    Tissue.CORTEX: _Properties(1000, 0.05, 1000, 12, 0.01, 300, 0.05),
    Tissue.MARROW: _Properties(180, 0.34, 1100, 44, 0.36, 420, 0.10),
    Tissue.LESION: _Properties(255, 0.80, 1400, 84, 0.05, 1250, 0.09),
    Tissue.CONDENSED: _Properties(420, 0.50, 1300, 48, 0.04, 1250, 0.08),
    Tissue.NUCLEUS: _Properties(88, 0.88, 1450, 100, 0.0, 1700, 0.06),
    Tissue.ANNULUS: _Properties(98, 0.60, 1000, 40, 0.02, 1100, 0.06),
    Tissue.CSF: _Properties(10, 1.0, 4300, 1300, 0.0, 3000, 0.02),
    Tissue.NERVE: _Properties(38, 0.82, 1000, 72, 0.0, 900, 0.03),
    Tissue.LIGAMENT: _Properties(90, 0.32, 900, 18, 0.03, 700, 0.05),
    Tissue.VESSEL: _Properties(42, 0.10, 1500, 60, 0.0, 1500, 0.10),
    Tissue.ORGAN: _Properties(38, 0.84, 1300, 62, 0.02, 1900, 0.04),
    Tissue.BOWEL: _Properties(25, 0.75, 1250, 75, 0.05, 1500, 0.16),
    Tissue.CEMENT: _Properties(2200, 0.02, 1000, 10, 0.0, 300, 0.08),
    Tissue.VEIN: _Properties(80, 0.75, 1500, 110, 0.15, 1300, 0.03),
    Tissue.CARTILAGE: _Properties(140, 0.45, 1000, 22, 0.02, 900, 0.03),
    Tissue.POSTERIOR_MARROW: _Properties(270, 0.28, 1100, 44, 0.40, 420, 0.10),
}
#: Fat as turbo spin echo shows it: a long effective T2.
_FAT_T1_MS, _FAT_T2_MS = 380.0, 125.0


@dataclass(frozen=True, slots=True)
class Sequence:
    """A spin-echo acquisition.

    Parameters
    ----------
    name : str
    tr_ms, te_ms : float
        Repetition and effective echo time.
    fat_left : float
        Share of fat's signal that is left: 1 without suppression.
    b_s_per_mm2 : float
        Diffusion weighting.
    """

    name: str
    tr_ms: float
    te_ms: float
    fat_left: float = 1.0
    b_s_per_mm2: float = 0.0

    def spin_echo(self, t1_ms: float, t2_ms: float) -> float:
        """Signal of unit proton density."""
        return (1 - math.exp(-self.tr_ms / t1_ms)) * math.exp(-self.te_ms / t2_ms)


SEQUENCES: dict[str, Sequence] = {
    "T1": Sequence("T1", 560.0, 8.0),
    "T2": Sequence("T2", 3500.0, 100.0),
    "T2FS": Sequence("T2FS", 3050.0, 58.0, fat_left=0.06),
    "DWI_b0": Sequence("DWI_b0", 3600.0, 62.0, fat_left=0.0),
    "DWI_b800": Sequence("DWI_b800", 3600.0, 62.0, fat_left=0.0, b_s_per_mm2=800.0),
}


def water_signals(sequence: Sequence, *, adc_lesion: float, adc_marrow: float) -> NDArray[np.float32]:
    """Signal of each tissue's water, indexed by `Tissue`.

    Parameters
    ----------
    sequence : Sequence
    adc_lesion, adc_marrow : float
        In um2/s.

    Returns
    -------
    ndarray, shape (tissues,)
    """
    changed = {
        Tissue.LESION: adc_lesion,
        Tissue.CONDENSED: adc_lesion,
        Tissue.MARROW: adc_marrow,
        Tissue.POSTERIOR_MARROW: adc_marrow,
        Tissue.CORTEX: adc_marrow,
    }
    out = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, p in _TABLE.items():
        decay = math.exp(-sequence.b_s_per_mm2 * changed.get(tissue, p.adc) * 1e-6)
        out[tissue] = p.water * sequence.spin_echo(p.t1_ms, p.t2_ms) * decay
    return out


def fat_signals(sequence: Sequence) -> NDArray[np.float32]:
    """Signal of each tissue's fat, indexed by `Tissue`."""
    unit = sequence.spin_echo(_FAT_T1_MS, _FAT_T2_MS) * sequence.fat_left
    out = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, p in _TABLE.items():
        out[tissue] = p.fat * unit
    return out


def hounsfield(*, malignant: bool) -> NDArray[np.float32]:
    """CT number of each tissue, indexed by `Tissue`."""
    out = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, p in _TABLE.items():
        out[tissue] = p.hu
    if malignant:
        out[Tissue.LESION] = 75.0
        out[Tissue.CONDENSED] = 150.0
    return out


def texture_strength() -> NDArray[np.float32]:
    """Relative texture of each tissue, indexed by `Tissue`."""
    out = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, p in _TABLE.items():
        out[tissue] = p.texture
    return out
