"""Faults drawn at random in everything that a study does, and what is left of what was confirmed."""
