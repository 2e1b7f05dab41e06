"""How records of earlier schema versions are read: one pure step from each version to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from napari_vcf.language import say
from napari_vcf.records.base import FrozenModel
from napari_vcf.study.errors import StudyError

__all__ = ["STEPS", "migrated", "model_of"]

Content = dict[str, Any]
_Model = TypeVar("_Model", bound=FrozenModel)


def _report_from_1_0(content: Content) -> Content:
    """1.1 says which registration is proposed for a case; a report of 1.0 says nothing of it."""
    return {**content, "schema_version": "1.1.0"}


def _report_from_1_1(content: Content) -> Content:
    """1.2 proposes no registrations any more."""
    told = ("registration", "advice")
    cases = [{key: value for key, value in case.items() if key not in told} for case in content["cases"]]
    return {**content, "schema_version": "1.2.0", "cases": cases}


def _study_from_1_0(content: Content) -> Content:
    """1.1 knows the bytes of the protocol file; a study of 1.0 knows only its content."""
    return {**content, "schema_version": "1.1.0", "protocol_file_sha256": None}


def _consensus_from_1_0(content: Content) -> Content:
    """1.1 notes its progress outside of its folder; a consensus of 1.0 did not."""
    return {**content, "schema_version": "1.1.0"}


def _journal_from_1_0(content: Content) -> Content:
    """1.1 says on which images a reading was begun; a journal of 1.0 does not."""
    return {**content, "schema_version": "1.1.0", "images": None}


def _part_from_1_0(content: Content) -> Content:
    """1.1 says which roles are a person's word; in 1.0 the evidence says so."""
    images = [{**image, "role_given": image["role_evidence"] == "set by the person"} for image in content["images"]]
    return {**content, "schema_version": "1.1.0", "images": images}


def _part_from_1_1(content: Content) -> Content:
    """1.2 leaves to the volumes that no b-value is stated; in 1.1 a sentence among the corrections says so."""
    said = "No b-value is stated, so that no ADC can be computed; give the b-values where they are known."
    images = [
        {**image, "corrections": [text for text in image["corrections"] if text != said]} for image in content["images"]
    ]
    return {**content, "schema_version": "1.2.0", "images": images}


#: What each stage was asked by protocols of 1.0 that did not list it.
_SEEN_ON_BOTH = (
    "lesion_location",
    "post_compression_contour",
    "paravertebral_soft_tissue_invasion",
    "pedicle_invasion",
)
_OF_CT = ("cortical_destruction", "posterior_cortex_fracture_line", "pedicle_osteolysis")
_OF_MRI = ("pedicle_signal", "enhancement", "signal_dwi", "signal_t1_low", "signal_t2_low", "adc")
_PAINTED = ("lesion_extent_visual", "lesion_extent", "lesion_pattern")
_END = ("verdict", "confidence")
_FIRST_ITEMS: Final = {
    "ct": ("compression_degree", *_SEEN_ON_BOTH, *_OF_CT, *_END),
    "mri": ("compression_degree", *_PAINTED, *_SEEN_ON_BOTH, *_OF_MRI, *_END),
    "combined": ("compression_degree", *_PAINTED, *_SEEN_ON_BOTH, *_OF_MRI, *_OF_CT, *_END),
}


def _protocol_from_1_0(content: Content) -> Content:
    """1.1 decides on proposed bodies and asks less twice; what 1.0 left open is as it was then."""
    decided = content.get("protocol")
    if isinstance(decided, dict):
        decided = {"version": "1", "body_proposal": False, "stage_items": _FIRST_ITEMS, **decided}
    return {**content, "schema_version": "1.1.0", "protocol": decided}


def _protocol_from_1_1(content: Content) -> Content:
    """1.2 decides on asking without an image and on carrying drawings; before, all was asked and nothing carried."""
    decided = content.get("protocol")
    if isinstance(decided, dict):
        decided = {"ask_without_image": True, "carry": False, **decided}
    return {**content, "schema_version": "1.2.0", "protocol": decided}


def _part_from_1_2(content: Content) -> Content:
    """1.3 says which b-values are the coordinator's word; before, nobody could give any."""
    return {
        **content,
        "schema_version": "1.3.0",
        "images": [{**image, "b_values_given": []} for image in content["images"]],
    }


def _roles_from_1_0(content: Content) -> Content:
    """1.1 also holds b-values."""
    return {**content, "schema_version": "1.1.0", "b_values": {}}


#: Schema and version -> the step that leads to the next version. A new one needs a file of the old one among the tests.
STEPS: Final[dict[tuple[str, str], Callable[[Content], Content]]] = {
    ("napari-vcf/consensus", "1.0.0"): _consensus_from_1_0,
    ("napari-vcf/journal", "1.0.0"): _journal_from_1_0,
    ("napari-vcf/part", "1.0.0"): _part_from_1_0,
    ("napari-vcf/part", "1.1.0"): _part_from_1_1,
    ("napari-vcf/part", "1.2.0"): _part_from_1_2,
    ("napari-vcf/prepare-report", "1.0.0"): _report_from_1_0,
    ("napari-vcf/prepare-report", "1.1.0"): _report_from_1_1,
    ("napari-vcf/protocol", "1.0.0"): _protocol_from_1_0,
    ("napari-vcf/protocol", "1.1.0"): _protocol_from_1_1,
    ("napari-vcf/roles", "1.0.0"): _roles_from_1_0,
    ("napari-vcf/study", "1.0.0"): _study_from_1_0,
}


def migrated(content: Any) -> Any:
    """Bring the content of a record to the schema version of today.

    Parameters
    ----------
    content : object
        As read; it is not changed.

    Returns
    -------
    object
        What is of no known version comes back as it is, for its model to refuse.
    """
    while isinstance(content, dict):
        schema, version = content.get("schema_id"), content.get("schema_version")
        step = STEPS.get((schema, version)) if isinstance(schema, str) and isinstance(version, str) else None
        if step is None:
            break
        content = step(content)
    return content


def model_of(content: Any, model: type[_Model], what: str) -> _Model:
    """Read a record from its content, of whichever version.

    Parameters
    ----------
    content : object
        As read from JSON.
    model : type
        What it is.
    what : str
        Its name in sentences.

    Raises
    ------
    StudyError
        If this program does not know such a record.
    """
    content = migrated(content)
    known = model.model_fields.get("schema_version")
    stated = content.get("schema_version") if isinstance(content, dict) else None
    if known is not None and isinstance(stated, str) and stated != known.default:
        raise StudyError(
            say(
                "{what} is of schema version {stated}, and this program reads {known}. Use the version of the "
                "program with which it was written, or a later one.",
                what=what,
                stated=stated[:20],
                known=known.default,
            )
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise StudyError(
            say(
                "{what} was written by another version of the program: {place}: {reason}. Use that version, or "
                "restore the file from a backup.",
                what=what,
                place=place,
                reason=first["msg"],
            )
        ) from error
