"""The languages there are, the one in force, and the catalogue of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from napari_vcf.errors import NapariVcfError

__all__ = ["LANGUAGES", "LanguageError", "choose", "chosen", "language_named", "messages", "translated"]

#: Languages by their code, each named as those who speak it name it.
LANGUAGES: dict[str, str] = {"en": "English", "zh_CN": "简体中文"}

_chosen = "en"


class LanguageError(NapariVcfError, ValueError):
    """A language that the program does not speak."""


def language_named(stated: str) -> str:
    """The code of a language by its code or its name.

    Raises
    ------
    LanguageError
        If there is no such language.
    """
    wanted = stated.strip().replace("-", "_").lower()
    for code, name in LANGUAGES.items():
        if wanted in (code.lower(), name.lower()):
            return code
    known = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
    raise LanguageError(f"There is no language '{stated}'; there are: {known}.")


def choose(code: str) -> None:
    """Show sentences in a language from now on; what is on the screen already stays as it is."""
    global _chosen
    _chosen = language_named(code)


def chosen() -> str:
    """Code of the language in force."""
    return _chosen


@cache
def messages(code: str) -> Mapping[str, str]:
    """The catalogue of a language: English templates and their translations.

    Parameters
    ----------
    code : str
        Code of the language; English has no catalogue, for it is what the program is written in.
    """
    if code == "en":
        return {}
    # Reading catalogues is of no use to those who read English.
    from babel.messages.pofile import read_po

    with files("napari_vcf.language").joinpath(f"{code}.po").open("rb") as stream:
        found = read_po(stream, locale=code, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in found if entry.id and entry.string and not entry.fuzzy}


def translated(template: str) -> str:
    """A template in the language in force; as it stands where that has none for it."""
    return messages(_chosen).get(template, template)
