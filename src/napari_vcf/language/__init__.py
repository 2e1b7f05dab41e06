"""Sentences for people, in English and in the language that the person chose.

What the program says is written in English where it is said, as a template and its values. Logs, exports, reports and
the command line take it as it stands, for a `Sentence` is a string. Only the window shows it in another language, by
looking the template up in the catalogue ``zh_CN.po``; what stands in no catalogue stays English.

`say` makes a sentence, `shown` gives it as the person reads it, and `tr` does both at once.
"""

from __future__ import annotations

from napari_vcf.language.catalogue import LANGUAGES, LanguageError, choose, chosen, language_named, messages
from napari_vcf.language.sentence import Sentence, altered, joined, said, say, shown, tr

__all__ = [
    "LANGUAGES",
    "LanguageError",
    "Sentence",
    "altered",
    "choose",
    "chosen",
    "joined",
    "language_named",
    "messages",
    "said",
    "say",
    "shown",
    "tr",
]
