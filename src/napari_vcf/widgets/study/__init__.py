"""Windows of a reader study: worklist and consensus."""
