"""The protocol chooses the form; exports say which, and tables keep answers by two forms apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_vcf import read_reading, readings_frame
from napari_vcf.agreement.scales import scale_of
from napari_vcf.reading import Protocol, RefusedActionError
from napari_vcf.reading.findings import EXTENT_VISUAL, FORMS, ITEMS, item_of_table, table_name
from napari_vcf.reading.protocol_file import read_protocol_file, write_protocol_file
from napari_vcf.records.base import STAGES
from napari_vcf.study import StudyError
from napari_vcf.study.protocol import StudyProtocol, parse_protocol, protocol_file, protocol_template
from support.cases import asked_again, new_reading

CHANGED = {"pedicle_signal": "normal", "signal_dwi": "iso", "enhancement": "none"}


@pytest.mark.parametrize(("item", "value"), CHANGED.items())
def test_an_answer_of_the_second_form_is_taken_by_it_alone(item: str, value: str) -> None:
    second = new_reading(protocol=Protocol(form_version="2", ask_without_image=True))
    second.answer("mri", item, value)
    assert second.state.stages["mri"].answers[item].value == value
    with pytest.raises(RefusedActionError, match=f"'{value}' is not an answer"):
        new_reading(protocol=Protocol(ask_without_image=True)).answer("mri", item, value)


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
    assert Protocol(body_proposal=False).sha256 != Protocol().sha256
    # As of version 0.1.0.
    assert asked_again(body_proposal=False, ask_without_image=True).sha256.startswith("b763912336335")


def test_a_study_has_the_form_that_its_rules_name() -> None:
    text = protocol_template()
    assert parse_protocol(text, "a").protocol.form_version == "1"
    second = parse_protocol(text.replace('form_version = "1"', 'form_version = "2"'), "a")
    assert (second.protocol.form_version, second.study.form_version) == ("2", "2")
    assert second.sha256 != parse_protocol(text, "a").sha256
    with pytest.raises(StudyError, match="the study has one form"):
        parse_protocol(text.replace("[protocol]", '[protocol]\nform_version = "2"'), "a")


def test_each_examination_is_measured_in_its_own_stage_and_both_together_are_asked_for_what_needs_both() -> None:
    asks = Protocol().asks
    assert [stage for stage in STAGES if asks(stage, "compression_degree")] == ["ct", "mri"]
    for item in ("lesion_extent_visual", "lesion_extent", "adc", "signal_dwi", "enhancement", "lesion_pattern"):
        assert [stage for stage in STAGES if asks(stage, item)] == ["mri"]
    for item in ("cortical_destruction", "posterior_cortex_fracture_line", "pedicle_osteolysis"):
        assert [stage for stage in STAGES if asks(stage, item)] == ["ct"]
    seen_on_both = {"lesion_location", "post_compression_contour", "paravertebral_soft_tissue_invasion"}
    assert set(Protocol().items_of("combined")) == {*seen_on_both, "pedicle_invasion", "verdict", "confidence"}


@pytest.mark.parametrize("stages", [("combined",), ("ct", "combined"), ("mri", "combined"), ("mri", "ct")])
def test_nothing_is_left_unasked_because_a_stage_is_not_read(stages: tuple[str, ...]) -> None:
    protocol = Protocol(stages=stages)
    asked = {item for stage in stages for item in protocol.items_of(stage)}
    assert asked == set(ITEMS)
    if stages == ("combined",):
        assert protocol.items_of("combined") == tuple(ITEMS)


def test_a_study_that_wrote_down_what_each_stage_asks_keeps_it() -> None:
    first = asked_again(staging="sealed")
    assert parse_protocol(protocol_file(StudyProtocol(protocol=first)), "a").protocol == first
    assert first.asks("combined", "lesion_extent")


def test_a_protocol_of_the_first_schema_asks_what_it_asked_then_and_proposes_no_body() -> None:
    old = parse_protocol('schema_id = "napari-vcf/protocol"\nschema_version = "1.0.0"\n[protocol]\n', "a")
    assert old.protocol == asked_again(staging="sealed", body_proposal=False, ask_without_image=True)
    new = parse_protocol('schema_id = "napari-vcf/protocol"\nschema_version = "1.2.0"\n[protocol]\n', "a")
    assert new.protocol == Protocol(staging="sealed")


def test_a_protocol_file_that_was_written_before_there_were_proposals_forbids_them(tmp_path: Path) -> None:
    path = tmp_path / "protocol.json"
    old = Protocol(body_proposal=False, ask_without_image=True, version="1")
    content = old.model_dump(mode="json")
    del content["body_proposal"], content["ask_without_image"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_protocol_file(path) == old
    # Who writes one by hand names some decisions, and takes the others as they are now.
    path.write_text('{"snapping": false}', encoding="utf-8")
    assert read_protocol_file(path) == Protocol(snapping=False)
    for protocol in (old, Protocol()):
        path.unlink()
        write_protocol_file(path, protocol)
        assert read_protocol_file(path) == protocol


def test_the_estimate_by_eye_is_asked_by_the_cuts_of_the_protocol() -> None:
    usual, other = Protocol(), Protocol(extent_cuts=("1/5", "2/5", "3/5"))
    assert "G1 below 1/4, G2 1/4 to 2/4, G3 2/4 to 3/4" in usual.form[EXTENT_VISUAL].help
    assert "G1 below 1/5, G2 1/5 to 2/5, G3 2/5 to 3/5" in other.form[EXTENT_VISUAL].help
    assert {key: item for key, item in other.form.items() if key != EXTENT_VISUAL} == {
        key: item for key, item in usual.form.items() if key != EXTENT_VISUAL
    }
