"""Scratch tools: distance, Cobb angle, free region. What they show is looked at and never recorded."""
