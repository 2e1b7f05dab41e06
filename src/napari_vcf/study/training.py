"""A training round: synthetic cases whose truth is known, read before the study, in a folder of their own.

The round is a study by itself beside the one that it prepares for, so that its record stays apart. After each
signature the reader is told how far every number and grade was from the truth. Where the protocol asks for it, the
study opens to a reader only once a whole round came within the limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.measure.extent import lesion_extent
from napari_vcf.measure.height import Heights, ReferenceVertebra, height_loss
from napari_vcf.reading import ReadingExport
from napari_vcf.reading.export import read_reading
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage
from napari_vcf.study.errors import NotYetError, StudyError
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import tasks_of_study
from napari_vcf.study.stage_files import seal_path
from napari_vcf.study.study_folder import StudyFolder

__all__ = [
    "TRUTH",
    "Comparison",
    "RoundResult",
    "TruthRecord",
    "check_training",
    "compare",
    "feedback_on",
    "results_of",
    "training_folder",
]

TRUTH: Final = "truth"
#: Kinds for which the protocol has a limit, with the item of the form that they come from.
_LIMITED: Final = {"loss": "compression_degree", "share": "lesion_extent", "adc": "adc"}


class TruthRecord(FrozenModel):
    """What is known of a synthetic case, as far as readers measure it."""

    schema_id: Literal["napari-vcf/training-truth"] = "napari-vcf/training-truth"
    schema_version: Literal["1.0.0"] = "1.0.0"
    case: Pseudonym
    fractured: str
    above: str
    below: str
    heights_mm: dict[str, dict[str, float]]
    body_per_slice: tuple[int, ...]
    lesion_per_slice: tuple[int, ...]
    adc_um2_per_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number or grade beside its truth.

    Attributes
    ----------
    item : str
        What it is.
    kind : str
        ``loss`` (percentage points), ``share`` (of 1), ``adc`` (percent), for which there are limits; ``height`` (mm),
        ``ratio`` (percent), or ``grade``.
    read, true : str
        Both, with their units.
    error : float
        How far they are apart in the unit of the kind; of grades 0 or 1; infinite where it was measured elsewhere.
    """

    item: str
    kind: Literal["loss", "share", "adc", "height", "ratio", "grade"]
    read: str
    true: str
    error: float

    def __str__(self) -> str:
        """A line for the reader."""
        return say("{item}: {read}, true {true}", item=self.item, read=self.read, true=self.true)


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One reader's round.

    Attributes
    ----------
    number : int
        From 1.
    signed, stages : int
        Stages that are signed, and in all.
    errors : dict of str to float
        Mean error of each kind: loss in percentage points, share of 1, ADC in percent; infinite where a kind that is
        asked was measured nowhere, although all of it can be measured in made-up cases.
    beyond : tuple of str
        Kinds whose mean error is beyond the protocol's limit.
    comparisons : tuple of (str, str, Comparison)
        Case, stage and comparison.
    """

    number: int
    signed: int
    stages: int
    errors: dict[str, float]
    beyond: tuple[str, ...]
    comparisons: tuple[tuple[str, Stage, Comparison], ...]

    @property
    def is_met(self) -> bool:
        """Whether all is signed, and every mean error is within its limit."""
        return self.signed == self.stages and not self.beyond


def training_folder(root: Path) -> Path:
    """Where the training round of a study lies: beside it."""
    absolute = root.absolute()
    return absolute.with_name(f"{absolute.name}-training")


def compare(document: ReadingExport, stage: Stage, truth: TruthRecord) -> Iterator[Comparison]:
    """Every number and grade of a signed stage beside its truth.

    Parameters
    ----------
    document : ReadingExport
        What was signed.
    stage : str
        The stage.
    truth : TruthRecord
        Of its case.

    Yields
    ------
    Comparison
        What was not measured, because it could not be assessed, is left out.
    """
    part = document.stages[stage]
    level = document.spine.fractured if document.spine is not None else "none"
    elsewhere = level != truth.fractured
    yield Comparison(say("Fractured vertebra"), "grade", level, truth.fractured, float(elsewhere))
    protocol = document.protocol
    loss = part.height_loss
    if loss is not None:
        own, above, below = (Heights(**truth.heights_mm[name]) for name in (truth.fractured, truth.above, truth.below))
        true = height_loss(
            own,
            ReferenceVertebra(above, part.references.get(truth.above, "intact")),
            ReferenceVertebra(below, part.references.get(truth.below, "intact")),
            rule=protocol.reference,
            cuts=protocol.degree_cuts,
            borderline_within=protocol.degree_borderline_within,
            posterior_crushed_from=protocol.posterior_crushed_from,
        )
        known = {one.position: one.loss for one in true.losses}
        for one in loss.losses:
            if one.position in known:
                error = np.inf if elsewhere else 100 * abs(one.loss - known[one.position])
                read, right = f"{100 * one.loss:.1f} %", f"{100 * known[one.position]:.1f} %"
                yield Comparison(
                    say("Loss of height, {position}", position=one.position), "loss", read, right, float(error)
                )
        if loss.degree is not None and true.degree is not None:
            yield Comparison(say("Degree"), "grade", loss.degree, true.degree, float(loss.degree != true.degree))
    if part.extent is not None:
        extent = lesion_extent(
            truth.body_per_slice,
            truth.lesion_per_slice,
            voxel_mm3=1.0,
            mid_slice=0,
            cuts=protocol.extent_cuts,
            entire_from=protocol.extent_entire_from,
            borderline_within=protocol.extent_borderline_within,
        )
        error = np.inf if elsewhere else abs(part.extent.fraction - extent.fraction)
        yield Comparison(
            say("Share of the lesion"), "share", f"{part.extent.fraction:.3f}", f"{extent.fraction:.3f}", float(error)
        )
        wrong = float(part.extent.grade != extent.grade)
        yield Comparison(say("Extent"), "grade", part.extent.grade, extent.grade, wrong)
    for name, placed, tissue in (("lesion", part.adc.lesion, "lesion"), ("normal", part.adc.normal, "marrow")):
        if placed is not None:
            right_value = truth.adc_um2_per_s[tissue]
            error = np.inf if elsewhere else 100 * abs(placed.mean_um2_per_s / right_value - 1)
            read, right = f"{placed.mean_um2_per_s:.0f} µm²/s", f"{right_value:.0f} µm²/s"
            yield Comparison(say("ADC, {name}", name=name), "adc", read, right, float(error))
    if part.adc.ratio is not None:
        right_value = truth.adc_um2_per_s["lesion"] / truth.adc_um2_per_s["marrow"]
        error = np.inf if elsewhere else 100 * abs(part.adc.ratio / right_value - 1)
        yield Comparison(
            say("ADC, lesion to normal"), "ratio", f"{part.adc.ratio:.2f}", f"{right_value:.2f}", float(error)
        )
    for caliper in part.calipers:
        height = truth.heights_mm.get(caliper.level, {}).get(caliper.position)
        if height is not None:
            item = say("Height of {level}, {position}", level=caliper.level, position=caliper.position)
            yield Comparison(item, "height", f"{caliper.mm:.1f} mm", f"{height:.1f} mm", abs(caliper.mm - height))


def _truth(folder: StudyFolder, case: str) -> TruthRecord | None:
    path = folder.root / TRUTH / f"{case}.json"
    return read_record(path, TruthRecord, say("The truth on case {case}", case=case)) if path.is_file() else None


def feedback_on(folder: StudyFolder, path: Path, case: str, stage: Stage) -> tuple[str, ...]:
    """Lines that a reader of a training round is told after a signature; none in a study.

    Parameters
    ----------
    folder : StudyFolder
        The study or training round.
    path : Path
        The seal.
    case, stage : str
        What was signed.
    """
    try:
        truth = _truth(folder, case)
        return () if truth is None else tuple(map(str, compare(read_reading(path), stage, truth)))
    except NapariVcfError as error:
        return (say("The comparison with the truth could not be made: {error}", error=error),)


def results_of(root: Path | str, reader: str, limits: StudyProtocol | None = None) -> tuple[RoundResult, ...]:
    """How far one reader is from the truth, round by round; first signatures count, amendments do not.

    Parameters
    ----------
    root : path
        The training round's folder.
    reader : str
        Pseudonym.
    limits : StudyProtocol, optional
        Whose limits count; those of the round itself if left out.

    Raises
    ------
    StudyError
        If it is no training round, or has no such reader.
    """
    folder = StudyFolder(Path(root))
    record, protocol = folder.read()
    if reader not in record.readers:
        raise StudyError(say("The training round has no reader '{reader}'.", reader=reader))
    if not (folder.root / TRUTH).is_dir():
        raise StudyError(say("This study is not a training round: it knows no truth."))
    first = record.cases[: len(record.cases) - sum(map(len, record.added))]
    tasks = tasks_of_study(protocol, record, reader)
    found = []
    for number, cases in enumerate((first, *record.added), start=1):
        compared: list[tuple[str, Stage, Comparison]] = []
        of_round = [task for task in tasks if task.case in cases]
        signed = 0
        for task in of_round:
            path = seal_path(folder.stage(reader, task.case, task.stage, task.occasion) / "v1")
            truth = _truth(folder, task.case)
            if truth is not None and path.is_file():
                signed += 1
                compared += [(task.case, task.stage, one) for one in compare(read_reading(path), task.stage, truth)]
        errors = _means(one for _, _, one in compared)
        if signed == len(of_round):
            asked = {key for task in of_round for key in protocol.protocol.items_of(task.stage)}
            errors |= {kind: np.inf for kind, key in _LIMITED.items() if key in asked and kind not in errors}
        rules = (limits or protocol).study
        most = {"loss": rules.training_loss_points, "share": rules.training_share, "adc": rules.training_adc_percent}
        beyond = tuple(kind for kind, error in errors.items() if error > most[kind])
        found.append(RoundResult(number, signed, len(of_round), errors, beyond, tuple(compared)))
    return tuple(found)


def _means(compared: Iterable[Comparison]) -> dict[str, float]:
    errors: dict[str, list[float]] = {}
    for one in compared:
        if one.kind in _LIMITED:
            errors.setdefault(one.kind, []).append(one.error)
    return {kind: float(np.mean(values)) for kind, values in errors.items()}


def check_training(root: Path, reader: str, protocol: StudyProtocol) -> None:
    """Refuse a reader who has not come within the limits in any round, where the protocol asks for it.

    Raises
    ------
    NotYetError
        With what is lacking.
    """
    if protocol.study.training != "required":
        return
    place = training_folder(root)
    if not place.is_dir():
        raise NotYetError(
            say(
                "The protocol asks for a training round, and {name} is not beside the study. It is made "
                "with the study; ask the coordinator for it.",
                name=place.name,
            )
        )
    results = results_of(place, reader, protocol)
    if any(result.is_met for result in results):
        return
    last = results[-1]
    if last.signed < last.stages:
        raise NotYetError(
            say(
                "The protocol asks for a training round first; {signed} of {stages} stages are signed. "
                "Read it with 'napari-vcf read {name} --reader {reader}'.",
                signed=last.signed,
                stages=last.stages,
                name=place.name,
                reader=reader,
            )
        )
    names = {"loss": say("the loss of height"), "share": say("the share of the lesion"), "adc": say("the ADC")}
    raise NotYetError(
        say(
            "The training round is read, but {kind} is on average further from the truth than the "
            "protocol allows, or was not measured. Ask for another round: 'napari-vcf study training {name} --more N'.",
            kind=" and ".join(names[kind] for kind in last.beyond),
            name=place.name,
        )
    )
