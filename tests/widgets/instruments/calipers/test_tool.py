from __future__ import annotations

import pytest

from napari_vcf.dicom import Role
from napari_vcf.measure import snap_to_edge, snap_to_endplate
from napari_vcf.widgets.instruments.calipers.tool import edge_rule


@pytest.mark.parametrize("role", [Role.T1, Role.T2, Role.T2FS])
def test_endplates_are_looked_for_on_mr(role):
    assert edge_rule(role, "signal") is snap_to_endplate


@pytest.mark.parametrize(("role", "unit"), [(Role.CT, "HU"), (Role.CT, "signal"), (Role.ADC, "um2/s")])
def test_elsewhere_and_on_a_ct_without_a_rescale_the_steepest_change_counts(role, unit):
    assert edge_rule(role, unit) is snap_to_edge
