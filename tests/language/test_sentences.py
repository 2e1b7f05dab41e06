"""Sentences: English for whoever takes them as strings, the person's language where they are shown."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Annotated

import pytest
from pydantic import BaseModel

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import LanguageError, Sentence, choose, chosen, joined, language_named, said, say, shown, tr

LENGTH = "Anterior height of the {vertebra}"


@pytest.fixture
def chinese() -> Iterator[None]:
    before = chosen()
    choose("zh_CN")
    yield
    choose(before)


def test_a_sentence_is_its_english_string():
    sentence = say("slice {number} of {count}", number=3, count=20)
    assert sentence == "slice 3 of 20"
    assert json.dumps({"text": sentence}) == '{"text": "slice 3 of 20"}'


def test_a_sentence_is_shown_in_the_chosen_language_and_stays_english_itself(chinese):
    sentence = say("slice {number} of {count}", number=3, count=20)
    assert shown(sentence) == "层面 3 / 20"
    assert str(sentence) == "slice 3 of 20"
    assert tr("slice {number} of {count}", number=3, count=20) == "层面 3 / 20"


def test_english_is_shown_as_it_is_written():
    assert shown(say("slice {number} of {count}", number=3, count=20)) == "slice 3 of 20"


def test_a_number_in_a_translation_is_written_with_the_digits_and_the_unit_of_the_english_one(chinese):
    assert tr("{position_mm:.1f} mm {side}", position_mm=12.44, side=say("left")) == "左侧 12.4 mm"


def test_values_that_are_sentences_are_translated_with_it_and_names_of_people_and_files_are_not(chinese):
    assert tr(LENGTH, vertebra=say("fractured vertebra")) == "骨折椎体前缘高度"
    assert tr(LENGTH, vertebra="fractured vertebra") == "fractured vertebra前缘高度"


def test_what_stands_in_no_catalogue_stays_english(chinese):
    assert shown(Sentence("A sentence that nobody translated: {number}.", number=1)) == (
        "A sentence that nobody translated: 1."
    )


def test_joined_sentences_are_translated_each_by_itself(chinese):
    assert shown(joined(say(" and "), [say("left"), "CT"])) == "左 和 CT"
    assert joined(say(" and "), [say("left"), "CT"]) == "left and CT"


def test_an_error_is_shown_in_the_chosen_language_and_keeps_its_english_text(chinese):
    error = NapariVcfError(say("There is nothing to undo."))
    assert str(error) == "There is nothing to undo."
    assert shown(error) == "没有可撤销的更改。"
    assert isinstance(said(error), Sentence)
    assert shown(NapariVcfError("of another library")) == "of another library"


def test_an_error_inside_a_sentence_is_translated_with_it(chinese):
    inner = NapariVcfError(say("There is nothing to undo."))
    assert tr("The desk's settings were not kept: {error}", error=inner) == "工作台设置未能保存：没有可撤销的更改。"


@pytest.mark.parametrize("sentence", [say(LENGTH, vertebra=say("left")), joined("; ", [say("left"), say("right")])])
def test_a_sentence_that_was_copied_or_sent_to_another_process_is_still_translated(sentence, chinese):
    for again in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):
        assert again == sentence
        assert shown(again) == shown(sentence) != sentence


def test_a_model_keeps_a_sentence_and_writes_it_in_english(chinese):
    class Told(BaseModel):
        text: Annotated[str, Sentence]

    told = Told(text=say("There is nothing to undo."))
    assert shown(told.text) == "没有可撤销的更改。"
    assert told.model_dump_json() == '{"text":"There is nothing to undo."}'
    assert shown(Told.model_validate_json(told.model_dump_json()).text) == "There is nothing to undo."
    assert Told.model_json_schema()["properties"]["text"] == {"title": "Text", "type": "string"}


@pytest.mark.parametrize("stated", ["zh_CN", "zh-cn", "简体中文", " ZH_CN "])
def test_a_language_is_known_by_its_code_and_by_its_own_name(stated):
    assert language_named(stated) == "zh_CN"


def test_a_language_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(LanguageError, match=r"no language 'Klingon'; there are: en \(English\), zh_CN"):
        choose("Klingon")
    assert chosen() == "en"


class TwoFoldError(NapariVcfError):
    """One that cannot be made again from its text alone."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def test_a_sentence_with_an_error_in_it_goes_to_another_process_and_holds_no_frames():
    sentence = say("The desk's settings were not kept: {error}", error=TwoFoldError("a", "b"))
    assert pickle.loads(pickle.dumps(sentence)) == "The desk's settings were not kept: a: b"
    assert type(sentence.values["error"]) is str
