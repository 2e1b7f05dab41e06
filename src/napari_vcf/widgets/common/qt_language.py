"""The words of Qt's own dialogs (OK, Cancel, names of file dialogs) in the language of the window."""

from __future__ import annotations

from qtpy.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

__all__ = ["let_qt_speak"]

#: Of which language it is, and Qt's translation while it is in force; None where Qt speaks English.
_in_force: tuple[str, QTranslator | None] = ("en", None)


def let_qt_speak(code: str) -> bool:
    """Show Qt's own words in a language from now on.

    Parameters
    ----------
    code : str
        The language's code, such as ``"zh_CN"``.

    Returns
    -------
    bool
        Whether Qt speaks it; where its translations are not installed, its words stay English.
    """
    global _in_force
    app = QCoreApplication.instance()
    if app is None:
        return False
    known, translator = _in_force
    if known == code:
        return code == "en" or translator is not None
    if translator is not None:
        app.removeTranslator(translator)
    found: QTranslator | None = None
    if code != "en":
        found = QTranslator(app)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if found.load(QLocale(code), "qtbase", "_", folder):
            app.installTranslator(found)
        else:
            found = None
    _in_force = (code, found)
    return code == "en" or found is not None
