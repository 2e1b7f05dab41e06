"""Damaged files never crash or hang the reader, and never give another volume without a word."""

from __future__ import annotations

from pathlib import Path

from support.dicomfuzz import PATIENCE_S, Outcome, fuzz


def _assert_sound(outcome: Outcome) -> None:
    assert outcome.silent == []
    assert outcome.slowest_s < PATIENCE_S
    # Damage that is never noticed would mean that the damage is none.
    assert outcome.refused + outcome.said > outcome.trials / 4


def test_a_few_hundred_damaged_files(tmp_path: Path) -> None:
    outcome = fuzz(tmp_path, 240, seed=3)
    _assert_sound(outcome)
    assert len(outcome.kinds) == 7
