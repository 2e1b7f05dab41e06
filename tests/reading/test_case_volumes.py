"""Voxels of a case's images, read once and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_vcf.dicom import Role, Scan
from napari_vcf.reading.case import Case
from napari_vcf.reading.state import ImageCorrection
from support.cases import memory_case


class MadeCase(Case):
    """A case of series without files."""

    def corrected(self, image, correction):
        return replace(self._found[image], role=Role(correction.role))


def test_what_was_read_while_the_image_was_corrected_is_not_kept():
    found = tuple(image.series for image in memory_case().with_role(Role.T2))
    corrections, read_as = {}, []

    def load(series, _index, **_how):
        read_as.append(series.role)
        # As a person does while a worker reads.
        case.apply_corrections(corrections)
        return object()

    case = MadeCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32, load=load)
    (image,) = case.images
    corrections[image] = ImageCorrection(role="T1")
    stale = case.volume(image)
    fresh = case.volume(image)
    assert read_as == [Role.T2, Role.T1]
    assert fresh is not stale
    assert case.volume(image) is fresh
