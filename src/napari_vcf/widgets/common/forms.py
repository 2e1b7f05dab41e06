"""Forms that magicgui draws from the fields of a model: their types, limits, choices and descriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar, get_origin

import annotated_types as limits
import docstring_parser
from magicgui.widgets import Container, FileEdit, LineEdit, create_widget
from magicgui.widgets.bases import ValueWidget, Widget
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QSlider, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import Sentence, shown, tr
from napari_vcf.widgets.common.controls import keep_keys

__all__ = ["FormError", "ModelForm", "sentences_of"]

Model = TypeVar("Model", bound=BaseModel)
#: Between the values of a list that is written on one line.
_COMMA = ", "
#: Step of a fraction of 1 without a step of its own.
_STEP = 0.005


class FormError(NapariVcfError, ValueError):
    """A form that says something its model cannot take."""


class ModelForm(Generic[Model]):
    """Controls for every field of a pydantic model.

    The type of a field chooses its control, and its limits are the control's. Widget options of magicgui, such as
    ``{"choices": …}``, stand in the field's ``Annotated``. Lists are written on one line, with commas between; a
    table of lists has a line for each key. What a field does not describe itself is taken from the *Attributes* of
    the class's docstring, and becomes the tooltip.

    Parameters
    ----------
    model : pydantic.BaseModel
        What the controls say at first.
    names : mapping, optional
        Object names of the controls by field; the field's own name for the others.
    labels : bool
        Whether each control has its title beside it.
    """

    def __init__(self, model: Model, names: Mapping[str, str] | None = None, *, labels: bool = True) -> None:
        self._model = type(model)
        told = _descriptions(self._model)
        self._lists: dict[str, Any] = {}
        controls: list[Widget] = []
        for name, field in self._model.model_fields.items():
            tip = shown(_sentence(field.description or told.get(name, "")))
            controls.append(self._draw(name, field, getattr(model, name), tip))
        self.container = Container(widgets=controls, labels=labels)
        self.container.native.installEventFilter(_EvenTitles(self.container.native))
        self.container.native.layout().setContentsMargins(0, 0, 0, 0)
        for name in self._model.model_fields:
            control = self.control(name)
            control.setObjectName((names or {}).get(name, name))
            if isinstance(control, QComboBox | QLineEdit | QAbstractSpinBox | QSlider):
                keep_keys(control)
        self.show(model)

    def _draw(self, name: str, field: FieldInfo, value: Any, tip: str) -> Widget:
        title = shown(_sentence(field.title or _title(name)))
        if get_origin(field.annotation) is dict:
            self._lists[name] = lines = {key: _line(str(key), str(key), tip) for key in value}
            return Container(name=name, label=title, widgets=list(lines.values()), labels=True)
        if get_origin(field.annotation) is tuple:
            self._lists[name] = line = _line(name, title, tip)
            return line
        options = {"tooltip": tip, **_options(field)}
        control = create_widget(value, annotation=field.annotation, name=name, label=title, options=options)
        if isinstance(control, FileEdit):
            _dress(control)
        return control

    @property
    def native(self) -> QWidget:
        """The controls in one widget."""
        return self.container.native

    def control(self, name: str) -> Any:
        """The Qt control of a field."""
        native = self.container[name].native
        # magicgui keeps a slider and its number in one widget.
        return native.findChild(QSlider) or native

    def show(self, model: Model) -> None:
        """Let the controls say what a model says."""
        for name in self._model.model_fields:
            value, lines = getattr(model, name), self._lists.get(name)
            if isinstance(lines, dict):
                for key, line in lines.items():
                    line.value = _joined(value.get(key, ()))
            elif lines is not None:
                lines.value = _joined(value)
            else:
                control = self.container[name]
                assert isinstance(control, ValueWidget | FileEdit)
                control.value = value

    def read(self) -> Model:
        """What the controls say.

        Raises
        ------
        FormError
            If that is nothing the model can be; the field is named by its title.
        """
        values: dict[str, Any] = {}
        for name in self._model.model_fields:
            lines = self._lists.get(name)
            if isinstance(lines, dict):
                values[name] = {key: _split(line.value) for key, line in lines.items()}
            else:
                values[name] = self.container[name].value if lines is None else _split(lines.value)
        try:
            return self._model.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = self.container[str(first["loc"][0])].label if first["loc"] else tr("The form")
            # pydantic calls a list that is too short one without its last fields.
            short = first["type"] == "missing"
            message = tr("A value is missing") if short else _complaint(first)
            raise FormError(f"{place}: {message}.") from error


def _dress(file: FileEdit) -> None:
    """Give the parts of a file's control what the others have; magicgui gives it to the whole alone."""
    line = file.line_edit.native
    line.setToolTip(file.tooltip)
    keep_keys(line)
    file.choose_btn.text = tr("Select file")
    # Enter takes what is written and does not look for another.
    file.choose_btn.native.setAutoDefault(False)


class _EvenTitles(QObject):
    """Gives the titles of a form the width of the widest, once it is shown and its font is known."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Begin all controls in one line."""
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            layout = watched.layout()
            rows = [layout.itemAt(index).widget() for index in range(layout.count())]
            titles = [row.layout().itemAt(0).widget() for row in rows if row is not None and row.layout() is not None]
            titles = [title for title in titles if isinstance(title, QLabel)]
            widest = max((title.sizeHint().width() for title in titles), default=0)
            for title in titles:
                title.setMinimumWidth(widest)
        return False


def sentences_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Titles and tooltips of a model's form in English, for the catalogue."""
    told = _descriptions(model)
    found = [
        (field.title or _title(name), field.description or told.get(name, ""))
        for name, field in model.model_fields.items()
    ]
    return tuple(text for pair in found for text in pair if text)


def _sentence(text: str) -> Sentence:
    """A text of a model, which may be a sentence with values already."""
    return text if isinstance(text, Sentence) else Sentence(text)


def _complaint(details: Mapping[str, Any]) -> str:
    """What pydantic says of a value, or what a check of our own does."""
    error = details.get("ctx", {}).get("error")
    return shown(error) if isinstance(error, ValueError) else str(details["msg"])


def _title(name: str) -> str:
    words = name.replace("roi_", "ROI_").replace("_mm", ", mm").replace("_", " ")
    return words[0].upper() + words[1:]


def _line(name: str, title: str, tip: str) -> LineEdit:
    return LineEdit(name=name, label=title, tooltip=tr("{tip} With commas between.", tip=tip).strip())


def _joined(values: Iterable[Any]) -> str:
    return _COMMA.join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _options(field: FieldInfo) -> dict[str, Any]:
    """Widget options: the field's limits, and what its ``Annotated`` says of them."""
    found: dict[str, Any] = {"step": _STEP} if field.annotation is float else {}
    for entry in field.metadata:
        if isinstance(entry, limits.Ge):
            found["min"] = entry.ge
        elif isinstance(entry, limits.Gt):
            found["min"] = entry.gt
        elif isinstance(entry, limits.Le):
            found["max"] = entry.le
        elif isinstance(entry, limits.Lt):
            found["max"] = entry.lt
        elif isinstance(entry, dict):
            found.update(entry)
    if "choices" in found:
        found["choices"] = [(shown(choice), choice) for choice in found["choices"]]
    if "filter" in found:
        found["filter"] = shown(found["filter"])
    return found


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What the class's docstring says of each attribute; two that are described together share the sentence."""
    found: dict[str, str] = {}
    for entry in docstring_parser.parse(model.__doc__ or "", docstring_parser.DocstringStyle.NUMPYDOC).params:
        for name in entry.arg_name.split(","):
            found[name.strip()] = " ".join((entry.description or "").replace("``", "").split())
    return found
