"""Several P values at once: Holm's step-down correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import StatisticError

__all__ = ["holm"]


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust P values so that the chance of any false rejection among them stays at the level.

    Parameters
    ----------
    p : array_like, shape (m,)
        P values of one family.

    Returns
    -------
    ndarray, shape (m,)
        Adjusted P values, in the same order: compare them with the level itself.

    Raises
    ------
    StatisticError
        If a value is not a probability.

    Notes
    -----
    Holm, Scand J Stat 1979; 6: 65. It needs no assumption on how the tests hang together.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise StatisticError("P values lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    steps = np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1)))
    adjusted = np.empty_like(values)
    adjusted[order] = steps
    return adjusted
