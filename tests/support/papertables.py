"""Readings whose margins are the printed tables 1 to 5 of Zhao et al.; which case has which answers is arbitrary."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

BENIGN, MALIGNANT = 76, 74

#: Table 1.
SEX = {"male": (40, 42), "female": (36, 32)}
MEANS = {"age": ((52.75, 5.57), (53.26, 5.65)), "bmi": ((23.91, 2.95), (23.64, 2.83))}
T_PRINTED = {"age": 0.556, "bmi": 0.571}

#: Tables 2 to 4: counts (benign, malignant) of each answer.
COUNTS: dict[str, dict[str, tuple[int, int]]] = {
    "compression_degree": {"I": (10, 57), "II": (41, 7), "III": (25, 10)},
    "lesion_extent": {"G1": (26, 12), "G2": (25, 8), "G3": (12, 17), "G4": (13, 37)},
    "lesion_location": {"adjacent_to_endplate": (74, 62), "anterior_or_posterior_margin": (2, 12)},
    "post_compression_contour": {"normal_or_depressed": (63, 50), "outward_bulging": (13, 24)},
    "paravertebral_soft_tissue_invasion": {"yes": (7, 37), "no": (69, 37)},
    "pedicle_invasion": {"not_invaded": (60, 42), "invaded": (4, 15), "not_clearly_visible": (12, 17)},
    "pedicle_signal": {"t1_low_signal": (59, 3), "destruction": (17, 71)},
    "enhancement": {"flocculent": (71, 4), "nodular": (5, 70)},
    "signal_dwi": {"high": (70, 12), "low": (6, 62)},
    "signal_t1_low": {"yes": (71, 47), "no": (5, 27)},
    "signal_t2_low": {"yes": (73, 34), "no": (3, 40)},
}
CHI2_PRINTED = {
    "sex": 0.257,
    "compression_degree": 63.466,
    "lesion_extent": 26.275,
    "lesion_location": 8.176,
    "post_compression_contour": 4.740,
    "paravertebral_soft_tissue_invasion": 30.093,
    "pedicle_invasion": 10.382,
    "pedicle_signal": 83.705,
    "enhancement": 116.180,
    "signal_dwi": 87.130,
    "signal_t1_low": 19.983,
    "signal_t2_low": 46.033,
}
#: Table 5: verdict (benign, malignant) by pathology (benign, malignant).
VERDICTS = {"ct": ((68, 7), (8, 67)), "mri": ((70, 5), (6, 69)), "combined": ((73, 2), (3, 72))}
#: Table 6: counts behind the printed percentages; positive class benign.
ACCURACY = {
    "ct": {"accuracy": (135, 150), "sensitivity": (68, 76), "specificity": (67, 74), "ppv": (68, 75), "npv": (67, 75)},
    "mri": {"accuracy": (139, 150), "sensitivity": (70, 76), "specificity": (69, 74), "ppv": (70, 75), "npv": (69, 75)},
    "combined": {
        "accuracy": (145, 150),
        "sensitivity": (73, 76),
        "specificity": (72, 74),
        "ppv": (73, 75),
        "npv": (72, 75),
    },
}
KAPPA_REFERENCE = {"ct": 0.800, "mri": 0.853, "combined": 0.933}
KAPPA_PRINTED = {"ct": "0.87", "mri": "0.85", "combined": "0.92"}

CASES = tuple(f"C{number:03d}" for number in range(1, BENIGN + MALIGNANT + 1))


def _sample(mean: float, sd: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers with exactly this mean and sample standard deviation."""
    x = rng.normal(size=n)
    return mean + sd * (x - x.mean()) / x.std(ddof=1)


def _spread(counts: dict[str, tuple[int, int]], rng: np.random.Generator) -> list[str]:
    """Answers of all cases, benign cases first."""
    out: list[str] = []
    for group in range(2):
        answers = [value for value, pair in counts.items() for _ in range(pair[group])]
        out += list(rng.permutation(answers))
    return out


def write_pathology(path: Path, *, seed: int = 1) -> Path:
    rng = np.random.default_rng(seed)
    sex = _spread(SEX, rng)
    columns = {
        name: np.concatenate([_sample(*groups[0], BENIGN, rng), _sample(*groups[1], MALIGNANT, rng)])
        for name, groups in MEANS.items()
    }
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "pathology", "sex", *columns])
        for number, case in enumerate(CASES):
            truth = "benign" if number < BENIGN else "malignant"
            writer.writerow([case, truth, sex[number], *(repr(float(values[number])) for values in columns.values())])
    return path


def paper_rows(*, seed: int = 2, readers: tuple[str, ...] = ("R1", "R2")) -> list[list[str]]:
    """Tidy rows; every reader meets the margins, in an arrangement of cases of his own."""
    rows: list[list[str]] = []
    for number, reader in enumerate(readers):
        rng = np.random.default_rng([seed, number])
        for item, counts in COUNTS.items():
            rows += [
                [case, reader, "combined", item, value, ""]
                for case, value in zip(CASES, _spread(counts, rng), strict=True)
            ]
        for stage, ((bb, bm), (mb, mm)) in VERDICTS.items():
            verdicts = _spread({"benign": (bb, bm), "malignant": (mb, mm)}, rng)
            for case, value in zip(CASES, verdicts, strict=True):
                confidence = rng.integers(1, 4) if value == "benign" else rng.integers(3, 6)
                rows.append([case, reader, stage, "verdict", value, ""])
                rows.append([case, reader, stage, "confidence", str(confidence), ""])
    return rows


def write_rows(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "reader", "stage", "item", "value", "unit"])
        writer.writerows(rows)
    return path
