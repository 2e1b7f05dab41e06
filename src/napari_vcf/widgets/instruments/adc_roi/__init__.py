"""ADC: the ROI of locked size and its placements."""
