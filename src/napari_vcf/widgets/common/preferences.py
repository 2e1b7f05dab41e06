"""What a person sets for this plugin under napari's Preferences: language, cache of volumes, log."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from platformdirs import user_log_path

from napari_vcf.dicom import prefer_cache_folder
from napari_vcf.errors import NapariVcfError
from napari_vcf.language import LANGUAGES, LanguageError, choose, chosen, language_named, said, say, shown
from napari_vcf.records.errors import system_says
from napari_vcf.widgets.common.qt_language import let_qt_speak

__all__ = [
    "LANGUAGE_VARIABLE",
    "LEVELS",
    "PreferenceError",
    "archive_preferences",
    "follow_preferences",
    "log_path",
    "set_cache_folder",
    "set_log",
    "speak_as_preferred",
]

#: Language of the window, by its code or its name; comes before Preferences.
LANGUAGE_VARIABLE: Final = "NAPARI_VCF_LANGUAGE"

#: Choice under Preferences to the least important message that is written.
LEVELS: dict[str, int | None] = {
    "off": None,
    "errors": logging.ERROR,
    "warnings": logging.WARNING,
    "everything": logging.INFO,
}
_LOGGER = logging.getLogger("napari_vcf")
_MOST_BYTES = 1_000_000
_NAME = "napari-vcf file"


class PreferenceError(NapariVcfError, ValueError):
    """A preference that cannot be followed."""


def log_path() -> Path:
    """The log file: beside napari's settings where those were put somewhere, else in the person's own log folder."""
    napari = os.environ.get("NAPARI_CONFIG")
    return (Path(napari).parent if napari else user_log_path("napari-vcf", appauthor=False)) / "napari-vcf.log"


def set_cache_folder(stated: str) -> None:
    """Keep prepared volumes in a folder, or nowhere.

    Raises
    ------
    PreferenceError
        If it is neither empty, nor ``off``, nor the whole path of a folder; what was set before stays.
    """
    text = stated.strip()
    if text and text.lower() != "off":
        path = Path(text).expanduser()
        if not path.is_absolute() or (path.exists() and not path.is_dir()):
            raise PreferenceError(
                say(
                    "The cache folder '{text}' is not the whole path of a folder; volumes are cached where "
                    "they were. Write the path from its root on, or off.",
                    text=text,
                )
            )
        text = str(path)
    prefer_cache_folder(text)


def set_log(choice: str) -> None:
    """Begin to write the log file, or stop.

    Raises
    ------
    PreferenceError
        If the file cannot be written.
    """
    for handler in [handler for handler in _LOGGER.handlers if handler.get_name() == _NAME]:
        _LOGGER.removeHandler(handler)
        handler.close()
    level = LEVELS[choice]
    if level is None:
        return
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_MOST_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise PreferenceError(
            say("The log file {path} cannot be written: {strerror}.", path=path, strerror=system_says(error))
        ) from error
    handler.set_name(_NAME)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)


def speak_as_preferred() -> tuple[str, ...]:
    """Put the language of the person into force; called before the controls of a window are made.

    Returns
    -------
    tuple of str
        A sentence where the language that was asked for is none of the program's: then it stays as it is.
    """
    troubles = _choose_preferred()
    let_qt_speak(chosen())
    return troubles


def _choose_preferred() -> tuple[str, ...]:
    from napari.settings import get_plugin_settings

    wanted = os.environ.get(LANGUAGE_VARIABLE, "")
    if not wanted:
        try:
            wanted = get_plugin_settings("napari-vcf").language.language
        except (KeyError, AttributeError):
            return ()
    try:
        choose(wanted)
    except LanguageError as error:
        return (said(error),)
    return ()


def _language_next(stated: str) -> None:
    """Say that a language holds for windows that are not built yet."""
    code = language_named(stated)
    if code != chosen() and not os.environ.get(LANGUAGE_VARIABLE):
        raise PreferenceError(
            say("The language changes to {language} when napari starts again.", language=LANGUAGES[code])
        )


_followed: Any = None


def follow_preferences() -> tuple[str, ...]:
    """Do what Preferences say, now and whenever they change.

    Returns
    -------
    tuple of str
        A sentence for each preference that cannot be followed.
    """
    global _followed
    from napari.settings import get_plugin_settings
    from napari.utils.notifications import show_info, show_warning

    try:
        settings = get_plugin_settings("napari-vcf")
        files = settings.files
    except KeyError:
        # napari does not know the plugin: it is used as a library, and everything is as it would be by default.
        return ()
    wanted = ((set_cache_folder, "cache_folder"), (set_log, "log"))
    troubles = [text for action, name in wanted if (text := _try(action, getattr(files, name)))]
    if files is not _followed:
        _followed = files
        for action, name in wanted:

            def on_change(event: Any, action: Any = action) -> None:
                if text := _try(action, event.value):
                    show_warning(shown(text))

            getattr(files.events, name).connect(on_change)
        if hasattr(settings, "language"):

            def on_language(event: Any) -> None:
                if text := _try(_language_next, event.value):
                    show_info(shown(text))

            settings.language.events.language.connect(on_language)
    return tuple(troubles)


def archive_preferences() -> dict[str, Any]:
    """The DICOM server that Preferences name, and where its images are kept; empty where napari knows none."""
    from napari.settings import get_plugin_settings

    try:
        archive = get_plugin_settings("napari-vcf").archive
    except (KeyError, AttributeError):
        return {}
    stated = {name: getattr(archive, name) for name in ("server", "title", "tls", "folder")}
    return {name: value for name, value in stated.items() if value not in ("", None)}


def _try(action: Any, value: str) -> str:
    try:
        action(value)
    except PreferenceError as error:
        return said(error)
    return ""
