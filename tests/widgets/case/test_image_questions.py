"""What only a person can say of a case's images is asked in one dialog."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(window, tmp_path):
    """A case of two NIfTI files: three axial slices, and diffusion with two volumes; and the dialog that asks."""
    from napari_vcf.widgets.case.image_questions import ImageQuestions

    values = np.random.default_rng(0).normal(500, 50, (40, 40, 3)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.diag([4.0, 4.0, 6.0, 1.0])), tmp_path / "axial.nii.gz")
    pair = np.stack([np.full((30, 30, 12), 900 * np.exp(-b * 1.1e-3), np.float32) for b in (0, 800)], axis=-1)
    nib.save(nib.Nifti1Image(pair, np.diag([5.0, 5.0, 5.0, 1.0])), tmp_path / "diffusion_of_the_lumbar_spine.nii.gz")
    panel = window.front("Case")
    panel.open_folder(tmp_path)
    window.until(lambda: not panel.opener.running, seconds=30)
    window.until(lambda: panel.findChildren(ImageQuestions), seconds=10)
    dialog = panel.findChildren(ImageQuestions)[-1]
    window.panel, window.dialog = panel, dialog
    yield window
    for left in panel.findChildren(ImageQuestions):
        left.reject()
    window.settle()
    window.desk.saved = True
    window.desk.close()


def form_of(bench, name):
    case = bench.desk.case
    return next(f for i, f in bench.dialog.forms.items() if case.image(i).series.description.startswith(name))


def test_files_are_named_and_nothing_is_shown_before_a_role_is_said(opened):
    from qtpy.QtWidgets import QLabel

    said = " ".join(label.text() for label in opened.dialog.findChildren(QLabel))
    assert "axial.nii.gz: 3 axial slices" in said
    assert "diffusion_of_the_lumbar_spine.nii.gz: 12 axial slices, 2 volumes" in said
    assert opened.desk.image_id is None
    table = opened.panel.images.table
    assert "axial.nii.gz" in " ".join(table.item(row, 0).text() for row in range(table.rowCount()))
    # Units and b-values are asked only where the role has them.
    assert not form_of(opened, "axial").control("unit").isVisible()


def test_all_roles_are_said_at_once_and_a_stack_of_three_slices_opens_on_them(opened):
    from qtpy.QtWidgets import QDialogButtonBox

    form_of(opened, "axial").container["role"].value = "T2"
    opened.hands.press(opened.dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
    image = opened.desk.image
    assert (image.label, opened.desk.stage) == ("T2", "mri")
    assert opened.desk.plane == f"native:{image.id}"
    assert opened.viewport.view.grid.plane == "axial"


def test_b_values_are_asked_for_and_give_an_adc(opened):
    from qtpy.QtWidgets import QApplication, QDialogButtonBox

    from napari_vcf.dicom import Role
    from napari_vcf.widgets.linked_views.pane import Pane

    form, ok = form_of(opened, "diffusion"), opened.dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not form.control("b_values").isVisible()
    opened.hands.choose(form.control("role"), "DWI")
    assert form.control("b_values").isVisible()
    form.container["b_values"].value = "0, 800, 1200"
    opened.hands.press(ok)
    assert opened.dialog.isVisible()
    assert "2 volumes, and 3 b-values" in opened.dialog.trouble.text()
    form.container["b_values"].value = "0, many"
    opened.hands.press(ok)
    assert "b-values, s/mm²" in opened.dialog.trouble.text()
    form.container["b_values"].value = "0, 800"
    opened.hands.press(ok)
    (adc,) = opened.desk.case.with_role(Role.ADC)
    assert np.allclose(opened.desk.case.volume(adc.id).data, 1100, atol=0.5)
    assert any("b-values given by the person: 0, 800 s/mm2." in text for text in adc.series.corrections)
    # No pane that had to go has become a window of its own.
    assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and isinstance(widget, Pane)]
