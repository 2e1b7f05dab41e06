"""An item of the form in another language: other words on the screen, the same record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from napari_vcf.language import choose, chosen
from napari_vcf.reading import ITEMS

pytestmark = pytest.mark.gui


@pytest.fixture
def chinese() -> Iterator[None]:
    before = chosen()
    choose("zh_CN")
    yield
    choose(before)


@pytest.fixture
def row_of(qtbot, chinese):
    from napari_vcf.widgets.instruments.findings.row import FindingRow, RowCalls

    def made(key: str):
        recorded: list[tuple[str, object]] = []
        calls = RowCalls(
            present=lambda _item: None,
            answer=lambda item, value: recorded.append((item, value)) or True,
            not_assessable=lambda item, reason: recorded.append((item, reason)) or True,
            withdraw=lambda _item: True,
            say=lambda _sentence, _kind: None,
        )
        row = FindingRow(ITEMS[key], calls)
        qtbot.addWidget(row)
        return row, recorded

    return made


def button_of(row, text: str):
    from qtpy.QtWidgets import QToolButton

    return next(button for button in row.findChildren(QToolButton) if button.text() == text)


def test_what_is_chosen_in_chinese_is_recorded_as_the_value_of_the_form(row_of):
    row, recorded = row_of("verdict")
    assert row.toolTip() == "您仅据此阶段作出的判断。"
    button_of(row, "恶性").click()
    assert recorded == [("verdict", "malignant")]


def test_a_number_keeps_its_digit_and_its_anchor_is_translated(row_of):
    row, recorded = row_of("confidence")
    button_of(row, "5 肯定恶性").click()
    assert recorded == [("confidence", 5)]


def test_an_offered_reason_is_recorded_in_english_and_a_typed_one_as_it_was_typed(row_of):
    row, recorded = row_of("pedicle_invasion")
    row.ask_reason()
    row._reason.setEditText("伪影")
    row._save_reason()
    row.ask_reason()
    row._reason.setEditText("金属内固定")
    row._save_reason()
    assert recorded == [("pedicle_invasion", "artefact"), ("pedicle_invasion", "金属内固定")]
    assert type(recorded[0][1]) is str
