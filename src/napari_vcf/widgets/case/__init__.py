"""A case outside a study: opening, its images, exporting."""
