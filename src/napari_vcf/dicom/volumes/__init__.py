"""Voxels: loading, computed ADC maps, the cache."""
