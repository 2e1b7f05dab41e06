"""Codes of what a reading holds: standard ones wherever there are, else the private scheme ``99VCF``.

Standard codes are those of DICOM PS3.16 (DCM), SNOMED CT (SCT), LOINC (LN) and UCUM. None was found for height loss,
degree of compression, extent grade and most signs of the form. A code, once published, keeps its meaning for ever: new
ones are added, none is re-used.
"""

from __future__ import annotations

from typing import Final

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

__all__ = [
    "DERIVATIONS",
    "ITEM_CODES",
    "LEVEL_CODES",
    "NUMBER_CODES",
    "POSITION_CODES",
    "PRIVATE_SCHEME",
    "SCHEME_NAME",
    "TEXT_CODES",
    "UNIT_CODES",
    "VALUE_CODES",
    "level_code",
    "value_code",
]

#: "99" marks a private scheme (DICOM PS3.16, section 8.2).
PRIVATE_SCHEME: Final = "99VCF"
SCHEME_NAME: Final = "napari-vcf structured reading"


def _private(value: str, meaning: str) -> Code:
    return Code(value, PRIVATE_SCHEME, meaning)


#: C1 to L5; DICOM and SNOMED CT have none for T13 and L6, which are said in text.
LEVEL_CODES: Final[dict[str, Code]] = {
    level: getattr(codes.SCT, f"{level}Vertebra")
    for level in (*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)))
}

POSITION_CODES: Final[dict[str, Code]] = {
    "anterior": codes.SCT.Anterior,
    # SNOMED CT's "central" is the middle of a structure.
    "middle": codes.SCT.Central,
    "posterior": codes.SCT.Posterior,
}

UNIT_CODES: Final[dict[str, Code]] = {
    "mm": Code("mm", "UCUM", "millimeter"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "cm3": Code("cm3", "UCUM", "cubic centimeter"),
    "um2/s": Code("um2/s", "UCUM", "square micrometer per second"),
    "deg": Code("deg", "UCUM", "degree"),
    "1": Code("1", "UCUM", "no units"),
}

#: Statistics of the ADC: one concept, told apart by its derivation.
DERIVATIONS: Final[dict[str, Code]] = {
    "mean": codes.SCT.Mean,
    "sd": codes.SCT.StandardDeviation,
    "min": codes.SCT.Minimum,
    "max": codes.SCT.Maximum,
}

NUMBER_CODES: Final[dict[str, Code]] = {
    "height": codes.DCM.Height,
    "adc": codes.DCM.ApparentDiffusionCoefficient,
    "volume": codes.SCT.Volume,
    "area": codes.SCT.Area,
    "loss": _private("101", "Vertebral height loss"),
    "reference_height": _private("102", "Reference height of the vertebra"),
    "graded_loss": _private("103", "Vertebral height loss that is graded"),
    "distance_to_cut": _private("104", "Distance to the nearest cut between grades"),
    "voxels": _private("110", "Number of voxels"),
    "fraction": _private("111", "Share of the vertebral body taken by the lesion"),
    "mid_slice_fraction": _private("112", "Share on the mid-sagittal slice"),
    "effective_n": _private("120", "Effective number of voxels"),
    "center_mean": _private("121", "Mean over voxels whose centre lies inside"),
    "angle": _private("122", "Angle of the region's long side"),
    "endplate_deviation": _private("123", "Angle between region and endplates"),
    "within_cv": _private("124", "Within-subject coefficient of variation"),
    "center_spread": _private("125", "Spread of the regions' centres"),
    "ratio": _private("126", "Ratio of lesion to normal marrow"),
    "placements": _private("127", "Number of placements"),
    "between_sd": _private("128", "Standard deviation of the placements' means"),
}

TEXT_CODES: Final[dict[str, Code]] = {
    "not_assessable": _private("150", "Reason why it is not assessable"),
    "level": _private("151", "Vertebra without a code"),
    "study": _private("152", "Study"),
    "case": _private("153", "Case"),
    "protocol_sha256": _private("154", "SHA-256 of the protocol"),
    "reading_sha256": _private("155", "SHA-256 of the exported reading"),
    "intended_use": _private("156", "Intended use"),
    "status": _private("157", "Status of the reading"),
    "rule": _private("158", "Rule of the reference height"),
    "carried": _private("159", "Carried from a stage that was signed before"),
    "occasion": _private("160", "Occasion on which the reader read it, 2 for the second time"),
    "version": _private("161", "Version of the reading"),
    "amends": _private("162", "Version that it amends, and why"),
    "continues": _private("163", "Document that it goes on from"),
}

#: Items of the form, the measured ones included.
ITEM_CODES: Final[dict[str, Code]] = {
    "compression_degree": _private("201", "Degree of vertebral compression"),
    "lesion_extent": _private("202", "Extent of the lesion, measured"),
    "lesion_extent_visual": _private("203", "Extent of the lesion, by eye"),
    "lesion_pattern": _private("204", "Pattern of the lesion"),
    "lesion_location": _private("205", "Location of the lesion"),
    "post_compression_contour": _private("206", "Contour after compression"),
    "paravertebral_soft_tissue_invasion": _private("207", "Invasion of paravertebral soft tissue"),
    "pedicle_invasion": _private("208", "Invasion of the pedicle"),
    "pedicle_signal": _private("209", "Signal of the pedicle"),
    "enhancement": _private("210", "Enhancement after contrast medium"),
    "signal_dwi": _private("211", "Signal on diffusion-weighted images"),
    "signal_t1_low": _private("212", "Low signal on T1"),
    "signal_t2_low": _private("213", "Low signal on T2"),
    "adc": _private("214", "ADC of lesion and normal marrow"),
    "cortical_destruction": _private("215", "Destruction of the cortex"),
    "posterior_cortex_fracture_line": _private("216", "Fracture line in the posterior cortex"),
    "pedicle_osteolysis": _private("217", "Osteolysis of the pedicle"),
    "verdict": _private("218", "Verdict"),
    "confidence": _private("219", "Confidence, from 1 definitely benign to 5 definitely malignant"),
    "graded": _private("230", "Whether this definition is the one that is graded"),
    "borderline": _private("231", "Whether the value lies near a cut"),
    "entire": _private("232", "Whether the body is entirely involved"),
}

#: Values of the form. The same word has the same code in every item.
VALUE_CODES: Final[dict[str, Code]] = {
    "yes": codes.SCT.Yes,
    "no": codes.SCT.No,
    "benign": codes.SCT.Benign,
    "malignant": codes.SCT.Malignant,
    "not_assessable": _private("300", "Not assessable"),
    "I": _private("301", "Degree I"),
    "II": _private("302", "Degree II"),
    "III": _private("303", "Degree III"),
    "G1": _private("304", "G1"),
    "G2": _private("305", "G2"),
    "G3": _private("306", "G3"),
    "G4": _private("307", "G4"),
    "none": _private("308", "None"),
    "localized_scattered": _private("309", "Localized or scattered"),
    "uniform_infiltration": _private("310", "Uniform infiltration"),
    "entire": _private("311", "Entire"),
    "adjacent_to_endplate": _private("312", "Adjacent to the endplate"),
    "anterior_or_posterior_margin": _private("313", "At the anterior or posterior margin"),
    "normal_or_depressed": _private("314", "Normal or depressed"),
    "outward_bulging": _private("315", "Bulging outward"),
    "not_invaded": _private("316", "Not invaded"),
    "invaded": _private("317", "Invaded"),
    "not_clearly_visible": _private("318", "Not clearly visible"),
    "t1_low_signal": _private("319", "Low signal on T1"),
    "destruction": _private("320", "Destruction"),
    "flocculent": _private("321", "Flocculent"),
    "nodular": _private("322", "Nodular"),
    "high": _private("323", "High"),
    "low": _private("324", "Low"),
    "normal": _private("325", "Normal"),
    "iso": _private("326", "Isointense"),
    "1": _private("331", "1: definitely benign"),
    "2": _private("332", "2: probably benign"),
    "3": _private("333", "3: uncertain"),
    "4": _private("334", "4: probably malignant"),
    "5": _private("335", "5: definitely malignant"),
}


def level_code(level: str) -> Code | None:
    """Code of a vertebra; None for T13 and L6, which have none."""
    return LEVEL_CODES.get(level)


def value_code(value: str | int) -> Code:
    """Code of a value of the form.

    Raises
    ------
    KeyError
        If there is none, which is a defect: each value of the vocabulary has one.
    """
    return VALUE_CODES[str(value)]
