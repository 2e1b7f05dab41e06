"""From slices to series: grouping, geometry, role, unit, remarks."""
