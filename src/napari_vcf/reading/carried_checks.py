"""What an export says was carried from an earlier stage, checked against what was signed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_vcf.language import say
from napari_vcf.reading.carrying import geometry_of
from napari_vcf.reading.errors import ExportError
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import Carried, Sha256
from napari_vcf.reading.statement_checks import Statement
from napari_vcf.records.base import Stage
from napari_vcf.records.sealing import check_seal

__all__ = ["carried_statements", "signed_beside", "without_source"]

#: Where it stands in the document, what is said of it, its key, and its geometry.
_Claim = tuple[str, Carried, tuple[object, ...], dict[str, Any]]


def _claims(export: ReadingExport, stage: Stage, *, all_of_it: bool = False) -> Iterator[_Claim]:
    """What is said to be carried in one stage of a document; ``all_of_it`` takes what is not as well, as a source."""
    part, own = export.stages[stage].state(), Carried(stage=stage, geometry="unchanged")
    place = f"stages.{stage}"
    for c in part.calipers:
        if c.carried is not None or all_of_it:
            where = f"{place}.calipers.{c.level}.{c.position}"
            yield where, c.carried or own, ("caliper", c.level, c.position), geometry_of(c)
    for r in part.rois:
        if r.carried is not None or all_of_it:
            where = f"{place}.rois.{r.tissue}.{r.placement}"
            yield where, r.carried or own, ("roi", r.tissue, r.placement), geometry_of(r)
    masks = part.masks
    if masks is not None and (masks.body_carried is not None or all_of_it):
        yield f"{place}.masks.body", masks.body_carried or own, ("body",), geometry_of(masks, "body")
    if masks is not None and (masks.lesion_carried is not None or all_of_it):
        yield f"{place}.masks.lesion", masks.lesion_carried or own, ("lesion",), geometry_of(masks, "lesion")
    for number, j in enumerate(export.frame_joins):
        if (j.carried is not None and stage == "combined") or all_of_it:
            yield f"frame_joins.{number}", j.carried or own, ("frame_join", j.image), geometry_of(j)


def carried_statements(export: ReadingExport, sources: Mapping[Sha256, ReadingExport]) -> Iterator[Statement]:
    """Check that what is called carried comes from the reader's own signed stage, and what is unchanged equals it.

    Parameters
    ----------
    export : ReadingExport
        The document.
    sources : mapping of str to ReadingExport
        Signed documents by the hash of their seal; of what is not among them only what the document itself says is
        checked, see `without_source`.

    Yields
    ------
    Statement
    """
    for stage, part in export.stages.items():
        claims = list(_claims(export, stage))
        if claims and not export.protocol.carry:
            yield Statement("protocol.carry", "carried", "not allowed by the protocol", holds=False)
        if claims and stage != "combined":
            yield Statement(f"stages.{stage}", "carried", "nothing is carried to this stage", holds=False)
        for origin, seal in part.carried_from.items():
            source = sources.get(seal)
            if source is not None:
                yield from _own(f"stages.{stage}.carried_from.{origin}", export, source, origin)
        for place, carried, key, geometry in claims:
            seal = part.carried_from.get(carried.stage, "")
            named = Statement(f"{place}.carried", carried.stage, "no seal of this stage is named", holds=bool(seal))
            yield named
            source = sources.get(seal)
            if source is None or carried.stage not in source.stages:
                continue
            signed = {k: g for _, _, k, g in _claims(source, carried.stage, all_of_it=True)}
            if key not in signed:
                yield Statement(f"{place}.carried", "carried", "nothing like it was signed there", holds=False)
            elif carried.geometry == "unchanged":
                yield from _equal(place, geometry, signed[key])


def _own(place: str, export: ReadingExport, source: ReadingExport, origin: Stage) -> Iterator[Statement]:
    """Only the reader's own reading of the same case on the same occasion is carried."""

    def whose(document: ReadingExport) -> str:
        return f"{document.study} {document.case} {document.reader}, occasion {document.occasion}"

    yield Statement(place, whose(export), whose(source), whose(export) == whose(source))
    yield Statement(place, origin, ", ".join(source.stages), origin in source.stages)


def _equal(place: str, carried: dict[str, Any], signed: dict[str, Any]) -> Iterator[Statement]:
    for name, value in carried.items():
        yield Statement(f"{place}.{name}", value, signed[name], value == signed[name])


def without_source(export: ReadingExport, sources: Mapping[Sha256, ReadingExport]) -> tuple[str, ...]:
    """Sentences on what was carried unchanged from a signed document that is not at hand: nobody has compared it."""
    found = []
    for stage, part in export.stages.items():
        for origin, seal in part.carried_from.items():
            count = sum(
                claim.stage == origin and claim.geometry == "unchanged" for _, claim, _, _ in _claims(export, stage)
            )
            if count and seal not in sources:
                found.append(
                    say(
                        "{count} drawings are carried unchanged from the stage {stage}, and its signed export (seal "
                        "{seal}…) is not beside this one: they were not compared with it.",
                        count=count,
                        stage=STAGE_NAMES[origin],
                        seal=seal[:12],
                    )
                )
    return tuple(found)


def signed_beside(export: ReadingExport, path: Path, more: Iterable[Path] = ()) -> dict[Sha256, ReadingExport]:
    """Signed documents that a document names as sources, as far as they lie beside it or are given.

    Parameters
    ----------
    export : ReadingExport
        The document.
    path : Path
        Its file; its folder, the folder ``amended`` in it and the one above are looked through for files of its case.
    more : iterable of Path
        Other files to look at.

    Returns
    -------
    dict of str to ReadingExport
        By the hash of the seal; a file whose seal does not hold is none.
    """
    wanted = {seal for part in export.stages.values() for seal in part.carried_from.values()}
    found: dict[Sha256, ReadingExport] = {}
    if not wanted:
        return found
    folders = (path.parent, path.parent / "amended", *([path.parent.parent] if path.parent.name == "amended" else []))
    files = [file for folder in folders for file in sorted(folder.glob(f"{export.case}_*.json"))]
    for file in (*more, *files):
        if file.resolve() == path.resolve() or wanted <= set(found):
            continue
        try:
            text = file.read_text(encoding="utf-8")
            named = any(seal in text for seal in wanted)
            document = read_reading(file) if named and not check_seal(text) else None
        except (OSError, UnicodeDecodeError, ExportError):
            # Not a source that can be read is no source; what it would have held is said to be not compared.
            continue
        if document is not None and document.seal is not None and document.seal.sha256 in wanted:
            found[document.seal.sha256] = document
    return found
