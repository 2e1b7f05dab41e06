"""What the numbers of a label map mean: published tables of programs, and names that a file states itself.

Sources: TotalSegmentator, ``map_to_binary.py`` (tasks total, version 1 and 2, total_mr, vertebrae_mr and
vertebrae_body); SPINEPS, its README (semantic mask), and TPTBox, ``vert_constants.py`` (numbers of the levels, and 50,
which CT masks have inside the border 49).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from napari_vcf.language import Sentence, say

__all__ = ["NAMINGS", "TITLES", "LabelClass", "Naming", "Structure", "classes_of", "naming_by_name", "structure_of"]

Naming = Literal[
    "stated",
    "file_name",
    "numbers",
    "totalsegmentator_total",
    "totalsegmentator_total_v1",
    "totalsegmentator_total_mr",
    "totalsegmentator_vertebrae_mr",
    "totalsegmentator_vertebrae_body",
    "spineps_subregions",
    "spineps_levels",
]
NAMINGS: Final[tuple[Naming, ...]] = get_args(Naming)
TITLES: Final[dict[Naming, Sentence]] = {
    "stated": say("Names that the file states"),
    "file_name": say("One structure, named as the file"),
    "numbers": say("Numbers without names"),
    "totalsegmentator_total": say("TotalSegmentator, task total"),
    "totalsegmentator_total_v1": say("TotalSegmentator version 1, task total"),
    "totalsegmentator_total_mr": say("TotalSegmentator, task total_mr"),
    "totalsegmentator_vertebrae_mr": say("TotalSegmentator, task vertebrae_mr"),
    "totalsegmentator_vertebrae_body": say("TotalSegmentator, task vertebrae_body"),
    "spineps_subregions": say("SPINEPS, parts of the vertebrae (seg-spine)"),
    "spineps_levels": say("SPINEPS, levels (seg-vert)"),
}

#: One body; the bodies of several levels in one label; vertebrae with arch and processes; something else; not known.
Structure = Literal["body", "bodies", "vertebra", "other", "unknown"]

_CERVICAL = tuple(f"C{number}" for number in range(1, 8))
_THORACIC = tuple(f"T{number}" for number in range(1, 13))
_LUMBAR = tuple(f"L{number}" for number in range(1, 6))
_FROM_THE_HEAD = (*_CERVICAL, *_THORACIC, *_LUMBAR)


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One structure of a label map.

    Attributes
    ----------
    values : tuple of int
        Its numbers in the file, of which each voxel of it has one; the number of the segment in a DICOM segmentation.
    name : str
        As the table or the file has it; ``"label 3"`` where nothing names it.
    structure : {"body", "bodies", "vertebra", "other", "unknown"}
        What it is by its name.
    level : str or None
        The vertebra that its name says.
    layer : int
        Which of the file's layers holds it, where its segments may overlap.
    """

    values: tuple[int, ...]
    name: str
    structure: Structure = "unknown"
    level: str | None = None
    layer: int = 0


def _from_the_feet(first: int) -> dict[int, str]:
    return {first + place: f"vertebrae_{level}" for place, level in enumerate(reversed(_FROM_THE_HEAD))}


_PARTS = {
    26: "Sacrum",
    41: "Arcus_Vertebrae",
    42: "Spinosus_Process",
    43: "Costal_Process_Left",
    44: "Costal_Process_Right",
    45: "Superior_Articular_Left",
    46: "Superior_Articular_Right",
    47: "Inferior_Articular_Left",
    48: "Inferior_Articular_Right",
    49: "Vertebra_Corpus_border",
    50: "Vertebra_Corpus",
    60: "Spinal_Cord",
    61: "Spinal_Canal",
    62: "Endplate",
    100: "Vertebra_Disc",
}
_SPINEPS_LEVELS = dict(enumerate((*_CERVICAL, *_THORACIC, *_LUMBAR, "L6"), start=1)) | {28: "T13"}
_TABLES: Final[dict[Naming, dict[int, str]]] = {
    "totalsegmentator_total": {25: "sacrum", 26: "vertebrae_S1", **_from_the_feet(27)},
    "totalsegmentator_total_v1": {92: "sacrum", **_from_the_feet(18)},
    "totalsegmentator_total_mr": {18: "sacrum", 19: "vertebrae", 20: "intervertebral_discs"},
    "totalsegmentator_vertebrae_mr": {1: "sacrum", **_from_the_feet(2)},
    "totalsegmentator_vertebrae_body": {1: "vertebrae_body", 2: "intervertebral_discs"},
    "spineps_subregions": _PARTS,
    "spineps_levels": {
        **{number: f"vertebra {level}" for number, level in _SPINEPS_LEVELS.items()},
        **{100 + number: f"disc below {level}" for number, level in _SPINEPS_LEVELS.items()},
        **{200 + number: f"endplate of {level}" for number, level in _SPINEPS_LEVELS.items()},
        26: "sacrum",
    },
}
#: Numbers that are one structure: on CT the border of the body has a number of its own.
_TOGETHER: Final[dict[Naming, tuple[tuple[int, ...], ...]]] = {"spineps_subregions": ((49, 50),)}

_LEVEL = re.compile(r"(?<![A-Za-z0-9])(C[1-7]|T1[0-3]|T[1-9]|L[1-6])(?![A-Za-z0-9])", re.IGNORECASE)
_BODY = re.compile(r"bod(y|ies)|corp(us|ora)|centrum", re.IGNORECASE)
_VERTEBRA = re.compile(r"vertebra", re.IGNORECASE)
_OTHER = re.compile(
    r"dis[ck]|cord|canal|sacrum|rib|endplate|plate|process|articular|arcus|arch|lesion|muscle|cartilage", re.IGNORECASE
)
_SINGLE = re.compile(r"^(vertebrae_(S1|[CTL]\d{1,2})|vertebrae|sacrum)$")


def structure_of(name: str) -> tuple[Structure, str | None]:
    """What a structure is by its name, and which vertebra the name says."""
    spread = name.replace("_", " ")
    found = {match.upper() for match in _LEVEL.findall(spread)}
    level = found.pop() if len(found) == 1 else None
    if _OTHER.search(spread):
        return "other", level
    if _BODY.search(spread) and (_VERTEBRA.search(spread) or level):
        return ("body" if level else "bodies"), level
    if _VERTEBRA.search(spread):
        return "vertebra", level
    return "unknown", level


def naming_by_name(file_name: str) -> Naming | None:
    """How the labels of a file are named by the published name of the file; None where it tells nothing."""
    stem = re.sub(r"(\.seg)?\.(nii|nrrd|nhdr)(\.gz)?$", "", file_name, flags=re.IGNORECASE)
    if re.search(r"(^|[_.-])vertebrae_body$", stem):
        return "totalsegmentator_vertebrae_body"
    if _SINGLE.match(stem):
        return "file_name"
    if re.search(r"(^|_)seg-vert(_|$)", stem):
        return "spineps_levels"
    if re.search(r"(^|_)seg-(spine|subreg)(_|$)", stem):
        return "spineps_subregions"
    return None


def classes_of(naming: Naming, values: Iterable[int], file_name: str = "") -> tuple[LabelClass, ...]:
    """The structures that are in a file, by a table.

    Parameters
    ----------
    naming : Naming
        Which table; names that the file states are not in one.
    values : iterable of int
        Numbers in the file, without that of the background.
    file_name : str
        Of a file that holds one structure.

    Returns
    -------
    tuple of LabelClass
        A number that the table does not have is something else, and without a table not known.
    """
    present = sorted(set(values))
    if naming == "file_name":
        stem = file_name.partition(".")[0]
        structure, level = structure_of(stem)
        return tuple(LabelClass((value,), stem, structure, level) for value in present)
    table = _TABLES.get(naming)
    if table is None:
        return tuple(LabelClass((value,), f"label {value}") for value in present)
    found = []
    for together in _TOGETHER.get(naming, ()):
        held = tuple(value for value in together if value in present)
        if held:
            found.append(LabelClass(held, table[together[0]], "bodies"))
            present = [value for value in present if value not in held]
    for value in present:
        name = table.get(value)
        structure, level = ("other", None) if name is None else structure_of(name)
        found.append(LabelClass((value,), name or f"label {value}", structure, level))
    return tuple(sorted(found, key=lambda each: each.values))
