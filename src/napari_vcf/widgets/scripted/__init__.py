"""A scripted reader: it works the real widgets with mouse and key events, as a person would."""
