"""Whether readings may be analysed together, and what to do about those that may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_vcf.agreement.errors import AgreementError, MixedReadingsError
from napari_vcf.agreement.input.readings import CONSENSUS, ReadingFacts, Readings
from napari_vcf.agreement.input.reference import Reference
from napari_vcf.records.base import STAGES

__all__ = ["Part", "differences", "parts_of"]

_NAMED = 8
#: Readers of the same cases do not differ by this factor in ADC; units do, by 1000.
_ADC_FACTOR = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Readings that are analysed together.

    Attributes
    ----------
    label : str
        What sets them apart from the others; empty where nothing does.
    readings : Readings
        The readings.
    whole : bool
        Whether they are all that was read there; else the answers to single items in one of their units.
    """

    label: str
    readings: Readings
    whole: bool = True


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def differences(
    readings: Readings,
    reference: Reference | None,
    schema_versions: Mapping[str, Sequence[str]],
    aside: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Everything that forbids analysing the readings together.

    Parameters
    ----------
    readings : Readings
        The readings.
    reference : Reference or None
        Pathology.
    schema_versions : mapping
        Files by schema version.
    aside : collection of (str, str)
        Case and stage, or ``all``, of what the coordinator of a study set aside.

    Returns
    -------
    list of str
        One sentence for each difference; empty where they fit.
    """
    return [
        *_rule_differences(readings, schema_versions),
        *_unit_differences(readings),
        *_scale_differences(readings),
        *_consensus(readings),
        *_case_differences(readings),
        *_reference_differences(readings, reference, aside),
    ]


def _rule_differences(readings: Readings, schema_versions: Mapping[str, Sequence[str]]) -> list[str]:
    found = []
    if len(schema_versions) > 1:
        parts = [f"{version or 'none'} in {_few(list(files))}" for version, files in sorted(schema_versions.items())]
        found.append(f"Schema versions differ: {'; '.join(parts)}.")
    for rule in ("protocol", "ADC unit"):
        sources: dict[str, list[str]] = {}
        for record in readings.records:
            # A reading without an ADC map has no unit to differ in.
            if record.rules.get(rule):
                sources.setdefault(record.rules[rule], []).append(record.source)
        if len(sources) > 1:
            parts = [f"{value} in {_few(files)}" for value, files in sorted(sources.items())]
            found.append(f"{rule[0].upper()}{rule[1:]}s differ: {'; '.join(parts)}.")
    return found


def _unit_differences(readings: Readings) -> list[str]:
    seen = np.zeros((len(readings.items), len(readings.units)), dtype=bool)
    seen[readings.item, readings.unit] = True
    units = {item: np.flatnonzero(row).tolist() for item, row in enumerate(seen)}
    found = []
    for item, used in units.items():
        if len(used) < 2:
            continue
        parts = []
        for unit in used:
            readers = np.unique(readings.reader[(readings.item == item) & (readings.unit == unit)])
            who = ", ".join(readings.readers[reader] for reader in readers)
            parts.append(f"'{readings.units[unit]}' ({who})" if readings.units[unit] else f"none given ({who})")
        found.append(f"Units of {readings.items[item]} differ: {'; '.join(parts)}.")
    return found


def _scale_differences(readings: Readings) -> list[str]:
    """ADC values in one unit whose readers differ as only units do."""
    found = []
    for item, name in enumerate(readings.items):
        if not name.startswith("adc_") or "ratio" in name:
            continue
        rows = (readings.item == item) & np.isfinite(readings.value)
        for unit in np.unique(readings.unit[rows]):
            own = rows & (readings.unit == unit)
            medians = {
                readings.readers[reader]: float(np.median(np.abs(readings.value[own & (readings.reader == reader)])))
                for reader in np.unique(readings.reader[own])
            }
            low, high = (choose(medians, key=medians.__getitem__) for choose in (min, max))
            if medians[high] > _ADC_FACTOR * medians[low]:
                found.append(
                    f"ADC scales differ: the median of {name} is {medians[low]:g} for reader '{low}' and "
                    f"{medians[high]:g} for reader '{high}'. Convert one, or name the units."
                )
    return found


def _consensus(readings: Readings) -> list[str]:
    return [
        f"'{reader}' is a consensus reading; agreement is computed from the readings before the consensus."
        for reader in readings.readers
        if is_consensus(reader)
    ]


def is_consensus(reader: str) -> bool:
    """Whether a reader's name stands for a consensus reading."""
    return reader.strip().lower() == CONSENSUS


def _case_differences(readings: Readings) -> list[str]:
    presence = readings.presence()
    names = np.array(readings.cases)
    found = []
    for stage, seen in zip(STAGES, presence, strict=True):
        own = [reader for reader in range(len(readings.readers)) if not is_consensus(readings.readers[reader])]
        union = seen[own].any(axis=0)
        for reader in own:
            lacking = names[union & ~seen[reader]].tolist()
            if lacking:
                who = readings.readers[reader]
                count = f"{len(lacking)} case{'s' * (len(lacking) != 1)}"
                found.append(f"Case sets differ in stage {stage}: reader '{who}' lacks {count}: {_few(lacking)}.")
    return found


def _reference_differences(
    readings: Readings, reference: Reference | None, aside: Collection[tuple[str, str]]
) -> list[str]:
    if reference is None:
        return []
    # Why nobody read a case that was withdrawn is known, and said.
    read, known = set(readings.cases), {case for case in reference.cases if (case, "all") not in aside}
    found = []
    if read - known:
        lacking = sorted(read - known)
        found.append(f"{reference.source} lacks {len(lacking)} case(s) that were read: {_few(lacking)}.")
    if known - read:
        surplus = sorted(known - read)
        found.append(f"{reference.source} has {len(surplus)} case(s) that nobody read: {_few(surplus)}.")
    return found


def parts_of(
    readings: Readings,
    reference: Reference | None,
    schema_versions: Mapping[str, Sequence[str]],
    *,
    apart: bool = False,
    aside: Collection[tuple[str, str]] = (),
) -> tuple[list[Part], list[str]]:
    """Readings that may be analysed together.

    Parameters
    ----------
    readings : Readings
        All readings.
    reference : Reference or None
        Pathology.
    schema_versions : mapping
        Files by schema version.
    apart : bool
        Whether to analyse apart what does not fit: each protocol, schema version and ADC unit for itself, each unit of
        an item for itself, a consensus reading against the reference only, and cases that one reader lacks only where
        they were read.
    aside : collection of (str, str)
        Case and stage, or ``all``, of what the coordinator of a study set aside.

    Returns
    -------
    parts : list of Part
        One, unless analysed apart.
    remarks : list of str
        The differences, where they were analysed apart.

    Raises
    ------
    MixedReadingsError
        If they do not fit together and `apart` is false.
    AgreementError
        If there is nobody to compare: one reader, no repeat and no reference. If exports are analysed apart and a
        table stands beside them, which does not say where its answers belong.
    """
    found = differences(readings, reference, schema_versions, aside)
    scales = _scale_differences(readings)
    # Numbers that only look alike cannot be set apart by the program: it does not know whose scale is which.
    if found and (scales or not apart):
        raise MixedReadingsError(scales if apart else found)
    own = [reader for reader in readings.readers if not is_consensus(reader)]
    if len(own) < 2 and int(readings.occasion.max()) < 2 and reference is None:
        who = f"Only reader '{own[0]}'" if own else "No reader"
        raise AgreementError(
            f"{who} is in the input: agreement needs two readers, repeated readings of one (column 'occasion'), or a "
            "reference (--reference)."
        )
    return [unit for part in _by_rules(readings) for unit in _by_units(part)], found


def _adc_units(records: Sequence[ReadingFacts]) -> list[str]:
    """ADC unit of each reading; one without an ADC map, such as that of a CT stage, goes with its reader's others."""
    of_reader: dict[str, set[str]] = {}
    for record in records:
        of_reader.setdefault(record.reader, set()).add(record.rules.get("ADC unit", ""))
    every = {unit for units in of_reader.values() for unit in units} - {""}
    found = []
    for record in records:
        fitting = next((units for units in (of_reader[record.reader] - {""}, every) if len(units) == 1), set())
        found.append(record.rules.get("ADC unit", "") or next(iter(fitting), ""))
    return found


def _by_rules(readings: Readings) -> list[Part]:
    units = _adc_units(readings.records)
    keys = [
        (record.rules.get("protocol", ""), record.rules.get("schema version", ""), unit)
        for record, unit in zip(readings.records, units, strict=True)
    ]
    if len(set(keys)) < 2:
        return [Part("", readings)]
    # By the number of the file: its name may be that of another one in another folder.
    group_of = {record.number: key for record, key in zip(readings.records, keys, strict=True)}
    groups = [group_of.get(number) for number in range(len(readings.sources))]
    if strange := sorted({name for name, group in zip(readings.sources, groups, strict=True) if group is None}):
        raise AgreementError(
            f"What differs is to be analysed apart, and {_few(strange)} does not say to which part its answers belong: "
            "a table names no protocol. Analyse the tables and the exported readings one after the other."
        )
    parts = []
    for key in sorted(set(keys)):
        chosen = np.array([group == key for group in groups])
        label = ", ".join(part for part in key if part)
        part = replace(
            readings.select(chosen[readings.source]),
            records=tuple(record for record, own in zip(readings.records, keys, strict=True) if own == key),
        )
        parts.append(Part(label, part))
    return parts


def _by_units(part: Part) -> list[Part]:
    """A part without the items that come in several units, and each unit of these as a part of its own."""
    readings = part.readings
    seen = np.zeros((len(readings.items), len(readings.units)), dtype=bool)
    seen[readings.item, readings.unit] = True
    mixed = np.flatnonzero(seen.sum(axis=1) > 1)
    if not mixed.size:
        return [part]
    of_mixed = np.isin(readings.item, mixed)
    found = [Part(part.label, readings.select(~of_mixed))] if not of_mixed.all() else []
    for unit in np.flatnonzero(seen[mixed].any(axis=0)).tolist():
        label = ", ".join(
            filter(None, (part.label, f"in {readings.units[unit]}" if readings.units[unit] else "no unit"))
        )
        found.append(Part(label, readings.select(of_mixed & (readings.unit == unit)), whole=False))
    return found
