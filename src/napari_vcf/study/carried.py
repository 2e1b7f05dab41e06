"""What a reader signed of a case before, as the beginning of its combined stage: gathered, and checked afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.reading import ReadingExport
from napari_vcf.reading.actions import CarryDrafts
from napari_vcf.reading.carried_checks import carried_statements
from napari_vcf.reading.carrying import draft_of
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import CarriedDraft
from napari_vcf.records.base import Stage
from napari_vcf.records.sealing import check_seal
from napari_vcf.study.errors import DamagedError
from napari_vcf.study.journal_format import Entry
from napari_vcf.study.reading_order import Task
from napari_vcf.study.stage_files import gestures_of, seal_path

__all__ = ["carried_drafts", "carried_problems", "signed_draft"]


def signed_draft(document: ReadingExport, stage: Stage, protocol: Protocol) -> CarriedDraft:
    """The draft that follows from a signed stage."""
    seal = "" if document.seal is None else document.seal.sha256
    return draft_of(
        document.stages[stage].state(),
        stage=stage,
        seal=seal,
        spine=document.spine,
        joins=document.frame_joins,
        protocol=protocol,
    )


def carried_drafts(
    task: Task, reader: str, earlier: Iterable[tuple[Task, Sequence[Path]]], protocol: Protocol
) -> tuple[CarriedDraft, ...]:
    """What a reader signed of a case before its combined stage; empty where nothing is to be carried.

    Only the same reader's own reading of the same case on the same occasion is carried: a second reading never begins
    with the first.

    Parameters
    ----------
    task : Task
        The stage that begins.
    reader : str
        Who reads it.
    earlier : iterable of (Task, sequence of Path)
        What this reader reads of the case before, with the folders of its versions.
    protocol : Protocol
        Whether anything is carried, and what the combined stage asks.

    Raises
    ------
    DamagedError
        If what was signed is not whole.
    """
    if not protocol.carry or task.stage != "combined":
        return ()
    found = []
    for other, versions in earlier:
        signed = [seal_path(path) for path in versions if seal_path(path).exists()]
        if (other.case, other.occasion) != (task.case, task.occasion) or not signed:
            continue
        text = signed[-1].read_text(encoding="utf-8")
        document = None if check_seal(text) else read_reading(signed[-1])
        own = (task.case, reader, task.occasion)
        if document is None or (document.case, document.reader, document.occasion) != own:
            raise DamagedError(
                say(
                    "The signed stage {stage} of case {case}, from which drawings are carried, is not whole; have the "
                    "study checked.",
                    stage=other.stage,
                    case=task.case,
                )
            )
        draft = signed_draft(document, other.stage, protocol)
        if not draft.is_empty:
            found.append(draft)
    return tuple(found)


def carried_problems(
    document: ReadingExport, versions: Sequence[Sequence[Entry]], own: Mapping[str, Path], protocol: Protocol
) -> Iterator[str]:
    """What a signed stage says of drawings that were carried to it, where that does not hold.

    Parameters
    ----------
    document : ReadingExport
        What was signed.
    versions : sequence of sequence of Entry
        The journals of this stage up to the one that was signed.
    own : mapping of str to Path
        Seals of the same reader's earlier stages of the same case on the same occasion: hash to file.
    protocol : Protocol
        Of the study.

    Yields
    ------
    str
        Sentences, without the place.
    """
    sources: dict[str, ReadingExport] = {}
    for number, entries in enumerate(versions):
        for place, logged in enumerate(gestures_of(entries)):
            if not isinstance(logged.action, CarryDrafts):
                continue
            if number or place:
                yield "drawings were carried after the reading was begun."
            for draft in logged.action.drafts:
                path = own.get(draft.seal)
                if path is None:
                    yield (
                        f"what was carried from {draft.stage} comes from no signed stage of this reader, case and "
                        "occasion."
                    )
                    continue
                try:
                    sources[draft.seal] = read_reading(path)
                except NapariVcfError:
                    # Said of the file that it is wrong with.
                    continue
                source = sources[draft.seal]
                if draft.stage not in source.stages or signed_draft(source, draft.stage, protocol) != draft:
                    yield f"what was carried from {draft.stage} is not what was signed there."
    wrong = [each.place for each in carried_statements(document, sources) if not each.holds]
    named = {seal for part in document.stages.values() for seal in part.carried_from.values()}
    if named - set(own):
        yield "it names a signed stage of which this reader, case and occasion know nothing."
    if wrong:
        more = " and more" if len(wrong) > 5 else ""
        yield f"what it calls carried is not as it was signed: {', '.join(wrong[:5])}{more}."
