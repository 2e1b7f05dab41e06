"""The ADC values of both tissues; what is not to be seen yet is not in it."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_vcf.language import say, shown, tr
from napari_vcf.measure import Placements, RoiStatistics
from napari_vcf.reading.results import AdcResult
from napari_vcf.reading.state import Tissue
from napari_vcf.widgets.common.controls import QUIET_STYLE, clear_layout, note

__all__ = ["AdcTable"]

_HEADS = (
    (say("ROI"), say("Placement")),
    (say("mean"), say("Mean ADC; each voxel counts with the exact area of its overlap with the rectangle")),
    (say("SD"), say("Standard deviation of the voxels, weighted by area")),
    (say("n eff"), say("Effective number of voxels, (Σw)² / Σw², and the number touched")),
    (say("centre"), say("For comparison: plain mean over the voxels whose centre lies inside, and their number")),
)
_NAMES: dict[Tissue, str] = {"lesion": say("lesion"), "normal": say("normal")}


class AdcTable(QWidget):
    """Values of each placement, their mean and SD, and the ratio."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        layout.addWidget(grid)
        self._lesion = note(name="summary_lesion")
        self._normal = note(name="summary_normal")
        self._ratio = note(name="ratio")
        self._ratio.setToolTip(tr("Mean of the lesion's placements over mean of the normal vertebra's"))
        for widget in (self._lesion, self._normal, self._ratio):
            layout.addWidget(widget)

    def show_results(
        self, results: AdcResult, revealed: Mapping[Tissue, bool], placed: Mapping[Tissue, int], wanted: int
    ) -> None:
        """Show the values of the tissues whose placements are complete.

        Parameters
        ----------
        results : AdcResult
            Everything that is measured.
        revealed : mapping
            Whether a tissue's values may be seen.
        placed : mapping
            Number of placements of each tissue.
        wanted : int
            Number that the protocol asks for.
        """
        clear_layout(self._grid)
        row = 0
        for tissue, label in _NAMES.items():
            if not revealed[tissue]:
                continue
            if row == 0:
                self._head()
                row = 1
            for number in range(1, wanted + 1):
                self._row(row, f"{shown(label)} {number}", results.statistics[tissue, number])
                row += 1
        for tissue, widget in (("lesion", self._lesion), ("normal", self._normal)):
            widget.setText(self._summary(tissue, results, revealed[tissue], placed[tissue], wanted))
        both = revealed["lesion"] and revealed["normal"] and results.ratio is not None
        self._ratio.setText(tr("<b>Ratio lesion / normal {ratio:.2f}</b>", ratio=results.ratio) if both else "")

    def _head(self) -> None:
        for column, (text, tooltip) in enumerate(_HEADS):
            head = QLabel(shown(text))
            head.setStyleSheet(QUIET_STYLE)
            head.setToolTip(shown(tooltip))
            self._grid.addWidget(head, 0, column)

    def _row(self, row: int, name: str, item: RoiStatistics) -> None:
        center = "–" if item.center_mean_um2_per_s is None else f"{item.center_mean_um2_per_s:.0f} ({item.center_n})"
        texts = (
            name,
            f"<b>{item.mean_um2_per_s:.0f}</b>",
            f"{item.sd_um2_per_s:.0f}",
            f"{item.effective_n:.1f} ({item.n_voxels})",
            center,
        )
        for column, text in enumerate(texts):
            cell = QLabel(text)
            cell.setToolTip(
                tr(
                    "{what} (voxels {least:.0f} to {most:.0f} µm²/s, area {area:.1f} mm²)",
                    what=_HEADS[column][1],
                    least=item.min_um2_per_s,
                    most=item.max_um2_per_s,
                    area=item.area_mm2,
                )
            )
            if column:
                cell.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(cell, row, column)

    @staticmethod
    def _summary(tissue: Tissue, results: AdcResult, revealed: bool, placed: int, wanted: int) -> str:
        summary: Placements | None = results.lesion if tissue == "lesion" else results.normal
        name = tr("Lesion") if tissue == "lesion" else tr("Normal vertebra")
        if not revealed or summary is None:
            if not placed:
                return tr("{tissue}: not placed; values are hidden until all are.", tissue=name)
            return tr(
                "{tissue}: {placed} of {wanted} placed; values are hidden until all are.",
                tissue=name,
                placed=placed,
                wanted=wanted,
            )
        sd = "" if summary.sd_um2_per_s is None else f" ± {summary.sd_um2_per_s:.0f} (SD)"
        cv = "" if summary.within_cv is None else f", wCV {100 * summary.within_cv:.1f} %"
        mean = f"<b>{summary.mean_um2_per_s:.0f}</b>{sd} µm²/s{cv}"
        return tr(
            "{tissue}: {mean}, centres within {spread:.1f} mm",
            tissue=name,
            mean=mean,
            spread=summary.center_spread_mm,
        )
