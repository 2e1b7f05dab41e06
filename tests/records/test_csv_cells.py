"""Cells that begin like formulas are harmless in every CSV file."""

from __future__ import annotations

import pytest

from napari_vcf.records.csv_cells import plain


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\t=1", "\r=1", "-", "=-2"])
def test_what_begins_like_a_formula_is_marked_as_text(text: str) -> None:
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-2.5", "+3", "-1e-9", "-inf", "C001", "", -2.5, None, 7, "a=b"])
def test_numbers_and_other_text_stay(value: object) -> None:
    assert plain(value) == value
