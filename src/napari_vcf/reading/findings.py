"""The items of the form, their values, and the words that the screen shows for them.

Keys and values are those of Zhao et al.; a value is stored exactly as written here. Nothing here, or elsewhere in the
program, says which value speaks for a benign or a malignant fracture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, joined, say
from napari_vcf.measure.cuts import EXTENT_CUTS
from napari_vcf.reading.measured_items import ADC, DEGREE, EXTENT, Measurement
from napari_vcf.records.base import STAGES, Stage

__all__ = [
    "EXTENT_VISUAL",
    "FORMS",
    "ITEMS",
    "LESION_PATTERN",
    "NOT_ASSESSABLE",
    "NO_LESION",
    "REASONS",
    "FormVersion",
    "Item",
    "extent_by_eye",
    "item_of_table",
    "items_by_default",
    "table_name",
    "value_words",
]

#: The extent that is estimated by eye.
EXTENT_VISUAL = "lesion_extent_visual"
#: The item by which a reader says that there is no lesion, and its value that says so.
LESION_PATTERN, NO_LESION = "lesion_pattern", "none"
#: Takes the place of a value; always with a reason.
NOT_ASSESSABLE = "not_assessable"
_NO_SEQUENCE, _NO_CONTRAST = say("sequence not available"), say("no contrast medium given")
#: Reasons offered; any other can be typed.
REASONS = (
    say("not in the field of view"),
    _NO_SEQUENCE,
    _NO_CONTRAST,
    say("artefact"),
    say("image quality too low"),
)

#: Asked again where both are seen together: what each shows a part of.
_ALL: tuple[Stage, ...] = STAGES
_EACH: tuple[Stage, ...] = ("ct", "mri")
_MRI: tuple[Stage, ...] = ("mri",)
_CT: tuple[Stage, ...] = ("ct",)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the form.

    Attributes
    ----------
    key : str
        Name in the record.
    label : str
        Name on the screen.
    values : tuple of str, or of int
        Allowed answers, in their order; empty where the value comes from a measurement and a reader may only say that
        it is not assessable.
    stages : tuple of str
        Stages in which the item is asked by default.
    help : str
        A sentence for the tooltip.
    ordinal : bool
        Whether the order of the values means something.
    measurement : Measurement or None
        Where the value comes from, if not from the reader.
    estimates : str
        Key of the measured item that this one estimates by eye; its value is hidden until the estimate is given.
    anchors : tuple of str
        What each value stands for, where it is only a number; empty elsewhere.
    shown_by : tuple of Role
        Roles of the images of which one is needed to answer it; empty where any shows it.
    reason_without : str
        Why it is not assessable where there is no such image.
    only_where_shown : bool
        Whether it is not asked where there is certainly no such image, unless the protocol says so.
    """

    key: str
    label: str
    values: tuple[str, ...] | tuple[int, ...]
    stages: tuple[Stage, ...]
    help: str
    ordinal: bool = False
    measurement: Measurement | None = None
    estimates: str = ""
    anchors: tuple[str, ...] = ()
    shown_by: tuple[Role, ...] = ()
    reason_without: str = ""
    only_where_shown: bool = False

    def anchor(self, value: str | int) -> str:
        """What a value stands for; empty where it says so itself."""
        return dict(zip(self.values, self.anchors, strict=False)).get(value, "")

    def words(self, value: str | int) -> str:
        """A value as a reader reads it; a number with what it stands for."""
        anchor = self.anchor(value)
        return joined(" ", (value_words(value), anchor)) if anchor else value_words(value)

    @property
    def measured(self) -> bool:
        """Whether the value comes from a measurement."""
        return self.measurement is not None

    @property
    def outcomes(self) -> tuple[str, ...] | tuple[int, ...]:
        """What the item may come to, answered or measured, in order; empty for a number."""
        return self.values if self.measurement is None else self.measurement.grades

    @property
    def ordered(self) -> bool:
        """Whether the order of the outcomes means something, as it does for every grade that is measured."""
        return self.ordinal or self.measurement is not None

    @property
    def may_be_left_open(self) -> bool:
        """Whether a reader may say that it is not assessable; a confidence of 3 says it of a verdict."""
        return self.key not in ("verdict", "confidence")

    def offers(self, value: str | int) -> bool:
        """Whether a value is one of its answers."""
        # bool is an int in Python, and True == 1: compare the type as well.
        return any(type(known) is type(value) and known == value for known in self.values)


def value_words(value: str | int) -> str:
    """A value of any item as words; names of sequences keep their capital.

    Parameters
    ----------
    value : str or int
        As it is stored.

    Returns
    -------
    str
        For example "T1 low signal" of ``t1_low_signal``.
    """
    words = re.sub(r"\bt([12])\b", r"T\1", str(value).replace("_", " "))
    return words if isinstance(value, int) else Sentence(words)


_YES_NO = ("yes", "no")


def extent_by_eye(cuts: tuple[str, str, str]) -> str:
    """What is asked of the eye, by the cuts between the grades: it is compared with what is graded by the same."""
    first, second, third = cuts
    return say(
        "Your own estimate of the share of the body's marrow with abnormal signal: G1 below {first}, "
        "G2 {first} to {second}, G3 {second} to {third}, G4 entire. It is kept beside the measured grade.",
        first=first,
        second=second,
        third=third,
    )


ITEMS: dict[str, Item] = {
    item.key: item
    for item in (
        Item(
            "compression_degree",
            say("Degree of compression"),
            (),
            _EACH,
            say("I to III, from the calipers. Say 'not assessable' only where the heights cannot be measured."),
            measurement=DEGREE,
        ),
        Item(
            EXTENT_VISUAL,
            say("Extent of the lesion, by eye"),
            ("G1", "G2", "G3", "G4"),
            _MRI,
            extent_by_eye(EXTENT_CUTS),
            ordinal=True,
            estimates="lesion_extent",
        ),
        Item(
            "lesion_extent",
            say("Extent of the lesion, measured"),
            (),
            _MRI,
            say("G1 to G4, from the painted masks. Say 'not assessable' only where the lesion cannot be painted."),
            measurement=EXTENT,
        ),
        Item(
            LESION_PATTERN,
            say("Pattern of the lesion"),
            (NO_LESION, "localized_scattered", "uniform_infiltration", "entire"),
            _MRI,
            say("How the abnormal marrow signal is spread over the body."),
        ),
        Item(
            "lesion_location",
            say("Location of the lesion"),
            ("adjacent_to_endplate", "anterior_or_posterior_margin"),
            _ALL,
            say("Where in the vertebral body the lesion lies."),
        ),
        Item(
            "post_compression_contour",
            say("Contour after compression"),
            ("normal_or_depressed", "outward_bulging"),
            _ALL,
            say("Shape of the edge of the compressed body."),
        ),
        Item(
            "paravertebral_soft_tissue_invasion",
            say("Paravertebral soft tissue invaded"),
            _YES_NO,
            _ALL,
            say("Whether tissue around the vertebra is invaded."),
        ),
        Item(
            "pedicle_invasion",
            say("Pedicle"),
            ("not_invaded", "invaded", "not_clearly_visible"),
            _ALL,
            say("Morphology of the pedicles (one table of the source calls the same item vertebral vein morphology)."),
        ),
        Item(
            "pedicle_signal",
            say("Signal of the pedicle"),
            ("t1_low_signal", "destruction"),
            _MRI,
            say("Signal change or destruction of the pedicle on MRI."),
        ),
        Item(
            "enhancement",
            say("Enhancement"),
            ("flocculent", "nodular"),
            _MRI,
            say("After contrast medium. Not assessable where none was given."),
            shown_by=(Role.T1C, Role.T1FSC),
            reason_without=_NO_CONTRAST,
            only_where_shown=True,
        ),
        Item(
            "signal_dwi",
            say("Signal on DWI"),
            ("high", "low"),
            _MRI,
            say("Signal of the lesion on the high b-value image."),
            shown_by=(Role.DWI,),
            reason_without=_NO_SEQUENCE,
        ),
        Item("signal_t1_low", say("Low signal on T1"), _YES_NO, _MRI, say("Whether the lesion is dark on T1.")),
        Item("signal_t2_low", say("Low signal on T2"), _YES_NO, _MRI, say("Whether the lesion is dark on T2.")),
        Item(
            "adc",
            say("ADC of lesion and normal marrow"),
            (),
            _MRI,
            say("From the ROIs of locked size. Say 'not assessable' only where no ROI can be placed."),
            measurement=ADC,
        ),
        Item(
            "cortical_destruction",
            say("Cortex destroyed"),
            _YES_NO,
            _CT,
            say("Destruction of the cortical bone on CT."),
        ),
        Item(
            "posterior_cortex_fracture_line",
            say("Fracture line in the posterior cortex"),
            _YES_NO,
            _CT,
            say("A fracture line through the posterior cortex on CT."),
        ),
        Item(
            "pedicle_osteolysis",
            say("Osteolysis of the pedicle"),
            _YES_NO,
            _CT,
            say("Lytic change of a pedicle on CT."),
        ),
        Item("verdict", say("Verdict"), ("benign", "malignant"), _ALL, say("Your verdict from this stage alone.")),
        Item(
            "confidence",
            say("Confidence"),
            (1, 2, 3, 4, 5),
            _ALL,
            say("How sure you are of the verdict, from 1 definitely benign to 5 definitely malignant."),
            ordinal=True,
            anchors=(
                say("definitely benign"),
                say("probably benign"),
                say("uncertain"),
                say("probably malignant"),
                say("definitely malignant"),
            ),
        ),
    )
}


#: Items of the second form whose answers differ from the first one's.
_CHANGED: tuple[Item, ...] = (
    replace(
        ITEMS["pedicle_signal"],
        values=("normal", "t1_low_signal", "destruction"),
        help=say("Signal change or destruction of the pedicle on MRI, or normal signal."),
    ),
    replace(
        ITEMS["enhancement"],
        values=("none", "flocculent", "nodular"),
        help=say(
            "After contrast medium: none where the lesion takes nothing up. Not assessable where it was not given."
        ),
    ),
    replace(ITEMS["signal_dwi"], values=("high", "iso", "low")),
)

FormVersion = Literal["1", "2"]
#: The forms by their version: the paper's, and one that lets a reader say of three signs that there is nothing to see.
FORMS: dict[FormVersion, dict[str, Item]] = {"1": ITEMS, "2": {**ITEMS, **{item.key: item for item in _CHANGED}}}


def table_name(key: str, form: FormVersion) -> str:
    """Name of an item in a table of readings: its key, and the form where its answers are not those of the first form.

    Parameters
    ----------
    key : str
        Key of the item.
    form : {"1", "2"}
        Version of the form by which it was answered.

    Returns
    -------
    str
        For example ``"signal_dwi@2"``, so that answers by two forms are never counted as one item.
    """
    return key if FORMS[form].get(key) == ITEMS.get(key) else f"{key}@{form}"


def item_of_table(name: str) -> Item | None:
    """The item of the form by its name in a table of readings; None for what no form asks."""
    key, _, form = name.partition("@")
    forms = [items for version, items in FORMS.items() if version == (form or "1")]
    return forms[0].get(key) if forms else None


def items_by_default(stages: Sequence[Stage], *, carry: bool = False) -> dict[Stage, tuple[str, ...]]:
    """Keys of the items that are asked by default in each stage, in the order of the form.

    Parameters
    ----------
    stages : sequence of {"ct", "mri", "combined"}
        Stages of the reading. What one examination shows is asked in its own stage, and with both together only where
        that stage is not read.
    carry : bool
        Whether what was drawn on each examination is carried to both together, where it is measured once more then.

    Returns
    -------
    dict of str to tuple of str
        For every stage there is, read or not.
    """

    def asked(item: Item, stage: Stage) -> bool:
        if stage in item.stages:
            return True
        return stage == "combined" and (not set(item.stages) & set(stages) or (carry and _of_measuring(item)))

    return {stage: tuple(item.key for item in ITEMS.values() if asked(item, stage)) for stage in STAGES}


def _of_measuring(item: Item) -> bool:
    """Whether an item is measured, is the estimate that comes before, or says that there is nothing to measure."""
    return item.measured or bool(item.estimates) or item.key == LESION_PATTERN
