"""Ratings of five readers in two modalities on 114 cases: the classical example of multi-reader multi-case analysis.

Van Dyke, White, Obuchowski, Geisinger, Lorig and Meziane, "Cine MRI in the diagnosis of thoracic aortic dissection",
79th RSNA meeting, Chicago 1993. The ratings have been handed out by the University of Iowa with every program for such
analyses since. One line for each reader: first single spin-echo, then cine MRI; 69 cases without, then 45 cases with a
dissection; 1 is definitely none, 5 definitely one.
"""

from __future__ import annotations

import numpy as np

_LINES = """
122151111111411111111131311214111113121211233131133111111221111332111555545554555434245555555154454553555115554451
333222223213122222211111421312214323123122233111333113412421241442111535555554555544335555555355355554455535555551
232222222322522232222222422223222222222222222222222222222432232222222535555542555442225555555243354552425225555352
322222223222222122221222322222212212222231223222222222322322222222122535555552555344245455545252355532425525555552
222235112242422232221232411322112224121412112222223211211221151421212545555555555542355555555252255552555225555552
242222322211132222121121411512112122212221132111233113221232341242121525555555555354145555555253355543555534555551
111111311111111111112111211112111111111111111111331111111111111311111555555555555555155555555554544553555125555555
221111312111122111211111321212111122112111112121212211111212111323211545555554555455555555555455445555555535555555
351211112221211122113221111211211231221113332111211111111341231212113525255551545452235555554144322151515115553552
223122221222111222122212322321212222112121132122332122221222231233111525455555455343335555555251332532545533555553
"""


def ratings() -> tuple[np.ndarray, np.ndarray]:
    """Ratings, shape (2 modalities, 5 readers, 114 cases), and whether there was a dissection."""
    numbers = np.array([[int(digit) for digit in line] for line in _LINES.split()], dtype=float)
    return numbers.reshape(5, 2, 114).swapaxes(0, 1), np.arange(114) >= 69


def tidy_rows(*, stages: tuple[str, str] = ("ct", "mri")) -> tuple[list[list[object]], list[list[object]]]:
    """The ratings as answers of the form (rating 3 and above is a verdict of malignant), and the pathology."""
    scores, truth = ratings()
    rows: list[list[object]] = []
    for stage, of_stage in zip(stages, scores, strict=True):
        for reader, line in enumerate(of_stage, start=1):
            for case, score in enumerate(line, start=1):
                head = [f"C{case:03d}", f"R{reader}", stage]
                rows.append([*head, "confidence", int(score), ""])
                rows.append([*head, "verdict", "malignant" if score >= 3 else "benign", ""])
    pathology: list[list[object]] = [
        [f"C{case:03d}", "malignant" if diseased else "benign"] for case, diseased in enumerate(truth, start=1)
    ]
    return rows, pathology
