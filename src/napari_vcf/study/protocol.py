"""The protocol file of a study: TOML in, every decision checked, one hash out."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from napari_vcf.language import say
from napari_vcf.reading import Protocol
from napari_vcf.reading.findings import FormVersion
from napari_vcf.records.base import Finite, FrozenModel
from napari_vcf.records.sealing import canonical_json, sha256_of
from napari_vcf.study.errors import StudyError
from napari_vcf.study.versions import migrated

__all__ = ["StudyProtocol", "StudyRules", "parse_protocol", "protocol_file", "protocol_template", "read_protocol"]


#: What the template says of a decision that its name does not tell.
_COMMENTS: Final[dict[str, tuple[str, ...]]] = {
    "form_version": (
        "The form: 1 is the paper's; in 2 the pedicle's signal may be normal, the signal on DWI iso, enhancement none.",
    ),
    "reference": ("The reference height: mean_adjacent, above, below or own_posterior.",),
    "snapping": (
        "Whether a reader may have the ends of calipers drawn to the edge. Allowed, it is still off until the reader",
        "turns it on; the record says of each caliper which ends were drawn. false forbids it.",
    ),
    "body_proposal": (
        "Whether the program may propose the vertebral body once the estimate by eye is given. The reader accepts,",
        "corrects or rejects each slice, and the record says which. false forbids it.",
    ),
    "ask_without_image": (
        "Whether enhancement is asked in a case without a contrast-enhanced image. With false it is left out there,",
        "and the record says why.",
    ),
    "carry": (
        "Whether the combined stage begins with what the same reader drew and signed on CT and MRI, as a draft that is",
        "confirmed item by item. Answers are never carried. With true, the combined stage must ask for measurements.",
    ),
}


#: The first version of the schema.
_FIRST: Final = "1.0.0"


class StudyRules(FrozenModel):
    """How the cases of a study are read.

    Attributes
    ----------
    form_version : str
        Version of the form: ``"1"``, the paper's, or ``"2"``; see `napari_vcf.reading.Protocol`. It is the protocol's
        as well.
    stage_order : str
        ``fixed``: the protocol's stages as they stand; ``counterbalanced``: CT and MRI change places in half of the
        cases, drawn with the seed, and the combined stage keeps its place.
    worklist : str
        ``by_stage``: the first stage of all cases, then the second of all; ``by_case``: all stages of a case, then the
        next case.
    washout_days : float
        Least time between two signatures of one reader in one case.
    rereads : int
        Cases that each reader reads a second time, after all first readings; the same for all readers.
    idle_after_s : float
        A pause longer than this does not count as time at work.
    unreadable : str
        ``coordinator``: a stage for which a case has no images waits until the coordinator has set it aside;
        ``skip``: readers go on without it.
    clinical_text : str
        ``none``: readers are told nothing of a patient; ``shown``: what the coordinator entered, free of identity.
    training : str
        ``required``: a reader begins once a training round came within the limits; ``none``: without it.
    training_loss_points, training_share, training_adc_percent : float
        Greatest mean errors of a training round: percentage points of height loss, share of 1, percent of the ADC.
    """

    form_version: FormVersion = "1"
    stage_order: Literal["fixed", "counterbalanced"] = "fixed"
    worklist: Literal["by_stage", "by_case"] = "by_stage"
    washout_days: Annotated[Finite, Field(ge=0, le=3650)] = 0.0
    rereads: Annotated[int, Field(ge=0)] = 0
    idle_after_s: Annotated[Finite, Field(ge=5, le=3600)] = 60.0
    unreadable: Literal["coordinator", "skip"] = "coordinator"
    clinical_text: Literal["none", "shown"] = "none"
    training: Literal["none", "required"] = "none"
    training_loss_points: Annotated[Finite, Field(gt=0, le=100)] = 5.0
    training_share: Annotated[Finite, Field(gt=0, le=1)] = 0.05
    training_adc_percent: Annotated[Finite, Field(gt=0, le=100)] = 5.0


#: Rules that came after the first version of the protocol.
_LATER: Final = (
    "unreadable",
    "clinical_text",
    "training",
    "training_loss_points",
    "training_share",
    "training_adc_percent",
)


class StudyProtocol(FrozenModel):
    """Everything that a study decides before the first reading.

    Attributes
    ----------
    protocol : Protocol
        What is measured and how it is graded.
    study : StudyRules
        How the cases are read.
    """

    schema_id: Literal["napari-vcf/protocol"] = "napari-vcf/protocol"
    schema_version: Literal["1.2.0"] = "1.2.0"
    protocol: Protocol
    study: StudyRules = StudyRules()

    @model_validator(mode="before")
    @classmethod
    def _sealed(cls, values: Any) -> Any:
        """In a study the stages close behind the reader, unless the file says otherwise, which is then refused."""
        if isinstance(values, dict) and isinstance(values.get("protocol"), dict):
            rules = values.get("study")
            stated = {key: rules[key] for key in ("form_version",) if isinstance(rules, dict) and key in rules}
            return {**values, "protocol": {"staging": "sealed", **stated, **values["protocol"]}}
        return values

    @model_validator(mode="after")
    def _check(self) -> StudyProtocol:
        if self.protocol.staging != "sealed":
            raise ValueError("protocol.staging must be 'sealed' in a study")
        if self.protocol.form_version != self.study.form_version:
            raise ValueError(
                f"study.form_version is '{self.study.form_version}' and protocol.form_version "
                f"'{self.protocol.form_version}'; the study has one form"
            )
        return self

    @property
    def sha256(self) -> str:
        """Hash of its content, independent of how the file was written."""
        # The rules of the study name the form already. What came later counts where it is not the default, so that the
        # hash of an older protocol stays.
        rules = StudyRules()
        later = {name for name in _LATER if getattr(self.study, name) == getattr(rules, name)}
        unknown = {"form_version", *self.protocol.later_decisions()}
        content = self.model_dump(mode="json", exclude={"protocol": unknown, "study": later})
        # How a file is written is no decision.
        content["schema_version"] = _FIRST
        return sha256_of(canonical_json(content))


def parse_protocol(text: str, name: str) -> StudyProtocol:
    """Read a protocol from the text of its file.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        The file's name, for sentences.

    Returns
    -------
    StudyProtocol

    Raises
    ------
    StudyError
        If it is no TOML, or says something that a study cannot do; every wrong place is named.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(say("The protocol file {name} is not TOML: {error}.", name=name, error=error)) from error
    except RecursionError as error:
        raise StudyError(say("The protocol file {name} is nested too deeply to be a protocol.", name=name)) from error
    try:
        return StudyProtocol.model_validate(migrated(document))
    except ValidationError as error:
        places = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors(include_url=False)]
        raise StudyError(
            say("The protocol file {name} cannot be used: {places}.", name=name, places="; ".join(places))
        ) from error


def read_protocol(path: Path | str) -> StudyProtocol:
    """Read a protocol file; see `parse_protocol`."""
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(say("The protocol file {source} cannot be read.", source=source.name)) from error
    return parse_protocol(text, source.name)


def protocol_template() -> str:
    """A protocol file with the default of every decision, to start from."""
    return protocol_file(StudyProtocol(protocol=Protocol(staging="sealed")))


def protocol_file(decided: StudyProtocol) -> str:
    """The text of a protocol file that says what a protocol decides."""
    lines = ['schema_id = "napari-vcf/protocol"', 'schema_version = "1.2.0"', "", "[protocol]"]
    content = decided.protocol.model_dump(mode="json")
    items = content.pop("stage_items")
    # It stands among the study's rules.
    del content["form_version"]
    for key, value in content.items():
        lines += [f"# {line}" for line in _COMMENTS.get(key, ())] + [f"{key} = {_toml(value)}"]
    lines += ["", "[protocol.stage_items]"]
    lines += [f"{key} = {_toml(value)}" for key, value in items.items()]
    lines += ["", "[study]"]
    for key, value in decided.study.model_dump(mode="json").items():
        lines += [f"# {line}" for line in _COMMENTS.get(key, ())] + [f"{key} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    # Text, numbers, booleans and flat lists read the same in TOML and in JSON.
    return canonical_json(value)
