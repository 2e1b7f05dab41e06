"""What a person says an image is: its role, the unit of an ADC map, the b-values of diffusion images."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from napari_vcf.dicom import ADC_UNITS, Role
from napari_vcf.language import say
from napari_vcf.reading import CaseImage, Reading
from napari_vcf.widgets.common.forms import ModelForm

__all__ = ["UNKNOWN", "ImageStatement", "StatementForm", "asks", "file_name", "record", "stated"]

#: Before a person has said in which unit a map is stored.
UNKNOWN = say("choose…")


class ImageStatement(BaseModel):
    """What a person says an image is.

    Attributes
    ----------
    role : str
        Say what this image is, where the program took it for something else
    unit : str
        Unit in which this ADC map is stored; asked only where no evidence says it
    b_values : tuple of float
        The b-value of each of its volumes, in s/mm², in their order; an ADC is computed from two or more.
    """

    role: Annotated[str, {"choices": [role.value for role in Role]}] = Field(Role.CT.value, title="This image is")
    unit: Annotated[str, {"choices": [UNKNOWN, *ADC_UNITS]}] = Field(UNKNOWN, title="stored in")
    b_values: tuple[float, ...] = Field((), title="b-values, s/mm²")


class StatementForm(ModelForm[ImageStatement]):
    """Controls for what a person says of one image; only what its role asks for is shown."""

    def __init__(self) -> None:
        super().__init__(ImageStatement(), {"unit": "adc_unit"})
        self._image: CaseImage | None = None
        self.control("role").activated.connect(lambda _index: self._follow_role())
        self._follow_role()

    def take(self, image: CaseImage | None, stated: ImageStatement) -> None:
        """Show what is known of an image."""
        self._image = image
        self.show(stated)
        self._follow_role()

    def _follow_role(self) -> None:
        role = self.container["role"].value if self._image is not None else None
        self.container["unit"].visible = role == Role.ADC
        series = None if self._image is None else self._image.series
        unstated = series is not None and any(volume.b_value is None for volume in series.volumes)
        self.container["b_values"].visible = role == Role.DWI and (unstated or bool(self.container["b_values"].value))


def asks(image: CaseImage) -> bool:
    """Whether only a person can say what an image is, in which unit, or with which b-values."""
    series = image.series
    unnamed = series.role is Role.OTHER and file_name(image) != "" and not series.role_given
    no_unit = series.role is Role.ADC and series.unit is None and not series.scale.contradictory
    no_b_value = series.role is Role.DWI and any(volume.b_value is None for volume in series.volumes)
    return unnamed or no_unit or no_b_value


def file_name(image: CaseImage) -> str:
    """Name of the file that holds an image of no DICOM series; empty for the others."""
    series = image.series
    return series.description if series.modality == "" and not series.computed_from else ""


def record(reading: Reading, image_id: str, said: ImageStatement) -> None:
    """Record what a person says of an image, where it is another than what is known.

    Raises
    ------
    NapariVcfError
        If it cannot be so; what came before it stays recorded.
    """
    if said.role != reading.case.image(image_id).series.role.value:
        reading.correct_role(image_id, said.role)
    series = reading.case.image(image_id).series
    known = reading.state.corrections.get(image_id)
    if series.role is Role.ADC and said.unit != UNKNOWN and (known is None or known.adc_unit != said.unit):
        reading.answer_adc_unit(image_id, said.unit)
    if series.role is Role.DWI and said.b_values and (known is None or known.b_values != said.b_values):
        reading.answer_b_values(image_id, said.b_values)


def stated(reading: Reading | None, image: CaseImage) -> ImageStatement:
    """What is known of an image, and what a person has said of it before."""
    said = None if reading is None else reading.state.corrections.get(image.id)
    unit = "um2/s" if image.series.unit == "um2/s" else UNKNOWN
    return ImageStatement(
        role=image.series.role.value,
        unit=unit if said is None or said.adc_unit is None else said.adc_unit,
        b_values=() if said is None or said.b_values is None else said.b_values,
    )
