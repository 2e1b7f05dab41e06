"""Registration of CT to MRI: marks, levels, result."""
