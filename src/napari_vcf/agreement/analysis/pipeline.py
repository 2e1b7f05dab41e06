"""From readings to the document: every analysis, stage by stage."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby

import numpy as np

from napari_vcf.agreement.analysis.against import against_reference
from napari_vcf.agreement.analysis.checklists import (
    claim_items,
    flow_of_cases,
    qarel_items,
)
from napari_vcf.agreement.analysis.collect import Collected, Pairing, Place, Quantity
from napari_vcf.agreement.analysis.groups import baseline_groups, reading_groups
from napari_vcf.agreement.analysis.grras import grras_items
from napari_vcf.agreement.analysis.joint import joint_comparison
from napari_vcf.agreement.analysis.measured import cutoffs_of_measurements
from napari_vcf.agreement.analysis.methods import methods_sentences
from napari_vcf.agreement.analysis.model import model_of_signs
from napari_vcf.agreement.analysis.multiplicity import hypotheses, several_tests
from napari_vcf.agreement.analysis.painted import agreement_of_masks
from napari_vcf.agreement.analysis.proposed import agreement_by_proposal
from napari_vcf.agreement.analysis.readers import agreement_of_readers
from napari_vcf.agreement.analysis.several import agreement_of_several
from napari_vcf.agreement.analysis.stages import grades_between_stages, kept_for_stages, modalities
from napari_vcf.agreement.checks import Part, parts_of
from napari_vcf.agreement.document import AgreementDocument, Settings
from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.input.masks import MaskStore
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.input.reference import Reference
from napari_vcf.records.base import STAGES
from napari_vcf.version import __version__

__all__ = ["Analysed", "analyse", "make_settings"]


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """An analysis, and what its plots need beside the document.

    Attributes
    ----------
    document : AgreementDocument
        Every number.
    pairings : tuple of Pairing
        Paired measurements for the plots.
    quantities : tuple of Quantity
        Measured quantities with the pathology, for the figures.
    """

    document: AgreementDocument
    pairings: tuple[Pairing, ...]
    quantities: tuple[Quantity, ...] = ()

    def of_part(self, label: str) -> Analysed:
        """Return the numbers of one part alone."""
        pairings = tuple(one for one in self.pairings if one.place.part == label)
        quantities = tuple(one for one in self.quantities if one.place.part == label)
        return Analysed(self.document.of_part(label), pairings, quantities)


def make_settings(
    *,
    positive: str = "benign",
    level: float = 0.95,
    seed: int = 0,
    bootstrap: int = 2000,
    proportions: str = "clopper-pearson",
    intervals: str = "closed",
    apart: bool = False,
    covariance: str = "jackknife",
    margin: float | None = None,
    model: Sequence[str] = (),
) -> Settings:
    """Check and gather how an analysis is asked for.

    Parameters
    ----------
    positive : {"benign", "malignant"}
        Positive class of sensitivity and predictive values. The paper's is benign.
    level : float
        Confidence level.
    seed : int
        Seed of everything random.
    bootstrap : int
        Samples of the case bootstrap.
    proportions : {"clopper-pearson", "wilson"}
        Interval of proportions.
    intervals : {"closed", "transformed", "bootstrap"}
        Closed forms where there are any; those of kappa, AC and AUC on a scale without ends; or the bootstrap for
        kappa, AC, ICC and limits.
    apart : bool
        Whether what does not fit together is analysed apart instead of refused.
    covariance : {"jackknife", "delong"}
        How the figures of readers and stages vary together over the cases.
    margin : float, optional
        Margin of non-inferiority of the later stage; without one it is not tested.
    model : sequence of str
        Signs of a logistic model, chosen before the data were seen; none if empty.

    Returns
    -------
    Settings

    Raises
    ------
    AgreementError
        If a number is out of range.
    """
    if not 0.5 <= level < 1:
        raise AgreementError(f"The confidence level is a share from 0.5 to below 1, not {level}.")
    if not 0 <= bootstrap <= 1_000_000:
        raise AgreementError(f"The number of bootstrap samples lies between 0 and 1000000, not at {bootstrap}.")
    if not 0 <= seed < 2**63:
        raise AgreementError(f"The seed is a whole number from 0, not {seed}.")
    if margin is not None and not 0 < margin < 1:
        raise AgreementError(f"The margin is a difference of shares between 0 and 1, not {margin}.")
    return Settings.model_validate(
        {
            "positive": positive,
            "level": level,
            "seed": seed,
            "bootstrap": bootstrap,
            "proportions": proportions,
            "intervals": intervals,
            "apart": apart,
            "covariance": covariance,
            "margin": margin,
            "model": tuple(model),
        }
    )


def analyse(
    readings: Readings,
    reference: Reference | None = None,
    *,
    settings: Settings | None = None,
    masks: MaskStore | None = None,
    schema_versions: Mapping[str, Sequence[str]] | None = None,
    aside: Mapping[tuple[str, str], str] | None = None,
) -> Analysed:
    """Run every analysis that the readings allow.

    Parameters
    ----------
    readings : Readings
        All answers.
    reference : Reference, optional
        Pathology and baseline.
    settings : Settings, optional
        How to analyse; see `make_settings`.
    masks : MaskStore, optional
        Painted masks.
    schema_versions : mapping, optional
        Files by schema version.
    aside : mapping of (str, str) to str, optional
        Case and stage to the reason why the coordinator of a study set them aside; ``all`` for a whole case.

    Returns
    -------
    Analysed

    Raises
    ------
    MixedReadingsError
        If the readings do not fit together and are not to be analysed apart.
    """
    chosen = settings if settings is not None else make_settings()
    parts, remarks = parts_of(readings, reference, schema_versions or {}, apart=chosen.apart, aside=tuple(aside or {}))
    found = Collected(chosen)
    reasons = {place: why.rstrip(".") for place, why in (aside or {}).items()}
    found.aside = {place: f"set aside by the coordinator: {why}" for place, why in reasons.items()}
    found.remarks += [*readings.remarks, *(f"Analysed apart as asked. {text}" for text in remarks)]
    for (case, stage), why in found.aside.items():
        found.remark(f"Case {case}, {'all stages' if stage == 'all' else f'stage {stage}'}: {why}.")
        of_stage = None if stage == "all" else stage
        found.leave_out(Place("between_readers", "every item", of_stage, readings.readers), [case], why)
    for part in parts:
        found.label = part.label
        _analyse_part(found, part, reference, masks or MaskStore())
    if reference is not None:
        found.label = ""
        baseline_groups(found, reference, readings.cases)
    tests = hypotheses(found.rows)
    if len(tests) > 1:
        found.remark(several_tests(tests))
    seen = np.unique(readings.stage)
    software = _software(found)
    document = AgreementDocument(
        software=software,
        settings=chosen,
        sources=_sources(readings),
        reference=None if reference is None else reference.source,
        cases=len(readings.cases),
        readers=readings.readers,
        stages=tuple(STAGES[number] for number in seen),
        units=_units(readings),
        remarks=tuple(dict.fromkeys(found.remarks)),
        left_out=tuple(found.left_out),
        grras=tuple(grras_items(readings, reference, chosen, found.rows)),
        rows=tuple(found.rows),
        cross_tables=tuple(found.cross_tables),
        descriptions=tuple(found.descriptions),
        roc=tuple(found.roc),
        models=tuple(found.models),
        flow=tuple(flow_of_cases(readings, reference, found.left_out)),
        claim=tuple(claim_items(readings, reference, chosen, found.rows, found.left_out)),
        qarel=tuple(qarel_items(readings, reference, found.rows)),
        methods=tuple(methods_sentences(found.rows, chosen, software)),
        hypotheses=tuple(tests),
        parts=tuple(part.label for part in parts) if len(parts) > 1 else (),
    )
    return Analysed(document, tuple(found.pairings), tuple(found.quantities))


def _analyse_part(found: Collected, part: Part, reference: Reference | None, masks: MaskStore) -> None:
    readings = part.readings
    truth = None if reference is None else reference.aligned(readings.cases)
    by_stage: dict[str, dict[str, ItemTable]] = {}
    signs = found.settings.model
    for stage, blocks in groupby(readings.item_tables(), key=lambda table: table.stage):
        tables = list(blocks)
        agreement_of_readers(found, readings, tables)
        agreement_of_several(found, readings, tables)
        by_stage[stage] = {
            table.scale.item: table for table in tables if kept_for_stages(table) or table.scale.item in signs
        }
        if truth is None:
            continue
        against_reference(found, readings, tables, truth)
        reading_groups(found, readings, tables, truth)
        cutoffs_of_measurements(found, readings, tables, truth)
    if not part.whole:
        return
    grades_between_stages(found, readings, by_stage)
    if truth is not None:
        modalities(found, readings, by_stage, truth)
        joint_comparison(found, readings, by_stage, truth)
        model_of_signs(found, readings, by_stage, truth)
    elif found.settings.model:
        raise AgreementError("A model of signs needs the pathology (--reference).")
    if masks.masks or masks.middles:
        agreement_of_masks(found, readings, masks)
        for stage, blocks in groupby(readings.item_tables(), key=lambda table: table.stage):
            agreement_by_proposal(found, readings, list(blocks), masks, stage)


def _units(readings: Readings) -> dict[str, str]:
    """Unit of each measurement; of one that is analysed apart by unit, all of them."""
    found: dict[str, list[str]] = {}
    for item, unit in zip(*np.unique(np.stack([readings.item, readings.unit]), axis=1).tolist(), strict=True):
        if readings.units[unit] not in ("", "1"):
            found.setdefault(readings.items[item], []).append(readings.units[unit])
    return {item: " or ".join(units) for item, units in found.items()}


def _sources(readings: Readings) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(readings.sources))
    # Thousands of names help nobody; the count does.
    return names if len(names) <= 1000 else (*names[:1000], f"and {len(names) - 1000} more")


def _software(found: Collected) -> dict[str, str]:
    names = ["numpy", "pandas", "scipy", *(["statsmodels"] if found.settings.model else [])]
    packages = {name: version(name) for name in names}
    return {"napari-vcf": __version__, "python": platform.python_version(), **packages}
