"""Vertebral levels from T9 to S3 and their ordinary measures."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COLUMN", "LEVELS", "LevelMeasures", "measures_of"]


@dataclass(frozen=True, slots=True)
class LevelMeasures:
    """Ordinary measures of a vertebra of an adult, in mm and degrees.

    Parameters
    ----------
    width_mm, depth_mm : float
        Of the body at the endplates.
    heights_mm : tuple of float
        Anterior, middle and posterior height of the body, endplate to endplate.
    disc_mm : float
        Height of the disc below.
    tilt_deg : float
        Rotation about the patient's left axis; positive leans the top forwards.
    spinous_mm, transverse_mm : float
        Length of the spinous process behind the laminae, and the tips' distance from the midline.
    """

    width_mm: float
    depth_mm: float
    heights_mm: tuple[float, float, float]
    disc_mm: float
    tilt_deg: float
    spinous_mm: float
    transverse_mm: float


#: From head to feet. Rounded from published adult morphometry; the sacrum as three fused segments.
COLUMN: dict[str, LevelMeasures] = {
    "T9": LevelMeasures(33.0, 28.0, (20.8, 19.6, 21.6), 4.5, 2.0, 27.0, 28.0),
    "T10": LevelMeasures(34.5, 29.0, (22.0, 20.6, 22.8), 5.0, -3.0, 24.0, 26.0),
    "T11": LevelMeasures(36.5, 30.0, (23.2, 21.8, 24.4), 5.5, -6.0, 23.0, 24.0),
    "T12": LevelMeasures(39.5, 31.0, (24.6, 23.2, 26.0), 6.5, -8.5, 24.0, 26.0),
    "L1": LevelMeasures(41.5, 32.0, (26.2, 24.4, 27.2), 8.0, -9.0, 27.0, 36.0),
    "L2": LevelMeasures(43.5, 33.0, (27.0, 24.9, 27.6), 9.2, -7.0, 29.0, 40.0),
    "L3": LevelMeasures(45.5, 34.0, (27.6, 25.2, 27.5), 10.2, -2.0, 30.0, 44.0),
    "L4": LevelMeasures(48.0, 34.5, (27.8, 25.4, 26.6), 11.0, 7.0, 28.0, 41.0),
    "L5": LevelMeasures(50.5, 35.0, (28.6, 25.6, 24.6), 10.5, 20.0, 22.0, 39.0),
    "S1": LevelMeasures(50.0, 32.0, (29.0, 27.0, 25.0), 2.6, 40.0, 14.0, 44.0),
    "S2": LevelMeasures(40.0, 23.0, (24.0, 22.6, 22.0), 1.8, 55.0, 10.0, 38.0),
    "S3": LevelMeasures(33.0, 18.0, (20.0, 19.0, 18.0), 1.5, 66.0, 8.0, 30.0),
}

#: The seven levels whose truth a case carries.
LEVELS: tuple[str, ...] = ("T11", "T12", "L1", "L2", "L3", "L4", "L5")


def measures_of(level: str, scale: float) -> LevelMeasures:
    """Measures of a level for a body of another size.

    Parameters
    ----------
    level : str
        One of `COLUMN`.
    scale : float
        Factor on all lengths.

    Returns
    -------
    LevelMeasures
    """
    m = COLUMN[level]
    anterior, middle, posterior = m.heights_mm
    return LevelMeasures(
        m.width_mm * scale,
        m.depth_mm * scale,
        (anterior * scale, middle * scale, posterior * scale),
        m.disc_mm * scale,
        m.tilt_deg,
        m.spinous_mm * scale,
        m.transverse_mm * scale,
    )
