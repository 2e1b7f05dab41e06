"""Lesion extent: body outline, lesion painting, share and grade."""
