"""Records on disk: strict models, canonical JSON, seals, atomic writing."""
