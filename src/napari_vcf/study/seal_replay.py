"""Whether a seal says what its journal says: the changes are made again, and what comes of them is compared.

Numbers that follow from the drawings are not computed anew here; `napari-vcf verify` does that for an export.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading import Reading, ReadingExport
from napari_vcf.study.journal_format import Entry
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.stage_files import Origin, gestures_of

__all__ = ["differences"]


def differences(
    document: ReadingExport,
    versions: Sequence[Sequence[Entry]],
    origin: Origin,
    images: PreparedCase,
    protocol: StudyProtocol,
) -> tuple[str, ...]:
    """What a seal says otherwise than its journal.

    Parameters
    ----------
    document : ReadingExport
        What was signed.
    versions : sequence of sequence of Entry
        The journals of this stage up to the one that was signed.
    origin : Origin
        The first entry of that one.
    images : PreparedCase
        The images of the stage.
    protocol : StudyProtocol
        Of the study.

    Returns
    -------
    tuple of str
        Names of what differs; empty where nothing does.
    """
    reading = Reading(
        images,
        study=origin.study,
        reader=origin.reader,
        protocol=protocol.protocol,
        clock=lambda: versions[-1][-1].at,
        recorder=lambda _: None,
    )
    try:
        for entries in versions:
            reading.restore(gestures_of(entries))
    except NapariVcfError:
        return ("changes that cannot be made again",)
    return tuple(_differing(document, reading, origin, versions[-1]))


def _differing(document: ReadingExport, reading: Reading, origin: Origin, entries: Sequence[Entry]) -> Iterator[str]:
    state, seal = reading.state, document.seal
    stage = document.stages.get(origin.stage)
    if stage is None or set(document.stages) != {origin.stage}:
        yield "the stage"
    elif stage.state() != state.stages[origin.stage]:
        told, made = stage.state(), state.stages[origin.stage]
        yield from (name for name in type(made).model_fields if getattr(told, name) != getattr(made, name))
    for name in ("spine", "registrations", "frame_joins"):
        if getattr(document, name) != getattr(state, name):
            yield name
    place = (document.study, document.reader, document.case, document.occasion)
    if place != (origin.study, origin.reader, origin.case, origin.occasion):
        yield "whose reading it is"
    if document.actions != len(reading.log):
        yield "the number of changes"
    if document.started_at != entries[0].at:
        yield "when it was begun"
    last = entries[-1]
    if seal is None or (seal.version, seal.amends, seal.position) != (origin.version, origin.amends, origin.position):
        yield "what is signed"
    elif last.kind == "signing":
        if (seal.active_s, seal.idle_s) != (last.body.get("active_s"), last.body.get("idle_s")):
            yield "the time at work"
        if seal.sealed_at < last.at:
            yield "when it was signed"
