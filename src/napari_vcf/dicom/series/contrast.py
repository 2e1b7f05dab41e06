"""Whether an image was taken with a contrast agent in the body, and how long after it was given.

By what the headers state: the agent, the time of its injection, the time of the image. An agent stays: what was taken
later in the same study is enhanced as well, whether its header names the agent or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from napari_vcf.dicom.series.stack import Stack
from napari_vcf.language import say

__all__ = ["Enhancement", "enhancement_of", "enhancements"]

_STUDY: Final = 0x0020000D
_AGENT: Final = 0x00180010
_AGENT_SEQUENCE: Final = 0x00180012
_START: Final = 0x00181042
_ACQUIRED: Final = 0x00080032
_ACQUIRED_AT: Final = 0x0008002A
_FRAME_CONTENT: Final = 0x00209111
_FRAME_ACQUIRED: Final = 0x00189074
#: What is written into the agent's element where none was given.
_NO_AGENT: Final = frozenset(
    {
        *("", "-", "--", "0", "N", "NO", "NON", "NONE", "NIL", "N/A", "NA", "OFF", "FALSE", "NOT USED", "NOT GIVEN"),
        *("WITHOUT", "WITHOUT CONTRAST", "NO CONTRAST", "NON CONTRAST", "NON-CONTRAST", "W/O", "W/O CONTRAST"),
        *("NATIVE", "PLAIN", "UNENHANCED"),
    }
)
_DAY_S: Final = 86_400.0
_TIME: Final = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2}(?:\.\d+)?))?")
#: The description's words for an enhanced image, and those that take them back.
_ENHANCED_WORDS: Final = re.compile(
    r"\+ ?c(?![a-z])|(?<![a-z])c ?\+|(?<![a-z0-9])(?:gd|gad|gado[a-z]*|km|ce|contrast|postcontrast|enhanced)(?![a-z])"
    r"|(?<![a-z])post(?! ?-?op)(?![a-z])"
)
_NATIVE_WORDS: Final = re.compile(
    r"(?<![a-z])(?:pre|without|w/o|wo|no|non|native?|unenhanced|ohne|vor|sans)(?![a-z])|- ?c(?![a-z])|c ?-(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Enhancement:
    """The contrast agent in one stack.

    Attributes
    ----------
    given : bool
        Whether it was in the body when the images were taken.
    evidence : str
        How that is known; empty where nothing speaks of an agent.
    seconds : float or None
        From the injection to the first image; None where one of the times is not stated.
    """

    given: bool = False
    evidence: str = ""
    seconds: float | None = None


def enhancements(stacks: Iterable[Stack]) -> dict[str, float]:
    """When the images of each study began to be enhanced.

    Parameters
    ----------
    stacks : iterable of Stack
        All of a folder.

    Returns
    -------
    dict
        Study UID -> seconds of the day of the injection or, where no time of one is stated, of the first image that
        names an agent. Identity: never shown or exported.
    """
    begun: dict[str, float] = {}
    for stack in stacks:
        header = stack.first.file.header
        if stack.first.file.modality != "MR" or not _agent_named(stack):
            continue
        when = _seconds(header.text(_START))
        when = _acquired(stack) if when is None else when
        study = header.text(_STUDY)
        if when is not None:
            begun[study] = min(when, begun.get(study, when))
    return begun


def enhancement_of(stack: Stack, begun: dict[str, float], description: str) -> Enhancement:
    """Whether a stack shows an agent.

    Parameters
    ----------
    stack : Stack
        The slices.
    begun : dict
        From `enhancements`.
    description : str
        Of the series, in small letters; it counts only where the headers state nothing.

    Returns
    -------
    Enhancement
    """
    header = stack.first.file.header
    first = begun.get(header.text(_STUDY))
    # Times are looked up slice by slice; most folders name no agent.
    acquired = _acquired(stack) if first is not None and stack.first.file.modality == "MR" else None
    if _agent_named(stack):
        start = _seconds(header.text(_START))
        if start is None or acquired is None:
            return Enhancement(True, say("a contrast agent is named"))
        after = acquired - start
        if after < -_DAY_S / 2:  # past midnight
            after += _DAY_S
        if after < 0:
            return Enhancement(False, say("a contrast agent is named, but was given {later:.0f} s later", later=-after))
        return Enhancement(True, say("a contrast agent is named, given {after:.0f} s before", after=after), after)
    if first is not None and acquired is not None and acquired > first:
        return Enhancement(True, say("taken after a contrast agent was given in the same study"))
    if _ENHANCED_WORDS.search(description) and not _NATIVE_WORDS.search(description):
        return Enhancement(True, say("contrast agent by the description"))
    return Enhancement()


def _agent_named(stack: Stack) -> bool:
    header = stack.first.file.header
    return header.text(_AGENT).upper() not in _NO_AGENT or bool(header.items(_AGENT_SEQUENCE))


def _acquired(stack: Stack) -> float | None:
    """Seconds of the day when the first slice was taken."""
    found: list[float] = []
    for frame in stack.volumes[0].frames:
        header = frame.file.header
        texts = [header.text(_ACQUIRED), header.text(_ACQUIRED_AT)[8:]]
        if frame.file.is_multiframe:
            items = header.items(0x52009230)
            if frame.index < len(items):
                texts.insert(0, items[frame.index].first(_FRAME_CONTENT).text(_FRAME_ACQUIRED)[8:])
        when = next((seconds for text in texts if (seconds := _seconds(text)) is not None), None)
        if when is not None:
            found.append(when)
    return min(found, default=None)


def _seconds(text: str) -> float | None:
    found = _TIME.match(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and minutes < 60 and seconds < 61 else None
