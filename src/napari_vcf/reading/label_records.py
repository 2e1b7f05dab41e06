"""What a record says of a label map from which a body was proposed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from napari_vcf.dicom.labels import Naming
from napari_vcf.records.base import Affine, FrozenModel, ImageId, Level

__all__ = ["LabelFile", "LabelPart", "LabelSource"]

#: The whole label, the part of it in which the middle of the heights lies, or what it shares with a level's label.
LabelPart = Literal["whole", "connected", "level"]

_Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class LabelFile(FrozenModel):
    """One label of one file.

    Attributes
    ----------
    format : {"nifti", "nrrd", "dicom_seg"}
        Kind of file.
    sha256 : str
        Of the file.
    file : str or None
        Its name without its folder; None in a study, since a name may tell what a reader must not know.
    naming : str
        By which table its labels are named.
    values : tuple of int
        Numbers of the label; the number of the segment in a DICOM segmentation.
    layer : int
        Which of the file's layers holds it.
    name : str
        Of the label, by that table.
    level : str or None
        The vertebra that the name says.
    """

    format: Literal["nifti", "nrrd", "dicom_seg"]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    file: _Name | None = None
    naming: Naming
    values: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    layer: Annotated[int, Field(ge=0)] = 0
    name: _Name
    level: Level | None = None


class LabelSource(FrozenModel):
    """Where a body that was proposed from a label map comes from.

    Attributes
    ----------
    body : LabelFile
        The label that was taken.
    levels : LabelFile or None
        The label of the vertebra, of a file that tells the levels apart where that of the bodies does not.
    part : {"whole", "connected", "level"}
        What of the label was taken.
    level : str
        The vertebra as the reader confirmed it.
    lies_in : str
        The image in whose patient space the label lies.
    placed_by : {"frame_of_reference", "reader"}
        Whether the file names that space, or the reader said so.
    motion : tuple
        4 x 4, from that space to that of the painted image, LPS mm.
    """

    body: LabelFile
    levels: LabelFile | None = None
    part: LabelPart
    level: Level
    lies_in: ImageId
    placed_by: Literal["frame_of_reference", "reader"]
    motion: Affine

    @property
    def own_level(self) -> str | None:
        """The vertebra by the file's own names, those of its levels first; None where they say none."""
        return self.body.level if self.levels is None else self.levels.level
