"""What the source of the protocol printed, and where its numbers do not hold together.

Zhao, Meng, Sun, Zhong and Zhu, "Diagnostic value of computed tomography plus magnetic resonance imaging in assessing
the benign and malignant nature of vertebral compression fractures", tables 5 and 6. Used only to recognise the same
counts and to say how the printed kappa differ; never for a reader's answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.statistics import kappa

__all__ = ["VERDICTS", "paper_remark"]

#: Table 5: verdict (rows benign, malignant) by pathology (columns benign, malignant).
VERDICTS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "ct": ((68, 7), (8, 67)),
    "mri": ((70, 5), (6, 69)),
    "combined": ((73, 2), (3, 72)),
}
#: Table 6, last column.
_PRINTED_KAPPA = {"ct": "0.87", "mri": "0.85", "combined": "0.92"}
_NAMES = {"ct": "CT", "mri": "MRI", "combined": "CT + MRI"}


def paper_remark(stage: str, counts: NDArray[np.int64]) -> str:
    """Say how the printed kappa differs, where the counts are those of the paper's table 5.

    Parameters
    ----------
    stage : str
        Stage.
    counts : ndarray of int, shape (2, 2)
        Verdict by pathology, benign first.

    Returns
    -------
    str
        Empty where the counts are others.
    """
    if stage not in VERDICTS or not np.array_equal(counts, np.array(VERDICTS[stage])):
        return ""
    value = kappa(counts).value
    text = (
        f"{_NAMES[stage]}: these are the counts of Zhao et al., table 5. Kappa of the verdict against pathology is "
        f"{value:.3f}; their table 6 prints {_PRINTED_KAPPA[stage]}"
    )
    if stage == "mri":
        text += ", the same to two digits, but the paper's text gives 0.82"
    else:
        text += ", which these counts do not give"
    text += (
        ". The paper calls its kappa agreement between readers; that is another statistic and cannot be computed from "
        "these counts."
    )
    if stage == "combined":
        text += (
            " Its claim that the combined reading beats MRI alone (P < 0.05) cannot be checked from such counts "
            "either: the exact McNemar P lies between 0.031 and 0.21, depending on which cases were wrong."
        )
    return text
