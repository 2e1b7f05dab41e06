"""What the coordinator settles of images: roles that the program took wrongly, b-values that no header states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from napari_vcf.dicom import Role, with_b_values
from napari_vcf.errors import NapariVcfError
from napari_vcf.reading import CaseImage
from napari_vcf.records.base import Finite, FrozenModel, ImageId, Pseudonym
from napari_vcf.study.errors import StudyError, says_what_is_out_of_reach
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.study_folder import StudyFolder

__all__ = ["ROLES", "RolesRecord", "prepared_images", "read_roles", "set_b_values", "set_role"]

ROLES: Final = "roles.json"


class RolesRecord(FrozenModel):
    """What the coordinator said: case to image to role, and to b-values in s/mm2."""

    schema_id: Literal["napari-vcf/roles"] = "napari-vcf/roles"
    schema_version: Literal["1.1.0"] = "1.1.0"
    cases: dict[Pseudonym, dict[ImageId, str]] = Field(default_factory=dict)
    b_values: dict[Pseudonym, dict[ImageId, tuple[Finite, ...]]] = Field(default_factory=dict)

    def of_case(self, case: str) -> tuple[tuple[str, str], ...]:
        """Image and role, in a fixed order."""
        return tuple(sorted(self.cases.get(case, {}).items()))

    def b_values_of(self, case: str) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """Image and b-values, in a fixed order."""
        return tuple(sorted(self.b_values.get(case, {}).items()))


def read_roles(folder: StudyFolder) -> RolesRecord:
    """What was settled so far.

    Raises
    ------
    DamagedError
        If the file was changed.
    """
    path = folder.root / ROLES
    return read_record(path, RolesRecord, "The list of roles") if path.exists() else RolesRecord()


@says_what_is_out_of_reach
def prepared_images(root: Path | str, case: str) -> tuple[CaseImage, ...]:
    """The images of a prepared case, with what each was taken for.

    Raises
    ------
    StudyError, DamagedError
        If there is no such case, or it is not prepared.
    """
    folder = StudyFolder(Path(root))
    record, _ = folder.read()
    if case not in record.cases:
        raise StudyError(f"The study has no case '{case}'.")
    if not (folder.case(case) / "case.json").is_file():
        raise StudyError(f"Case {case} is not prepared; run 'napari-vcf study prepare'.")
    return tuple(PreparedCase(folder.case(case), "combined").images.values())


@says_what_is_out_of_reach
def set_role(root: Path | str, case: str, image: str, role: str) -> None:
    """Settle what an image is; it takes effect with the next preparation.

    Parameters
    ----------
    root : path
        The study folder.
    case : str
        Pseudonym.
    image : str
        Label of an image (``"T2 2"``), as `prepared_images` gives it, or its id.
    role : str
        One of the roles.

    Raises
    ------
    StudyError
        If there is no such case, image or role, or a reader has begun on the case.
    """
    folder, found = _unread(root, case, image)
    if role not in set(Role):
        raise StudyError(f"'{role}' is not a role; roles are {', '.join(Role)}.")
    roles = read_roles(folder)
    cases = {**roles.cases, case: {**roles.cases.get(case, {}), found.id: role}}
    write_record(folder.root / ROLES, roles.model_copy(update={"cases": cases}), overwrite=True)


@says_what_is_out_of_reach
def set_b_values(root: Path | str, case: str, image: str, b_values: Sequence[float]) -> None:
    """Give the b-values of a diffusion series that states none; they take effect with the next preparation.

    Parameters
    ----------
    root : path
        The study folder.
    case, image : str
        As for `set_role`.
    b_values : sequence of float
        One for each of its volumes, s/mm2.

    Raises
    ------
    StudyError
        If there is no such case or image, a reader has begun on the case, or the values cannot be those of the image.
    """
    folder, found = _unread(root, case, image)
    try:
        with_b_values(found.series, b_values)
    except NapariVcfError as error:
        raise StudyError(f"{image} of case {case}: {error}") from error
    roles = read_roles(folder)
    given = {**roles.b_values.get(case, {}), found.id: tuple(map(float, b_values))}
    changed = roles.model_copy(update={"b_values": {**roles.b_values, case: given}})
    write_record(folder.root / ROLES, changed, overwrite=True)


def _unread(root: Path | str, case: str, image: str) -> tuple[StudyFolder, CaseImage]:
    """An image of a case on which no reader has begun."""
    found = next((entry for entry in prepared_images(root, case) if image in (entry.label, entry.id)), None)
    if found is None:
        raise StudyError(f"Case {case} has no image '{image}'; 'napari-vcf study images' lists them.")
    folder = StudyFolder(Path(root))
    record, _ = folder.read()
    if folder.in_use(record, case):
        raise StudyError(f"Case {case} is being read already; what its images are stays as it is.")
    return folder, found
