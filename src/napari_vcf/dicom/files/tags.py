"""The DICOM elements that are read, by tag, with the value representation they have where a file does not say it.

Everything else in a header is skipped unread: it is faster, and identity that is never read cannot leak. The
four among them that identify a patient are taken out of the header again as soon as they are read.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BLOCKS", "PIXEL_TAGS", "PRIVATE", "VR_OF"]

#: Tag -> value representation. Private elements are listed at the block (xx10) in which their vendor writes them; who
#: wrote the block is checked where they are used.
VR_OF: Final[dict[int, str]] = {
    0x00020010: "UI",  # Transfer Syntax UID
    0x00041220: "SQ",  # Directory Record Sequence
    0x00041500: "CS",  # Referenced File ID
    0x00080005: "CS",  # Specific Character Set
    0x00080008: "CS",  # Image Type
    0x00080016: "UI",  # SOP Class UID
    0x00080018: "UI",  # SOP Instance UID
    0x0008002A: "DT",  # Acquisition DateTime
    0x00080032: "TM",  # Acquisition Time
    0x00080033: "TM",  # Content Time
    0x00080060: "CS",  # Modality
    0x00080070: "LO",  # Manufacturer
    0x00080100: "SH",  # Code Value
    0x00080102: "SH",  # Coding Scheme Designator
    0x00080104: "LO",  # Code Meaning
    0x0008103E: "LO",  # Series Description
    0x00089007: "CS",  # Frame Type
    0x00089205: "CS",  # Pixel Presentation
    0x00089206: "CS",  # Volumetric Properties
    0x00089208: "CS",  # Complex Image Component
    0x00089209: "CS",  # Acquisition Contrast
    0x00100010: "PN",  # Patient's Name; this and the next three are only ever compared, see `patient`
    0x00100020: "LO",  # Patient ID
    0x00100030: "DA",  # Patient's Birth Date
    0x00100040: "CS",  # Patient's Sex
    0x00180010: "LO",  # Contrast/Bolus Agent
    0x00180012: "SQ",  # Contrast/Bolus Agent Sequence
    0x00180020: "CS",  # Scanning Sequence
    0x00180021: "CS",  # Sequence Variant
    0x00180022: "CS",  # Scan Options
    0x00180024: "SH",  # Sequence Name
    0x00180050: "DS",  # Slice Thickness
    0x00180060: "DS",  # KVP
    0x00180080: "DS",  # Repetition Time
    0x00180081: "DS",  # Echo Time
    0x00180082: "DS",  # Inversion Time
    0x00180086: "IS",  # Echo Number(s)
    0x00180087: "DS",  # Magnetic Field Strength
    0x00180088: "DS",  # Spacing Between Slices
    0x00181030: "LO",  # Protocol Name
    0x00181042: "TM",  # Contrast/Bolus Start Time
    0x00181060: "DS",  # Trigger Time
    0x00181100: "DS",  # Reconstruction Diameter
    0x00181120: "DS",  # Gantry/Detector Tilt
    0x00181160: "SH",  # Filter Type
    0x00181210: "SH",  # Convolution Kernel
    0x00181314: "DS",  # Flip Angle
    0x00189005: "SH",  # Pulse Sequence Name
    0x00189008: "CS",  # Echo Pulse Sequence
    0x00189009: "CS",  # Inversion Recovery
    0x00189018: "CS",  # Echo Planar Pulse Sequence
    0x00189020: "CS",  # Magnetization Transfer
    0x00189025: "CS",  # Spectrally Selected Suppression
    0x00189026: "CS",  # Spectrally Selected Excitation
    0x00189074: "DT",  # Frame Acquisition DateTime
    0x00189075: "CS",  # Diffusion Directionality
    0x00189076: "SQ",  # Diffusion Gradient Direction Sequence
    0x00189079: "FD",  # Inversion Times
    0x00189082: "FD",  # Effective Echo Time
    0x00189087: "FD",  # Diffusion b-value
    0x00189089: "FD",  # Diffusion Gradient Orientation
    0x00189112: "SQ",  # MR Timing and Related Parameters Sequence
    0x00189114: "SQ",  # MR Echo Sequence
    0x00189115: "SQ",  # MR Modifier Sequence
    0x00189117: "SQ",  # MR Diffusion Sequence
    0x00189226: "SQ",  # MR Image Frame Type Sequence
    0x00189314: "SQ",  # CT Reconstruction Sequence
    0x00189329: "SQ",  # CT Image Frame Type Sequence
    0x00190010: "LO",  # Private creators
    0x0019100A: "US",  # Siemens: number of images in mosaic
    0x0019100C: "IS",  # Siemens: b-value
    0x0019100D: "CS",  # Siemens: diffusion directionality
    0x0019100E: "FD",  # Siemens: diffusion gradient direction
    0x001910BB: "DS",  # GE: diffusion direction x
    0x001910BC: "DS",  # GE: diffusion direction y
    0x001910BD: "DS",  # GE: diffusion direction z
    0x0020000D: "UI",  # Study Instance UID
    0x0020000E: "UI",  # Series Instance UID
    0x00200011: "IS",  # Series Number
    0x00200012: "IS",  # Acquisition Number
    0x00200013: "IS",  # Instance Number
    0x00200032: "DS",  # Image Position (Patient)
    0x00200037: "DS",  # Image Orientation (Patient)
    0x00200052: "UI",  # Frame of Reference UID
    0x00204000: "LT",  # Image Comments (Canon writes its b-values there)
    0x00200100: "IS",  # Temporal Position Identifier
    0x00209056: "SH",  # Stack ID
    0x00209057: "UL",  # In-Stack Position Number
    0x00209111: "SQ",  # Frame Content Sequence
    0x00209113: "SQ",  # Plane Position Sequence
    0x00209116: "SQ",  # Plane Orientation Sequence
    0x00209128: "UL",  # Temporal Position Index
    0x00209156: "US",  # Frame Acquisition Number
    0x00209157: "UL",  # Dimension Index Values
    0x00209170: "SQ",  # Unassigned Shared Converted Attributes Sequence
    0x00209171: "SQ",  # Unassigned Per-frame Converted Attributes Sequence
    0x00280002: "US",  # Samples per Pixel
    0x00280004: "CS",  # Photometric Interpretation
    0x00280008: "IS",  # Number of Frames
    0x00280010: "US",  # Rows
    0x00280011: "US",  # Columns
    0x00280030: "DS",  # Pixel Spacing
    0x00280100: "US",  # Bits Allocated
    0x00280101: "US",  # Bits Stored
    0x00280102: "US",  # High Bit
    0x00280103: "US",  # Pixel Representation
    0x00280120: "US",  # Pixel Padding Value
    0x00280121: "US",  # Pixel Padding Range Limit
    0x00280122: "FL",  # Float Pixel Padding Value
    0x00280123: "FD",  # Double Float Pixel Padding Value
    0x00280124: "FL",  # Float Pixel Padding Range Limit
    0x00280125: "FD",  # Double Float Pixel Padding Range Limit
    0x00281052: "DS",  # Rescale Intercept
    0x00281053: "DS",  # Rescale Slope
    0x00281054: "LO",  # Rescale Type
    0x00282110: "CS",  # Lossy Image Compression
    0x00283000: "SQ",  # Modality LUT Sequence
    0x00283002: "US",  # LUT Descriptor
    0x00283003: "LO",  # LUT Explanation
    0x00283004: "LO",  # Modality LUT Type
    0x00283006: "OW",  # LUT Data
    0x00289110: "SQ",  # Pixel Measures Sequence
    0x00289145: "SQ",  # Pixel Value Transformation Sequence
    0x00290010: "LO",  # Private creators of group 0029
    0x00291010: "OB",  # Siemens: CSA image header
    0x004008EA: "SQ",  # Measurement Units Code Sequence
    0x00409094: "SQ",  # Referenced Image Real World Value Mapping Sequence
    0x00409092: "SQ",  # Parametric Map Frame Type Sequence
    0x00409096: "SQ",  # Real World Value Mapping Sequence
    0x00409210: "SH",  # LUT Label
    0x00409211: "US",  # Real World Value Last Value Mapped
    0x00409212: "FD",  # Real World Value LUT Data
    0x00409213: "FD",  # Double Float Real World Value Last Value Mapped
    0x00409214: "FD",  # Double Float Real World Value First Value Mapped
    0x00409216: "US",  # Real World Value First Value Mapped
    0x00409224: "FD",  # Real World Value Intercept
    0x00409225: "FD",  # Real World Value Slope
    0x00430010: "LO",  # Private creator of group 0043
    0x0043102F: "SS",  # GE: image kind (0 magnitude, 1 phase, 2 real, 3 imaginary)
    0x00431039: "IS",  # GE: b-value and more
    0x00541001: "CS",  # Units
    0x00650010: "LO",  # Private creator of group 0065
    0x60000102: "US",  # Overlay Bit Position
    0x00651009: "FD",  # United Imaging: b-value
    0x00651037: "FD",  # United Imaging: diffusion direction
    0x00651051: "SQ",  # United Imaging: the slices of a mosaic
    0x20010010: "LO",  # Private creator
    0x20011003: "FL",  # Philips: b-value
    0x20011004: "CS",  # Philips: diffusion direction (I isotropic = trace, O oblique, ...)
    0x20011020: "LO",  # Philips: scanning technique
    0x20050010: "LO",  # Private creator
    0x20051413: "IS",  # Philips: number of the gradient direction
    0x20051596: "IS",  # Philips: number of the diffusion volume
    0x200510B0: "FL",  # Philips: diffusion direction RL
    0x200510B1: "FL",  # Philips: diffusion direction AP
    0x200510B2: "FL",  # Philips: diffusion direction FH
    0x52009229: "SQ",  # Shared Functional Groups Sequence
    0x52009230: "SQ",  # Per-frame Functional Groups Sequence
}

#: Pixel Data, Float Pixel Data, Double Float Pixel Data.
PIXEL_TAGS: Final = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009})

#: Blocks that a vendor's private elements are looked for in.
BLOCKS: Final = (0x10, 0x11, 0x12, 0x13)
#: (group, beginning of the creator's name in capitals) -> numbers of the elements that are read.
PRIVATE: Final[dict[tuple[int, str], tuple[int, ...]]] = {
    (0x0019, "SIEMENS MR HEADER"): (0x0A, 0x0C, 0x0D, 0x0E),
    (0x0019, "GEMS_ACQU"): (0xBB, 0xBC, 0xBD),
    (0x0029, "SIEMENS CSA HEADER"): (0x10,),
    (0x0043, "GEMS_PARM"): (0x2F, 0x39),
    (0x0065, "IMAGE PRIVATE HEADER"): (0x09, 0x37, 0x51),
    (0x2001, "PHILIPS IMAGING DD 001"): (0x03, 0x04, 0x20),
    (0x2005, "PHILIPS MR IMAGING DD 001"): (0xB0, 0xB1, 0xB2),
}
for _group, _prefix in PRIVATE:
    for _block in BLOCKS[1:]:
        VR_OF[_group << 16 | _block] = "LO"
        for _number in PRIVATE[_group, _prefix]:
            VR_OF[_group << 16 | _block << 8 | _number] = VR_OF[_group << 16 | BLOCKS[0] << 8 | _number]
