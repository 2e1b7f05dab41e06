"""A demonstration study: synthetic patients read by two scripted readers in three sealed stages, with their pathology.

``python -m support.demo_study OUT --cases 24`` (in the folder ``tests``) leaves in OUT the images of each patient, the
study, its key, what its readers have signed, and ``pathology.csv``, by the pseudonyms that the study gave the cases.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy import ndimage

from napari_vcf.dicom import Role
from napari_vcf.phantom import PhantomSpec, PhantomTruth, make_case, write_dicom
from napari_vcf.reading import ITEMS, Reading
from napari_vcf.study import StageSession, create_study, export_study, open_study, prepare_study
from napari_vcf.study.study_folder import default_key
from support.studies import protocol_text

READERS = ("R1", "R2")
#: Spread of a reader's confidence in each stage: what a stage adds is certainty.
SPREAD = {"ct": 1.1, "mri": 0.9, "combined": 0.6}
#: Share of malignant and of benign cases in which a sign is answered with its second value (paper, tables 3 and 4).
SECOND_VALUE = {
    "lesion_location": (0.16, 0.03),
    "post_compression_contour": (0.32, 0.17),
    "paravertebral_soft_tissue_invasion": (0.50, 0.91),
    "pedicle_invasion": (0.30, 0.08),
    "pedicle_signal": (0.90, 0.22),
    "enhancement": (0.90, 0.07),
    "signal_dwi": (0.84, 0.08),
    "signal_t1_low": (0.36, 0.07),
    "signal_t2_low": (0.54, 0.04),
    "cortical_destruction": (0.25, 0.85),
    "posterior_cortex_fracture_line": (0.75, 0.45),
    "pedicle_osteolysis": (0.35, 0.92),
}


@dataclass(frozen=True)
class DemoStudy:
    """What was made.

    Attributes
    ----------
    images : Path
        A folder for each patient, under a name that the study does not use.
    exports : Path
        What the readers have signed.
    pathology : Path
        The reference, by the study's pseudonyms.
    """

    images: Path
    exports: Path
    pathology: Path


class _Clock:
    """A second passes with each look, and a day with each stage."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def next_sitting(self) -> None:
        self.time += timedelta(hours=9)


def spec_of(number: int, mr_matrix: int) -> PhantomSpec:
    """One patient: every second one malignant, losses and shares over all grades."""
    rng = np.random.default_rng([number, 5])
    malignant = number % 2 == 1
    grade = (number // 2) % 4
    share = min(0.97, 0.12 + 0.25 * grade + 0.1 * rng.random() + (0.06 if malignant else 0.0))
    loss = (0.2, 0.42, 0.55, 0.74)[(number // 2 + number) % 4] + rng.uniform(-0.04, 0.04)
    fracture = "crush" if loss > 0.6 else "biconcave" if number % 3 == 0 else "wedge"
    shapes = {"wedge": (1.0, 0.8, 0.2), "biconcave": (0.5, 1.0, 0.3), "crush": (1.0, 0.95, 0.7)}
    anterior, middle, posterior = (loss * part for part in shapes[fracture])
    return PhantomSpec(
        seed=100 + number,
        fracture=fracture,
        level=("T12", "L1", "L2", "L3")[number % 4],
        losses=(anterior, middle, posterior),
        malignant=malignant,
        lesion_share=share,
        adc_lesion_um2_per_s=float(rng.normal(1050 if malignant else 1550, 160)),
        adc_marrow_um2_per_s=float(rng.normal(430, 40)),
        mr_matrix=mr_matrix,
        ct_matrix=256,
        contrasts=("CT", "T1", "T2", "ADC"),
    )


def make_demo_study(out: Path, *, cases: int = 24, mr_matrix: int = 192, seed: int = 7) -> DemoStudy:
    """Make patients, study and readings.

    Parameters
    ----------
    out : Path
        A new folder.
    cases : int
        Patients.
    mr_matrix : int
        Rows and columns of the MRI; 384 for pictures worth looking at.
    seed : int
        Of the orders of reading and of all that a reader does differently.

    Returns
    -------
    DemoStudy
    """
    images, root = out / "images", out / "study"
    truths: dict[str, tuple[PhantomTruth, bool]] = {}
    for number in range(cases):
        spec = spec_of(number, mr_matrix)
        made = make_case(spec)
        write_dicom(made, images / f"patient-{number:02d}")
        truths[f"patient-{number:02d}"] = (made.truth, spec.malignant)
    (out / "protocol.toml").write_text(
        protocol_text(stage_order="counterbalanced", worklist="by_case", ask_without_image=True), encoding="utf-8"
    )
    create_study(root, protocol=out / "protocol.toml", readers=READERS, seed=seed, images=[images])
    for outcome in prepare_study(root):
        assert outcome.status != "failed", outcome
    folders = {
        case: Path(entry["folder"]).name
        for case, entry in json.loads(default_key(root).read_text(encoding="utf-8"))["cases"].items()
    }
    clock = _Clock()
    for number, name in enumerate(READERS):
        reader = open_study(root, clock=clock).as_reader(name)
        while (session := reader.next_case()) is not None:
            with session:
                truth, malignant = truths[folders[session.task.case]]
                patient = int(folders[session.task.case].rpartition("-")[2])
                read(session, truth, malignant=malignant, patient=patient, reader=number, seed=seed)
                session.seal()
            clock.next_sitting()
    export_study(root, out / "exports")
    with (out / "pathology.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", "pathology", "sex", "age"))
        for case, folder in sorted(folders.items()):
            rng = np.random.default_rng([seed, int(folder.rpartition("-")[2]), 1])
            age, sex = round(float(rng.normal(66, 9))), ("male", "female")[int(rng.integers(2))]
            writer.writerow((case, "malignant" if truths[folder][1] else "benign", sex, age))
    return DemoStudy(images, out / "exports", out / "pathology.csv")


def read(session: StageSession, truth: PhantomTruth, *, malignant: bool, patient: int, reader: int, seed: int) -> None:
    """Read a stage: what the truth says, with a reader's own error."""
    reading, stage = session.reading, session.stage
    own = np.random.default_rng([seed, patient, reader, ("ct", "mri", "combined").index(stage)])
    reading.set_spine(truth.level)
    role, landmarks = (Role.CT, truth.landmarks_ct) if stage == "ct" else (Role.T2, truth.landmarks_mr)
    image = reading.case.with_role(role)[0]
    neighbours = (truth.level_above, truth.level_below)
    for level in (*neighbours, truth.level):
        for position in ("anterior", "middle", "posterior"):
            top, bottom = (landmarks[level][f"{position}_{end}"] for end in ("superior", "inferior"))
            up = (top - bottom) / np.linalg.norm(top - bottom)
            error = own.normal(0.1 * reader, 0.45, 2)
            ends = (top + error[0] * up, bottom - error[1] * up)
            reading.place_caliper(
                stage=stage,
                level=level,
                position=position,
                image=image.id,
                start_lps=ends[0].tolist(),
                end_lps=ends[1].tolist(),
            )
    for level in neighbours:
        reading.set_reference(stage, level, "intact")
    if stage != "ct":
        _paint(reading, stage, image.id, truth, own)
        _place_rectangles(reading, stage, truth, own)
    _answer(reading, stage, own, np.random.default_rng([seed, patient]), malignant=malignant)


def _paint(reading: Reading, stage: str, image: str, truth: PhantomTruth, own: np.random.Generator) -> None:
    """The lesion, its border moved by up to a millimetre in or out."""
    spacing = truth.t2_grid.spacing_mm
    inside = ndimage.distance_transform_edt(truth.lesion_mask, sampling=spacing)
    outside = ndimage.distance_transform_edt(~truth.lesion_mask, sampling=spacing)
    lesion = truth.body_mask & (inside - outside > own.normal(0.0, 0.6))
    reading.set_masks(stage, image, truth.body_mask, lesion)


def _place_rectangles(reading: Reading, stage: str, truth: PhantomTruth, own: np.random.Generator) -> None:
    adc = reading.case.with_role(Role.ADC)[0]
    across, down = adc.series.grid.directions[:, 0], adc.series.grid.directions[:, 1]
    for tissue, level, point in (
        ("lesion", truth.level, truth.lesion_point_lps),
        ("normal", truth.marrow_level, truth.marrow_point_lps),
    ):
        for placement in range(1, reading.protocol.roi_placements + 1):
            center = point + own.normal(0, 0.7) * across + own.normal(0, 0.4) * down
            rectangle = reading.roi_rectangle(center, across, down)
            reading.place_roi(
                stage=stage, tissue=tissue, placement=placement, level=level, image=adc.id, rectangle=rectangle
            )


def _answer(
    reading: Reading, stage: str, own: np.random.Generator, of_case: np.random.Generator, *, malignant: bool
) -> None:
    """Each sign as the case has it, now and then seen otherwise; confidence, and the verdict that goes with it."""
    shown: Mapping[str, float] = {key: float(of_case.random()) for key in SECOND_VALUE}
    felt = 3.0 + (1.3 if malignant else -1.3) + 0.5 * of_case.normal() + SPREAD[stage] * own.normal()
    confidence = int(np.clip(round(felt), 1, 5))
    for key in reading.unanswered(stage):
        values = ITEMS[key].values
        if key == "confidence":
            reading.answer(stage, key, confidence)
        elif key == "verdict":
            reading.answer(stage, key, "malignant" if felt > 3.0 else "benign")
        elif key in SECOND_VALUE:
            if own.random() < 0.04:
                reading.mark_not_assessable(stage, key, "motion")
                continue
            second = shown[key] < SECOND_VALUE[key][0 if malignant else 1]
            reading.answer(stage, key, values[int(second != (own.random() < 0.06))])
        elif values:
            reading.answer(stage, key, values[int(own.integers(len(values)))])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--mr-matrix", type=int, default=384)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    print(make_demo_study(args.out, cases=args.cases, mr_matrix=args.mr_matrix))


if __name__ == "__main__":
    main()
