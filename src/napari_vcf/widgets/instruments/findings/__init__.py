"""Findings: the form for signs, verdict and confidence."""
