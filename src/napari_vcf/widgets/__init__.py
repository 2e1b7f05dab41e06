"""The reading desk and its dock widgets in napari; nothing here computes a measurement."""
