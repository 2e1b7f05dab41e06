"""What in a text on a patient looks like a date, an identifier, a name with a title, or an age that few people have.

Months and titles are those of English, German, French, Spanish and Chinese. Two numbers alone (3/5, 12.5) are
strengths, levels and laboratory values more often than dates, and pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["telltales"]

_DATE: Final = "a date; say how long ago instead"
_AGE: Final = "an age above 89, which few people have; say 'above 89'"
_NAME: Final = "somebody by name"

#: ``\b`` takes a Chinese character for a letter; L1/2/3 shall not begin with 1.
_BEGIN: Final = r"(?<![0-9A-Za-zÀ-ÿ_])"
_MONTHS: Final = (
    r"jan(?:uary|uar|vier|v)?|jänner|enero|ene"
    r"|feb(?:ruary|ruar|er|rero)?|f[ée]vr(?:ier)?"
    r"|mar(?:ch|s|zo)?|märz?|maerz"
    r"|apr(?:il)?|avr(?:il|\.)|abr(?:il)?"
    r"|mai|mayo"
    r"|june?|juni|juin|junio"
    r"|july?|juli|juil(?:let)?|julio"
    r"|aug(?:ust)?|ao[ûu]t|ago(?:sto)?"
    r"|sept?(?:ember|embre|iembre)?|setiembre"
    r"|o[ck]t(?:ober|obre|ubre)?"
    r"|nov(?:ember|embre|iembre)?"
    r"|de[cz](?:ember)?|d[ée]c(?:embre)?|dic(?:iembre)?"
)
#: A month between what are no letters: no marrow, no decompression. The English "may" is a month only where it is one.
_MONTH: Final = rf"(?<![^\W\d_])(?:{_MONTHS}|(?-i:May|MAY))(?![^\W\d_])"
_ANY_MONTH: Final = rf"(?<![^\W\d_])(?:{_MONTHS}|may)(?![^\W\d_])"
_YEAR: Final = r"(?:19|20)\d{2}(?!\d)"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_NUMBER: Final = r"(?:0?[1-9]|1[0-2])"
_ORDINAL: Final = r"(?:st|nd|rd|th|er|º|ª|\.)?"
_OF: Final = r"[\s.,/-]*(?:(?:of|del?)\s+)?"
_CHINESE: Final = "〇零一二三四五六七八九十"

_OLD: Final = r"(?:9\d|1[0-2]\d)"
_OF_YEARS: Final = (
    r"(?:years?|yrs?|y\.?\s?/?o\.?|y|ans|años|anos|jahren?|jahre?|j\.|j(?:ä|ae)hrig\w*)(?![^\W\d_])|[周週]?[岁歲]"
)
_PERSON: Final = (
    r"(?:wom[ae]n|m[ae]n|female|male|lady|gentleman|patient(?:in)?|frau|mann|femme|homme|mujer|hombre)(?![^\W\d_])"
    r"|[女男]性?"
)
#: A weight or a share that follows a word for a person is no age.
_NO_MEASURE: Final = r"(?!\d|[.,/]\d|\s*(?:%|°|k?g\b|mg\b|[cm]?m\b|lbs?\b|degrees|grad|beats|bpm))"

_PATTERNS: Final = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (rf"{_BEGIN}\d{{1,4}}([./-])\d{{1,2}}\1\d{{1,4}}(?!\d)", _DATE),
        (rf"{_BEGIN}(?:19|20)\d{{2}}\s*([./\s-])\s*{_NUMBER}\s*\1\s*{_DAY}(?!\d)", _DATE),
        (rf"{_BEGIN}{_DAY}\s*([./\s-])\s*{_DAY}\s*\1\s*{_YEAR}", _DATE),
        (rf"{_BEGIN}{_NUMBER}(?:\s?/\s?|[.-]){_YEAR}", _DATE),
        (rf"{_BEGIN}(?:19|20)\d{{2}}(?:\s?[/-]\s?{_NUMBER}|\.(?:0[1-9]|1[0-2]))(?!\d)", _DATE),
        # A full stop after the second number makes a day and a month of them in German.
        (rf"(?i)\b(?:am|vom|zum|seit|bis)\s+(?:dem\s+)?{_DAY}\.\s?{_NUMBER}\.(?!\d)", _DATE),
        (rf"(?i){_BEGIN}{_DAY}{_ORDINAL}{_OF}{_MONTH}", _DATE),
        (rf"(?i){_BEGIN}{_DAY}{_ORDINAL}{_OF}{_ANY_MONTH}{_OF}['’]?(?:\d{{2}}|\d{{4}})(?!\d)", _DATE),
        (rf"(?i){_MONTH}{_OF}['’]?(?:{_DAY}|\d{{2}}|\d{{4}})(?!\d)", _DATE),
        (rf"(?i){_ANY_MONTH}{_OF}(?:{_DAY}{_ORDINAL}{_OF})?{_YEAR}", _DATE),
        (rf"(?i){_BEGIN}(?:19|20)\d{{2}}{_OF}{_ANY_MONTH}", _DATE),
        (r"(?:\d{4}|\d{2})\s*年\s*\d{1,2}\s*月", _DATE),
        (r"\d{1,2}\s*月\s*\d{1,2}\s*[日号號]", _DATE),
        (rf"[{_CHINESE}]{{4}}年|[{_CHINESE}]{{1,3}}月[{_CHINESE}]{{1,3}}[日号號]", _DATE),
        (r"\d{6,}", "a number of six digits or more, which may be an identifier"),
        (
            r"(?i)\b[a-z]+[-_/]?\d{4,}",
            "letters with a number of four digits or more, which may be an identifier",
        ),
        (r"[\w.+-]+@[\w-]+\.\w+", "an address of electronic mail"),
        (r"\b(?:Mr|Mrs|Ms|Mx|Miss|[DP]r|Dra|Prof|Sir|Mme|Mlle)\.?\s*(?<=[\s.])[A-ZÀ-Þ]", _NAME),
        (r"\b(?:Doctor|Professor|Doktor|Docteur|Doctora|Monsieur|Madame|Mademoiselle|Madam)\s+[A-ZÀ-Þ]", _NAME),
        (r"\b(?:Herrn?|Frau|Fräulein|Señor(?:a|ita)?)\s+[A-ZÀ-Þ]", _NAME),
        # With a small letter behind: Fr. T12 is a fracture.
        (r"\b(?:Hr|Fr|Frl|Sr|Sra|Srta)\.?\s*(?<=[\s.])[A-ZÀ-Þ][a-zß-ÿ]", _NAME),
        (r"(?<=[\u4e00-\u9fff])(?<![位名该該此这這那老本])(?:先生|女士|小姐|太太|教授|主任)", _NAME),
        (
            r"[王李张張刘劉陈陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅][\u4e00-\u9fff]{0,2}(?:医生|醫生|大夫|医师|醫師)",
            _NAME,
        ),
        (
            rf"(?i)\b(?:born|geb(?:oren)?|jahrgang|née?|nacid[oa]|dob|yob)\b[^;\d]{{0,15}}{_YEAR}|{_YEAR}\s*年?\s*出?生(?!活)",
            "a year of birth; say the age instead",
        ),
        (rf"(?i)(?<![\d.,/]){_OLD}[\s-]*(?:{_OF_YEARS})", _AGE),
        (
            rf"(?i)(?:\b(?:aged?|âgée?|âge|alter|edad)|年龄|年齡)\s*(?:of|de|von|is|[:=])?\s*{_OLD}{_NO_MEASURE}",
            _AGE,
        ),
        (rf"(?i)(?<![^\W\d_])(?:{_PERSON})[\s,:(]*(?:(?:of|von|de)\s+)?{_OLD}{_NO_MEASURE}", _AGE),
        (rf"(?i)(?<![\d.,/]){_OLD}[\s-]*(?:{_PERSON})", _AGE),
        (r"(?<![\d.,/])9\d\s?/?\s?[MFW](?![A-Za-z])|(?<![A-Za-z])[MFW]\s?[/,]\s?9\d(?!\d)", _AGE),
        (
            r"(?i)\bninety(?:[\s-]\w+)?[\s-]+(?:years?|yrs?|y)\b|\bnineties\b|\b(?:non|cent)(?:agen|en)arian",
            _AGE,
        ),
        (
            r"(?i)neunzig[\s-]*(?:jahr|jähr)|quatre-vingt-(?:dix|on|dou|trei|quator|quin|sei)\S* ans"
            r"|noventa(?: y \w+)? años",
            _AGE,
        ),
        (rf"九十[{_CHINESE}]?[多余]?\s*[岁歲]|百[{_CHINESE}]{{0,3}}[岁歲]", _AGE),
    )
)


def telltales(text: str) -> Iterator[str]:
    """What in a text may say who a patient is, by its form alone, without quoting it.

    Parameters
    ----------
    text : str
        What a reader would see.

    Yields
    ------
    str
        The kind of what was found.
    """
    # Digits of full width, and dashes of every length, are read as what they stand for.
    plain = re.sub(r"[‐-―−]", "-", unicodedata.normalize("NFKC", text))
    for pattern, what in _PATTERNS:
        if pattern.search(plain):
            yield what
