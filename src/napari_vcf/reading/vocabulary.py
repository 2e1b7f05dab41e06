"""The items of the form, their values, and the words that the screen shows for them.

Keys and values are those of Zhao et al.; a value is stored exactly as written here. Nothing here, or elsewhere in the
program, says which value speaks for a benign or a malignant fracture.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_vcf.records.base import STAGES, Stage

__all__ = ["ITEMS", "NOT_ASSESSABLE", "Item", "items_of_stage"]

#: Takes the place of a value; always with a reason.
NOT_ASSESSABLE = "not_assessable"

_ALL: tuple[Stage, ...] = STAGES
_WITH_MRI: tuple[Stage, ...] = ("mri", "combined")
_WITH_CT: tuple[Stage, ...] = ("ct", "combined")


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
    """

    key: str
    label: str
    values: tuple[str, ...] | tuple[int, ...]
    stages: tuple[Stage, ...]
    help: str
    ordinal: bool = False

    @property
    def measured(self) -> bool:
        """Whether the value comes from a measurement."""
        return not self.values

    @property
    def may_be_left_open(self) -> bool:
        """Whether a reader may say that it is not assessable; a confidence of 3 says it of a verdict."""
        return self.key not in ("verdict", "confidence")

    def offers(self, value: str | int) -> bool:
        """Whether a value is one of its answers."""
        # bool is an int in Python, and True == 1: compare the type as well.
        return any(type(known) is type(value) and known == value for known in self.values)


_YES_NO = ("yes", "no")

ITEMS: dict[str, Item] = {
    item.key: item
    for item in (
        Item(
            "compression_degree",
            "Degree of compression",
            (),
            _ALL,
            "I to III, from the calipers. Say 'not assessable' only where the heights cannot be measured.",
        ),
        Item(
            "lesion_extent_visual",
            "Extent of the lesion, by eye",
            ("G1", "G2", "G3", "G4"),
            _WITH_MRI,
            "Your own estimate of the share of the body's marrow with abnormal signal: G1 below 1/4, G2 1/4 to 2/4, "
            "G3 2/4 to 3/4, G4 entire. It is kept beside the measured grade.",
            ordinal=True,
        ),
        Item(
            "lesion_extent",
            "Extent of the lesion, measured",
            (),
            _WITH_MRI,
            "G1 to G4, from the painted masks. Say 'not assessable' only where the lesion cannot be painted.",
        ),
        Item(
            "lesion_pattern",
            "Pattern of the lesion",
            ("none", "localized_scattered", "uniform_infiltration", "entire"),
            _WITH_MRI,
            "How the abnormal marrow signal is spread over the body.",
        ),
        Item(
            "lesion_location",
            "Location of the lesion",
            ("adjacent_to_endplate", "anterior_or_posterior_margin"),
            _ALL,
            "Where in the vertebral body the lesion lies.",
        ),
        Item(
            "post_compression_contour",
            "Contour after compression",
            ("normal_or_depressed", "outward_bulging"),
            _ALL,
            "Shape of the edge of the compressed body.",
        ),
        Item(
            "paravertebral_soft_tissue_invasion",
            "Paravertebral soft tissue invaded",
            _YES_NO,
            _ALL,
            "Whether tissue around the vertebra is invaded.",
        ),
        Item(
            "pedicle_invasion",
            "Pedicle",
            ("not_invaded", "invaded", "not_clearly_visible"),
            _ALL,
            "Morphology of the pedicles (one table of the source calls the same item vertebral vein morphology).",
        ),
        Item(
            "pedicle_signal",
            "Signal of the pedicle",
            ("t1_low_signal", "destruction"),
            _WITH_MRI,
            "Signal change or destruction of the pedicle on MRI.",
        ),
        Item(
            "enhancement",
            "Enhancement",
            ("flocculent", "nodular"),
            _WITH_MRI,
            "After contrast medium. Not assessable where none was given.",
        ),
        Item(
            "signal_dwi", "Signal on DWI", ("high", "low"), _WITH_MRI, "Signal of the lesion on the high b-value image."
        ),
        Item("signal_t1_low", "Low signal on T1", _YES_NO, _WITH_MRI, "Whether the lesion is dark on T1."),
        Item("signal_t2_low", "Low signal on T2", _YES_NO, _WITH_MRI, "Whether the lesion is dark on T2."),
        Item(
            "adc",
            "ADC of lesion and normal marrow",
            (),
            _WITH_MRI,
            "From the ROIs of locked size. Say 'not assessable' only where no ROI can be placed.",
        ),
        Item("cortical_destruction", "Cortex destroyed", _YES_NO, _WITH_CT, "Destruction of the cortical bone on CT."),
        Item(
            "posterior_cortex_fracture_line",
            "Fracture line in the posterior cortex",
            _YES_NO,
            _WITH_CT,
            "A fracture line through the posterior cortex on CT.",
        ),
        Item("pedicle_osteolysis", "Osteolysis of the pedicle", _YES_NO, _WITH_CT, "Lytic change of a pedicle on CT."),
        Item("verdict", "Verdict", ("benign", "malignant"), _ALL, "Your verdict from this stage alone."),
        Item(
            "confidence",
            "Confidence",
            (1, 2, 3, 4, 5),
            _ALL,
            "1 definitely benign, 2 probably benign, 3 uncertain, 4 probably malignant, 5 definitely malignant.",
            ordinal=True,
        ),
    )
}


def items_of_stage(stage: Stage) -> tuple[Item, ...]:
    """Items that are asked in a stage by default, in the order of the form."""
    return tuple(item for item in ITEMS.values() if stage in item.stages)
