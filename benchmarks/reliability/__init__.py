"""Long trials of the study's storage."""
