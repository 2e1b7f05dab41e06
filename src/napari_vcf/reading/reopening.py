"""An exported reading opened again on its images, to look at and to go on with as a new version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from napari_vcf.language import say
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import Case
from napari_vcf.reading.errors import ExportError, ReadingError
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.reading import Reading
from napari_vcf.reading.state import Continued, ReadingState, StageState
from napari_vcf.records.base import STAGES, utc_now

__all__ = ["reopen", "state_of"]


def state_of(export: ReadingExport, sha256: str) -> ReadingState:
    """What the reader had done when a document was written.

    Parameters
    ----------
    export : ReadingExport
        The document.
    sha256 : str
        Of its file.
    """
    corrections = {series.image: said for series in export.series if (said := series.correction) is not None}
    return ReadingState(
        spine=export.spine,
        corrections=corrections,
        registrations=export.registrations,
        frame_joins=export.frame_joins,
        continues=Continued(version=export.version, sha256=sha256, exported_at=export.exported_at),
        occasion=export.occasion,
        stages={stage: export.stages[stage].state() if stage in export.stages else StageState() for stage in STAGES},
    )


def reopen(
    path: Path | str,
    images: Path | str | Case,
    *,
    clock: Callable[[], datetime] = utc_now,
    recorder: Callable[[act.LoggedAction], None] | None = None,
) -> Reading:
    """Open an exported reading on its images.

    What is exported from it afterwards is the next version, and names the document that it goes on from; the document
    itself stays as it is.

    Parameters
    ----------
    path : path
        The JSON file.
    images : path or Case
        The folder that was read, or the case, opened with the document's salt.
    clock, recorder
        As for `Reading`.

    Returns
    -------
    Reading
        By the document's reader and protocol.

    Raises
    ------
    ExportError
        If the file is no reading, or a consensus, which holds no measurement.
    ReadingError
        If the images are not those that were read.
    """
    source = Path(path)
    export = read_reading(source)
    if export.kind == "consensus":
        raise ExportError(
            say("{name} is a consensus: it holds what was settled, and no reading to go on with.", name=source.name)
        )
    case = images if isinstance(images, Case) else Case.open(images, pseudonym=export.case, salt=export.salt)
    if case.salt != export.salt:
        raise ReadingError(
            say("The case was opened under other names of its images; open it with the document's salt.")
        )
    reading = Reading(
        case, study=export.study, reader=export.reader, protocol=export.protocol, clock=clock, recorder=recorder
    )
    state = state_of(export, hashlib.sha256(source.read_bytes()).hexdigest())
    reading.apply(act.TakeUpReading(state=state))
    return reading
