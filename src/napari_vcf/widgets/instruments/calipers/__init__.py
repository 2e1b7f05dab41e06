"""Calipers: six heights, height loss and degree."""
