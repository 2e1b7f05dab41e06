"""The protocol is changed before a case is opened, and only shown once a reading has begun."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_the_protocol_is_changed_before_a_case_and_only_shown_after(bench, tmp_path):
    from qtpy.QtWidgets import QDialogButtonBox

    from napari_vcf.reading.protocol_file import read_protocol_file
    from napari_vcf.widgets.case.protocol_dialog import ProtocolDialog

    panel = bench.arrangement.case_panel

    def dialog():
        found = [d for d in panel.findChildren(ProtocolDialog) if d.isVisible()]
        assert len(found) == 1
        return found[0]

    bench.hands.press(panel.protocol_button)
    shown = dialog()
    assert not shown.form.native.isEnabled()
    shown.reject()
    bench.hands.wait(30)
    bench.desk.close()
    bench.hands.press(panel.protocol_button)
    shown = dialog()
    try:
        shown.form.container["roi_placements"].value = 2
        shown.form.container["degree_cuts"].value = "1/2"
        bench.hands.press(shown.buttons.button(QDialogButtonBox.StandardButton.Ok))
        assert shown.isVisible()
        assert "Degree cuts" in shown.trouble.text()
        shown.form.container["degree_cuts"].value = "1/4, 1/2"
        shown.save(tmp_path / "protocol.json")
        bench.hands.press(shown.buttons.button(QDialogButtonBox.StandardButton.Ok))
        assert panel.protocol.roi_placements == 2
        assert read_protocol_file(tmp_path / "protocol.json") == panel.protocol
    finally:
        panel.protocol = None
