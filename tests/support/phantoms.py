"""Synthetic cases that take long to make and are only looked at."""

from __future__ import annotations

import pytest

from napari_vcf.phantom import PhantomCase, PhantomSpec, make_case

#: A case with large pixels, for what does not depend on them.
SMALL = PhantomSpec(mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0)


@pytest.fixture(scope="session")
def small_case() -> PhantomCase:
    return make_case(SMALL)


@pytest.fixture(scope="session")
def clean_case() -> PhantomCase:
    """The sample case without noise, coil and chemical shift."""
    return make_case(PhantomSpec(snr=1e5, ct_noise_hu=0.01, bias=0.0, chemical_shift_px=0.0))
