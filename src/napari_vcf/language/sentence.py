"""Sentences that know the template and the values which they were made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from napari_vcf.language.catalogue import translated

__all__ = ["Sentence", "altered", "joined", "said", "say", "shown", "tr"]


class Sentence(str):
    """A sentence in English, and what it takes to say it in another language.

    Parameters
    ----------
    template : str
        The English sentence, with ``{name}`` or ``{name:.1f}`` for each value, as `str.format` takes it.
    **values : object
        What is put in. A value that is a sentence itself, or an error with one, is translated with it.

    Attributes
    ----------
    template : str
        As given.
    values : dict
        As given.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Sentence:  # noqa: D102
        # An error is kept as what it says: with its frames it would hold on to images, and it may not be picklable.
        values = {name: said(value) if isinstance(value, BaseException) else value for name, value in values.items()}
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template = template
        made.values = values
        return made

    def in_language(self) -> str:
        """The sentence in the language in force, with the same values."""
        template = translated(self.template)
        return (
            template.format(**{name: _put(value) for name, value in self.values.items()}) if self.values else template
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.template, self.values)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Any string, of which a sentence stays one: for a field ``Annotated[str, Sentence]``."""
        return core_schema.union_schema([core_schema.is_instance_schema(cls), core_schema.str_schema()])


class _Joined(Sentence):
    """Sentences one after the other, each by its own template."""

    def in_language(self) -> str:
        """Each of them in the language in force."""
        separator, parts = self.values["separator"], self.values["parts"]
        return str(_put(separator)).join(str(_put(part)) for part in parts)


def _again(kind: type[Sentence], template: str, values: dict[str, Any]) -> Sentence:
    if kind is _Joined:
        return joined(values["separator"], values["parts"])
    return kind(template, **values)


def _put(value: Any) -> Any:
    return shown(value) if isinstance(value, Sentence) else value


def say(template: str, /, **values: Any) -> Sentence:
    """Say a sentence: English for whoever takes it as a string, and in the person's language where `shown`.

    Parameters
    ----------
    template : str
        The English sentence, written out here: it is what the catalogue is made of.
    **values : object
        What stands for ``{name}`` in it.
    """
    return Sentence(template, **values)


def joined(separator: str, parts: Iterable[str]) -> Sentence:
    """Join sentences so that each is still translated; what is none of them stays as it is."""
    kept = tuple(parts)
    made = _Joined(separator.join(kept))
    made.values = {"separator": separator, "parts": kept}
    return made


def altered(text: str, change: Callable[[str], str]) -> str:
    """Change a text, such as take a name out of it; a sentence in whose values alone it changes stays one."""
    wanted = change(text)
    if wanted == text:
        return text
    if isinstance(text, _Joined):
        again: str = joined(text.values["separator"], (altered(part, change) for part in text.values["parts"]))
    elif isinstance(text, Sentence):
        values = {
            name: altered(value, change) if isinstance(value, str) else value for name, value in text.values.items()
        }
        again = Sentence(text.template, **values)
    else:
        return wanted
    return again if again == wanted else wanted


def said(error: BaseException) -> str:
    """The sentence of an error, with its template where it has one."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, Sentence) else str(error)


def shown(thing: object) -> str:
    """A sentence, or the sentence of an error, as the person reads it; anything else as its string."""
    if isinstance(thing, BaseException):
        thing = said(thing)
    return thing.in_language() if isinstance(thing, Sentence) else str(thing)


def tr(template: str, /, **values: Any) -> str:
    """Say a sentence in the person's language at once.

    Only where the text goes to the screen now: what is made while a module is loaded is `say`, and `shown` later.
    """
    return shown(Sentence(template, **values))
