"""What is known of a synthetic case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, RigidTransform

__all__ = ["PhantomTruth", "write_truth"]


@dataclass(frozen=True, eq=False)
class PhantomTruth:
    """What is known of a synthetic case.

    Parameters
    ----------
    level : str
        The compressed vertebra.
    levels : tuple of str
        From head to feet.
    ct_to_mr : RigidTransform
        CT patient LPS to MR patient LPS at the compressed vertebra.
    ct_to_mr_by_level : mapping of str to RigidTransform
    landmarks_mr, landmarks_ct : mapping of str to mapping of str to ndarray
        Level, then landmark (`napari_vcf.phantom.LANDMARKS`), LPS mm. The endplate landmarks lie on the outer surface
        of the shell in the vertebra's midsagittal plane; anterior and posterior 2.5 mm inside the walls.
    heights_mm : mapping of str to mapping of str to float
        Level, then ``anterior``, ``middle``, ``posterior``: distance of the two landmarks.
    t2_grid, adc_grid : Grid
    body_mask, lesion_mask : ndarray of bool, shape ``t2_grid.shape``
        The compressed body's marrow space (inside its shell), and what of it is abnormal.
    lesion_share : float
        Share of the lesion mask in the body mask.
    adc_um2_per_s : mapping of str to float
        ``lesion`` and ``marrow``.
    lesion_point_lps, marrow_point_lps : ndarray, shape (3,)
        A point of the ADC grid's slices well inside the lesion, and one in the normal marrow of a neighbour; MR LPS mm.
    marrow_level : str
        The neighbour of `marrow_point_lps`.
    """

    level: str
    levels: tuple[str, ...]
    ct_to_mr: RigidTransform
    ct_to_mr_by_level: Mapping[str, RigidTransform]
    landmarks_mr: Mapping[str, Mapping[str, NDArray[np.float64]]]
    landmarks_ct: Mapping[str, Mapping[str, NDArray[np.float64]]]
    heights_mm: Mapping[str, Mapping[str, float]]
    t2_grid: Grid
    adc_grid: Grid
    body_mask: NDArray[np.bool_]
    lesion_mask: NDArray[np.bool_]
    lesion_share: float
    adc_um2_per_s: Mapping[str, float]
    lesion_point_lps: NDArray[np.float64]
    marrow_point_lps: NDArray[np.float64]
    marrow_level: str

    @property
    def level_above(self) -> str:
        """The neighbour towards the head."""
        return self.levels[self.levels.index(self.level) - 1]

    @property
    def level_below(self) -> str:
        """The neighbour towards the feet."""
        return self.levels[self.levels.index(self.level) + 1]

    @property
    def loss(self) -> dict[str, float]:
        """Lost share of each height against the mean of both neighbours; negative where none is lost."""
        above, below, own = (self.heights_mm[name] for name in (self.level_above, self.level_below, self.level))
        return {position: 1 - own[position] / ((above[position] + below[position]) / 2) for position in own}

    def target_error_mm(self, ct_to_mr: RigidTransform, level: str | None = None) -> float:
        """Mean distance by which a transform misses the seven landmarks of a level.

        Parameters
        ----------
        ct_to_mr : RigidTransform
            To be judged.
        level : str, optional
            The compressed vertebra if left out.

        Returns
        -------
        float
            mm.
        """
        name = self.level if level is None else level
        misses = [
            np.linalg.norm(ct_to_mr.apply(self.landmarks_ct[name][key]) - point)
            for key, point in self.landmarks_mr[name].items()
        ]
        return float(np.mean(misses))

    def to_json(self) -> dict[str, Any]:
        """Numbers of the truth without the masks, ready for JSON."""

        def points(table: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> dict[str, dict[str, list[float]]]:
            return {name: {key: p.tolist() for key, p in marks.items()} for name, marks in table.items()}

        return {
            "level": self.level,
            "levels": list(self.levels),
            "level_above": self.level_above,
            "level_below": self.level_below,
            "ct_to_mr": self.ct_to_mr.matrix.tolist(),
            "ct_to_mr_by_level": {name: t.matrix.tolist() for name, t in self.ct_to_mr_by_level.items()},
            "landmarks_mr_lps_mm": points(self.landmarks_mr),
            "landmarks_ct_lps_mm": points(self.landmarks_ct),
            "heights_mm": {name: dict(values) for name, values in self.heights_mm.items()},
            "height_loss": self.loss,
            "lesion_share": self.lesion_share,
            "lesion_voxels": int(self.lesion_mask.sum()),
            "body_voxels": int(self.body_mask.sum()),
            "voxel_volume_mm3": self.t2_grid.voxel_volume_mm3,
            "adc_um2_per_s": dict(self.adc_um2_per_s),
            "lesion_point_lps_mm": self.lesion_point_lps.tolist(),
            "marrow_point_lps_mm": self.marrow_point_lps.tolist(),
            "marrow_level": self.marrow_level,
        }


def write_truth(truth: PhantomTruth, path: Path) -> None:
    """Write the truth as JSON, outside the folder of the images so that who opens that folder does not learn it."""
    path.write_text(json.dumps(truth.to_json(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
