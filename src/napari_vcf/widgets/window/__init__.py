"""The window: bar, layout, keys."""
