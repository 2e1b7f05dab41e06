"""Forms that magicgui draws: what they show, what they give back, and what they refuse."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def form(qtbot):
    from napari_vcf.reading import Protocol
    from napari_vcf.widgets.common.forms import ModelForm

    made = ModelForm(Protocol())
    qtbot.addWidget(made.native)
    return made


def test_the_protocol_draws_a_control_for_each_field_and_gives_itself_back(form):
    from napari_vcf.reading import Protocol

    assert [widget.name for widget in form.container] == list(Protocol.model_fields)
    assert form.read() == Protocol()
    # Each says what it decides, in the words of the model.
    assert all(widget.tooltip for widget in form.container if widget.name != "stage_items")
    assert "12.5 percentage points" in form.container["degree_borderline_within"].tooltip
    assert form.container["reference"].choices == ("mean_adjacent", "above", "below", "own_posterior")


def test_what_is_set_in_the_form_is_what_it_gives(form):
    other = form.read().model_copy(update={"reference": "above", "roi_placements": 2, "degree_cuts": ("1/4", "1/2")})
    form.show(other)
    assert form.read() == other
    assert form.container["degree_cuts"].value == "1/4, 1/2"


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("degree_cuts", "2/3, 1/3", "do not grow"),
        ("extent_cuts", "1/4", "Extent cuts: A value is missing"),
        ("name", "", "Name: "),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(form, field, text, named):
    from napari_vcf.widgets.common.forms import FormError

    form.container[field].value = text
    with pytest.raises(FormError, match=named):
        form.read()


def test_every_part_of_a_files_control_has_a_tooltip_and_speaks_the_language_of_the_window(qtbot, monkeypatch):
    from pathlib import Path

    from pydantic import BaseModel, Field

    from napari_vcf.language import catalogue
    from napari_vcf.widgets.common.forms import ModelForm

    class Asked(BaseModel):
        file: Path = Field(title="File", description="Where it is written")

    monkeypatch.setattr(catalogue, "_chosen", "zh_CN")
    made = ModelForm(Asked(file=Path("a.json")))
    qtbot.addWidget(made.native)
    file = made.container["file"]
    assert file.choose_btn.text == "选择文件"
    assert file.line_edit.native.toolTip() == file.tooltip
    assert not file.choose_btn.native.autoDefault()
