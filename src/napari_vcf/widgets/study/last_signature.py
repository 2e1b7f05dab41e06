"""The last signature on the worklist: its receipt, what went wrong beside it, and in a training round the truth."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_vcf.language import shown, tr
from napari_vcf.widgets.common.controls import ORANGE, STAGE_NAMES, heading, keep_keys, mark, note
from napari_vcf.widgets.study.study_desk import Signed

__all__ = ["LastSignature"]


class LastSignature(QWidget):
    """Stays while the next stage is read; empty before the first signature."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("last_signature")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.title = heading("")
        self.receipt = QLineEdit()
        self.receipt.setObjectName("receipt")
        self.receipt.setReadOnly(True)
        self.receipt.setToolTip(
            tr("The receipt of this signature: kept outside of the study, it shows any later change")
        )
        keep_keys(self.receipt)
        self.troubles = note(name="signature_troubles")
        mark(self.troubles, ORANGE)
        self.feedback = note(name="training_feedback")
        self.feedback.setToolTip(tr("What you read, and what is true: the images of a training round are synthetic"))
        for label in (self.troubles, self.feedback):
            label.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (self.title, self.receipt, self.troubles, self.feedback):
            layout.addWidget(widget)
        self.show_signed(None)

    def show_signed(self, signed: Signed | None) -> None:
        """Show a signature, or nothing."""
        self.setVisible(signed is not None)
        if signed is None or signed.receipt == self.receipt.text():
            return
        task = signed.task
        again = tr(", once more") if task.occasion > 1 else ""
        self.title.setText(
            tr("Signed last: case {case}, {stage}{again}", case=task.case, stage=STAGE_NAMES[task.stage], again=again)
        )
        self.receipt.setText(signed.receipt)
        self.receipt.setCursorPosition(0)
        self.troubles.setText("\n".join(shown(text) for text in signed.troubles))
        self.troubles.setVisible(bool(signed.troubles))
        self.feedback.setText("\n".join(f"• {shown(line)}" for line in signed.feedback))
        self.feedback.setVisible(bool(signed.feedback))
