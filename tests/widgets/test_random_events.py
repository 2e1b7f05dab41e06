"""Whatever is done in the window: no traceback, no black image, no answer that nobody gave."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@pytest.mark.parametrize("study", [False, True], ids=["open", "study"])
def test_a_few_hundred_random_events_leave_image_and_answers_alone(study: bool, tmp_path: Path, qapp) -> None:
    from support.random_events import RandomHands, opened_window

    with opened_window(tmp_path, study=study) as arrangement:
        outcome = RandomHands(arrangement, seed=2).run(300)
    assert outcome.changes > 0
    assert [str(fault) for fault in outcome.faults] == []
