"""The protocol chooses the form; exports say which, and tables keep answers by two forms apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vcf import read_reading, readings_frame
from napari_vcf.agreement.scales import scale_of
from napari_vcf.reading import Protocol, RefusedActionError
from napari_vcf.reading.vocabulary import FORMS, ITEMS, item_of_table, table_name
from napari_vcf.study import StudyError
from napari_vcf.study.protocol import parse_protocol, protocol_template
from support.cases import new_reading

CHANGED = {"pedicle_signal": "normal", "signal_dwi": "iso", "enhancement": "none"}


@pytest.mark.parametrize(("item", "value"), CHANGED.items())
def test_an_answer_of_the_second_form_is_taken_by_it_alone(item: str, value: str) -> None:
    second = new_reading(protocol=Protocol(form_version="2"))
    second.answer("mri", item, value)
    assert second.state.stages["mri"].answers[item].value == value
    with pytest.raises(RefusedActionError, match=f"'{value}' is not an answer"):
        new_reading().answer("mri", item, value)


def test_the_second_form_changes_three_items_and_takes_no_answer_away() -> None:
    assert list(FORMS["2"]) == list(ITEMS)
    assert {key for key in ITEMS if FORMS["2"][key] != ITEMS[key]} == set(CHANGED)
    for key, value in CHANGED.items():
        assert set(FORMS["2"][key].values) == {*ITEMS[key].values, value}


def test_an_export_says_by_which_form_and_its_table_keeps_the_forms_apart(tmp_path: Path) -> None:
    paths = []
    for form in ("1", "2"):
        reading = new_reading(protocol=Protocol(form_version=form))
        reading.answer("mri", "signal_dwi", "high")
        reading.answer("mri", "verdict", "benign")
        paths.append(reading.export(tmp_path / f"{form}.json"))
        assert read_reading(paths[-1]).protocol.form_version == form
    items = [set(readings_frame(path).item) for path in paths]
    assert items == [{"signal_dwi", "verdict"}, {"signal_dwi@2", "verdict"}]


def test_scales_of_the_two_forms_are_two_scales() -> None:
    one, two = scale_of("signal_dwi"), scale_of(table_name("signal_dwi", "2"))
    assert (one.values, one.kind) == (("high", "low"), "binary")
    assert (two.values, two.kind) == (("high", "iso", "low"), "nominal")
    assert one.label != two.label
    assert table_name("verdict", "2") == "verdict"
    assert item_of_table("signal_dwi@7") is None


def test_protocols_that_are_older_than_the_second_form_keep_their_hash() -> None:
    assert Protocol().sha256 == Protocol(form_version="1").sha256
    assert Protocol(form_version="2").sha256 != Protocol().sha256
    # As of version 0.1.0.
    assert Protocol().sha256.startswith("b763912336335")


def test_a_study_has_the_form_that_its_rules_name() -> None:
    text = protocol_template()
    assert parse_protocol(text, "a").protocol.form_version == "1"
    second = parse_protocol(text.replace('form_version = "1"', 'form_version = "2"'), "a")
    assert (second.protocol.form_version, second.study.form_version) == ("2", "2")
    assert second.sha256 != parse_protocol(text, "a").sha256
    with pytest.raises(StudyError, match="the study has one form"):
        parse_protocol(text.replace("[protocol]", '[protocol]\nform_version = "2"'), "a")
